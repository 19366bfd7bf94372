# Stand-ins for the inputs of the flake: derivations are recorded, never built. They tell which derivation depends on
# what, and nothing about crane or nixpkgs: that was tried with crane itself (docs/src/nix.md).
{
  # Like another version of the compiler.
  compiler ? "1",
  lib ? import ./lib.nix,
}:
let
  # What a derivation cannot hold has no part in its path.
  record =
    system: name: arguments:
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

  packagesOn =
    system:
    lib.genAttrs
      [
        "binaryen"
        "cacert"
        "cargo-leptos"
        "dart-sass"
        "jq"
        "nixfmt"
        "wasm-bindgen-cli_0_2_129"
      ]
      (name: record system name { })
    // {
      inherit lib;
      record = record system;
      dockerTools.buildLayeredImage =
        arguments: record system arguments.name { config = builtins.toJSON arguments.config; };
      mkShell = record system "shell";
      runCommand =
        name: arguments: script:
        record system name (arguments // { inherit script; });
      stdenv.hostPlatform.isDarwin = lib.hasSuffix "-darwin" system;
    };
in
{
  nixpkgs = {
    inherit lib;
    legacyPackages = lib.genAttrs [
      "x86_64-linux"
      "aarch64-linux"
      "x86_64-darwin"
      "aarch64-darwin"
    ] packagesOn;
  };

  rust-overlay.lib.mkRustBin = _: pkgs: {
    fromRustupToolchain =
      wanted: pkgs.record "rust-${compiler}" { wanted = builtins.toJSON wanted; };
  };

  crane.mkLib = pkgs: {
    overrideToolchain = toolchain: {
      cargoFmt = arguments: pkgs.record "fmt" (arguments // { inherit toolchain; });
      installFromCargoBuildLogHook = "install";
      removeReferencesToRustToolchainHook = "toolchain";
      removeReferencesToVendoredSourcesHook = "vendored";
      mkCargoDerivation =
        arguments:
        let
          own = removeAttrs arguments [ "cargoArtifacts" ];
          below = arguments.cargoArtifacts;
          artifacts = lib.optionalAttrs (below != null) { cargoArtifacts = below; };
        in
        pkgs.record arguments.pname (own // artifacts // { inherit toolchain; });
      vendorMultipleCargoDeps =
        {
          cargoConfigs,
          cargoLockList,
          outputHashes,
        }:
        pkgs.record "vendor" {
          texts = map builtins.readFile (cargoConfigs ++ cargoLockList);
          hashes = builtins.toJSON outputHashes;
        };
    };
  };
}
