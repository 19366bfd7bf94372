# Puts the programs and libraries of the workspace's own packages aside as soon as they are built, going by cargo's
# messages in $cargoBuildLog. The install phase finds them in $postBuildInstallFromCargoBuildLogOut.

postBuildInstallFromCargoBuildLogOut=$(mktemp --directory)

putAside() {
  local folder=$postBuildInstallFromCargoBuildLogOut/$1 file
  jq --raw-input --raw-output "
    fromjson? | select(.reason == \"compiler-artifact\" and .profile.test == false)
      | select(.package_id | startswith(\"path+\")) | $2
  " "$cargoBuildLog" | while read -r file; do
    mkdir --parents "$folder"
    cp "$file" "$folder"
  done
}

putAllAside() {
  putAside bin '.executable | values'
  putAside lib 'select(.target.kind | contains(["cdylib"])) | .filenames[] | select(endswith(".rlib") | not)'
}

postBuildHooks+=(putAllAside)
