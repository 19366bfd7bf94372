# layerSource :: slice -> int -> source
#
# What one layer is built from: its own recipe, expanded where it has to lie. Never a file of the application, or a code
# edit would rebuild dependencies; `files` has all of them by their paths.
{
  lib,
  pkgs,
  recipeFolder,
}:
slice: index:
let
  folder = recipeFolder slice index;
  files = lib.mapAttrs' (path: lib.nameValuePair "${folder}/${path}") (
    lib.elemAt slice.recipes index
  );
  put = path: text: ''
    install -D --mode=644 ${builtins.toFile (baseNameOf path) text} "$out/${path}"
  '';
in
# A source's name is that of its folder while it is built, and an application's is no other.
pkgs.runCommand "source" {
  passthru = { inherit files; };
} (lib.concatStrings (lib.mapAttrsToList put files))
