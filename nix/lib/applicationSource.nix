# applicationSource :: slice -> source
#
# What the application itself is built from: an allow-list, so that notes beside the code change nothing.
# It has manifests, the own packages' folders, what sqlx and Leptos metadata name, and `include`. The workspace's own
# `.cargo/config.toml`, which may hold a token, stays out: what of it reaches dependencies is in the table.
{
  include,
  lib,
  manifest,
  memberFolders,
  metadata,
  root,
}:
let
  inherit (lib.fileset) difference fileFilter maybeMissing;
  # A list for a workspace, a table for a single package.
  leptos = lib.toList (metadata.leptos or [ ]);
  # The folder a style file lies in holds what it imports; at the root that would be everything.
  withNeighbours = file: if dirOf file == "." then file else dirOf file;
  leptosFolders = lib.concatMap (
    project:
    lib.optional (project ? assets-dir) project.assets-dir
    ++ map (key: withNeighbours project.${key}) (
      lib.filter (key: project ? ${key}) [
        "style-file"
        "tailwind-config-file"
        "tailwind-input-file"
      ]
    )
  ) leptos;

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

  # The root package's folder is the whole workspace: the folders of its targets are what it reads.
  rootTargets =
    builds:
    let
      targets =
        lib.toList (manifest.lib or { })
        ++ lib.concatMap (kind: manifest.${kind} or [ ]) [
          "bench"
          "bin"
          "example"
          "test"
        ];
      paths =
        map (target: target.path) (lib.filter (target: target ? path) targets)
        ++ lib.optional (lib.isString (manifest.package.build or null)) manifest.package.build;
      # `./src/main.rs` is in `src`, too.
      top = path: lib.head (lib.remove "." (lib.splitString "/" path));
      # Of a target's file at the root itself, modules are beside it, or in folders of their names.
      atRoot = lib.filter (path: lib.hasSuffix ".rs" path && builtins.pathExists (root + "/${path}")) (
        map top paths ++ [ "build.rs" ]
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
    ++ map top paths
    ++ lib.optionals (atRoot != [ ]) (beside ++ lib.concatMap modules atRoot);

  # Tests change no build, unless a member's manifest names them: cargo then wants to see the files.
  memberFiles =
    builds: folder:
    let
      toml = builtins.fromTOML (builtins.readFile (root + "/${folder}/Cargo.toml"));
      unread = [
        "target"
      ]
      ++ lib.optional (builds && !(toml ? test)) "tests"
      ++ lib.optional (builds && !(toml ? bench)) "benches";
      without = files: name: difference files (maybeMissing (root + "/${folder}/${name}"));
    in
    lib.foldl' without (root + "/${folder}") unread;

  members = builds: map (memberFiles builds) (lib.remove "" (memberFolders root));
  named =
    builds:
    map (path: maybeMissing (root + "/${path}")) (
      known
      ++ leptosFolders
      ++ (metadata.larder.docker.include or [ ])
      ++ lib.optionals (manifest ? package) (rootTargets builds)
      ++ lib.optionals (!builds) forChecks
    );

  # Never in a store that everybody can read, wherever they lie: the list that `.dockerignore` is written from.
  kinds = map (lib.splitString " ") (
    lib.filter (line: line != "" && !lib.hasPrefix "#" line) (
      lib.splitString "\n" (builtins.readFile ../../crates/larder/src/docker/private.txt)
    )
  );
  fits =
    name: entry:
    builtins.match (lib.replaceStrings [ "." "*" ] [ "\\." ".*" ] (lib.last entry)) name != null;
  isSecret = name: lib.any (entry: lib.head entry == "secret" && fits name entry) kinds;
  isListed = name: lib.any (fits name) kinds;
  # Private files that the settings name themselves.
  asked = lib.filter (path: isListed (baseNameOf path)) (metadata.larder.docker.include or [ ]);
  sources =
    builds:
    lib.fileset.intersection (fileFilter (file: !isListed file.name) root) (
      lib.fileset.unions (members builds ++ named builds ++ include)
    );
  application =
    builds:
    lib.fileset.unions (
      [ (sources builds) ]
      ++ map (
        path:
        lib.fileset.intersection (fileFilter (file: !isSecret file.name) root) (
          maybeMissing (root + "/${path}")
        )
      ) asked
    );
in
slice:
lib.fileset.toSource {
  inherit root;
  fileset = lib.fileset.unions [
    (application (lib.head slice.args == "build"))
  ];
}
