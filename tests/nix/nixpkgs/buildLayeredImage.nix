# dockerTools.buildLayeredImage :: { name, tag, config, fakeRootCommands } -> derivation
#
# An archive that `docker load` reads: one layer for each store path that the configuration reaches, and a last one of
# what `fakeRootCommands` writes.
{ lib, runCommand }:
{
  name,
  config,
  fakeRootCommands ? "",
  tag ? "latest",
}:
let
  configuration = builtins.toJSON config;
in
runCommand "${name}.tar.gz"
  {
    inherit configuration;
    # Nix writes the closure into this file.
    exportReferencesGraph = [
      "closure"
      (builtins.toFile "unused" "")
    ];
    passthru = { inherit config; };
  }
  ''
    echo unfinished
    exit 1
  ''
