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
  range = package: marks.${package.marks}.${section};
  held = lib.filter has packages;
  # Of several lines of a package, the one whose range begins last.
  later = one: other: if (range other).first > (range one).first then other else one;
  means = lib.mapAttrs (_: lines: lib.foldl' later (lib.head lines) lines) (
    lib.groupBy (package: package.key) held
  );
  isMeant = package: means.${package.key}.number == package.number;
  own = lib.filter isMeant held;
  # The others have to leave their ends open.
  isEnded =
    package: (range package).isOpen && (range package).first < (range means.${package.key}).first;
  unknown = package: lib.filter (need: has need && !(means ? ${need.word})) package.needs;
  twice = lib.findFirst (package: !(isMeant package || isEnded package)) null held;
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
