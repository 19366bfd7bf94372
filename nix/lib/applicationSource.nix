# applicationSource :: slice -> source
#
# What the application itself is built from: an allow-list, so that notes beside the code change nothing.
# It has manifests, the own packages' folders, what sqlx and Leptos metadata name, and `include`. The workspace's own
# `.cargo/config.toml`, which may hold a token, stays out: what of it reaches dependencies is in the table.
{
  include,
  leptosFiles,
  lib,
  manifest,
  manifests,
  matching,
  metadata,
  normalize,
  root,
  workspaceFolder,
}:
let
  inherit (lib.fileset) difference intersection maybeMissing;

  known = [
    "Cargo.lock"
    "Cargo.toml"
    "build.rs"
    "migrations"
    "rust-toolchain"
    "rust-toolchain.toml"
    ".sqlx"
  ];

  # What clippy and rustfmt read, and builds do not.
  forChecks = [
    ".clippy.toml"
    ".rustfmt.toml"
    "clippy.toml"
    "rustfmt.toml"
  ];

  # The files that a manifest names for its targets, relative to the root.
  targetPaths =
    folder: toml:
    let
      targets =
        lib.toList (toml.lib or { })
        ++ lib.concatMap (kind: toml.${kind} or [ ]) [
          "bench"
          "bin"
          "example"
          "test"
        ];
      paths =
        map (target: target.path) (lib.filter (target: target ? path) targets)
        ++ lib.optional (lib.isString (toml.package.build or null)) toml.package.build;
    in
    map (path: normalize "${folder}/${path}") paths;

  # The root package's folder is the whole workspace: the folders of its targets are what it reads.
  rootTargets =
    builds:
    let
      tops = map (path: lib.head (lib.splitString "/" path)) (targetPaths "" manifest);
      # Of a target's file at the root itself, modules are beside it, or in folders of their names.
      atRoot = lib.filter (path: lib.hasSuffix ".rs" path && builtins.pathExists (root + "/${path}")) (
        tops ++ [ "build.rs" ]
      );
      beside = lib.filter (lib.hasSuffix ".rs") (lib.attrNames (builtins.readDir root));
      module = "mod[[:space:]]+(r#)?([A-Za-z0-9_]+)[[:space:]]*[;{]";
      modules =
        path:
        map lib.last (
          lib.filter lib.isList (builtins.split module (builtins.readFile (root + "/${path}")))
        );
    in
    [ "src" ]
    ++ lib.optionals (!builds || manifest ? bench) [ "benches" ]
    ++ lib.optionals (!builds || manifest ? example) [ "examples" ]
    ++ lib.optionals (!builds || manifest ? test) [ "tests" ]
    ++ tops
    ++ lib.optionals (atRoot != [ ]) (beside ++ lib.concatMap modules atRoot);

  # Tests change no build, unless a member's manifest names them: cargo then wants to see the files.
  memberFiles =
    builds: folder:
    let
      toml = manifests.${folder};
      unread = [
        "target"
      ]
      ++ lib.optional (builds && !(toml ? test)) "tests"
      ++ lib.optional (builds && !(toml ? bench)) "benches";
      without = files: name: difference files (maybeMissing (root + "/${folder}/${name}"));
    in
    lib.foldl' without (root + "/${folder}") unread;

  # The files that a member reads elsewhere: the manifest that it inherits from, and files of targets. The modules of
  # such a file lie beside it, so its whole folder is read, unless the member lies in that.
  outside =
    folder:
    let
      isBelow = outer: path: path == outer || lib.hasPrefix "${outer}/" path;
      away = lib.filter (path: !isBelow folder path) (targetPaths folder manifests.${folder});
      holdsMember = other: other == "." || isBelow other folder;
      withNeighbours = file: if holdsMember (dirOf file) then file else dirOf file;
    in
    [ "${workspaceFolder root folder}/Cargo.toml" ] ++ map withNeighbours away;

  folders = lib.remove "" (lib.attrNames manifests);
  settings = metadata.larder.docker.include or [ ];
  named =
    builds:
    known
    ++ leptosFiles
    ++ lib.concatMap (matching root) settings
    ++ lib.concatMap outside folders
    ++ lib.optionals (manifest ? package) (rootTargets builds)
    ++ lib.optionals (!builds) forChecks;

  # A path that leaves the root cannot be had.
  isInside = path: path != ".." && !lib.hasPrefix "../" path;
  existing = paths: map (path: maybeMissing (root + "/${path}")) (lib.filter isInside paths);

  # Never in a store that everybody can read, wherever they lie: the list that `.dockerignore` is written from.
  kinds = map (lib.splitString " ") (
    lib.filter (line: line != "" && !lib.hasPrefix "#" line) (
      lib.splitString "\n" (builtins.readFile ../../crates/larder/src/docker/private.txt)
    )
  );
  fits =
    path: entry:
    let
      pattern = lib.replaceStrings [ "." "*" ] [ "\\." "[^/]*" ] (lib.last entry);
    in
    builtins.match "(.*/)?${pattern}" path != null;
  isSecret = path: lib.any (entry: lib.head entry == "secret" && fits path entry) kinds;
  isListed = path: lib.any (fits path) kinds;
  # Files whose own names, and those of the folders that they lie in, are none of these.
  without =
    isOut:
    lib.fileset.fromSource (
      lib.cleanSourceWith {
        src = root;
        filter = path: _: !isOut path;
      }
    );
  # Private files that the settings name themselves.
  asked = lib.concatMap (matching root) (lib.filter isListed settings);
  files =
    builds: lib.fileset.unions (map (memberFiles builds) folders ++ existing (named builds) ++ include);
  application =
    builds:
    lib.fileset.unions (
      [ (intersection (without isListed) (files builds)) ]
      ++ map (intersection (without isSecret)) (existing asked)
    );
in
slice:
lib.fileset.toSource {
  inherit root;
  fileset = application (lib.head slice.args == "build");
}
