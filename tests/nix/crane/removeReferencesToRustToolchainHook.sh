# Makes unreadable what names the toolchain in a program, so that nobody has to have it to run the program.

removeReferencesToRustToolchain() {
  local sysroot hash
  sysroot=$(rustc --print sysroot)
  hash=$(grep --only-matching --extended-regexp '^/nix/store/[a-z0-9]{32}' <<<"$sysroot") || return 0
  find "$out" -type f -exec sed --in-place "s|$hash|/nix/store/$(printf 'e%.0s' {1..32})|g" {} +
}

postInstallHooks+=(removeReferencesToRustToolchain)
