
# `cargo larder …`. Whatever completes cargo's other subcommands goes on doing so.
_cargo_larder_others() {
    local words
    # bash-completion loads a command's completion when it is first asked for.
    if declare -F _comp_load > /dev/null; then
        _comp_load cargo
    elif declare -F _completion_loader > /dev/null; then
        _completion_loader cargo
    fi
    read -r -a words <<< "$(complete -p cargo 2> /dev/null)"
    while [[ ${#words[@]} -gt 1 && ${words[0]} != -F ]]; do
        words=("${words[@]:1}")
    done
    [[ ${words[0]-} == -F && ${words[1]} != _cargo_and_larder ]] && _cargo_larder_other=${words[1]}
    complete -F _cargo_and_larder -o nosort -o bashdefault -o default cargo 2> /dev/null \
        || complete -F _cargo_and_larder -o bashdefault -o default cargo
}

_cargo_and_larder() {
    if [[ $COMP_CWORD -ge 2 && ${COMP_WORDS[1]} == larder ]]; then
        COMP_WORDS=(cargo-larder "${COMP_WORDS[@]:2}")
        COMP_CWORD=$((COMP_CWORD - 1))
        _cargo__larder cargo-larder "$2" "$3"
        return
    fi
    [[ -n ${_cargo_larder_other-} ]] || _cargo_larder_others
    [[ -n ${_cargo_larder_other-} ]] && "$_cargo_larder_other" "$@"
}

if [[ $(complete -p cargo 2> /dev/null) == *' -F '* ]]; then
    _cargo_larder_others
else
    complete -F _cargo_and_larder -o bashdefault -o default cargo
fi
