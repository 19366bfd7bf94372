# normalize :: string -> string
#
# A path as its text says, without `.` and `..`: `a/../b` and `./b` are `b`. One that leaves the folder it is relative
# to keeps its `..`.
{ lib }:
let
  step =
    done: part:
    if part == "" || part == "." then
      done
    else if part == ".." && done != [ ] && lib.last done != ".." then
      lib.init done
    else
      done ++ [ part ];
in
path: lib.concatStringsSep "/" (lib.foldl' step [ ] (lib.splitString "/" path))
