# buildImage :: { server, site } -> derivation
#
# An image for any container engine, in layers of nixpkgs' dockerTools: the server, the site, certificates, nothing
# else, and not root. Port, volume and variables are those of `[workspace.metadata.larder.docker]`, as in the
# Dockerfile that `cargo larder dockerfile` writes.
{
  lib,
  manifest,
  metadata,
  pkgs,
}:
{ server, site }:
let
  settings = metadata.larder.docker or { };
  # Images count in nanoseconds.
  second = 1000000000;
  port = toString (settings.port or 3000);
  volume = settings.volume or null;
  variables = {
    LEPTOS_SITE_ADDR = "0.0.0.0:${port}";
    LEPTOS_SITE_ROOT = "${site}";
    SSL_CERT_FILE = "${pkgs.cacert}/etc/ssl/certs/ca-bundle.crt";
  }
  // (settings.env or { });
  # cargo-leptos names exactly one.
  binary = lib.removePrefix "--bin=" (lib.findFirst (lib.hasPrefix "--bin=") "" server.slice.args);
in
pkgs.dockerTools.buildLayeredImage {
  name = site.siteName;
  tag = manifest.workspace.package.version or manifest.package.version or "latest";
  # A volume's folder has to be there, and to belong to the one who writes to it.
  fakeRootCommands = lib.optionalString (volume != null) ''
    mkdir --parents ${lib.escapeShellArg ".${volume}"}
    chown 65532:65532 ${lib.escapeShellArg ".${volume}"}
  '';
  config = {
    Entrypoint = [ "${server}/bin/${binary}" ];
    Env = lib.mapAttrsToList (name: value: "${name}=${value}") variables;
    ExposedPorts."${port}/tcp" = { };
    User = "65532:65532";
    WorkingDir = "/";
  }
  // lib.optionalAttrs (volume != null) { Volumes.${volume} = { }; }
  // lib.optionalAttrs (settings ? health-check) {
    Healthcheck = {
      Test = [
        "CMD"
        "${server}/bin/${lib.head settings.health-check}"
      ]
      ++ lib.tail settings.health-check;
      Interval = 10 * second;
      StartPeriod = 5 * second;
      Timeout = 3 * second;
    };
  };
}
