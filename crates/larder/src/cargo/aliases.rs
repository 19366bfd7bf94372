//! The programs that a call of cargo runs besides cargo: the driver of a third party, or the user's own program. Both
//! may call cargo again, and find the recording one. It must never decide what cargo builds.

use std::{ffi::OsString, path::Path};

use cargo_config2::{Config, ResolveOptions};

use super::{
    command_line::{option_values, subcommand, text},
    subcommands::may_be_alias,
};
use crate::process::Environment;

/// The call with the user's aliases replaced by what they stand for, as cargo does it.
pub(crate) fn without_aliases(
    cargo: &Path,
    args: &[OsString],
    dir: &Path,
    env: &Environment,
) -> Vec<OsString> {
    let mut words = args.to_vec();
    if replaceable(&words).is_none() {
        return words;
    }
    let config = config(cargo, dir, env);
    let mut seen = Vec::new();
    while let Some((at, name)) = replaceable(&words).filter(|(_, name)| !seen.contains(name)) {
        let Some(alias) = alias(&name, config.as_ref(), env) else { break };
        words.splice(at..=at, alias.into_iter().map(OsString::from));
        seen.push(name);
    }
    words
}

/// The subcommand and its place, if the user can give it a meaning.
fn replaceable(words: &[OsString]) -> Option<(usize, String)> {
    let mut words = text(words);
    let at = subcommand(&words)?;
    may_be_alias(&words[at]).then(|| (at, words.swap_remove(at)))
}

/// The words that a user's alias stands for. cargo prefers a variable to its configuration.
fn alias(name: &str, config: Option<&Config>, env: &Environment) -> Option<Vec<String>> {
    let variable = format!("CARGO_ALIAS_{}", name.to_uppercase().replace('-', "_"));
    let set = env.get_str(&variable);
    let set = set.map(|words| words.split_whitespace().map(str::to_owned).collect());
    set.or_else(|| Some(config?.alias.get(name)?.list.clone()))
}

/// cargo's words for running the built program by way of `runner`, which reaches no compilation; none if the user
/// has a runner.
pub(crate) fn runner_words(
    cargo: &Path,
    args: &[String],
    dir: &Path,
    env: &Environment,
    runner: &Path,
) -> Option<[String; 2]> {
    if option_values(args, "--config").iter().any(|setting| setting.contains("runner")) {
        return None;
    }
    let config = config(cargo, dir, env)?;
    let targets = config.build_target_for_config(option_values(args, "--target")).ok()?;
    let target = targets.first()?;
    if config.runner(target).ok()?.is_some() {
        return None;
    }
    let mut table = toml_edit::Array::new();
    table.push(runner.to_str()?);
    let key = toml_edit::Key::new(target.triple());
    Some(["--config".to_owned(), format!("target.{}.runner={table}", key.display_repr())])
}

fn config(cargo: &Path, dir: &Path, env: &Environment) -> Option<Config> {
    Config::load_with_options(dir, ResolveOptions::default().env(env.iter()).cargo(cargo)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    /// A folder with aliases.
    fn with_aliases(settings: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join(".cargo")).unwrap();
        fs_err::write(folder.path().join(".cargo/config.toml"), format!("[alias]\n{settings}")).unwrap();
        folder
    }

    #[test]
    fn aliases_are_followed() {
        let folder =
            with_aliases("x = \"y --release\"\ny = [\"run\", \"-p\", \"a b\", \"--\"]\nloop = \"loop\"\n");
        assert_eq!(
            expand_aliases(folder.path(), "-q x now", &[]),
            ["-q", "run", "-p", "a b", "--", "--release", "now"]
        );
        for same in ["loop", "leptos build", "build x"] {
            assert_eq!(expand_aliases(folder.path(), same, &[]), words(same));
        }
    }

    #[test]
    fn cargos_own_short_names_can_be_the_users() {
        let folder = with_aliases(
            "r = \"run --release --bin w -- --port 80\"\nb = \"build --release\"\nt = [\"run\", \"--\"]\n\
             c = \"t --quiet\"\nclippy = \"check --all\"\nbuild = \"run\"\nd = \"d --no-deps\"\n",
        );
        for (line, expected) in [
            ("r", "run --release --bin w -- --port 80"),
            ("-v b -p a", "-v build --release -p a"),
            ("t x", "run -- x"),
            ("c", "run -- --quiet"),
            ("clippy", "check --all"),
            ("build", "build"),
            ("rm a", "rm a"),
            // cargo refuses an alias of itself.
            ("d", "d --no-deps"),
        ] {
            assert_eq!(expand_aliases(folder.path(), line, &[]), words(expected), "{line}");
        }
    }

    #[test]
    fn a_variable_is_an_alias_before_the_configuration() {
        let folder = with_aliases("b = \"build --release\"\n");
        let set = [("CARGO_ALIAS_B", "check  --all"), ("CARGO_ALIAS_ALL_OF_IT", "test")];
        assert_eq!(expand_aliases(folder.path(), "b -q", &set), words("check --all -q"));
        assert_eq!(expand_aliases(folder.path(), "all-of-it", &set), words("test"));
        assert_eq!(expand_aliases(folder.path(), "b", &[]), words("build --release"));
    }

    fn expand_aliases(folder: &Path, line: &str, set: &[(&str, &str)]) -> Vec<String> {
        let words: Vec<OsString> = words(line).into_iter().map(OsString::from).collect();
        let env = Environment::new(set.iter().copied());
        text(&without_aliases(Path::new("cargo"), &words, folder, &env))
    }
}
