# mkLayers :: slice -> [ derivation ]
#
# One derivation for each layer of a slice, oldest first. Each starts from the artifacts of the one below, so it
# compiles only what those do not provide. crane's `buildDepsOnly` would not do: it ignores artifacts it is given.
{
  absoluteEnvironment,
  commonArgs,
  craneLib,
  layerSource,
  lib,
  recipeFolder,
  vendor,
}:
slice:
let
  mkLayer =
    index: below:
    let
      folder = recipeFolder slice index;
    in
    craneLib.mkCargoDerivation (
      commonArgs
      // vendor (lib.elemAt slice.recipes index)."Cargo.lock"
      // {
        # Without a dash before the number, which Nix would take for the version and leave out of logs.
        pname = "${slice.name}-layer${toString index}";
        src = layerSource slice index;
        cargoArtifacts = below;
        buildPhaseCargoCommand = ''
          ${absoluteEnvironment slice}
          (cd ${lib.escapeShellArg folder} && cargo ${lib.escapeShellArgs (slice.cook ++ [ "--locked" ])})
          # Artifacts are what cargo made and no more.
          rm --recursive target/larder
        '';
      }
    );
  push = below: index: below ++ [ (mkLayer index (if below == [ ] then null else lib.last below)) ];
  # crane keeps this one folder.
  keeps = slice.target-dir == "target" || lib.hasPrefix "target/" slice.target-dir;
in
lib.throwIfNot keeps
  "slice ${slice.name} builds in ${slice.target-dir}; with Nix it has to be below target/"
  lib.foldl'
  push
  [ ]
  (lib.range 0 (slice.layers - 1))
