# stdenv :: { hostPlatform, mkDerivation }
#
# Builds with bash and the phases of setup.sh. As in nixpkgs, attributes are variables of the build, lists of
# derivations become words, `passthru` stays in evaluation.
{ lib, system }:
{
  hostPlatform = {
    inherit system;
    isDarwin = lib.hasSuffix "-darwin" system;
    rust.rustcTarget =
      {
        x86_64-linux = "x86_64-unknown-linux-gnu";
        aarch64-linux = "aarch64-unknown-linux-gnu";
        x86_64-darwin = "x86_64-apple-darwin";
        aarch64-darwin = "aarch64-apple-darwin";
      }
      .${system};
  };

  mkDerivation =
    {
      name ? "${pname}-${version}",
      pname ? name,
      version ? "0",
      passthru ? { },
      ...
    }@arguments:
    derivation (
      removeAttrs arguments [ "passthru" ]
      // {
        inherit name system;
        builder = "/bin/bash";
        args = [ ./setup.sh ];
      }
    )
    // passthru;
}
