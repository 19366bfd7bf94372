# flakeModule :: { mkFlake } -> flake-parts module
#
# A workspace in a flake that flake-parts puts together: `larder` holds arguments of mkFlake.nix, and the flake gets
# what that offers on each of its systems.
{ mkFlake }:
{ config, lib, ... }:
let
  inherit (lib) mkOption types;
  flake = mkFlake (config.larder // { inherit (config) systems; });
in
{
  options.larder = mkOption {
    type = types.anything;
    description = "`root`, the workspace's folder, and `options`, a function of nixpkgs' packages.";
  };
  config.perSystem =
    { system, ... }:
    {
      packages = flake.packages.${system};
      checks = flake.checks.${system};
      devShells = flake.devShells.${system};
      formatter = flake.formatter.${system};
    };
}
