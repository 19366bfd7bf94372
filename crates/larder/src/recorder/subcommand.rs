//! What a call of cargo runs besides cargo: the driver of a third party, or the user's own program. Both may call
//! cargo again, and find the recording one. It must never decide what cargo builds.

use std::{ffi::OsString, path::Path};

use cargo_config2::{Config, ResolveOptions};

use super::{subcommand, text};
use crate::{process::Environment, slice::option_values};

/// What a call does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// It is cargo's own work: compilers and build scripts run in the call's environment.
    Own,
    /// It builds a program of the workspace and runs it.
    Run,
    /// It runs the program `cargo-NAME`.
    ThirdParty(String),
}

/// The subcommands of cargo and of its toolchain, which builds in the environment of the call.
const OWN: [&str; 48] = [
    "add",
    "b",
    "bench",
    "build",
    "c",
    "check",
    "clean",
    "clippy",
    "config",
    "d",
    "doc",
    "fetch",
    "fix",
    "fmt",
    "generate-lockfile",
    "git-checkout",
    "help",
    "info",
    "init",
    "install",
    "locate-project",
    "login",
    "logout",
    "metadata",
    "miri",
    "new",
    "owner",
    "package",
    "pkgid",
    "publish",
    "read-manifest",
    "remove",
    "report",
    "rm",
    "rustc",
    "rustdoc",
    "search",
    "t",
    "test",
    "tree",
    "uninstall",
    "update",
    "vendor",
    "verify-project",
    "version",
    "yank",
    "r",
    "run",
];

impl Kind {
    pub(super) fn of(args: &[String]) -> Self {
        match subcommand(args).map(|at| args[at].as_str()) {
            Some("run" | "r") => Self::Run,
            Some(name) if is_third_party(name) => Self::ThirdParty(name.to_owned()),
            _ => Self::Own,
        }
    }
}

/// A path is a script of cargo's.
fn is_third_party(name: &str) -> bool {
    !OWN.contains(&name) && !name.contains(['/', '\\', '.'])
}

/// The call with the user's aliases replaced by what they stand for, as cargo does it.
pub(super) fn without_aliases(
    cargo: &Path,
    args: &[OsString],
    dir: &Path,
    env: &Environment,
) -> Vec<OsString> {
    let mut words = args.to_vec();
    let Kind::ThirdParty(_) = Kind::of(&text(&words)) else { return words };
    let Some(config) = config(cargo, dir, env) else { return words };
    let mut seen = Vec::new();
    while let Kind::ThirdParty(name) = Kind::of(&text(&words)) {
        let alias = config.alias.get(&name).filter(|_| !seen.contains(&name));
        let (Some(alias), Some(at)) = (alias, subcommand(&text(&words))) else { break };
        words.splice(at..=at, alias.list.iter().map(OsString::from));
        seen.push(name);
    }
    words
}

/// cargo's words for running the built program by way of `runner`, which reaches no compilation; none if the user
/// has a runner.
pub(super) fn runner_words(
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
    fn drivers_are_told_from_cargos_own_work() {
        assert_eq!(Kind::of(&words("--color always leptos build")), Kind::ThirdParty("leptos".into()));
        assert_eq!(Kind::of(&words("+nightly run -p x -- build")), Kind::Run);
        for line in ["build", "clippy -- -D warnings", "-vV", "--version", "script.rs", "./script"] {
            assert_eq!(Kind::of(&words(line)), Kind::Own, "{line}");
        }
    }

    #[test]
    fn aliases_are_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs_err::create_dir(folder.path().join(".cargo")).unwrap();
        let settings =
            "[alias]\nx = \"y --release\"\ny = [\"run\", \"-p\", \"a b\", \"--\"]\nloop = \"loop\"\n";
        fs_err::write(folder.path().join(".cargo/config.toml"), settings).unwrap();
        let env = Environment::default();
        let told = |line| {
            let words: Vec<OsString> = words(line).into_iter().map(OsString::from).collect();
            text(&without_aliases(Path::new("cargo"), &words, folder.path(), &env))
        };
        assert_eq!(told("-q x now"), ["-q", "run", "-p", "a b", "--", "--release", "now"]);
        for same in ["loop", "leptos build", "build x"] {
            assert_eq!(told(same), words(same));
        }
    }
}
