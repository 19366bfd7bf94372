# buildSite :: slice -> derivation
#
# The site of a Leptos project: WASM, scripts, styles and assets, made by cargo-leptos itself on top of the front
# slice's layers, so that nothing of what it does is imitated here.
{
  applicationSource,
  commonArgs,
  craneLib,
  lib,
  mkLayers,
  pkgs,
  root,
  vendor,
  wasmBindgen,
}:
slice:
let
  tools = [
    pkgs.binaryen
    pkgs.cargo-leptos
    pkgs.dart-sass
    wasmBindgen
  ];
  target = "<target>/";
  siteRoot =
    let
      value = slice.env.LEPTOS_SITE_ROOT;
    in
    if lib.hasPrefix target value then "target/${lib.removePrefix target value}" else value;
  # Hashed names are in a file that the server looks for beside its own binary, which is another derivation here.
  plainNames = slice.env.LEPTOS_HASH_FILES or "false" != "true";
in
lib.throwIfNot plainNames "hash-files of Leptos metadata does not work with Nix yet" (
  craneLib.mkCargoDerivation (
    commonArgs
    // vendor (builtins.readFile (root + "/Cargo.lock"))
    // {
      pname = "${slice.env.LEPTOS_OUTPUT_NAME}-site";
      src = applicationSource slice;
      cargoArtifacts = lib.last (mkLayers slice);
      doInstallCargoArtifacts = false;
      # By PATH and not as inputs, since those would change PKG_CONFIG_PATH and with it crates that layers have.
      # cargo-leptos and what it calls keep caches at home.
      buildPhaseCargoCommand = ''
        export PATH=${lib.makeBinPath tools}:$PATH HOME=$NIX_BUILD_TOP
        cargo leptos build --release --frontend-only
      '';
      installPhaseCommand = ''
        mv -- ${lib.escapeShellArg siteRoot} "$out"
      '';
      passthru = {
        inherit slice;
        # Not `outputName`, which has a meaning of its own in Nix.
        siteName = slice.env.LEPTOS_OUTPUT_NAME;
      };
    }
  )
)
