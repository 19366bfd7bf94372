# shell :: derivation
#
# The shell for `nix develop` and direnv: the toolchain, what builds take, sccache for those who switch it on, and the
# tools of Leptos and sqlx where the project uses them. Nothing that would shadow the user's own tools.
{
  buildInputs,
  env,
  lib,
  lock,
  nativeBuildInputs,
  pkgs,
  root,
  shellPackages,
  toolchain,
  wasmBindgen,
}:
let
  locked = builtins.fromTOML (builtins.readFile (root + "/Cargo.lock"));
  sqlx = lib.any (package: package.name == "sqlx") (locked.package or [ ]);
  leptos = lib.any (slice: slice.origin == "leptos") (lib.attrValues lock.slices);
in
pkgs.mkShell (
  env
  // {
    inherit buildInputs nativeBuildInputs;
    packages = [
      toolchain
      pkgs.sccache
    ]
    ++ lib.optional sqlx pkgs.sqlx-cli
    ++ lib.optionals leptos [
      pkgs.binaryen
      pkgs.cargo-leptos
      pkgs.dart-sass
      wasmBindgen
    ]
    ++ shellPackages;
  }
)
