# memberFolders :: path -> [ string ]
#
# The folders of a workspace's own packages, relative to its root, which itself is `""`: what `members` names, and every
# package that those or the root's `[patch]` and `[replace]` reach by `path`. cargo counts most of these as members too,
# and builds the others, which `exclude` names or a patch puts in a crate's place, all the same.
{
  lib,
  matching,
  normalize,
  workspaceFolder,
}:
root:
let
  read = folder: builtins.fromTOML (builtins.readFile (root + "/${folder}/Cargo.toml"));
  manifest = read "";
  workspace = manifest.workspace or { };
  has = folder: builtins.pathExists (root + "/${folder}/Cargo.toml");

  patterns = map normalize (workspace.members or [ ]);
  # What a pattern finds may be excluded; what is named in full is a member even so.
  excluded = map normalize (workspace.exclude or [ ]);
  isExcluded = folder: lib.any (path: folder == path || lib.hasPrefix "${path}/" folder) excluded;
  named = lib.filter (folder: lib.elem folder patterns || !isExcluded folder) (
    lib.concatMap (matching root) patterns
  );
  patches = lib.concatMap lib.attrValues (lib.attrValues (manifest.patch or { }));
  replacements = lib.attrValues (manifest.replace or { });
  replaced = map (entry: normalize entry.path) (
    lib.filter (entry: entry ? path) (patches ++ replacements)
  );

  # Nobody runs the tests of a package that is no member.
  dependencyTables =
    isMember: toml:
    let
      own = table: [
        (table.dependencies or { })
        (table.build-dependencies or { })
        (lib.optionalAttrs isMember (table.dev-dependencies or { }))
      ];
    in
    lib.concatMap own ([ toml ] ++ lib.attrValues (toml.target or { }));

  # Folders that the dependencies of a package name. Those it inherits are relative to its workspace.
  reached =
    isMember: folder:
    let
      home = workspaceFolder root folder;
      inherited = (read home).workspace.dependencies or { };
      target =
        name: dependency:
        if dependency ? path then
          [ "${folder}/${dependency.path}" ]
        else if dependency.workspace or false && (inherited.${name} or { }) ? path then
          [ "${home}/${inherited.${name}.path}" ]
        else
          [ ];
      ofTable = table: lib.concatLists (lib.mapAttrsToList target table);
    in
    map normalize (lib.concatMap ofTable (dependencyTables isMember (read folder)));

  inside = folder: !lib.hasPrefix ".." folder;
  keys = folders: map (key: { inherit key; }) (lib.filter (f: inside f && has f) folders);
  closure =
    start: next:
    map (entry: entry.key) (
      builtins.genericClosure {
        startSet = keys start;
        operator = entry: keys (next entry.key);
      }
    );

  # Without a `[workspace]`, the package at the root is alone.
  isJoined = folder: manifest ? workspace && !isExcluded folder;
  members = closure (lib.optional (manifest ? package) "" ++ named) (
    folder: lib.filter isJoined (reached true folder)
  );
in
lib.sort lib.lessThan (
  closure (members ++ replaced) (folder: reached (lib.elem folder members) folder)
)
