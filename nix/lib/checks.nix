# checks :: attrset of derivations
#
# `<slice>-exact` fails where cargo compiled an external unit outside the slice's layers. `fmt` checks the form of
# the code. Slices that call `check`, `clippy` or `test` are checks themselves: they are built, and cook like all
# others.
{
  applicationSource,
  craneLib,
  lib,
  lock,
  pkgs,
  slices,
}:
let
  isCheck =
    name:
    lib.elem (lib.head lock.slices.${name}.args) [
      "check"
      "clippy"
      "test"
    ];
  wanted = lib.filterAttrs (name: _: lock.slices.${name}.variant == "release" || isCheck name) slices;
  exact =
    name: built:
    pkgs.runCommand "${name}-exact" { } ''
      if [ -s ${built.units}/external ]; then
        echo "no layer of ${name} has these units; run \`cargo larder lock\` and commit larder/" >&2
        cat ${built.units}/external >&2
        exit 1
      fi
      touch $out
    '';
in
lib.mapAttrs' (name: built: lib.nameValuePair "${name}-exact" (exact name built)) wanted
// lib.filterAttrs (name: _: isCheck name) slices
// {
  fmt = craneLib.cargoFmt {
    pname = "workspace";
    version = "0";
    src = applicationSource (lib.head (lib.attrValues lock.slices) // { args = [ "fmt" ]; });
  };
}
