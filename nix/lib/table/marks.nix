# marks :: { <letter> = layers; } -> string -> null | { <section> = true; }
#
# The layers of slices that marks stand for, by names such as `a0`: `ab` is every layer of two slices, `a1-` the second
# of one and all above it, `b-0` the first of the other. `null` for what marks nothing.
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
    in
    if range == "" then
      lib.range 0 top
    else if lib.stringLength range > 5 || bounds == null || first > last || last > top then
      null
    else
      lib.range first last;
  # `fromJSON` takes no number that starts with a zero.
  digits =
    text: lib.foldl' (sum: digit: 10 * sum + builtins.fromJSON digit) 0 (lib.stringToCharacters text);
  of =
    index:
    let
      letter = lib.head (lib.elemAt pieces (2 * index + 1));
      found = range letter (lib.elemAt pieces (2 * index + 2));
    in
    if !(layers ? ${letter}) || found == null then
      null
    else
      map (layer: "${letter}${toString layer}") found;
  sections = lib.genList of (lib.length pieces / 2);
in
if sections == [ ] || lib.head pieces != "" || lib.elem null sections then
  null
else
  lib.genAttrs (lib.concatLists sections) (_: true)
