# expand :: table -> slice -> int -> { <path> = text; }
#
# The files of a recipe by their paths in its folder, made of what readTable.nix gives. The same is done by
# `larder/expand.awk` in images and by Larder itself, byte for byte; all three change together.
{ lib }:
table: slice: layer:
let
  section = table.sections."${slice.letter}${toString layer}";
  inherit (section) has packages;
  settings =
    word: show:
    lib.concatMapStrings (line: "${show line}\n") (
      lib.filter (line: line.word == word && has line) table.lines
    );
  joined =
    separator: show: values:
    lib.concatStringsSep separator (map show values);
  string = text: "\"${text}\"";
  title = index: "larder-${slice.name}" + lib.optionalString (index > 0) "-${toString (index + 1)}";
  generated = "# Expanded from larder/larder.lock";

  # Names are shortened to what is clear in this layer.
  names = lib.groupBy (package: package.name) packages;
  source =
    package:
    if package.id == "" then
      "registry+https://github.com/rust-lang/crates.io-index"
    else
      table.sources.${package.id}.source;
  locked =
    package:
    let
      namesakes = names.${package.name};
      same = lib.filter (other: other.version == package.version) namesakes;
      withoutCommit = lib.head (lib.splitString "#" (source package));
    in
    if lib.length namesakes < 2 then
      package.name
    else if lib.length same < 2 then
      "${package.name} ${package.version}"
    else
      "${package.name} ${package.version} (${withoutCommit})";
  # The order of the table is that of `Cargo.lock`.
  inOrder = lib.sort (one: other: one.number < other.number);
  dependencies =
    packages:
    lib.optionalString (packages != [ ])
      "dependencies = [\n${lib.concatMapStrings (package: " ${string (locked package)},\n") packages}]\n";

  # Which pins of a package are in a stub's manifest.
  kindsOf =
    index: shape:
    if index == 0 then
      [
        "t"
        "h"
      ]
    else
      {
        both = [ "b" ];
        dylib = [ "d" ];
        macro = [ "m" ];
        program = [ "p" ];
        tests = [ "x" ];
      }
      .${shape};
  pinsOf = kinds: package: lib.filter (pin: lib.elem pin.kind kinds && has pin) package.pins;
  pinned = kinds: lib.filter (package: pinsOf kinds package != [ ]) packages;
  tables = {
    h = "build-dependencies";
    x = "dev-dependencies";
  };
  entry =
    package: pin:
    let
      platform = lib.optionalString (pin.platform != "") "target.\"${pin.platform}\".";
      required = lib.head (lib.splitString "+" package.version);
      alias = "${package.name}-${lib.replaceStrings [ "." ] [ "_" ] required}";
      id = lib.optionalString (package.id != "") "-${package.id}";
      said = lib.optionalString (package.id != "") table.sources.${package.id}.entry;
      features =
        lib.optionalString (pin.features != [ ])
          ", features = [${joined ", " string pin.features}]";
    in
    "${platform}${tables.${pin.kind} or "dependencies"}.${alias}${id} = { "
    + "package = \"${package.name}\", version = \"=${required}\"${
      lib.optionalString (said != "") ", ${said}"
    }, "
    + "default-features = false${features} }\n";
  entries =
    kinds:
    lib.concatMapStrings (
      package: lib.concatMapStrings (entry package) (pinsOf kinds package)
    ) packages;

  folders = {
    both = "object-and-bitcode";
    dylib = "dylib";
    macro = "proc-macro";
    program = "program";
    tests = "for-tests";
  };
  members = joined ", " (shape: string folders.${shape}) (lib.tail slice.stubs);
  workspace = lib.optionalString (members != "") ''
    workspace.members = [${members}]
    workspace.default-members = [".", ${members}]
  '';
  # What a stub is, by keys of `[lib]`.
  library =
    shape:
    {
      both.crate-type = ''["cdylib", "rlib"]'';
      dylib.crate-type = ''["dylib"]'';
      macro.proc-macro = "true";
    }
    .${shape} or {
      crate-type = ''["rlib"]'';
    };
  key = name: value: "lib.${name} = ${value}\n";
  targets =
    shape:
    if shape == "program" then
      ''
        bin = [{ name = "program", path = "src/main.rs", test = false, bench = false }]
        test = [{ name = "program", path = "tests/program.rs" }]
      ''
    else
      lib.concatStrings (lib.mapAttrsToList key (library shape))
      + key "test" (lib.boolToString (shape == "tests"))
      + key "doctest" (lib.boolToString slice.isDocumented)
      + key "bench" "false";
  manifest =
    index: shape:
    ''
      ${generated}. It is plain cargo: no tool is needed to build it.
    ''
    + lib.optionalString (index == 0) (settings "manifest" (line: line.setting) + workspace)
    + ''
      package.name = "${title index}"
      package.version = "0.0.0"
      package.edition = "2021"
      package.publish = false
    ''
    + targets shape
    + entries (kindsOf index shape);

  empty = "//! Empty on purpose: only the dependencies matter.\n";
  sources =
    shape:
    if shape == "program" then
      {
        "src/main.rs" = "${empty}fn main() {}\n";
        "tests/program.rs" = empty;
      }
    else
      { "src/lib.rs" = empty + lib.optionalString (shape == "rlib") "#![no_std]\n"; };
  stub =
    index: shape:
    let
      folder = lib.optionalString (index > 0) "${folders.${shape}}/";
    in
    lib.mapAttrs' (path: lib.nameValuePair "${folder}${path}") (
      sources shape // { "Cargo.toml" = manifest index shape; }
    );

  # As cargo writes it: sorted by name, the stubs before a package of the same.
  blocks =
    lib.imap0 (index: shape: {
      name = title index;
      text = ''
        name = "${title index}"
        version = "0.0.0"
      ''
      + dependencies (pinned (kindsOf index shape));
    }) slice.stubs
    ++ map (package: {
      inherit (package) name;
      text = ''
        name = "${package.name}"
        version = "${package.version}"
        source = "${source package}"
      ''
      + lib.optionalString (package.checksum != "") "checksum = \"${package.checksum}\"\n"
      + dependencies (inOrder (map (need: section.means.${need.word}) (lib.filter has package.needs)));
    }) packages;
  unused =
    line:
    ''

      [[patch.unused]]
      name = "${line.name}"
      version = "${line.version}"''
    + lib.optionalString (line.source != "") "\nsource = \"${line.source}\"";
  cargoLock = ''
    # This file is automatically @generated by Cargo.
    # It is not intended for manual editing.
  ''
  + settings "cargo-lock" (line: "version = ${line.setting}")
  + lib.concatMapStrings (block: "\n[[package]]\n${block.text}") (
    lib.sort (one: other: one.name < other.name) blocks
  )
  + settings "unused" unused;

  # What is no path of this machine; absoluteEnvironment.nix has the others.
  variables = lib.filter (
    line: line.word == "env" && has line && !lib.hasPrefix "<target>" line.value
  ) table.lines;
  config =
    "${generated}.\n"
    + settings "config" (line: line.setting)
    + lib.concatMapStrings (line: "env.\"${line.name}\" = ${line.text}\n") variables;
in
lib.foldl' (files: more: files // more) {
  ".cargo/config.toml" = config;
  "Cargo.lock" = cargoLock;
} (lib.imap0 stub slice.stubs)
// lib.optionalAttrs (pinned [ "h" ] != [ ]) {
  "build.rs" =
    "//! Does nothing; it makes cargo build the dependencies of build scripts.\nfn main() {}\n";
}
