# layerSource :: slice -> int -> source
#
# What one layer is built from: its own recipe and the settings that reach dependencies. Never a file of the
# application, or a code edit would rebuild dependencies.
{ lib, root }:
slice: index:
lib.fileset.toSource {
  inherit root;
  fileset = lib.fileset.unions [
    (root + "/larder/${slice.name}/${toString index}")
    (lib.fileset.maybeMissing (root + "/larder/config.toml"))
  ];
}
