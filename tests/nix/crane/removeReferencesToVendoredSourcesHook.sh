# Makes unreadable what names vendored sources in a program: messages of panics do.

removeReferencesToVendoredSources() {
  local path
  {
    echo "$cargoVendorDir"
    find "$cargoVendorDir" -type l -exec readlink {} +
  } | while read -r path; do
    local hash=${path:0:43}
    find "$out" -type f -exec sed --in-place "s|$hash|/nix/store/$(printf 'e%.0s' {1..32})|g" {} +
  done
}

postInstallHooks+=(removeReferencesToVendoredSources)
