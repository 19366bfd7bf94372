# recipeFolder :: slice -> int -> string
#
# Where a layer's recipe lies, seen from the workspace's root; its settings name their target directory from there.
{ }:
slice: index: "target/larder/recipes/${slice.name}/${toString index}"
