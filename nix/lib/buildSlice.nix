# buildSlice :: slice -> derivation
#
# The application's own call of cargo, on top of the slice's layers. Outputs: `out` has binaries and libraries,
# `units` has the external units that cargo compiled nevertheless (none, as long as the recipe is current).
# `cooked` is the top layer, `layers` are all of them.
{
  absoluteEnvironment,
  applicationSource,
  commonArgs,
  craneLib,
  lib,
  lock,
  mkLayers,
  pkgs,
  recipeFolder,
  root,
  vendor,
}:
slice:
let
  layers = mkLayers slice;
  # The recipe's own settings: its target directory, environment and flags are those of the slice.
  settings = "${recipeFolder slice (slice.layers - 1)}/.cargo/config.toml";
  settingsFile = builtins.toFile "config.toml" (lib.last slice.recipes).".cargo/config.toml";
  platform = pkgs.stdenv.hostPlatform.rust.rustcTarget;
  # Platforms differ in what they need, so a recipe lacks what nobody planned.
  isServed = lib.elem platform lock.platforms;

  # What follows `--` is not for cargo but for clippy or a test.
  split =
    lib.foldl'
      (
        done: arg:
        if done.theirs == [ ] && arg != "--" then
          done // { own = done.own ++ [ arg ]; }
        else
          done // { theirs = done.theirs ++ [ arg ]; }
      )
      {
        own = [ ];
        theirs = [ ];
      }
      slice.args;
  cargoArgs =
    split.own
    ++ [
      "--locked"
      "--config=${settings}"
      "--message-format=json-render-diagnostics"
    ]
    ++ split.theirs;
in
craneLib.mkCargoDerivation (
  commonArgs
  // vendor (builtins.readFile (root + "/Cargo.lock"))
  // {
    pname = slice.name;
    src = applicationSource slice;
    cargoArtifacts = lib.last layers;
    outputs = [
      "out"
      "units"
    ];
    doInstallCargoArtifacts = false;
    nativeBuildInputs = commonArgs.nativeBuildInputs ++ [
      craneLib.installFromCargoBuildLogHook
      craneLib.removeReferencesToRustToolchainHook
      craneLib.removeReferencesToVendoredSourcesHook
    ];
    buildPhaseCargoCommand = ''
      ${absoluteEnvironment slice}
      install -D --mode=644 ${settingsFile} ${lib.escapeShellArg settings}
      cargoBuildLog=$(mktemp cargoBuildLogXXXX.json)
      # Tests write among cargo's messages; nobody would see why they fail.
      cargo ${lib.escapeShellArgs cargoArgs} >"$cargoBuildLog" || {
        grep --invert-match '^{' "$cargoBuildLog"
        exit 1
      }
    '';
    installPhaseCommand = ''
      mkdir --parents "$out" "$units"
      find "$postBuildInstallFromCargoBuildLogOut" -mindepth 1 -maxdepth 1 -exec mv --target-directory="$out" {} +
      ${pkgs.jq}/bin/jq --raw-input --raw-output '
        fromjson? | select(.reason == "compiler-artifact" and .fresh == false) | .package_id
      ' "$cargoBuildLog" >units-compiled
      grep --extended-regexp '^(registry|sparse|git)\+' units-compiled | sort >"$units/external" || true
      echo "larder: $(wc --lines <units-compiled) units compiled, $(wc --lines <"$units/external") of them external"
      if [ -s "$units/external" ]; then
        echo "larder: warning: the recipe of ${slice.name} is stale; run \`cargo larder lock\` and commit larder/"
        ${lib.optionalString (!isServed) ''
          echo "larder: or else it is because larder.lock is not for ${platform}; add it to \`platforms\`, then lock"
        ''}
        if [ -L "$NIX_BUILD_TOP/larder-vendor" ] && [ "$NIX_BUILD_TOP" != /build ]; then
          echo "larder: or else it is because Nix builds without a sandbox here; set oneVendorFolder = true"
        fi
      fi
    '';
    passthru = {
      inherit layers slice;
      cooked = lib.last layers;
    };
  }
)
