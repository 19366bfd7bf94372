# The part of nixpkgs' `lib` that nix/lib uses, for machines that cannot get nixpkgs. Same names, same arguments, same
# results; whoever uses another function in nix/lib adds it here, and the tests say so by failing.
let
  inherit (builtins)
    all
    any
    attrNames
    attrValues
    concatLists
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    genList
    groupBy
    head
    isList
    isString
    length
    lessThan
    listToAttrs
    mapAttrs
    pathExists
    replaceStrings
    sort
    split
    stringLength
    substring
    tail
    ;
  lib = import ./lib.nix;
in
rec {
  inherit (import ./modules.nix { inherit lib; })
    evalModules
    mkOption
    types
    ;
  inherit
    all
    any
    attrNames
    attrValues
    concatLists
    concatMap
    concatStringsSep
    elem
    elemAt
    filter
    foldl'
    genList
    groupBy
    head
    isList
    isString
    length
    lessThan
    listToAttrs
    mapAttrs
    replaceStrings
    sort
    stringLength
    substring
    tail
    ;

  boolToString = value: if value then "true" else "false";
  cleanSourceWith =
    { filter, src }:
    {
      _isLibCleanSourceWith = true;
      inherit filter;
      origSrc = src;
    };
  concatMapStrings = f: list: concatStrings (map f list);
  concatStrings = concatStringsSep "";
  escapeShellArg = text: "'${replaceStrings [ "'" ] [ "'\\''" ] (toString text)}'";
  escapeShellArgs = words: concatStringsSep " " (map escapeShellArg words);
  filterAttrs =
    keep: set:
    listToAttrs (
      concatMap (name: if keep name set.${name} then [ (nameValuePair name set.${name}) ] else [ ]) (
        attrNames set
      )
    );
  findFirst =
    wanted: default: list:
    let
      found = filter wanted list;
    in
    if found == [ ] then default else head found;
  genAttrs = names: f: listToAttrs (map (name: nameValuePair name (f name)) names);
  hasInfix = part: text: length (split (escapeRegex part) text) > 1;
  hasPrefix = start: text: substring 0 (stringLength start) text == start;
  hasSuffix =
    end: text:
    let
      rest = stringLength text - stringLength end;
    in
    rest >= 0 && substring rest (stringLength end) text == end;
  imap0 = f: list: genList (index: f index (elemAt list index)) (length list);
  init = list: genList (elemAt list) (length list - 1);
  last = list: elemAt list (length list - 1);
  makeBinPath = packages: concatStringsSep ":" (map (package: "${package}/bin") packages);
  mapAttrs' = f: set: listToAttrs (map (name: f name set.${name}) (attrNames set));
  mapAttrsToList = f: set: map (name: f name set.${name}) (attrNames set);
  nameValuePair = name: value: { inherit name value; };
  optional = condition: value: if condition then [ value ] else [ ];
  optionalAttrs = condition: set: if condition then set else { };
  optionalString = condition: text: if condition then text else "";
  optionals = condition: list: if condition then list else [ ];
  range = first: end: if first > end then [ ] else genList (index: first + index) (end - first + 1);
  remove = value: filter (other: other != value);
  removePrefix =
    start: text:
    if hasPrefix start text then
      substring (stringLength start) (stringLength text - stringLength start) text
    else
      text;
  splitString = separator: text: filter isString (split (escapeRegex separator) text);
  stringToCharacters = text: genList (index: substring index 1 text) (stringLength text);
  sublist =
    start: count: list:
    let
      end = if start + count > length list then length list else start + count;
    in
    genList (index: elemAt list (start + index)) (if start >= length list then 0 else end - start);
  take = count: sublist 0 count;
  throwIfNot = condition: message: if condition then value: value else throw message;
  toList = value: if isList value then value else [ value ];
  unique = foldl' (seen: value: if elem value seen then seen else seen ++ [ value ]) [ ];

  escapeRegex =
    replaceStrings
      [
        "\\"
        "."
        "*"
        "+"
        "?"
        "["
        "("
        "^"
        "$"
        "{"
        "|"
      ]
      (
        map (special: "\\${special}") [
          "\\"
          "."
          "*"
          "+"
          "?"
          "["
          "("
          "^"
          "$"
          "{"
          "|"
        ]
      );

  # A set of files is a question: is this path, as text, in it?
  fileset =
    let
      has = set: set.holds or (path: path == toString set || hasPrefix "${toString set}/" path);
      those = holds: { inherit holds; };
    in
    {
      inherit has;
      difference = some: others: those (path: has some path && !has others path);
      # The filter is asked about the folders that a file lies in, too.
      fromSource =
        { filter, origSrc, ... }:
        let
          root = toString origSrc;
          isKept = path: path == root || filter path "directory" && isKept (dirOf path);
        in
        those (path: hasPrefix "${root}/" path && filter path "regular" && isKept (dirOf path));
      intersection = some: others: those (path: has some path && has others path);
      maybeMissing = path: if pathExists path then path else those (_: false);
      unions = sets: those (path: any (set: has set path) sets);
      # A folder without a wanted file is left out, as in nixpkgs.
      toSource =
        { root, fileset }:
        let
          relative = path: removePrefix (toString root) path;
          wanted =
            path: kind:
            if kind == "directory" then
              # Nobody wants these, and walking a hundred thousand files takes minutes.
              !elem (baseNameOf path) [
                ".git"
                "target"
              ]
              && any (name: wanted "${path}/${name}" (entries path).${name}) (attrNames (entries path))
            else
              has fileset path;
          entries = path: builtins.readDir (root + relative path);
        in
        builtins.path {
          name = "source";
          path = root;
          filter = wanted;
        };
    };
}
