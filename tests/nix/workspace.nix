# What nix/lib makes of a workspace on one system, with stand-ins for what comes from outside.
{
  root,
  compiler ? "1",
  lib ? import ./nixpkgs/lib.nix,
  system ? "x86_64-linux",
}:
let
  inputs = import ./inputs.nix { inherit compiler lib; };
  pkgs = inputs.nixpkgs.legacyPackages.${system};
in
import ../../nix/lib {
  inherit (inputs) crane;
  inherit pkgs root;
  rustBin = inputs.rust-overlay.lib.mkRustBin { } pkgs;
}
