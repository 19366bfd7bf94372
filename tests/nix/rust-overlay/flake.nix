{
  description = "Stands in for rust-overlay: the machine's own toolchain";

  # As the real one has it, so that it can be told to follow.
  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";

  outputs = _: import ./default.nix { };
}
