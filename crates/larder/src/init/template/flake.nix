{
  description = "A Rust or Leptos workspace, built from its recipes";

  # Where you have Larder: a clone on this machine as here, or any address of a git repository that Nix knows.
  inputs.larder.url = "git+file:///path/to/larder";

  outputs =
    { larder, ... }:
    larder.lib.mkFlake {
      root = ./.;
      # What builds take beside Rust, from nixpkgs:
      # options = pkgs: {
      #   buildInputs = [ pkgs.openssl ];
      #   nativeBuildInputs = [ pkgs.pkg-config ];
      # };
    };
}
