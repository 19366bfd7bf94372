# absoluteEnvironment :: slice -> string
#
# Shell lines for the variables of a slice that its recipe cannot hold, being absolute paths: values that start with
# `<target>`, the project's target directory. For the start of a build phase, in the workspace's root.
{ lib }:
slice:
let
  marker = "<target>";
  absolute = lib.filterAttrs (_: value: lib.hasPrefix marker value) (slice.env or { });
  line = name: value: ''
    export ${name}="$PWD/target"${lib.escapeShellArg (lib.removePrefix marker value)}
  '';
in
lib.concatStrings (lib.mapAttrsToList line absolute)
