# outputs :: { mkFlake } -> flake outputs
#
# This repository's own workspaces, built like anybody else's: Larder itself and the example.
{ mkFlake }:
let
  larder = mkFlake { root = ../.; };
  portfolio = mkFlake { root = ../examples/portfolio; };
  withShells = system: import ./withShells.nix larder.legacyPackages.${system}.pkgs;
  packages =
    system: own:
    portfolio.packages.${system}
    // rec {
      larder = withShells system own.larder;
      default = larder;
    };
  checks =
    system: own:
    own
    // removeAttrs portfolio.checks.${system} [ "fmt" ]
    # Both have one of that name.
    // {
      portfolio-fmt = portfolio.checks.${system}.fmt;
    };
in
{
  packages = builtins.mapAttrs packages larder.packages;
  checks = builtins.mapAttrs checks larder.checks;
  inherit (larder) formatter;
  # The example's shell has all that Larder's own has, and the tools of Leptos.
  inherit (portfolio) devShells;
  # For programs of other flakes, which are named as `package`.
  nixosModules.default = import ./nixosModule.nix { };
  legacyPackages = builtins.mapAttrs (system: own: {
    larder = own;
    portfolio = portfolio.legacyPackages.${system};
  }) larder.legacyPackages;
}
