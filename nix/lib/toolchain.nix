# toolchain :: derivation
#
# The toolchain that rust-toolchain.toml names, or else the newest stable one, with what the slices build for. One
# instance serves all derivations: cargo compiles everything anew for another compiler.
{
  lib,
  lock,
  root,
  rustBin,
}:
let
  file = lib.findFirst builtins.pathExists null [
    (root + "/rust-toolchain.toml")
    (root + "/rust-toolchain")
  ];
  text = if file == null then ''toolchain.channel = "stable"'' else builtins.readFile file;
  # The old form of the file is nothing but a channel.
  line = builtins.match "([^][=\n]+)\n*" text;
  pinned =
    if line != null then { channel = lib.head line; } else (builtins.fromTOML text).toolchain;

  targetsOf =
    slice: map (lib.removePrefix "--target=") (lib.filter (lib.hasPrefix "--target=") slice.args);
  targets = lib.concatMap targetsOf (lib.attrValues lock.slices);
in
rustBin.fromRustupToolchain (
  pinned // { targets = lib.unique (pinned.targets or [ ] ++ targets); }
)
