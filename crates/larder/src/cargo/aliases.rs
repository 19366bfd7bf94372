//! The programs that a call of cargo runs besides cargo: the driver of a third party, or the user's own program. Both
//! may call cargo again, and find the recording one. It must never decide what cargo builds.

use std::{ffi::OsString, path::Path};

use cargo_config2::{Config, ResolveOptions};

use super::command_line::{Work, option_values, subcommand, text};
use crate::process::Environment;

/// The call with the user's aliases replaced by what they stand for, as cargo does it.
pub(crate) fn without_aliases(
    cargo: &Path,
    args: &[OsString],
    dir: &Path,
    env: &Environment,
) -> Vec<OsString> {
    let mut words = args.to_vec();
    let Work::ThirdParty(_) = Work::parse(&text(&words)) else { return words };
    let Some(config) = config(cargo, dir, env) else { return words };
    let mut seen = Vec::new();
    while let Work::ThirdParty(name) = Work::parse(&text(&words)) {
        let alias = config.alias.get(&name).filter(|_| !seen.contains(&name));
        let (Some(alias), Some(at)) = (alias, subcommand(&text(&words))) else { break };
        words.splice(at..=at, alias.list.iter().map(OsString::from));
        seen.push(name);
    }
    words
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

    #[test]
    fn aliases_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join(".cargo")).unwrap();
        let settings =
            "[alias]\nx = \"y --release\"\ny = [\"run\", \"-p\", \"a b\", \"--\"]\nloop = \"loop\"\n";
        fs_err::write(folder.path().join(".cargo/config.toml"), settings).unwrap();
        assert_eq!(
            expand_aliases(folder.path(), "-q x now"),
            ["-q", "run", "-p", "a b", "--", "--release", "now"]
        );
        for same in ["loop", "leptos build", "build x"] {
            assert_eq!(expand_aliases(folder.path(), same), words(same));
        }
    }

    fn expand_aliases(folder: &Path, line: &str) -> Vec<String> {
        let words: Vec<OsString> = words(line).into_iter().map(OsString::from).collect();
        text(&without_aliases(Path::new("cargo"), &words, folder, &Environment::default()))
    }
}
