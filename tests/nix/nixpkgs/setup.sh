# The environment of every derivation and of its shell, and the phases of nixpkgs' stdenv that crane and nix/lib hang
# something on, with the same names and the same hooks. Everything else that stdenv does is left out.

export PATH=/usr/bin:/bin HOME=/homeless-shelter SOURCE_DATE_EPOCH=1
umask 022

# A hook is an attribute of the derivation, and then all that setup hooks have added to the array of its name.
runHook() {
  local array="$1Hooks[@]" step
  for step in "${!1-}" "${!array-}"; do
    eval "$step"
  done
}

# An attribute of the phase's name replaces the function of that name.
runPhase() {
  echo "Running phase: $1"
  eval "${!1:-$1}"
}

unpackPhase() {
  runHook preUnpack
  cp --recursive --preserve=mode,timestamps "$src" source
  chmod --recursive u+w source
  cd source
  runHook postUnpack
}

patchPhase() {
  runHook prePatch
  runHook postPatch
}

configurePhase() {
  runHook preConfigure
  runHook postConfigure
}

buildPhase() {
  runHook preBuild
  runHook postBuild
}

checkPhase() {
  runHook preCheck
  runHook postCheck
}

installPhase() {
  runHook preInstall
  runHook postInstall
}

inherited=""
for package in ${nativeBuildInputs-}; do
  inherited+="$package/bin:"
done
export PATH=$inherited$PATH
for package in ${buildInputs-}; do
  export PKG_CONFIG_PATH="$package/lib/pkgconfig:${PKG_CONFIG_PATH-}"
done
for package in ${nativeBuildInputs-}; do
  if [ -e "$package/nix-support/setup-hook" ]; then
    source "$package/nix-support/setup-hook"
  fi
done

genericBuild() {
  if [ -n "${buildCommand-}" ]; then
    eval "$buildCommand"
  else
    runPhase unpackPhase
    runPhase patchPhase
    runPhase configurePhase
    runPhase buildPhase
    if [ -n "${doCheck-}" ]; then
      runPhase checkPhase
    fi
    runPhase installPhase
  fi
}
