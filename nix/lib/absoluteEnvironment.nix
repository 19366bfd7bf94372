# absoluteEnvironment :: slice -> string
#
# Shell lines for the variables of a slice that its recipe cannot hold, being absolute paths or cargo's own settings:
# values that start with `<target>`, the project's target directory, and names that start with `CARGO_`. For the start of
# a build phase, in the workspace's root.
{ lib }:
slice:
let
  marker = "<target>";
  cannotHold = name: value: lib.hasPrefix marker value || lib.hasPrefix "CARGO_" name;
  text =
    value:
    if lib.hasPrefix marker value then
      ''"$PWD/target"${lib.escapeShellArg (lib.removePrefix marker value)}''
    else
      lib.escapeShellArg value;
  isName = name: builtins.match "[A-Za-z_][A-Za-z0-9_]*" name != null;
  line =
    name: value:
    lib.throwIfNot (isName name) "the variable ${name} has a name that no shell takes: rename it" ''
      export ${name}=${text value}
    '';
in
lib.concatStrings (lib.mapAttrsToList line (lib.filterAttrs cannotHold (slice.env or { })))
