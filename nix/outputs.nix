# outputs :: { mkFlake } -> flake outputs
#
# This repository's own workspaces, built like anybody else's: Larder itself and the example.
{ mkFlake }:
let
  larder = mkFlake { root = ../.; };
  portfolio = mkFlake { root = ../examples/portfolio; };
  both = output: builtins.mapAttrs (system: own: portfolio.${output}.${system} // own) larder.${output};
in
{
  packages = both "packages";
  checks = both "checks";
  inherit (larder) formatter;
  # The example's shell has all that Larder's own has, and the tools of Leptos.
  inherit (portfolio) devShells;
  legacyPackages = builtins.mapAttrs (system: own: {
    larder = own;
    portfolio = portfolio.legacyPackages.${system};
  }) larder.legacyPackages;
}
