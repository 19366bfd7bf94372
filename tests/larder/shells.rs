//! The output of `completions` and `man`, read by the real shells and by the real `man`.

use std::path::{Path, PathBuf};

use larder_tests::{Surroundings, nix::evaluate, not_everywhere, skip};

/// A folder with the completions of a shell in a file.
fn completions(shell: &str, name: &str) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    // No workspace is needed.
    let text = Surroundings::get().larder(folder.path(), &["completions", shell]).ok().stdout;
    let file = folder.path().join(name);
    fs_err::write(&file, text).unwrap();
    (folder, file)
}

/// Standard output of a shell that runs a script.
fn said(program: &Path, args: &[&str], folder: &Path, script: &str) -> String {
    let file = folder.join("script");
    fs_err::write(&file, script).unwrap();
    let file = file.display().to_string();
    let args: Vec<&str> = args.iter().copied().chain([file.as_str()]).collect();
    let outcome = Surroundings::get().run(program, folder, &args, &[("TERM", "dumb")]).ok();
    assert_eq!(outcome.stderr, "", "{}", program.display());
    outcome.stdout
}

fn program(test: &str, name: &str) -> Option<PathBuf> {
    let found = Surroundings::get().env().find_program(name);
    if found.is_none() {
        skip(test, &format!("PATH has no {name}"));
    }
    found
}

