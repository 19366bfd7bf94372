# outputs :: { mkFlake } -> flake outputs
#
# This repository's own workspaces, built like anybody else's: Larder itself and the example.
{ mkFlake }:
let
  larder = mkFlake { root = ../.; };
  portfolio = mkFlake { root = ../examples/portfolio; };
  packages = system: own: portfolio.packages.${system} // own;
  # Both have one called `fmt`.
  checks =
    system: own: own // { portfolio-fmt = portfolio.checks.${system}.fmt; }
      // removeAttrs portfolio.checks.${system} [ "fmt" ];
in
{
  packages = builtins.mapAttrs packages larder.packages;
  checks = builtins.mapAttrs checks larder.checks;
  inherit (larder) formatter;
  # The example's shell has all that Larder's own has, and the tools of Leptos.
  inherit (portfolio) devShells;
  legacyPackages = builtins.mapAttrs (system: own: {
    larder = own;
    portfolio = portfolio.legacyPackages.${system};
  }) larder.legacyPackages;
}
