{
  description = "Stands in for nixpkgs: the part of it that nix/lib relies on, made of Debian's own programs";

  outputs = _: import ./default.nix { };
}
