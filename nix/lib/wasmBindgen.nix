# wasmBindgen :: derivation
#
# The command line of wasm-bindgen in exactly the version that the workspace's Cargo.lock names: any other refuses
# the WASM.
{
  lib,
  pkgs,
  root,
}:
let
  locked = builtins.fromTOML (builtins.readFile (root + "/Cargo.lock"));
  named = lib.findFirst (package: package.name == "wasm-bindgen") {
    version = "of no version";
  } (locked.package or [ ]);
  attribute = "wasm-bindgen-cli_${lib.replaceStrings [ "." ] [ "_" ] named.version}";
in
pkgs.${attribute} or (throw ''
  nixpkgs has no ${attribute}, and Cargo.lock names wasm-bindgen ${named.version}
  hint: take a newer nixpkgs, or add the attribute with an overlay that calls `buildWasmBindgenCli`
'')
