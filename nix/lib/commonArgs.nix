# commonArgs :: attrset
#
# What every derivation that runs cargo is given. Layers and applications must share it to the letter: build
# scripts watch the environment, and a unit whose script runs anew is compiled anew.
{
  buildInputs,
  env,
  lib,
  lock,
  nativeBuildInputs,
}:
env
// {
  inherit buildInputs nativeBuildInputs;
  strictDeps = true;
  # A constant: crane would read the member's version, and a release would rebuild dependencies.
  version = "0";

  # The settings that reach dependencies, from the table.
  postPatch = lib.optionalString (lock.settings != "") ''
    install -D --mode=644 ${builtins.toFile "config.toml" lock.settings} .cargo/config.toml
  '';
}
