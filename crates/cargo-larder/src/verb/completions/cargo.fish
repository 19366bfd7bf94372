
# `cargo larder …` is completed as `cargo-larder …`.
complete -c cargo -n "__fish_seen_subcommand_from larder" -f -a "(complete -C (string replace -r '^.*?cargo\s+larder' 'cargo-larder' -- (commandline -cp)))"
