# vendor :: string -> { cargoVendorDir, postConfigure }
#
# The sources that the text of a lock file names, as arguments of a derivation that sees them under one constant path.
#
# cargo hashes the absolute path of a registry's source into a unit's fingerprint. A vendor folder is named after
# its content, so used directly it would make every unit stale after any change of a lock file. In the sandbox of
# Linux the build's own folder is always the same one, and a link in it is the constant path.
# On macOS, and without a sandbox, that folder has a new name for each build. With `oneVendorFolder` all layers and the
# application share one vendor folder for all lock files, named directly: nothing is compiled twice, but a changed lock
# file starts all layers anew, as in plain crane.
{
  craneLib,
  lib,
  lock,
  oneVendorFolder,
  outputHashes,
  root,
}:
let
  vendorDir =
    cargoLocks:
    craneLib.vendorMultipleCargoDeps (
      {
        cargoLockContentsList = cargoLocks;
        inherit outputHashes;
      }
      # Without, crane says which ones it does not know.
      // lib.optionalAttrs (registries != { }) { inherit registries; }
    );
  registries = lib.mapAttrs (_: registry: registry.index) (
    lib.filterAttrs (_: registry: registry ? index) lock.registries
  );

  locksOf = slice: map (recipe: recipe."Cargo.lock") slice.recipes;
  everything = vendorDir (
    [ (builtins.readFile (root + "/Cargo.lock")) ] ++ lib.concatMap locksOf (lib.attrValues lock.slices)
  );
in
cargoLock:
if oneVendorFolder then
  {
    cargoVendorDir = everything;
    postConfigure = "";
  }
else
  {
    cargoVendorDir = vendorDir [ cargoLock ];
    # crane has just written the folder's own path into cargo's configuration.
    postConfigure = ''
      ln --symbolic "$cargoVendorDir" "$NIX_BUILD_TOP/larder-vendor"
      sed --in-place "s|$cargoVendorDir|$NIX_BUILD_TOP/larder-vendor|g" "$CARGO_HOME/config.toml"
    '';
  }
