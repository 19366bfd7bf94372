# workspaceFolder :: path -> string -> string
#
# The folder of the workspace that a package inherits from, relative to the root: what its manifest names, or the
# nearest one above it. The root itself, and with it every package that has none, is `""`.
{ lib, normalize }:
root:
let
  read = folder: builtins.fromTOML (builtins.readFile (root + "/${folder}/Cargo.toml"));
  has = folder: builtins.pathExists (root + "/${folder}/Cargo.toml");
  # Nothing above the root is read.
  isWorkspace = folder: !lib.hasPrefix ".." folder && has folder && read folder ? workspace;
  above = folder: if folder == "" || folder == "." then [ ] else [ folder ] ++ above (dirOf folder);
in
folder:
let
  named = (read folder).package.workspace or null;
in
lib.findFirst isWorkspace "" (
  lib.optional (named != null) (normalize "${folder}/${named}") ++ above folder
)
