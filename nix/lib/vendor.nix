# vendor :: path -> { cargoVendorDir, postConfigure }
#
# The sources that a lock file names, as arguments of a derivation that sees them under one constant path.
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
  config = root + "/larder/config.toml";
  vendorDir =
    cargoLocks:
    craneLib.vendorMultipleCargoDeps {
      cargoConfigs = lib.optional (builtins.pathExists config) config;
      cargoLockList = cargoLocks;
      inherit outputHashes;
    };

  layerLock = slice: index: root + "/larder/${slice.name}/${toString index}/Cargo.lock";
  locksOf = slice: map (layerLock slice) (lib.range 0 (lib.length slice.layer - 1));
  everything = vendorDir (
    [ (root + "/Cargo.lock") ] ++ lib.concatMap locksOf (lib.attrValues lock.slices)
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
