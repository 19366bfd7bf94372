# cargoFmt :: { src, pname, version } -> derivation
#
# Fails where the code has another form than rustfmt gives it.
{ mkCargoDerivation }:
arguments:
mkCargoDerivation (
  arguments
  // {
    buildPhaseCargoCommand = "cargo fmt --all -- --check";
    cargoArtifacts = null;
    cargoVendorDir = null;
    doInstallCargoArtifacts = false;
    pnameSuffix = "-fmt";
  }
)
