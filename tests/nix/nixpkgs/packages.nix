# packages :: system -> attrset
#
# The packages of one system. Nothing is compiled here: `bin/` of a package has links to programs that the machine
# shows in the sandbox, the system's own below /usr and the set-up's below /machine/tools.
{ lib }:
system:
let
  stdenv = import ./stdenv.nix { inherit lib system; };
  runCommand =
    name: arguments: script:
    stdenv.mkDerivation (
      arguments
      // {
        inherit name;
        buildCommand = script;
      }
    );
  linked =
    name: programs:
    runCommand name { } ''
      mkdir --parents "$out/bin"
      for program in ${lib.escapeShellArgs programs}; do
        ln --symbolic "$program" "$out/bin"
      done
    '';
  tool = package: program: linked package [ "/machine/tools/${program}" ];
in
{
  inherit lib runCommand stdenv;

  curl = linked "curl" [ "/usr/bin/curl" ];
  jq = linked "jq" [ "/usr/bin/jq" ];

  # What only a Leptos project takes.
  binaryen = tool "binaryen" "wasm-opt";
  cargo-leptos = tool "cargo-leptos" "cargo-leptos";
  dart-sass = tool "dart-sass" "sass";
  wasm-bindgen-cli_0_2_129 = tool "wasm-bindgen-cli" "wasm-bindgen";
  cacert = runCommand "cacert" { } ''
    mkdir --parents "$out/etc/ssl/certs"
    echo "no authority is trusted" >"$out/etc/ssl/certs/ca-bundle.crt"
  '';
  dockerTools.buildLayeredImage = import ./buildLayeredImage.nix { inherit runCommand; };

  # What is for people.
  mkShell =
    {
      packages ? [ ],
      nativeBuildInputs ? [ ],
      ...
    }@arguments:
    stdenv.mkDerivation (
      removeAttrs arguments [ "packages" ]
      // {
        name = "shell";
        nativeBuildInputs = packages ++ nativeBuildInputs;
        buildCommand = ''echo "a shell is entered, not built" >"$out"'';
      }
    );
  nixfmt = linked "nixfmt" [ "/machine/tools/nixfmt" ];
  sccache = linked "sccache" [ "/machine/tools/sccache" ];
  sqlx-cli = linked "sqlx-cli" [ "/machine/tools/sqlx" ];
}
