//! `cargo xtask nix`: this repository's flake, with progress and a table of what was compiled where.
//!
//! It only calls `nix`: whatever it does can be typed by hand, and it must never change the user's settings of Nix.

use std::{collections::BTreeMap, path::PathBuf};

use anyhow::{Context as _, ensure};
use larder::{
    process::{Cmd, Environment},
    table,
};
use xshell::Shell;

use crate::log::Log;

/// The arguments of `cargo xtask nix`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
    /// What is passed on to `nix`, such as `--override-input crane path:DIR`.
    #[arg(last = true, global = true, value_name = "WORDS")]
    words: Vec<String>,
}

#[derive(Debug, clap::Subcommand)]
enum Verb {
    /// Build a package: larder, server, front, site or image.
    Build {
        /// Its name in the flake.
        #[arg(default_value = "larder")]
        package: String,
    },
    /// Evaluate everything and build all checks.
    Check,
    /// Enter the shell with all tools.
    Shell,
    /// List what the flake offers.
    Show,
}

/// Runs the verb: the table goes to standard output.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let nix = env.find_program("nix").context("PATH has no nix: install it, see nixos.org/download")?;
    let call = |words: &[&str]| command(sh, env, &nix, words, &args.words);
    let (cmd, what) = match &args.verb {
        Verb::Shell => return Ok(call(&["develop"]).run()?),
        Verb::Show => return Ok(call(&["flake", "show"]).run()?),
        Verb::Build { package } => {
            (call(&["build", "--print-build-logs", &format!(".#{package}")]), package.as_str())
        }
        Verb::Check => (call(&["flake", "check", "--print-build-logs"]), "all checks"),
    };
    log.step("Building", &format!("{what} with nix"));
    let mut progress = Progress::default();
    let code = cmd.each_error_line(|line| {
        if progress.add(line) && !log.is_quiet() {
            anstream::eprintln!("{line}");
        }
    })?;
    anstream::print!("{}", progress.table());
    ensure!(code == 0, "`{}` ended with exit code {code}", cmd.line());
    Ok(())
}

/// Flakes are behind a switch in Nix's defaults; the two words change nothing where it is on.
fn command(sh: &Shell, env: &Environment, nix: &PathBuf, words: &[&str], more: &[String]) -> Cmd {
    Cmd::new(nix, sh.current_dir(), env)
        .args(["--extra-experimental-features", "nix-command flakes"])
        .args(words)
        .args(more)
}

/// What Nix's log has said so far, by derivation.
#[derive(Debug, Default)]
struct Progress(BTreeMap<String, Derivation>);

#[derive(Debug, Default)]
struct Derivation {
    compiled: usize,
    /// What the application's derivation said at its end.
    summary: String,
}

impl Progress {
    /// Takes a line; tells whether it is worth showing.
    fn add(&mut self, line: &str) -> bool {
        let Some((name, words)) = line.split_once("> ") else { return true };
        // There are hundreds of these, and all they do is unpack.
        if name.starts_with("cargo-package-") {
            return false;
        }
        let words = words.trim_start();
        let summary = words.strip_prefix("larder: ").filter(|words| words.ends_with("external"));
        let compiles = words.starts_with("Compiling ");
        if compiles || summary.is_some() {
            let derivation = self.0.entry(name.to_owned()).or_default();
            derivation.compiled += usize::from(compiles);
            summary.unwrap_or_default().clone_into(&mut derivation.summary);
        }
        true
    }

    fn table(&self) -> String {
        if self.0.is_empty() {
            return "nothing was compiled\n".into();
        }
        let row = |(name, derivation): (&String, &Derivation)| {
            [name.clone(), derivation.compiled.to_string(), derivation.summary.clone()]
        };
        table::text(
            ["<derivation", "packages compiled", "<it says"],
            &self.0.iter().map(row).collect::<Vec<_>>(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::Progress;

    #[test]
    fn packages_are_counted_by_derivation() {
        let mut progress = Progress::default();
        let log = "building '/nix/store/x-server-layer0-0.drv'...\n\
            cargo-package-itoa> Running phase: unpackPhase\n\
            server-layer0>    Compiling itoa v1.0.19\n\
            server-layer0>    Compiling log v0.4.29\n\
            server>    Compiling app v0.1.0 (/build/source/app)\n\
            server> larder: 1 units compiled, 0 of them external";
        let shown = log.lines().filter(|line| progress.add(line)).count();
        assert_eq!(shown, 5);
        assert_eq!(
            progress.table(),
            "derivation     packages compiled  it says\n\
             server                         1  1 units compiled, 0 of them external\n\
             server-layer0                  2\n"
        );
    }

    #[test]
    fn a_build_that_was_cached_says_so() {
        let mut progress = Progress::default();
        assert!(progress.add("warning: Git tree is dirty"));
        assert_eq!(progress.table(), "nothing was compiled\n");
    }
}
