# memberFolders :: path -> [ string ]
#
# The folders of a workspace's own packages, relative to its root, which itself is `""`: what `members` names, and every
# package that those or the root's `[patch]` reach by `path`. cargo counts most of these as members too, and builds the
# others, which `exclude` names or a patch puts in a crate's place, all the same.
{ lib }:
root:
let
  read = folder: builtins.fromTOML (builtins.readFile (root + "/${folder}/Cargo.toml"));
  manifest = read "";
  workspace = manifest.workspace or { };
  has = folder: builtins.pathExists (root + "/${folder}/Cargo.toml");
  join = folder: part: if folder == "" then part else "${folder}/${part}";

  # `a/../b` and `./b` are `b`. A path that leaves the root keeps its `..`, and is dropped below.
  normalize =
    path:
    let
      step =
        done: part:
        if part == "" || part == "." then
          done
        else if part == ".." && done != [ ] && lib.last done != ".." then
          lib.init done
        else
          done ++ [ part ];
    in
    lib.concatStringsSep "/" (lib.foldl' step [ ] (lib.splitString "/" path));

  # Folders that a pattern such as `crates/*` means.
  expand =
    folder: parts:
    let
      part = lib.head parts;
      regex = lib.replaceStrings [ "." "*" "?" ] [ "\\." "[^/]*" "[^/]" ] part;
      entries = lib.attrNames (
        lib.filterAttrs (name: kind: kind == "directory" && builtins.match regex name != null) (
          builtins.readDir (root + "/${folder}")
        )
      );
      here = if lib.hasInfix "*" part || lib.hasInfix "?" part then entries else [ part ];
    in
    if parts == [ ] then
      [ folder ]
    else
      lib.concatMap (name: expand (join folder name) (lib.tail parts)) here;

  patterns = map normalize (workspace.members or [ ]);
  # What a pattern finds may be excluded; what is named in full is a member even so.
  excluded = map normalize (workspace.exclude or [ ]);
  isExcluded = folder: lib.any (path: folder == path || lib.hasPrefix "${path}/" folder) excluded;
  named = lib.filter (folder: lib.elem folder patterns || !isExcluded folder) (
    lib.concatMap (pattern: expand "" (lib.splitString "/" pattern)) patterns
  );
  patches = lib.concatMap lib.attrValues (lib.attrValues (manifest.patch or { }));
  patched = map (patch: normalize patch.path) (lib.filter (patch: patch ? path) patches);
  start = lib.optional (manifest ? package) "" ++ named ++ patched;

  dependencyTables =
    toml:
    let
      own = table: [
        (table.dependencies or { })
        (table.dev-dependencies or { })
        (table.build-dependencies or { })
      ];
    in
    lib.concatMap own ([ toml ] ++ lib.attrValues (toml.target or { }));

  # Folders that the dependencies of a package name. Those it inherits are relative to the root.
  reached =
    folder:
    let
      inherited = workspace.dependencies or { };
      target =
        name: dependency:
        if dependency ? path then
          [ (join folder dependency.path) ]
        else if dependency.workspace or false && (inherited.${name} or { }) ? path then
          [ inherited.${name}.path ]
        else
          [ ];
      ofTable = table: lib.concatLists (lib.mapAttrsToList target table);
    in
    map normalize (lib.concatMap ofTable (dependencyTables (read folder)));

  inside = folder: !lib.hasPrefix ".." folder;
  keys = folders: map (key: { inherit key; }) (lib.filter (f: inside f && has f) folders);
in
lib.sort lib.lessThan (
  map (entry: entry.key) (
    builtins.genericClosure {
      startSet = keys start;
      operator = entry: keys (reached entry.key);
    }
  )
)
