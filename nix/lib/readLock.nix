# readLock :: path -> { version, platforms, registries, settings, slices }
#
# `larder/larder.lock` of the workspace at `root`, its slices by name, each with its environment and `recipes`: the
# files of its layers, oldest first. `settings` is the text of the settings that reach dependencies, beside those of the
# recipes, and `registries` what they say of registries. Never reads anything else, and never builds: what is evaluated
# is a committed file.
{
  expand,
  lib,
  readTable,
}:
root:
let
  path = root + "/larder/larder.lock";
  known = 2;

  text =
    if builtins.pathExists path then
      builtins.readFile path
    else
      throw ''
        no larder/larder.lock in ${toString root}
        hint: run `cargo larder lock`, then `git add larder`: a flake in a git repository sees tracked files only
      '';
  fail =
    number: wrong:
    throw ''
      ${toString path} line ${toString number}: ${wrong}
      hint: run `cargo larder lock`
    '';

  # The form says itself which one it is, near its top.
  top = lib.take 8 (lib.splitString "\n" text);
  isOld = lib.any (line: lib.hasPrefix "version = 1" line) top;
  formats = lib.concatMap (
    line:
    let
      found = if lib.stringLength line > 64 then null else builtins.match "larder ([1-9][0-9]{0,8})" line;
    in
    lib.optional (found != null) (builtins.fromJSON (lib.head found))
  ) top;
  format = if formats == [ ] then known else lib.head formats;
  table = readTable fail text;

  shared = map (line: line.setting) (lib.filter (line: line.word == "shared") table.lines);
  asLines = lib.concatMapStrings (line: "${line}\n");

  slice =
    written:
    let
      own = lib.filter (
        line:
        line.word == "env"
        && lib.any (lib.hasPrefix written.letter) (lib.attrNames table.marks.${line.marks})
      ) table.lines;
    in
    written
    // {
      env = lib.listToAttrs (map (line: lib.nameValuePair line.name line.value) own);
      recipes = map (expand table written) (lib.range 0 (written.layers - 1));
    };
in
if isOld then
  throw ''
    ${toString path} is of an older form of recipes
    hint: run `cargo larder lock`, which migrates it
  ''
else if format > known then
  throw ''
    ${toString path} has format ${toString format}; this larder reads up to ${toString known}
    hint: update larder, for instance with `nix flake update larder`
  ''
else
  {
    version = format;
    inherit (table) platforms;
    registries =
      (builtins.fromTOML (asLines (lib.filter (lib.hasPrefix "registries.") shared))).registries or { };
    settings = lib.optionalString (shared != [ ]) (
      "# Expanded from larder/larder.lock: settings that reach dependencies.\n" + asLines shared
    );
    slices = lib.listToAttrs (
      map (written: lib.nameValuePair written.name (slice written)) table.slices
    );
  }
