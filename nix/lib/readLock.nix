# readLock :: path -> { version, platforms, slices }
#
# `larder/larder.lock` of the workspace at `root`, its slices by name. Never reads anything else, and never builds:
# what is evaluated are committed files.
{ lib }:
root:
let
  path = root + "/larder/larder.lock";
  known = 1;

  lock =
    if builtins.pathExists path then
      builtins.fromTOML (builtins.readFile path)
    else
      throw ''
        no larder/larder.lock in ${toString root}
        hint: run `cargo larder lock`, then `git add larder`: a flake in a git repository sees tracked files only
      '';

  # Everything that follows reads these; a missing folder would otherwise surface as a failed build.
  checkLayers =
    slice:
    let
      folder = index: "/larder/${slice.name}/${toString index}";
      missing = lib.filter (index: !builtins.pathExists (root + folder index)) (
        lib.range 0 (lib.length slice.layer - 1)
      );
    in
    if missing == [ ] then
      slice
    else
      throw ''
        larder.lock names ${folder (lib.head missing)}, which is not there
        hint: run `git add larder`, or `cargo larder lock` if it is not on disk either
      '';
in
if lock.version > known then
  throw "${toString path} has format ${toString lock.version}; this larder reads up to ${toString known}"
else
  {
    inherit (lock) version;
    platforms = lock.platforms or [ ];
    slices = lib.listToAttrs (
      map (slice: lib.nameValuePair slice.name (checkLayers slice)) (lock.slice or [ ])
    );
  }
