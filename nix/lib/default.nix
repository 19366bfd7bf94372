# The table of contents: what a workspace has on one system. Every function is in the file of its name and says
# there what it takes; `call` hands it the others by name.
{
  # What layers and applications link against, and what runs while they are built.
  buildInputs ? [ ],
  nativeBuildInputs ? [ ],
  # Variables of every build.
  env ? { },
  # Further filesets that the application's build reads.
  include ? [ ],
  # Where builds have no constant path of their own; see vendor.nix.
  oneVendorFolder ? pkgs.stdenv.hostPlatform.isDarwin,
  # Hashes of git dependencies, as crane takes them.
  outputHashes ? { },
  # Further packages of the shell.
  shellPackages ? [ ],
  # The flake input, or anything else with its `mkLib`.
  crane,
  pkgs,
  # The workspace's folder, as a path.
  root,
  # rust-overlay's packages.
  rustBin ? null,
  # Instead of the toolchain that toolchain.nix chooses.
  toolchain ? null,
}:
let
  inherit (pkgs) lib;

  call =
    file:
    let
      function = import file;
    in
    function (builtins.intersectAttrs (builtins.functionArgs function) scope);

  scope = {
    inherit
      buildInputs
      env
      include
      lib
      nativeBuildInputs
      oneVendorFolder
      outputHashes
      pkgs
      root
      rustBin
      shellPackages
      ;
    craneLib = (crane.mkLib pkgs).overrideToolchain scope.toolchain;
    toolchain = if toolchain == null then call ./toolchain.nix else toolchain;

    # What is read.
    lock = scope.readLock root;
    manifest = builtins.fromTOML (builtins.readFile (root + "/Cargo.toml"));
    # Of both tables, the workspace's wins.
    metadata = scope.manifest.package.metadata or { } // scope.manifest.workspace.metadata or { };
    manifests = lib.genAttrs (scope.memberFolders root) (
      folder: builtins.fromTOML (builtins.readFile (root + "/${folder}/Cargo.toml"))
    );
    leptosFiles = call ./leptosFiles.nix;
    matching = call ./matching.nix;
    memberFolders = call ./memberFolders.nix;
    normalize = call ./normalize.nix;
    expand = call ./expand.nix;
    readLock = call ./readLock.nix;
    readTable = call ./readTable.nix;
    recipeFolder = call ./recipeFolder.nix;
    wasmBindgen = call ./wasmBindgen.nix;
    workspaceFolder = call ./workspaceFolder.nix;

    # What derivations see.
    applicationSource = call ./applicationSource.nix;
    layerSource = call ./layerSource.nix;
    vendor = call ./vendor.nix;

    # What every derivation is given.
    absoluteEnvironment = call ./absoluteEnvironment.nix;
    commonArgs = call ./commonArgs.nix;

    # What is built.
    buildImage = call ./buildImage.nix;
    buildSite = call ./buildSite.nix;
    buildSlice = call ./buildSlice.nix;
    mkLayers = call ./mkLayers.nix;
    slices = lib.mapAttrs (_: scope.buildSlice) scope.lock.slices;

    # What a flake hands out.
    checks = call ./checks.nix;
    packages = call ./packages.nix;
    shell = call ./shell.nix;
  };
in
scope
