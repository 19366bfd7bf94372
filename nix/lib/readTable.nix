# readTable :: (int -> string -> error) -> string -> { lines, marks, platforms, sections, slices, sources }
#
# A table of recipes as data. The first argument is called with the number and the fault of a line that Larder would
# not write; nothing is given of a table that has one. `slices` are as written, `lines` those above the packages,
# `sections` the layers of all slices by names such as `a0`.
{ lib }:
fail: text:
let
  # Regular expressions recurse for each character.
  matches = regex: text: lib.stringLength text <= 256 && builtins.match regex text != null;
  quoted = import ./table/quoted.nix { inherit lib; };
  call = import ./table/call.nix { inherit lib quoted; };
  headLine = import ./table/headLine.nix {
    inherit
      call
      lib
      matches
      quoted
      ;
  };

  all = import ./table/lines.nix { inherit lib; } text;
  count = lib.length all;
  # Line numbers: where the packages start and end.
  start = (lib.findFirst (line: line.text == "packages") { number = count + 1; } all).number;
  end =
    (lib.findFirst (line: line.number > start && line.text == "end") { number = count + 1; } all)
    .number;
  between = low: high: lib.sublist low (high - low - 1) all;

  # Comments are above everything else.
  isComment = lib.hasPrefix "#";
  first = lib.findFirst (line: !isComment line.text) { number = count + 1; } all;
  lines = map headLine (between (first.number - 1) start);
  of = word: lib.filter (line: line.word == word && !(line ? wrong)) lines;
  written = map (line: line.slice) (of "slice");
  sources = lib.listToAttrs (map (source: lib.nameValuePair source.id source) (of "source"));

  package = import ./table/package.nix { inherit lib matches sources; };
  packages = map package (between start end);

  readMarks = import ./table/marks.nix { inherit lib; } (
    lib.listToAttrs (map (slice: lib.nameValuePair slice.letter slice.layers) written)
  );
  marked = lib.filter (line: line ? marks) (lines ++ packages);
  words = lib.concatMap (package: package.needs ++ package.pins) packages;
  # Few texts, and each is read once.
  marks = lib.listToAttrs (
    map (record: lib.nameValuePair record.marks (readMarks record.marks)) (marked ++ words)
  );

  # The layers that a line tells from the one below.
  told =
    slice: of:
    let
      has = layer: of ? "${slice.letter}${toString layer}";
      first = layer: of."${slice.letter}${toString layer}".first;
      ends = layer: layer + 1 < slice.layers && !(has (layer + 1));
      held = lib.filter has (lib.range 0 (slice.layers - 1));
    in
    map (layer: if ends layer then layer + 2 else first layer + 1) held;
  larger = one: other: if other > one then other else one;
  used =
    slice:
    lib.foldl' larger 1 (
      lib.concatMap (told slice) (lib.filter (of: of != null) (lib.attrValues marks))
    );
  slices = map (slice: slice // { layers = used slice; }) written;

  section = import ./table/section.nix {
    inherit
      lib
      lines
      marks
      packages
      ;
  };
  names = lib.concatMap (
    slice: map (layer: "${slice.letter}${toString layer}") (lib.range 0 (slice.layers - 1))
  ) slices;
  sections = lib.genAttrs names section;

  fault = number: wrong: { inherit number wrong; };
  unmarked =
    line:
    map (record: fault line.number "\"${record.marks}\" marks no layers") (
      lib.filter (record: marks.${record.marks} == null) (
        lib.optional (line ? marks) line ++ line.needs or [ ] ++ line.pins or [ ]
      )
    );
  # A slice's letter and name are its own.
  twice =
    key:
    lib.optional (lib.length (lib.unique (map (slice: slice.${key}) slices)) != lib.length slices) (
      fault first.number "two slices have one ${key}"
    );
  # Lines behind one that belongs after them.
  misplaced =
    isBefore: list:
    lib.concatLists (
      lib.imap0 (
        index: line:
        lib.optional (index > 0 && isBefore line (lib.elemAt list (index - 1))) (
          fault line.number "it is not sorted"
        )
      ) list
    );
  isPackageBefore =
    one: other:
    lib.lessThan one.name other.name
    || one.name == other.name && lib.lessThan one.sortedBy other.sortedBy;
  order = lib.listToAttrs (
    lib.imap0 (place: word: lib.nameValuePair word place) [
      "larder"
      "platforms"
      "toolchain"
      "shared"
      "slice"
      "env"
      "config"
      "cargo-lock"
      "manifest"
      "unused"
      "source"
    ]
  );
  isLineBefore =
    one: other:
    if one.word == other.word then
      one.word != "slice" && lib.lessThan one.sortedBy other.sortedBy
    else
      order.${one.word} < order.${other.word};
  unsorted =
    misplaced isLineBefore (lib.filter (line: order ? ${line.word}) lines)
    ++ misplaced isPackageBefore packages;
  wrongOf = lib.filter (line: line ? wrong);
  # Each list takes for granted that those before it are empty.
  firstOf =
    lists:
    if lists == [ ] || lib.head lists != [ ] then
      lib.concatLists (lib.take 1 lists)
    else
      firstOf (lib.tail lists);
  faults = firstOf [
    (wrongOf all)
    (wrongOf lines)
    (lib.optional (of "larder" == [ ]) (fault first.number "the line `larder 2` is missing"))
    (wrongOf packages)
    (lib.optional (end > count) (fault count "it is cut short: the line `end` is missing"))
    (lib.optional (end < count) (fault (end + 1) "there is more after `end`"))
    (twice "letter")
    (twice "name")
    (lib.concatMap unmarked (lines ++ packages))
    unsorted
    (wrongOf (lib.attrValues sections))
  ];
  table = {
    inherit
      lines
      marks
      sections
      slices
      sources
      ;
    platforms = lib.concatMap (line: line.platforms) (of "platforms");
  };
in
if faults == [ ] then table else fail (lib.head faults).number (lib.head faults).wrong
