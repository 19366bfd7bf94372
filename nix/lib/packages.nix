# packages :: attrset of derivations
#
# What `nix build` offers: every slice of the release variant by its name, for Leptos `site` and `image`, and
# `default`, which is the image's or only program.
{
  buildImage,
  buildSite,
  lib,
  lock,
  slices,
}:
let
  released = lib.filterAttrs (name: _: lock.slices.${name}.variant == "release") slices;
  isFront = slice: slice.origin == "leptos" && lib.elem "--lib" slice.args;
  isServer = slice: slice.origin == "leptos" && !(isFront slice);
  only = kind: lib.filter (name: kind lock.slices.${name}) (lib.attrNames released);
  fronts = only isFront;
  servers = only isServer;

  site = buildSite lock.slices.${lib.head fronts};
  # Several Leptos projects in one workspace have several sites; which of them an image shows is not ours to guess.
  leptos = lib.optionalAttrs (lib.length fronts == 1 && lib.length servers == 1) {
    inherit site;
    image = buildImage {
      inherit site;
      server = released.${lib.head servers};
    };
  };
  # Tests and lints are checks, whatever their variant.
  built = lib.filterAttrs (
    name: _:
    lib.elem (lib.head lock.slices.${name}.args) [
      "build"
      "rustc"
    ]
  ) released;
  main =
    if servers != [ ] then
      lib.head servers
    else if lib.length (lib.attrNames built) == 1 then
      lib.head (lib.attrNames built)
    else
      null;
in
released // leptos // lib.optionalAttrs (main != null) { default = released.${main}; }
