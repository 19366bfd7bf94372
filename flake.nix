{
  description = "Larder: builds the dependencies of Rust projects apart from the projects themselves";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixpkgs-unstable";
    crane.url = "github:ipetkov/crane";
    rust-overlay = {
      url = "github:oxalica/rust-overlay";
      inputs.nixpkgs.follows = "nixpkgs";
    };
  };

  outputs =
    inputs:
    let
      mkFlake = import ./nix/mkFlake.nix { inherit (inputs) crane nixpkgs rust-overlay; };
    in
    import ./nix/outputs.nix { inherit mkFlake; }
    // {
      # `mkFlake { root = ./.; }` is a whole flake for any workspace; `workspace` are its parts on one system.
      lib = {
        inherit mkFlake;
        workspace = import ./nix/lib;
      };
      # For flake-parts: `imports = [ larder.flakeModules.default ]; larder.root = ./.;`
      flakeModules.default = import ./nix/flakeModule.nix { inherit mkFlake; };
      templates.default = {
        path = ./crates/larder/src/init/template;
        description = "A Rust or Leptos workspace that is built from its recipes";
      };
    };
}
