# Which files each derivation of a workspace is built from, by slice: relative paths, sorted.
{ root }:
let
  lib = import ./nixpkgs/lib.nix;
  list =
    set: folder:
    lib.concatLists (
      lib.mapAttrsToList (
        name: kind:
        let
          path = if folder == "" then name else "${folder}/${name}";
        in
        if kind == "directory" then
          list set path
        else
          lib.optional (lib.fileset.has set (toString (root + "/${path}"))) path
      ) (builtins.readDir (root + "/${folder}"))
    );
  workspace = import ./workspace.nix {
    inherit root;
    lib = lib // {
      fileset = lib.fileset // {
        toSource = { fileset, ... }: list fileset "";
      };
    };
  };
in
lib.mapAttrs (_: slice: {
  application = workspace.applicationSource slice;
  layers = map (index: lib.attrNames (workspace.layerSource slice index).files) (
    lib.range 0 (slice.layers - 1)
  );
}) workspace.lock.slices
