# contract :: { crane ?, nixpkgs ?, rust-overlay ?, system ? } -> { broken, holds }
#
# Every function of the flake's inputs that nix/ relies on, with the arguments it gives them and the answers it counts
# on, by name. Inputs are folders with a flake: the stand-ins here, or the real ones, which must keep the same contract.
{
  crane ? ./crane,
  nixpkgs ? ./nixpkgs,
  rust-overlay ? ./rust-overlay,
  system ? "x86_64-linux",
}:
let
  load =
    folder: others:
    let
      outputs = (import (folder + "/flake.nix")).outputs (others // { self = outputs; });
    in
    outputs;
  inputs = {
    crane = load crane { };
    nixpkgs = load nixpkgs { };
    rust-overlay = load rust-overlay { inherit (inputs) nixpkgs; };
  };

  inherit (inputs.nixpkgs) lib;
  pkgs = inputs.nixpkgs.legacyPackages.${system};
  rustBin = inputs.rust-overlay.lib.mkRustBin { } pkgs;
  toolchain = rustBin.fromRustupToolchain {
    channel = "stable";
    components = [ "clippy" ];
    profile = "minimal";
    targets = [ "wasm32-unknown-unknown" ];
  };
  craneLib = (inputs.crane.mkLib pkgs).overrideToolchain pkgs.jq;

  isDerivation = value: value.type or null == "derivation" && lib.hasSuffix ".drv" value.drvPath;
  takes =
    names: function:
    let
      named = function.__functionArgs or (builtins.functionArgs function);
    in
    lib.all (name: named ? ${name}) names;
  even =
    number:
    lib.elem number [
      2
      4
    ];

  library =
    with lib;
    {
      # A name of this file's own hides it.
      all =
        lib.all even [
          2
          4
        ]
        && !lib.all even [
          1
          2
        ];
      any =
        any even [
          1
          2
        ]
        && !any even [ 1 ];
      attrNames =
        attrNames {
          b = 1;
          a = 2;
        } == [
          "a"
          "b"
        ];
      attrValues =
        attrValues {
          b = 1;
          a = 2;
        } == [
          2
          1
        ];
      cleanSourceWith =
        (cleanSourceWith {
          src = ./.;
          filter = _: _: true;
        })
          ? origSrc;
      concatLists =
        concatLists [
          [ 1 ]
          [
            2
            3
          ]
        ] == [
          1
          2
          3
        ];
      concatMap =
        concatMap
          (x: [
            x
            x
          ])
          [
            1
            2
          ] == [
          1
          1
          2
          2
        ];
      boolToString = boolToString true == "true" && boolToString false == "false";
      concatMapStrings =
        concatMapStrings (x: x + x) [
          "a"
          "b"
        ] == "aabb";
      concatStrings =
        concatStrings [
          "a"
          "b"
        ] == "ab";
      concatStringsSep =
        concatStringsSep "-" [
          "a"
          "b"
        ] == "a-b";
      elem = elem 1 [ 1 ] && !elem 1 [ ];
      elemAt =
        elemAt [
          1
          2
        ] 1 == 2;
      # Whether plain words are quoted is the function's own business.
      escapeShellArg = escapeShellArg "it's" == "'it'\\''s'";
      escapeShellArgs =
        escapeShellArgs [
          "a b"
          "$c"
        ] == "'a b' '$c'";
      filter =
        filter even [
          1
          2
        ] == [ 2 ];
      filterAttrs =
        filterAttrs (name: value: name == "a" && value == 1) {
          a = 1;
          b = 1;
        } == {
          a = 1;
        };
      findFirst =
        findFirst even 0 [
          1
          4
          2
        ] == 4
        && findFirst even 0 [ 1 ] == 0;
      foldl' =
        foldl' (done: next: "${done}${next}") "a" [
          "b"
          "c"
        ] == "abc";
      genAttrs = genAttrs [ "a" ] (name: name + name) == { a = "aa"; };
      genList =
        genList (index: index) 2 == [
          0
          1
        ];
      groupBy =
        groupBy (number: if even number then "even" else "odd") [
          1
          2
          3
        ] == {
          even = [ 2 ];
          odd = [
            1
            3
          ];
        };
      hasInfix = hasInfix "=" "a = b" && !hasInfix "." "abc";
      hasPrefix = hasPrefix "a" "ab" && !hasPrefix "b" "ab";
      hasSuffix = hasSuffix "b" "ab" && !hasSuffix "abc" "c";
      head =
        head [
          1
          2
        ] == 1;
      init =
        init [
          1
          2
          3
        ] == [
          1
          2
        ];
      imap0 =
        imap0 (index: number: index * number) [
          1
          2
        ] == [
          0
          2
        ];
      isList = isList [ ] && !isList 1;
      isString = isString "a" && !isString 1;
      last =
        last [
          1
          2
        ] == 2;
      length =
        length [
          1
          2
        ] == 2;
      lessThan = lessThan "a" "b" && !lessThan "b" "a";
      listToAttrs = listToAttrs [ (nameValuePair "a" 1) ] == { a = 1; };
      makeBinPath =
        makeBinPath [
          { outPath = "/a"; }
          { outPath = "/b"; }
        ] == "/a/bin:/b/bin";
      mapAttrs = mapAttrs (name: value: name + value) { a = "b"; } == { a = "ab"; };
      mapAttrs' = mapAttrs' (name: value: nameValuePair value name) { a = "b"; } == { b = "a"; };
      mapAttrsToList =
        mapAttrsToList (name: value: name + value) {
          b = "1";
          a = "2";
        } == [
          "a2"
          "b1"
        ];
      nameValuePair =
        nameValuePair "a" 1 == {
          name = "a";
          value = 1;
        };
      optional = optional true 1 == [ 1 ] && optional false 1 == [ ];
      optionalAttrs =
        optionalAttrs true { a = 1; } == { a = 1; } && optionalAttrs false { a = 1; } == { };
      optionalString = optionalString true "a" == "a" && optionalString false "a" == "";
      optionals = optionals true [ 1 ] == [ 1 ] && optionals false [ 1 ] == [ ];
      range =
        range 0 2 == [
          0
          1
          2
        ]
        && range 0 (-1) == [ ];
      remove =
        remove 1 [
          1
          2
          1
        ] == [ 2 ];
      removePrefix = removePrefix "a" "ab" == "b" && removePrefix "b" "ab" == "ab";
      replaceStrings = replaceStrings [ "." ] [ "_" ] "1.2" == "1_2";
      sort =
        sort lessThan [
          "b"
          "a"
        ] == [
          "a"
          "b"
        ];
      splitString =
        splitString "/" "a//b" == [
          "a"
          ""
          "b"
        ]
        && splitString "." "ab" == [ "ab" ];
      stringLength = stringLength "ab" == 2;
      stringToCharacters =
        stringToCharacters "ab" == [
          "a"
          "b"
        ];
      sublist =
        sublist 1 2 [
          1
          2
          3
          4
        ] == [
          2
          3
        ]
        &&
          sublist 1 2 [
            1
            2
          ] == [ 2 ]
        && sublist 2 0 [ 1 ] == [ ];
      substring = substring 1 (-1) "abc" == "bc" && substring 0 9 "abc" == "abc";
      tail =
        tail [
          1
          2
        ] == [ 2 ];
      take =
        take 1 [
          1
          2
        ] == [ 1 ]
        && take 2 [ 1 ] == [ 1 ];
      throwIfNot =
        throwIfNot true "never" 1 == 1 && !(builtins.tryEval (throwIfNot false "no" 1)).success;
      toList = toList [ 1 ] == [ 1 ] && toList 1 == [ 1 ];
      unique =
        unique [
          1
          2
          1
        ] == [
          1
          2
        ];
    }
    // import ./modulesContract.nix { inherit lib pkgs; };

  # What a set of files comes to, by what is copied of a folder.
  copied =
    fileset:
    lib.attrNames (
      builtins.readDir (
        lib.fileset.toSource {
          inherit fileset;
          root = ./.;
        }
      )
    );
  filesets = with lib.fileset; {
    difference = copied (difference ./crane ./crane/flake.nix) == [ "crane" ];
    # Neither is a folder of this name there, nor what lies in it.
    fromSource =
      copied (
        fromSource (
          lib.cleanSourceWith {
            src = ./.;
            filter = path: _: baseNameOf path != "crane";
          }
        )
      ) == lib.remove "crane" (copied ./.);
    intersection = copied (intersection ./. ./inputs.nix) == [ "inputs.nix" ];
    maybeMissing =
      copied (unions [
        (maybeMissing ./never)
        ./inputs.nix
      ]) == [ "inputs.nix" ];
    toSource = lib.hasSuffix "-source" "${toSource {
      root = ./.;
      fileset = ./inputs.nix;
    }}";
    unions =
      copied (unions [
        ./crane
        ./inputs.nix
      ]) == [
        "crane"
        "inputs.nix"
      ];
  };

  packages = {
    binaryen = isDerivation pkgs.binaryen;
    cacert = isDerivation pkgs.cacert;
    cargo-leptos = isDerivation pkgs.cargo-leptos;
    dart-sass = isDerivation pkgs.dart-sass;
    "dockerTools.buildLayeredImage" = isDerivation (
      pkgs.dockerTools.buildLayeredImage {
        name = "name";
        tag = "1";
        fakeRootCommands = "true";
        config.Env = [ "A=1" ];
      }
    );
    curl = isDerivation pkgs.curl;
    jq = isDerivation pkgs.jq;
    mkShell = isDerivation (
      pkgs.mkShell {
        packages = [ pkgs.jq ];
        nativeBuildInputs = [ pkgs.jq ];
        buildInputs = [ ];
        SOME_VARIABLE = "1";
      }
    );
    nixfmt = isDerivation pkgs.nixfmt;
    runCommand =
      let
        ran = pkgs.runCommand "name" { passthru.files = "x"; } "touch $out";
      in
      isDerivation ran && ran.files == "x";
    sccache = isDerivation pkgs.sccache;
    sqlx-cli = isDerivation pkgs.sqlx-cli;
    "stdenv.hostPlatform.isDarwin" =
      pkgs.stdenv.hostPlatform.isDarwin == lib.hasSuffix "-darwin" system;
    "stdenv.hostPlatform.system" = pkgs.stdenv.hostPlatform.system == system;
    "stdenv.hostPlatform.rust.rustcTarget" =
      lib.hasPrefix "x86_64-" pkgs.stdenv.hostPlatform.rust.rustcTarget;
  };

  below = craneLib.mkCargoDerivation {
    pname = "below";
    version = "0";
    src = ./crane;
    cargoArtifacts = null;
    cargoVendorDir = vendored;
    postConfigure = "true";
    postPatch = "true";
    strictDeps = true;
    buildInputs = [ ];
    nativeBuildInputs = [ ];
    buildPhaseCargoCommand = "cargo build";
  };
  above = craneLib.mkCargoDerivation {
    pname = "above";
    version = "0";
    src = ./crane;
    cargoArtifacts = below;
    cargoVendorDir = vendored;
    doInstallCargoArtifacts = false;
    outputs = [
      "out"
      "units"
    ];
    SOME_VARIABLE = "1";
    buildInputs = [ pkgs.cacert ];
    nativeBuildInputs = [ craneLib.installFromCargoBuildLogHook ];
    buildPhaseCargoCommand = "cargo test";
    installPhaseCommand = "echo put in place";
    passthru.slice = "x";
  };
  vendored = craneLib.vendorMultipleCargoDeps {
    registries.own = "sparse+https://example.org/index/";
    cargoLockContentsList = [ (builtins.readFile ../../Cargo.lock) ];
    outputHashes = { };
  };
  crane' = {
    cargoFmt = isDerivation (
      craneLib.cargoFmt {
        pname = "workspace";
        version = "0";
        src = ./crane;
      }
    );
    installFromCargoBuildLogHook = isDerivation craneLib.installFromCargoBuildLogHook;
    mkCargoDerivation =
      takes [ "buildPhaseCargoCommand" "cargoArtifacts" "installPhaseCommand" ] craneLib.mkCargoDerivation
      && isDerivation above
      && above.slice == "x"
      && above.units.outputName == "units"
      && above.cargoArtifacts == below
      && above.SOME_VARIABLE == "1"
      && lib.hasInfix "cargo test" above.buildPhase
      && lib.hasInfix "runHook postBuild" above.buildPhase
      && lib.hasInfix "put in place" above.installPhase
      && !above.doInstallCargoArtifacts
      && below.doInstallCargoArtifacts
      && below.cargoVendorDir == vendored
      && below.postConfigure == "true"
      && below.postPatch == "true"
      && below.name == "below-0";
    # Of a package with several outputs it may be another one.
    overrideToolchain = lib.any (input: input.drvPath == pkgs.jq.drvPath) below.nativeBuildInputs;
    removeReferencesToRustToolchainHook = isDerivation craneLib.removeReferencesToRustToolchainHook;
    removeReferencesToVendoredSourcesHook = isDerivation craneLib.removeReferencesToVendoredSourcesHook;
    vendorMultipleCargoDeps =
      takes [ "cargoLockContentsList" "outputHashes" "registries" ] craneLib.vendorMultipleCargoDeps
      && isDerivation vendored;
  };

  prefixed = prefix: lib.mapAttrs' (name: lib.nameValuePair "${prefix}${name}");
  all =
    prefixed "lib." library
    // prefixed "lib.fileset." filesets
    // prefixed "pkgs." packages
    // prefixed "craneLib." crane'
    // {
      "crane.mkLib" = lib.all (name: craneLib ? ${name}) (lib.attrNames crane');
      "nixpkgs.legacyPackages" = inputs.nixpkgs.legacyPackages ? ${system};
      "rust-overlay.lib.mkRustBin" = rustBin ? fromRustupToolchain;
      "rustBin.fromRustupToolchain" = isDerivation toolchain;
    };
in
{
  broken = lib.attrNames (lib.filterAttrs (_: isKept: !isKept) all);
  holds = lib.attrNames (lib.filterAttrs (_: isKept: isKept) all);
}
