# package :: { number, text } -> { number, name, version, … }
#
# A package's line. `needs` are its dependencies and `pins` the places that pin it, each with the marks it holds for;
# `key` is how others name it. `wrong` says why it is no line of a table.
{
  lib,
  matches,
  # Sources of packages by their ids.
  sources,
}:
line:
let
  parts = map (lib.splitString " ") (lib.splitString " |" line.text);
  words = lib.head parts;
  count = lib.length words;
  name = lib.head words;
  version = lib.elemAt words 1;
  marks = lib.elemAt words 2;
  numbers = builtins.match "([0-9]+)[.]([0-9]+)[.]([0-9]+)([-+][0-9A-Za-z.+-]+)?" version;

  # Nix compares numbers above 2^31 as text.
  padded = number: lib.substring (lib.stringLength number) 20 ("00000000000000000000" + number);

  # Cargo uses one version of a package in each such range.
  compatible =
    let
      major = lib.head numbers;
      minor = lib.elemAt numbers 1;
    in
    if major != "0" then
      major
    else if minor != "0" then
      "0.${minor}"
    else
      "0.0.${lib.elemAt numbers 2}";

  # Marks behind a slash, or the line's own.
  withMarks =
    word:
    let
      split = lib.splitString "/" word;
    in
    {
      word = lib.head split;
      marks = if lib.tail split == [ ] then marks else lib.concatStringsSep "/" (lib.tail split);
    };

  pin =
    word:
    let
      place = lib.splitString ":" word;
      marked = withMarks (lib.head place);
      at = lib.splitString "@" marked.word;
      features = lib.concatMap (lib.splitString ",") (lib.tail place);
      isPin =
        lib.elem (lib.head at) [
          "t"
          "h"
          "b"
          "d"
          "m"
          "x"
          "p"
        ]
        && lib.length at <= 2
        && lib.all (matches "[A-Za-z0-9_.-]+") (lib.tail at)
        && lib.length place <= 2
        && lib.all (matches "[A-Za-z0-9_+.-]+") features;
    in
    {
      inherit features isPin;
      inherit (marked) marks;
      kind = lib.head at;
      platform = lib.concatStrings (lib.tail at);
    };
  pins = map pin (lib.tail (lib.elemAt parts 1));

  # An id of a source, and a checksum; either may be missing.
  ends = lib.tail (lib.elemAt parts 2);
  hasSource = ends != [ ] && sources ? ${lib.head ends};
  id = if hasSource then lib.head ends else "";
  sums = if hasSource then lib.tail ends else ends;
  isSum = sum: lib.stringLength sum == 64 && matches "[0-9a-f]+" sum;

  wrong =
    if lib.length parts != 3 then
      "a package's line has three parts between |"
    else if
      count < 3
      || !(matches "[A-Za-z0-9_][A-Za-z0-9_-]*" name)
      || lib.stringLength version > 256
      || numbers == null
    then
      "a package has no such name or version"
    else if !(lib.all (pin: pin.isPin) pins) then
      "it has something that is no pin"
    else if lib.length sums > 1 || !(lib.all isSum sums) then
      "after the last | come a source and a checksum"
    else
      null;
in
if wrong != null then
  {
    inherit (line) number;
    inherit wrong;
  }
else
  {
    inherit (line) number;
    inherit
      id
      marks
      name
      pins
      version
      ;
    checksum = lib.concatStrings sums;
    # The version as far as it tells the order, as text that sorts like it.
    sortedBy = lib.concatMapStrings padded (lib.take 3 numbers);
    key = "${name}@${compatible}" + lib.optionalString hasSource "@${sources.${id}.place}";
    needs = map withMarks (lib.sublist 3 count words);
  }
