# mkCargoDerivation :: attrset -> derivation
#
# A derivation that runs cargo, from the `target` folder of another one where `cargoArtifacts` is given, and with its
# own as an output unless `doInstallCargoArtifacts` is false.
{
  cargoHook,
  pkgs,
  toolchain,
}:
{
  buildPhaseCargoCommand,
  cargoArtifacts,
  # crane would otherwise vendor what the source's lock file names.
  cargoVendorDir,
  installPhaseCommand ? ''mkdir --parents "$out"'',
  pname,
  # crane would otherwise read the member's.
  version,
  doInstallCargoArtifacts ? true,
  nativeBuildInputs ? [ ],
  pnameSuffix ? "",
  ...
}@arguments:
pkgs.stdenv.mkDerivation (
  removeAttrs arguments [
    "buildPhaseCargoCommand"
    "installPhaseCommand"
    "pnameSuffix"
  ]
  // {
    inherit
      cargoArtifacts
      cargoVendorDir
      doInstallCargoArtifacts
      version
      ;
    pname = "${pname}${pnameSuffix}";
    nativeBuildInputs = nativeBuildInputs ++ [
      cargoHook
      toolchain
    ];
    buildPhase = ''
      runHook preBuild
      ${buildPhaseCargoCommand}
      runHook postBuild
    '';
    installPhase = ''
      runHook preInstall
      ${installPhaseCommand}
      runHook postInstall
    '';
  }
)
