# stdenv :: { hostPlatform, mkDerivation }
#
# Builds with bash and the phases of setup.sh. As in nixpkgs, attributes are variables of the build, lists of
# derivations become words, `passthru` stays in evaluation.
{ lib, system }:
let
  # `nix develop` reads the file of this name, too.
  stdenv = derivation {
    inherit system;
    name = "stdenv";
    builder = "/bin/bash";
    # bash would become the last program, which closes its output before it ends; Nix then kills it and calls it failed.
    args = [
      "-c"
      ''mkdir "$out" && cp ${./setup.sh} "$out/setup" || exit 1; exit 0''
    ];
    PATH = "/usr/bin:/bin";
  };
in
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
      outputs ? [ "out" ],
      pname ? name,
      version ? "0",
      passthru ? { },
      ...
    }@arguments:
    derivation (
      removeAttrs arguments [ "passthru" ]
      // {
        inherit
          name
          outputs
          stdenv
          system
          ;
        builder = "/bin/bash";
        args = [ ./builder.sh ];
      }
    )
    // passthru;
}
