# rust-overlay :: { compiler ? } -> { lib.mkRustBin }
#
# A toolchain is links to the one that the machine shows in the sandbox as /machine/rust. It checks that the targets
# are there, and knows no channels.
{
  # Another one is like another version of the compiler.
  compiler ? "1",
}:
{
  lib.mkRustBin = _: pkgs: {
    fromRustupToolchain =
      {
        channel ? "stable",
        components ? [ ],
        path ? null,
        profile ? "default",
        targets ? [ ],
      }@wanted:
      assert path == null;
      pkgs.runCommand "rust-${compiler}"
        {
          inherit channel targets;
          components = components ++ [ profile ];
          passthru = { inherit wanted; };
        }
        ''
          mkdir --parents "$out/bin"
          ln --symbolic /machine/rust/bin/* "$out/bin"
          ln --symbolic /machine/rust/lib "$out"
          # Real ones lie in the store as a whole, and crane looks there for their name.
          rm "$out/bin/rustc"
          echo "#!/bin/bash" >"$out/bin/rustc"
          echo "exec /machine/rust/bin/rustc --sysroot $out \"\$@\"" >>"$out/bin/rustc"
          chmod +x "$out/bin/rustc"
          for target in $targets; do
            if [ ! -d "$out/lib/rustlib/$target" ]; then
              echo "the machine's toolchain does not build for $target" >&2
              exit 1
            fi
          done
        '';
  };
}
