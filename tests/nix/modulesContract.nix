# modulesContract :: { lib, pkgs } -> attrset of booleans
#
# The part of the contract that nix/nixosModule.nix and nix/flakeModule.nix rely on: the module system of nixpkgs.
{ lib, pkgs }:
with lib;
{
  # Options with defaults, definitions that are merged, modules by name, and refusals.
  evalModules =
    let
      option = types.attrsOf (
        types.submodule {
          options = {
            name = mkOption { type = types.str; };
            port = mkOption {
              type = types.port;
              default = 80;
            };
          };
        }
      );
      of =
        definitions:
        (evalModules {
          modules = [
            {
              options.sites = mkOption {
                type = option;
                default = { };
              };
              options.any = mkOption {
                type = types.attrsOf types.anything;
                default = { };
              };
            }
            (
              { config, ... }:
              {
                config.any = mapAttrs (_: site: "${site.name}:${toString site.port}") config.sites;
              }
            )
          ]
          ++ definitions;
        }).config;
      fails = definitions: !(builtins.tryEval (builtins.deepSeq (of definitions).any 1)).success;
    in
    (of [ ]).any == { }
    &&
      (of [
        { sites.a.name = "x"; }
        { sites.a.port = 81; }
        { sites.b.name = "y"; }
      ]).any == {
        a = "x:81";
        b = "y:80";
      }
    && fails [ { sites.a.port = 81; } ]
    && fails [ { sites.a.name = 1; } ]
    && fails [ { site.a.name = "x"; } ];
  mkOption = (mkOption { default = 1; }).default == 1;
  types =
    let
      is =
        type: value:
        (builtins.tryEval (
          builtins.deepSeq
            (evalModules {
              modules = [
                { options.value = mkOption { inherit type; }; }
                { inherit value; }
              ];
            }).config.value
            true
        )).success;
    in
    is types.port 65535
    && !is types.port 65536
    && is (types.nullOr types.str) null
    && !is types.str null
    && is types.ints.positive 1
    && !is types.ints.positive 0
    && is types.package pkgs.jq
    && !is types.package 1
    && is (types.attrsOf types.str) { a = "b"; }
    # A type for values that are taken as they are: a folder, and a function.
    && is types.anything { root = ./.; }
    && is types.anything { options = _: { }; };
}
