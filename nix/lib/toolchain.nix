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
    # rustup's order.
    (root + "/rust-toolchain")
    (root + "/rust-toolchain.toml")
  ];
  text = if file == null then ''toolchain.channel = "stable"'' else builtins.readFile file;
  # The old form of the file is a line with the channel.
  pinned =
    if lib.hasInfix "=" text then
      (builtins.fromTOML text).toolchain
    else
      { channel = lib.head (lib.splitString "\n" text); };

  configured = (builtins.fromTOML lock.settings).build.target or [ ];
  # The cook's arguments know one spelling, while the slice's own are as they were written.
  targetsOf =
    slice:
    let
      named = map (lib.removePrefix "--target=") (lib.filter (lib.hasPrefix "--target=") slice.cook);
    in
    if named == [ ] then lib.toList (slice.env.CARGO_BUILD_TARGET or configured) else named;
  # The host has its own, and no toolchain has that of a target which a file describes.
  isAdded = target: target != "host-tuple" && !lib.hasSuffix ".json" target;
  targets = lib.filter isAdded (lib.concatMap targetsOf (lib.attrValues lock.slices));
in
rustBin.fromRustupToolchain (pinned // { targets = lib.unique (pinned.targets or [ ] ++ targets); })
