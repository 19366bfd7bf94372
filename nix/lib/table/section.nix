# section :: string -> { packages, means, … }
#
# One layer of a slice, by a name such as `a0`: its packages, and by their keys what dependencies mean. `wrong` says
# why there is no such layer, and `number` in which line.
{
  lib,
  # Those above the packages.
  lines,
  marks,
  packages,
}:
section:
let
  has = record: marks.${record.marks} ? ${section};
  own = lib.filter has packages;
  means = lib.listToAttrs (map (package: lib.nameValuePair package.key package) own);
  unknown = package: lib.filter (need: has need && !(means ? ${need.word})) package.needs;
  twice = lib.findFirst (package: means.${package.key}.number != package.number) null own;
  formats = lib.filter (line: line.word == "cargo-lock" && has line) lines;
  loose = lib.findFirst (package: unknown package != [ ]) null own;
in
{
  inherit has means;
  packages = own;
}
// (
  if lib.length formats != 1 then
    {
      number = (lib.findFirst (line: line.word == "cargo-lock") (lib.last lines) lines).number;
      wrong = "${section} has not one format of Cargo.lock";
    }
  else if twice != null then
    {
      inherit (twice) number;
      wrong = "${twice.key} is in one layer twice";
    }
  else if loose != null then
    {
      inherit (loose) number;
      wrong = "${loose.name} depends on ${(lib.head (unknown loose)).word}, which is not there";
    }
  else
    { }
)