/// Asks as bash's line editor does: with the words, and the function that is registered for the first.
const BASH: &str = r#"
others() { COMPREPLY=(another); }
complete -F others cargo
source "$PWD/cargo-larder"
ask() {
    local function
    function=$(complete -p "$1")
    function=${function#* -F }
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
    "${function%% *}" "$1" "${!#}" "${COMP_WORDS[COMP_CWORD - 1]}"
    echo "${COMPREPLY[*]}"
}
ask cargo larder doc
ask cargo larder docker ex
ask cargo-larder cook --sto
ask cargo-larder cook --store ''
ask cargo larder ref
ask cargo bu
"#;

#[test]
fn bash_completes_and_leaves_cargos_other_verbs_alone() {
    let Some(bash) = program("bash", "bash") else { return };
    let (folder, _) = completions("bash", "cargo-larder");
    let found = said(&bash, &["--norc"], folder.path(), BASH);
    assert_eq!(found, "dockerfile docker doctor\nexplain\n--store\noff read write\n\nanother\n");
    // bash-completion loads cargo's own when it is first asked for; ours may be there before.
    let late = BASH.replacen(
        "complete -F others cargo",
        "_comp_load() { [[ $1 == cargo ]] && complete -F others cargo; }",
        1,
    );
    assert_eq!(said(&bash, &["--norc"], folder.path(), &late), found);
}

/// zsh completes in its line editor alone, so this is one on a terminal of its own. cargo's completion calls ours.
const ZSH: &str = r#"
zmodload zsh/zpty
ask() {
    local line text
    zpty shell 'zsh -f -i'
    zpty -w shell 'fpath=($PWD $fpath); autoload -U compinit; compinit -u -D; PS1=rea""dy'
    zpty -r shell line '*ready*'
    zpty -n -w shell "$1"$'\t'
    for try in {1..100}; do
        while zpty -r -t shell line; do text+=$line; done
        [[ $text == *$2* ]] && break
        sleep 0.1
    done
    zpty -d shell
    [[ $text == *$2* ]] && print "$2" || print -r -- "$text"
}
ask 'cargo larder dockerf' 'cargo larder dockerfile'
ask 'cargo-larder store pus' 'cargo-larder store push'
"#;
/// As cargo's own does with a verb that it does not know.
const CARGO: &str = "#compdef cargo\n_arguments -C '1:verb:' '*:: :->rest'\n\
                     [[ $state == rest ]] && { curcontext=\"${curcontext%:*}-${words[1]}:\"; \
                     _call_function ret _cargo-${words[1]} }\n";

#[test]
fn zsh_completes_after_cargo_as_well() {
    let Some(zsh) = program("zsh", "zsh") else { return };
    let (folder, _) = completions("zsh", "_cargo-larder");
    fs_err::write(folder.path().join("_cargo"), CARGO).unwrap();
    let found = said(&zsh, &["-f"], folder.path(), ZSH);
    assert_eq!(found, "cargo larder dockerfile\ncargo-larder store push\n");
}

#[test]
fn fish_completes_after_cargo_as_well() {
    let Some(fish) = program("fish", "fish") else { return };
    let (folder, file) = completions("fish", "cargo-larder.fish");
    let script = format!(
        "source {}\nfor line in 'cargo larder dockerf' 'cargo larder store pus' 'cargo-larder cook --stor'\n    \
         complete -C $line\nend\n",
        file.display()
    );
    let found = said(&fish, &["--no-config"], folder.path(), &script);
    let words: Vec<&str> = found.lines().filter_map(|line| line.split('\t').next()).collect();
    assert_eq!(words, ["dockerfile", "push", "--store"], "{found}");
}

#[test]
fn nushell_completes_after_cargo_as_well() {
    let Some(nu) = Surroundings::get().env().find_program("nu") else {
        return not_everywhere("nushell", "PATH has no nu, and nor has npm");
    };
    let (folder, file) = completions("nushell", "cargo-larder.nu");
    for (line, wanted) in [
        ("cargo larder dockerf", r#"["cargo larder dockerfile"]"#),
        ("cargo larder cook --stor", r#"["--store"]"#),
    ] {
        let script = format!("source {}\n{line}", file.display());
        let end = script.len().to_string();
        let found = said(&nu, &["--no-config-file", "--ide-complete", &end], folder.path(), &script);
        assert!(found.contains(wanted), "{found}");
    }
}

#[test]
fn man_renders_every_page() {
    let Some(man) = program("man", "man") else { return };
    let folder = tempfile::tempdir().unwrap();
    Surroundings::get().larder(folder.path(), &["man", "share/man1"]).ok();
    let pages = folder.path().join("share/man1");
    let mut names: Vec<String> = fs_err::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for name in ["cargo-larder.1", "cargo-larder-lock.1", "cargo-larder-docker-explain.1"] {
        assert!(names.iter().any(|found| found == name), "{names:?}");
    }
    assert!(!names.contains(&"cargo-larder-reference.1".to_owned()), "it is hidden: {names:?}");
    for name in &names {
        let args = ["--warnings", "--local-file", "--", name];
        let page =
            Surroundings::get().run(&man, &pages, &args, &[("MANWIDTH", "80"), ("LC_ALL", "C.UTF-8")]).ok();
        assert_eq!(page.stderr, "", "{name}");
        let title = name.trim_end_matches(".1");
        let text: Vec<&str> = page.stdout.split_whitespace().collect();
        let text = text.join(" ");
        let (head, foot) = (title.to_uppercase(), concat!("Larder ", env!("CARGO_PKG_VERSION")));
        for words in [&head, foot, &format!("SYNOPSIS {}", title.replace('-', " "))] {
            assert!(text.contains(words), "{name} lacks {words}:\n{}", page.stdout);
        }
    }
}

/// The script of the derivation is run here, since Nix would build all of Larder first.
#[test]
fn the_nix_package_has_all_of_these() {
    let nix = Path::new(env!("CARGO_MANIFEST_DIR")).join("../nix");
    let folder = tempfile::tempdir().unwrap();
    let (built, out) = (folder.path().join("built"), folder.path().join("out"));
    fs_err::create_dir_all(built.join("bin")).unwrap();
    fs_err::copy(Surroundings::get().binary(), built.join("bin/cargo-larder")).unwrap();
    let expression = format!(
        "import {}/withShells.nix {{ runCommand = name: variables: script: script; }} \"{}\"",
        nix.display(),
        built.display()
    );
    let Some(answer) = evaluate("the package", &expression) else { return };
    let script: String = serde_json::from_str(&answer.ok().stdout).unwrap();
    let variables = [("out", out.to_str().unwrap())];
    Surroundings::get().run(Path::new("bash"), folder.path(), &["-euc", &script], &variables).ok();
    for file in [
        "bin/cargo-larder",
        "share/man/man1/cargo-larder-lock.1",
        "share/bash-completion/completions/cargo-larder",
        "share/fish/vendor_completions.d/cargo-larder.fish",
        "share/nushell/vendor/autoload/cargo-larder.nu",
        "share/zsh/site-functions/_cargo-larder",
    ] {
        assert!(fs_err::metadata(out.join(file)).is_ok_and(|data| data.len() > 100), "{file}");
    }
}
