# call :: string -> null | { origin, variant, args, target-dir, rustflags, cook }
#
# What a slice's line says of its call of cargo: an object of strings and lists of strings, as Larder writes it.
{ lib, quoted }:
text:
let
  split = quoted text;
  # A step takes a string and what is written behind it.
  step =
    done:
    { string, behind }:
    let
      ends = lib.elem behind [
        "}"
        "]}"
      ];
      isList = lib.isList (done.values.${done.key} or null);
      add = value: done.values // { ${done.key} = value; };
      next = key: values: { inherit ends key values; };
    in
    if done == null || done.ends then
      null
    else if done.key == null then
      if done.values ? ${string} then
        null
      else if behind == ":" then
        next string done.values
      else if behind == ":[" then
        next string (done.values // { ${string} = [ ]; })
      else
        null
    else if
      isList
      && lib.elem behind [
        ","
        "],"
        "]}"
      ]
    then
      next (if behind == "," then done.key else null) (add (done.values.${done.key} ++ [ string ]))
    else if
      !isList
      && lib.elem behind [
        ","
        "}"
      ]
    then
      next null (add string)
    else
      null;
  strings = lib.imap0 (index: string: {
    inherit string;
    behind = lib.elemAt split.outer (index + 1);
  }) split.inner;
  read = lib.foldl' step {
    ends = false;
    key = null;
    values = { };
  } strings;
  call = {
    rustflags = [ ];
  }
  // read.values;
  isWords = value: lib.isList value && value != [ ];
  isCall =
    lib.attrNames call == [
      "args"
      "cook"
      "origin"
      "rustflags"
      "target-dir"
      "variant"
    ]
    && isWords call.args
    && isWords call.cook
    && lib.isList call.rustflags
    && lib.all lib.isString [
      call.origin
      call.target-dir
      call.variant
    ];
in
if split == null || lib.head split.outer != "{" || read == null || !read.ends || !isCall then
  null
else
  call
