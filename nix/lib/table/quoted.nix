# quoted :: string -> null | { inner, outer }
#
# What is between and around the basic strings of a text, as Larder writes them for TOML and JSON alike: `inner` has the
# strings' values, `outer` the text before, between and after them. `null` for a text with any other string. It must
# never hand to `fromJSON` what may be malformed, since nothing catches that error.
{ lib }:
text:
let
  # No table has control characters, so these stand for nothing else.
  backslash = builtins.fromJSON ''"\u0001"'';
  quote = builtins.fromJSON ''"\u0002"'';
  hidden = lib.replaceStrings [ "\\\\" "\\\"" ] [ backslash quote ] text;
  # Outside and inside, by turns.
  parts = lib.splitString "\"" hidden;
  count = lib.length parts;
  every = from: lib.genList (index: lib.elemAt parts (2 * index + from));

  short = {
    b = builtins.fromJSON ''"\b"'';
    f = builtins.fromJSON ''"\f"'';
    n = "\n";
    r = "\r";
    t = "\t";
  };
  # `text` follows a backslash.
  escape =
    text:
    let
      letter = lib.substring 0 1 text;
      code = lib.substring 1 4 text;
    in
    if short ? ${letter} then
      short.${letter} + lib.substring 1 (-1) text
    else if
      letter == "u" && code != "0000" && builtins.match "00[0-9a-f][0-9a-f]|202[89]" code != null
    then
      builtins.fromJSON "\"\\u${code}\"" + lib.substring 5 (-1) text
    else
      null;
  value =
    inner:
    let
      pieces = lib.splitString "\\" inner;
      escaped = map escape (lib.tail pieces);
    in
    if lib.elem null escaped then
      null
    else
      lib.replaceStrings [ backslash quote ] [ "\\" "\"" ] (
        lib.concatStrings ([ (lib.head pieces) ] ++ escaped)
      );

  outer = every 0 ((count + 1) / 2);
  inner = map value (every 1 (count / 2));
  # A backslash outside of a string escapes nothing.
  isOutside =
    part:
    lib.length (lib.splitString "\\" part) == 1
    && !lib.hasInfix backslash part
    && !lib.hasInfix quote part;
in
if
  lib.length outer == lib.length inner + 1 && lib.all isOutside outer && !(lib.elem null inner)
then
  { inherit inner outer; }
else
  null
