# The stand-ins for the inputs of the flake, together, for evaluation without flakes.
{
  compiler ? "1",
  lib ? import ./nixpkgs/lib.nix,
}:
{
  crane = import ./crane;
  nixpkgs = import ./nixpkgs { inherit lib; };
  rust-overlay = import ./rust-overlay { inherit compiler; };
}
