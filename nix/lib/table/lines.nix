# lines :: string -> [ { number, text, wrong ? } ]
#
# The lines of a table, numbered from 1, without the empty one behind the last line end. `wrong` says why a line is none
# that Larder writes, whatever is on it.
{ lib }:
text:
let
  longest = 262144;
  markers = [
    "<<<<<<<"
    "|||||||"
    "======="
    ">>>>>>>"
  ];
  hex = lib.stringToCharacters "0123456789abcdef";
  codes =
    lib.concatMap (high: map (low: high + low) hex) [
      "0"
      "1"
      "8"
      "9"
    ]
    ++ [ "7f" ];
  # All but the line end, which is no part of a line, and the zero, which no text in Nix has.
  controls = map (code: builtins.fromJSON "\"\\u00${code}\"") (
    lib.remove "00" (lib.remove "0a" codes)
  );
  isClean = text: builtins.replaceStrings controls (map (_: "") controls) text == text;
  # Most texts are, and asking once is quicker than asking for each line.
  allClean = isClean text;

  wrong =
    line:
    if lib.stringLength line > longest then
      "it is longer than ${toString longest} bytes"
    else if lib.any (marker: lib.hasPrefix marker line) markers then
      "it has conflict markers"
    else if lib.hasSuffix "\r" line then
      "it has line ends of Windows (CR LF)"
    else if !allClean && !isClean line then
      "it has a control character"
    else
      null;
  numbered =
    index: line:
    let
      why = wrong line;
    in
    {
      number = index + 1;
      text = line;
    }
    // lib.optionalAttrs (why != null) { wrong = why; };

  split = lib.splitString "\n" text;
  whole = if lib.last split == "" then lib.init split else split;
in
lib.imap0 numbered whole
