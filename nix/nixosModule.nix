# nixosModule :: { packages ? } -> NixOS module
#
# `services.larder.<name>`: the program of a workspace as a service of its own user, which a switch to a new
# generation waits for. `packages` are a flake's own by system, and give the defaults of `package` and `site`.
{
  packages ? { },
}:
{
  config,
  lib,
  pkgs,
  ...
}:
let
  inherit (lib) mkOption types;
  own = packages.${pkgs.stdenv.hostPlatform.system} or { };

  options = {
    package = mkOption {
      type = types.package;
      default =
        own.default or (throw "services.larder: set `package`, for the flake has no only program");
      defaultText = "the flake's own";
      description = "The program, in `bin/`.";
    };
    program = mkOption {
      type = types.str;
      description = "The name of the program in `bin/`.";
    };
    site = mkOption {
      type = types.nullOr types.package;
      default = own.site or null;
      defaultText = "the flake's own, for Leptos";
      description = "The folder of a Leptos site: WASM, scripts, styles and assets.";
    };
    address = mkOption {
      type = types.str;
      default = "127.0.0.1";
      description = "The address that it listens on; a proxy is the place for TLS.";
    };
    port = mkOption {
      type = types.port;
      default = 3000;
      description = "The port that it listens on.";
    };
    environment = mkOption {
      type = types.attrsOf types.str;
      default = { };
      description = "Further variables. They are readable by everybody: secrets belong into `environmentFile`.";
    };
    environmentFile = mkOption {
      type = types.nullOr types.str;
      default = null;
      description = "A file on the machine with `NAME=VALUE` lines, which systemd alone reads.";
    };
    health = mkOption {
      type = types.nullOr types.str;
      default = "/";
      description = "The path of a page that must answer for a start to be one; null if it has none.";
    };
    patience = mkOption {
      type = types.ints.positive;
      default = 30;
      description = "How many seconds it may take until it is well, and at its end for the last requests.";
    };
  };

  # systemd expands `%` and `$` in words.
  word = text: lib.escapeShellArg (lib.replaceStrings [ "%" "$" ] [ "%%" "$$" ] text);

  service = name: site: {
    description = "${name}, a web server";
    wantedBy = [ "multi-user.target" ];
    after = [ "network.target" ];
    environment = {
      LEPTOS_SITE_ADDR = "${site.address}:${toString site.port}";
    }
    // lib.optionalAttrs (site.site != null) { LEPTOS_SITE_ROOT = "${site.site}"; }
    // site.environment;
    serviceConfig = {
      ExecStart = word "${site.package}/bin/${site.program}";
      Restart = "on-failure";
      TimeoutStartSec = site.patience + 10;
      TimeoutStopSec = site.patience;
      # The one folder that it may write to.
      StateDirectory = name;
      WorkingDirectory = "/var/lib/${name}";
      User = name;
      Group = name;
      CapabilityBoundingSet = "";
      LockPersonality = true;
      NoNewPrivileges = true;
      PrivateDevices = true;
      PrivateTmp = true;
      ProtectHome = true;
      ProtectKernelModules = true;
      ProtectKernelTunables = true;
      ProtectSystem = "strict";
      RestrictAddressFamilies = [
        "AF_INET"
        "AF_INET6"
        "AF_UNIX"
      ];
      RestrictSUIDSGID = true;
    }
    # A start whose page does not answer has failed, and with it the switch to the generation.
    // lib.optionalAttrs (site.health != null) {
      ExecStartPost = lib.concatStringsSep " " [
        "${pkgs.curl}/bin/curl --fail --silent --show-error --output /dev/null --max-time 5"
        "--retry ${toString site.patience} --retry-delay 1 --retry-all-errors"
        "--retry-max-time ${toString site.patience}"
        (word "http://${site.address}:${toString site.port}${site.health}")
      ];
    }
    // lib.optionalAttrs (site.environmentFile != null) { EnvironmentFile = site.environmentFile; };
  };
in
{
  options.services.larder = mkOption {
    type = types.attrsOf (types.submodule { inherit options; });
    default = { };
    description = "Programs that are built by Larder, each a service of the name's own user.";
  };
  config = {
    systemd.services = lib.mapAttrs service config.services.larder;
    users.users = lib.mapAttrs (name: _: {
      isSystemUser = true;
      group = name;
    }) config.services.larder;
    users.groups = lib.mapAttrs (_: _: { }) config.services.larder;
  };
}
