# commonArgs :: attrset
#
# What every derivation that runs cargo is given. Layers and applications must share it to the letter: build
# scripts watch the environment, and a unit whose script runs anew is compiled anew.
{
  buildInputs,
  env,
  nativeBuildInputs,
}:
env
// {
  inherit buildInputs nativeBuildInputs;
  strictDeps = true;
  # A constant: crane would read the member's version, and a release would rebuild dependencies.
  version = "0";

  postPatch = ''
    if [ -e larder/config.toml ]; then
      mkdir --parents .cargo
      cp larder/config.toml .cargo/config.toml
    fi
  '';
}
