# vendorMultipleCargoDeps :: { cargoLockContentsList, outputHashes ?, registries ? } -> derivation
#
# The sources of all packages that the lock files name, and the lines of cargo's configuration that name the folder.
# The archives are not fetched: the machine shows the folder of its cargo's downloads as /machine/crates. Packages of
# git and of other registries are refused.
{ pkgs }:
{
  cargoLockContentsList ? [ ],
  outputHashes ? { },
  # What crane would write into cargo's configuration.
  registries ? null,
}:
let
  inherit (pkgs) lib;
  crates-io = "registry+https://github.com/rust-lang/crates.io-index";

  packagesOf = text: lib.filter (package: package ? source) (builtins.fromTOML text).package or [ ];
  packages = lib.unique (
    map (package: {
      inherit (package) checksum name version;
      known = lib.throwIfNot (
        package.source == crates-io
      ) "${package.name} is from ${package.source}" true;
    }) (lib.concatMap packagesOf cargoLockContentsList)
  );

  unpacked =
    package:
    pkgs.runCommand "cargo-package-${package.name}-${package.version}"
      {
        inherit (package) checksum;
        archive = "${package.name}-${package.version}.crate";
      }
      ''
        # Each registry that the machine's cargo knows has a folder of its own.
        for file in /machine/crates/*/"$archive"; do
          if sha256sum --check --status <<<"$checksum  $file"; then
            mkdir "$out"
            tar --extract --gzip --file="$file" --directory="$out" --strip-components=1
            echo "{ \"files\": {}, \"package\": \"$checksum\" }" >"$out/.cargo-checksum.json"
            exit
          fi
        done
        echo "the machine's cargo has not downloaded $archive" >&2
        exit 1
      '';
  link = package: ''
    ln --symbolic ${unpacked package} "$out/crates-io/${package.name}-${package.version}"
  '';
in
assert lib.all (package: package.known) packages && outputHashes == { };
pkgs.runCommand "vendor-cargo-deps"
  {
    registries = builtins.toJSON registries;
  }
  ''
    mkdir --parents "$out/crates-io"
    ${lib.concatStrings (map link packages)}
    cat >"$out/config.toml" <<EOF
    [source.crates-io]
    replace-with = "vendored"
    [source.vendored]
    directory = "$out/crates-io"
    EOF
  ''
