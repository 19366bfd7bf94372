# modules :: { lib } -> { evalModules, mkOption, types }
#
# The part of nixpkgs' module system that nix/nixosModule.nix uses: options with defaults and types, definitions that
# are checked and merged, and modules within a type. Definitions without an option are refused, as in nixpkgs.
{ lib }:
let
  inherit (builtins)
    attrNames
    concatMap
    filter
    head
    isAttrs
    isFunction
    isInt
    isString
    length
    listToAttrs
    mapAttrs
    ;

  isOption = value: value._type or null == "option";
  named = place: lib.concatStringsSep "." place;

  # A type whose definitions cannot be merged, so there is one of them.
  scalar = name: holds: {
    inherit name;
    merge =
      place: values:
      if length values != 1 then
        throw "`${named place}` is defined more than once"
      else if !holds (head values) then
        throw "`${named place}` is no ${name}"
      else
        head values;
  };
  merged =
    sets:
    listToAttrs (
      concatMap (
        set:
        map (name: {
          inherit name;
          value = set.${name};
        }) (attrNames set)
      ) sets
    );
  collect =
    merge: place: values:
    mapAttrs (
      name: _: merge (place ++ [ name ]) (map (set: set.${name}) (filter (set: set ? ${name}) values))
    ) (merged values);

  types = {
    anything = {
      name = "anything";
      merge =
        place: values:
        if isAttrs (head values) then collect types.anything.merge place values else head values;
    };
    attrsOf = type: {
      name = "attrsOf";
      merge = collect type.merge;
    };
    ints.positive = scalar "positive number" (value: isInt value && value > 0);
    nullOr = type: {
      name = "nullOr";
      merge = place: values: if values == [ null ] then null else type.merge place values;
    };
    package = scalar "package" (
      value: value.type or null == "derivation" || lib.hasPrefix "/" (toString value)
    );
    port = scalar "port" (value: isInt value && value >= 0 && value < 65536);
    str = scalar "string" isString;
    submodule = module: {
      name = "submodule";
      merge =
        place: values: evaluate place { modules = [ module ] ++ map (config: { inherit config; }) values; };
    };
  };

  valueOf =
    place: options: sets:
    if isOption options then
      if sets == [ ] then
        options.default or (throw "`${named place}` is not defined")
      else
        options.type.merge place sets
    else
      let
        unknown = filter (name: !(options ? ${name})) (attrNames (merged sets));
        below = name: concatMap (set: if set ? ${name} then [ set.${name} ] else [ ]) sets;
      in
      if unknown != [ ] then
        throw "there is no option `${named (place ++ [ (head unknown) ])}`"
      else
        mapAttrs (name: option: valueOf (place ++ [ name ]) option (below name)) options;

  combined =
    one: other:
    if isOption one || isOption other then
      throw "an option is declared twice"
    else
      one // mapAttrs (name: value: if one ? ${name} then combined one.${name} value else value) other;

  evaluate =
    place:
    {
      modules,
      specialArgs ? { },
    }:
    let
      loaded = map (
        module: if isFunction module then module (specialArgs // { inherit config lib; }) else module
      ) modules;
      options = lib.foldl' combined { } (map (module: module.options or { }) loaded);
      definitions = map (module: module.config or (if module ? options then { } else module)) loaded;
      config = valueOf place options definitions;
    in
    config;
in
{
  inherit types;
  evalModules = arguments: { config = evaluate [ ] arguments; };
  mkOption = option: option // { _type = "option"; };
}
