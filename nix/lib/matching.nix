# matching :: path -> string -> [ string ]
#
# The paths that a pattern such as `crates/*` means, relative to the folder: those that are there, or for a pattern
# without `*`, `?` and `[` the pattern itself.
{ lib, normalize }:
root:
let
  found =
    folder: part:
    let
      regex = lib.replaceStrings [ "." "*" "?" "[!" ] [ "\\." "[^/]*" "[^/]" "[^" ] part;
      here = root + "/${folder}";
    in
    lib.filterAttrs (name: _: builtins.match regex name != null) (
      lib.optionalAttrs (builtins.pathExists here) (builtins.readDir here)
    );
  isPattern =
    part:
    lib.any (sign: lib.hasInfix sign part) [
      "*"
      "?"
      "["
    ];
  expand =
    folder: parts:
    let
      part = lib.head parts;
      rest = lib.tail parts;
      # Only folders have something below them.
      isMeant = _: kind: rest == [ ] || kind == "directory";
      entries = lib.attrNames (lib.filterAttrs isMeant (found folder part));
      names = if isPattern part then entries else [ part ];
    in
    if parts == [ ] then
      [ folder ]
    else
      lib.concatMap (name: expand (normalize "${folder}/${name}") rest) names;
in
pattern: expand "" (lib.splitString "/" (normalize pattern))
