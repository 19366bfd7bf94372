# shell :: derivation
#
# The shell for `nix develop` and direnv: the toolchain, what builds take, and the tools of a Leptos project where it
# is one. Nothing that would shadow the user's own tools.
{
  buildInputs,
  env,
  lib,
  lock,
  nativeBuildInputs,
  pkgs,
  shellPackages,
  toolchain,
  wasmBindgen,
}:
let
  leptos = lib.any (slice: slice.origin == "leptos") (lib.attrValues lock.slices);
in
pkgs.mkShell (
  env
  // {
    inherit buildInputs nativeBuildInputs;
    packages = [
      toolchain
    ]
    ++ lib.optionals leptos [
      pkgs.binaryen
      pkgs.cargo-leptos
      pkgs.dart-sass
      wasmBindgen
    ]
    ++ shellPackages;
  }
)
