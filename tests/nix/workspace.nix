# nix/lib on a workspace, with stand-ins for what comes from outside: derivations are recorded, never built. They tell
# which derivation depends on what, and nothing about crane: that was tried with crane itself (docs/src/nix.md).
{
  root,
  # Like another version of the compiler.
  compiler ? "1",
  system ? "x86_64-linux",
  lib ? import ./lib.nix,
}:
let

  # What a derivation cannot hold has no part in its path.
  record =
    name: arguments:
    derivation (
      removeAttrs arguments [
        "passthru"
        "strictDeps"
      ]
      // {
        inherit name system;
        builder = "/bin/sh";
      }
    )
    // arguments.passthru or { };

  crane.mkLib = _: {
    overrideToolchain = toolchain: {
      cargoFmt = arguments: record "fmt" (arguments // { inherit toolchain; });
      installFromCargoBuildLogHook = "install";
      removeReferencesToRustToolchainHook = "toolchain";
      removeReferencesToVendoredSourcesHook = "vendored";
      mkCargoDerivation =
        arguments:
        let
          own = removeAttrs arguments [ "cargoArtifacts" ];
          below = arguments.cargoArtifacts;
        in
        record arguments.pname (
          own // { inherit toolchain; } // (if below == null then { } else { cargoArtifacts = below; })
        );
      vendorMultipleCargoDeps =
        { cargoConfigs, cargoLockList, outputHashes }:
        record "vendor" {
          texts = map builtins.readFile (cargoConfigs ++ cargoLockList);
          hashes = builtins.toJSON outputHashes;
        };
    };
  };

  pkgs =
    lib.genAttrs [ "binaryen" "cargo-leptos" "dart-sass" "jq" "cacert" "wasm-bindgen-cli_0_2_129" ] (
      name: record name { }
    )
    // {
      inherit lib;
      dockerTools.buildLayeredImage =
        arguments: record arguments.name { config = builtins.toJSON arguments.config; };
      mkShell = arguments: record "shell" arguments;
      runCommand = name: arguments: script: record name (arguments // { inherit script; });
      stdenv.hostPlatform.isDarwin = lib.hasSuffix "-darwin" system;
    };
in
import ../../nix/lib {
  inherit crane pkgs root;
  rustBin.fromRustupToolchain = wanted: record "rust-${compiler}" { wanted = builtins.toJSON wanted; };
}
