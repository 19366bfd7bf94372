# leptosFiles :: [ string ]
#
# The files and folders that cargo-leptos reads beside the packages, relative to the root: assets, styles, what builds
# read besides and, with Tailwind, the files of npm. The root's metadata names them, or that of a package.
{
  lib,
  manifest,
  manifests,
  normalize,
  root,
}:
let
  shared = map (project: {
    base = "";
    inherit project;
  }) (manifest.workspace.metadata.leptos or [ ]);
  own = lib.mapAttrsToList (base: toml: {
    inherit base;
    project = toml.package.metadata.leptos;
  }) (lib.filterAttrs (_: toml: toml ? package.metadata.leptos) manifests);
  projects = shared ++ own;

  # The folder a style file lies in holds what it imports; at the root that would be everything.
  withNeighbours = file: if dirOf file == "." then file else dirOf file;
  named =
    { base, project }:
    let
      at = key: normalize "${base}/${project.${key}}";
      has = lib.filter (key: project ? ${key});
    in
    map at (has [ "assets-dir" ])
    ++ map (key: withNeighbours (at key)) (has [
      "style-file"
      "tailwind-config-file"
      "tailwind-input-file"
    ]);

  # cargo-leptos looks for these from the workspace's root, whichever package names them.
  watched =
    { project, ... }:
    map normalize (
      lib.filter (path: !lib.hasPrefix "/" path) (
        map (entry: entry.path or entry) (project.watch-additional-files or [ ])
      )
    );

  hasTailwind = lib.any ({ project, ... }: project ? tailwind-input-file) projects;
  # Versions without packages are of no use.
  ofNpm = lib.optionals (hasTailwind && builtins.pathExists (root + "/package.json")) [
    "package-lock.json"
    "package.json"
  ];
in
lib.concatMap named projects ++ lib.concatMap watched projects ++ ofNpm
