# The builder of every derivation.
set -o errexit -o nounset -o pipefail
shopt -s nullglob

source "$stdenv/setup"
genericBuild
