# crane :: { mkLib }
{
  mkLib =
    pkgs:
    let
      hook =
        name: file:
        pkgs.runCommand name { inherit file; } ''
          mkdir --parents "$out/nix-support"
          cp "$file" "$out/nix-support/setup-hook"
        '';
      withToolchain =
        toolchain:
        let
          mkCargoDerivation = import ./mkCargoDerivation.nix {
            inherit pkgs toolchain;
            cargoHook = hook "cargo-hook" ./cargoHook.sh;
          };
        in
        {
          inherit mkCargoDerivation;
          cargoFmt = import ./cargoFmt.nix { inherit mkCargoDerivation; };
          installFromCargoBuildLogHook = hook "install-hook" ./installFromCargoBuildLogHook.sh;
          overrideToolchain = withToolchain;
          removeReferencesToRustToolchainHook = hook "toolchain-hook" ./removeReferencesToRustToolchainHook.sh;
          removeReferencesToVendoredSourcesHook = hook "vendored-hook" ./removeReferencesToVendoredSourcesHook.sh;
          vendorMultipleCargoDeps = import ./vendorMultipleCargoDeps.nix { inherit pkgs; };
        };
    in
    {
      overrideToolchain = withToolchain;
    };
}
