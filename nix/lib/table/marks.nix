# marks :: { <letter> = layers; } -> string -> null | { <section> = { first, isOpen }; }
#
# The layers of slices that marks stand for, by names such as `a0`: `ab` is every layer of two slices, `a1-` the second
# of one and all above it, `b-0` the first of the other. Each with the first layer of its range, and whether the range has
# no end of its own. `null` for what marks nothing.
{ lib }:
layers: text:
let
  # Nothing, and then letters and ranges by turns.
  pieces = builtins.split "([A-Za-z])" text;
  range =
    letter: range:
    let
      bounds = builtins.match "([0-9]?[0-9]?)-([0-9]?[0-9]?)" range;
      top = layers.${letter} - 1;
      number = text: open: if text == "" then open else digits text;
      first = number (lib.head bounds) 0;
      last = number (lib.last bounds) top;
      some =
        first: last: isOpen:
        map (layer: lib.nameValuePair "${letter}${toString layer}" { inherit first isOpen; }) (
          lib.range first last
        );
    in
    if range == "" then
      some 0 top true
    else if lib.stringLength range > 5 || bounds == null || first > last || last > top then
      null
    else
      some first last (lib.last bounds == "");
  # `fromJSON` takes no number that starts with a zero.
  digits =
    text: lib.foldl' (sum: digit: 10 * sum + builtins.fromJSON digit) 0 (lib.stringToCharacters text);
  of =
    index:
    let
      letter = lib.head (lib.elemAt pieces (2 * index + 1));
      found = range letter (lib.elemAt pieces (2 * index + 2));
    in
    if layers ? ${letter} then found else null;
  sections = lib.genList of (lib.length pieces / 2);
in
if sections == [ ] || lib.head pieces != "" || lib.elem null sections then
  null
else
  lib.listToAttrs (lib.concatLists sections)
