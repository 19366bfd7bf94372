# mkFlake :: { root, systems ?, options ? } -> flake outputs
#
# A whole flake for one workspace: packages, checks, a shell and a formatter for every system. `options` is a
# function of nixpkgs' packages that gives arguments of lib/default.nix.
{
  crane,
  nixpkgs,
  rust-overlay,
}:
{
  root,
  systems ? [
    "x86_64-linux"
    "aarch64-linux"
    "x86_64-darwin"
    "aarch64-darwin"
  ],
  options ? _: { },
}:
let
  inherit (nixpkgs) lib;
  workspaceOn =
    system:
    let
      pkgs = nixpkgs.legacyPackages.${system};
    in
    import ./lib (
      {
        inherit crane pkgs root;
        rustBin = rust-overlay.lib.mkRustBin { } pkgs;
      }
      // options pkgs
    );
  workspaces = lib.genAttrs systems workspaceOn;
  each = choose: lib.mapAttrs (_: choose) workspaces;
in
{
  packages = each (workspace: workspace.packages);
  checks = each (workspace: workspace.checks);
  devShells = each (workspace: {
    default = workspace.shell;
  });
  formatter = each (workspace: workspace.pkgs.nixfmt);
  # Runs the workspace's program as a service.
  nixosModules.default = import ./nixosModule.nix {
    packages = each (workspace: workspace.packages);
  };
  # Everything else by name: `slices.<name>.layers`, `commonArgs`, `toolchain` and so on.
  legacyPackages = workspaces;
}
