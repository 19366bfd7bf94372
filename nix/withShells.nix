# withShells :: pkgs -> derivation -> derivation
#
# Larder's program with its completions and man pages, at the places that nixpkgs links into profiles.
pkgs: larder:
pkgs.runCommand "larder" { } ''
  mkdir --parents "$out"
  cp --recursive ${larder}/bin "$out/bin"
  "$out/bin/cargo-larder" larder man "$out/share/man/man1" --quiet
  completions() {
    mkdir --parents "$out/share/$2"
    "$out/bin/cargo-larder" larder completions "$1" >"$out/share/$2/$3"
  }
  completions bash bash-completion/completions cargo-larder
  completions fish fish/vendor_completions.d cargo-larder.fish
  completions nushell nushell/vendor/autoload cargo-larder.nu
  completions zsh zsh/site-functions _cargo-larder
''
