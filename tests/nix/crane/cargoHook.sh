# What crane does around cargo: a home, the vendored sources, artifacts taken over and handed on.

setCargoHome() {
  export CARGO_HOME=${CARGO_HOME:-$PWD/.cargo-home}
  export CARGO_BUILD_INCREMENTAL=false CARGO_BUILD_JOBS=$NIX_BUILD_CORES
  mkdir --parents "$CARGO_HOME"
}

nameVendoredSources() {
  cat "$cargoVendorDir/config.toml" >>"$CARGO_HOME/config.toml"
}

# The clock of every file reads one second, in the store and so in the archive: nothing is newer than anything.
takeOverArtifacts() {
  mkdir --parents target
  tar --extract --file="$cargoArtifacts/target.tar" --directory=target
}

handOnArtifacts() {
  mkdir --parents "$out"
  tar --create --file="$out/target.tar" --directory=target \
    --sort=name --mtime=@1 --owner=0 --group=0 --numeric-owner --format=gnu .
}

# After the patches, as in crane: the project's own settings are in place by then.
postPatchHooks+=(setCargoHome)
if [ -n "${cargoArtifacts-}" ]; then
  postPatchHooks+=(takeOverArtifacts)
fi
if [ -n "${cargoVendorDir-}" ]; then
  preConfigureHooks+=(nameVendoredSources)
fi
if [ "${doInstallCargoArtifacts-}" = 1 ]; then
  postInstallHooks+=(handOnArtifacts)
fi
