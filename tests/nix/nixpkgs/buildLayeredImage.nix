# dockerTools.buildLayeredImage :: { name, tag ?, config, fakeRootCommands ? } -> derivation
#
# An archive for `docker load`: a layer for each store path that the configuration reaches, and a last one with what
# `fakeRootCommands` leaves. nixpkgs' programs find their libraries in the store; those of the stand-ins are the
# machine's, and so the last layer has them too.
{ runCommand }:
{
  name,
  config,
  fakeRootCommands ? "",
  tag ? "latest",
}:
runCommand "${name}.tar"
  {
    inherit fakeRootCommands tag;
    # Nix writes into this file what the derivation needs to work.
    exportReferencesGraph = [
      "closure"
      (runCommand "config.json" {
        configuration = builtins.toJSON config;
      } ''echo "$configuration" >"$out"'')
    ];
    repository = name;
    passthru = { inherit config; };
  }
  ''
    archive() {
      tar --create --sort=name --mtime=@1 --numeric-owner "$@"
    }
    mapfile -t paths < <(grep '^/nix/store/' closure | sort --unique)
    for path in "''${paths[@]}"; do
      case $path in
        *-config.json) configuration=$path ;;
        *) archive --owner=0 --group=0 --file="$(basename "$path").layer" "$path" ;;
      esac
    done

    mkdir root
    for program in $(find "''${paths[@]}" -path '*/bin/*' -type f); do
      for library in $(ldd "$program" | grep --only-matching '/lib[^ ]*'); do
        mkdir --parents "root$(dirname "$library")"
        cp --no-clobber --dereference "$library" "root$library"
      done
    done
    # Nobody is root here, so the owner of what is written is asked for, and told to tar.
    chown() {
      owner=$1
    }
    owner=0:0
    cd root
    eval "$fakeRootCommands"
    cd ..
    archive --owner="''${owner%:*}" --group="''${owner#*:}" --file=zz-root.layer --directory=root .

    sha256sum -- *.layer | jq --raw-input '"sha256:" + .[:64]' | jq --slurp \
      --arg architecture "$(dpkg --print-architecture)" --slurpfile config "$configuration" \
      '{ $architecture, os: "linux", config: $config[0], rootfs: { type: "layers", diff_ids: . } }' \
      >image.json
    printf '%s\n' *.layer | jq --raw-input . | jq --slurp --arg tag "$repository:$tag" \
      '[{ Config: "image.json", RepoTags: [$tag], Layers: . }]' >manifest.json
    archive --owner=0 --group=0 --file="$out" manifest.json image.json -- *.layer
  ''
