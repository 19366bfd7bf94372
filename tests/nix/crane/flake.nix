{
  description = "Stands in for crane: the functions that nix/lib relies on, under the same names";

  outputs = _: import ./default.nix;
}
