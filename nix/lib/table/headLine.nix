# headLine :: { number, text } -> { number, word, … }
#
# A line above the packages: `word` is its first one, `marks` are there if it holds for some layers, and the rest is by
# word. `wrong` says why it is no line of a table.
{
  call,
  lib,
  matches,
  quoted,
}:
line:
let
  words = lib.splitString " " line.text;
  word = lib.head words;
  at = index: if index < lib.length words then lib.elemAt words index else "";
  from = count: lib.concatStringsSep " " (lib.sublist count (lib.length words) words);
  need =
    condition: wrong: record:
    if condition then record else { inherit wrong; };
  isName = matches "[A-Za-z0-9_][A-Za-z0-9_-]*";
  # What becomes a string as it is.
  isBare = text: !(lib.hasInfix "\"" text || lib.hasInfix "\\" text);

  # The first keys of settings that reach dependencies.
  shared = [
    "build"
    "env"
    "host"
    "http"
    "net"
    "patch"
    "paths"
    "profile"
    "registries"
    "registry"
    "source"
    "target"
    "unstable"
  ];
  first = lib.head (lib.splitString "." (at 1));

  slice =
    let
      said = call (from 5);
      stubs = lib.splitString "," (at 4);
      isFirst =
        stub:
        lib.elem stub [
          "both"
          "dylib"
          "rlib"
        ];
      isFurther =
        stub:
        lib.elem stub [
          "both"
          "dylib"
          "macro"
          "program"
          "tests"
        ];
      further = lib.remove "doctests" (lib.tail stubs);
      isShaped =
        matches "[A-Za-z]" (at 1)
        && matches "[A-Za-z0-9_-]+" (at 2)
        && matches "[1-9][0-9]?" (at 3)
        && builtins.fromJSON (at 3) <= 64
        && isFirst (lib.head stubs)
        && lib.all isFurther further
        && lib.length stubs <= lib.length further + 2;
    in
    need isShaped "no slice has such a letter, name, number of layers or stub" (
      need (said != null) "a slice has no such call of cargo" {
        slice = said // {
          letter = at 1;
          name = at 2;
          layers = builtins.fromJSON (at 3);
          stubs = [ (lib.head stubs) ] ++ further;
          # Whether cargo builds documentation tests.
          isDocumented = lib.elem "doctests" stubs;
        };
      }
    );

  env =
    let
      split = quoted (from 3);
      isString =
        split != null
        &&
          split.outer == [
            ""
            ""
          ];
      isVariable = matches "[A-Za-z_][A-Za-z0-9_.-]*" (at 2);
    in
    need (isVariable && isString) "it sets no variable" {
      name = at 2;
      # As TOML has it, and what that means.
      text = from 3;
      value = lib.head split.inner;
    };

  source =
    need (matches "[0-9a-f]+" (at 1) && matches "[0-9a-f]+" (at 2) && at 3 != "" && isBare (at 3))
      "it is no source"
      {
        id = at 1;
        place = at 2;
        source = at 3;
        # What a dependency's entry says of it.
        entry = from 4;
      };

  unused =
    need (isName (at 2) && matches "[0-9A-Za-z.+-]+" (at 3) && isBare (at 4) && lib.length words <= 5)
      "it is no package"
      {
        name = at 2;
        version = at 3;
        source = at 4;
      };

  setting =
    starts:
    need (lib.any (start: lib.hasPrefix start (from 2)) starts) "it is no setting that a recipe has" {
      setting = from 2;
    };
  marked = {
    inherit env unused;
    cargo-lock = need (matches "[0-9]+" (from 2)) "it is no format of Cargo.lock" { setting = from 2; };
    config = setting [
      "build.rustflags = "
      "build.target-dir = "
      "target.\"cfg(all())\".rustflags = "
    ];
    manifest = setting [
      "cargo-features = "
      "patch."
      "profile."
      "workspace.resolver = "
    ];
  };
  others = {
    inherit slice source;
    larder = need (line.text == "larder 2") "its format is not 2" { };
    platforms.platforms = lib.tail words;
    shared = need (lib.elem first shared) "it is no setting that a recipe has" {
      setting = from 1;
    };
    toolchain = { };
  };
in
{
  inherit (line) number;
  inherit word;
  # Lines of one word are in the order of what follows it and their marks.
  sortedBy = from (if marked ? ${word} then 2 else 1);
}
// (
  if marked ? ${word} then
    marked.${word} // { marks = at 1; }
  else
    others.${word} or { wrong = "it begins as no line of a table does"; }
)
