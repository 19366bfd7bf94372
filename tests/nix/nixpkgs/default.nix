# nixpkgs :: { lib ? } -> { lib, legacyPackages }
#
# The outputs of the real one that the flake relies on, for the systems it knows.
{
  lib ? import ./lib.nix,
}:
{
  inherit lib;
  legacyPackages = lib.genAttrs [
    "x86_64-linux"
    "aarch64-linux"
    "x86_64-darwin"
    "aarch64-darwin"
  ] (import ./packages.nix { inherit lib; });
}
