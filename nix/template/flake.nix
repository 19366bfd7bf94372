{
  description = "A Rust or Leptos workspace, built from its recipes";

  # `larder` is wherever you have it: a clone as here, or your own mirror of it.
  inputs.larder.url = "path:../larder";

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
