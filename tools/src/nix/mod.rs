//! `cargo xtask nix`: this repository's flake, with progress and a table of what was compiled where.
//!
//! It only calls `nix`: whatever it does can be typed by hand, and it must never change the user's settings of Nix.

mod example;
mod style;

use anyhow::{Context as _, ensure};
use larder::{
    nix::{Derivation, DerivationProgress, NixClient, NixFeatures},
    process::{Cmd, Environment},
    text::columns,
};
use xshell::Shell;

pub(crate) use self::{
    example::{Server, test},
    style::check_style,
};
use crate::log::Log;

/// The arguments of `cargo xtask nix`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: NixVerb,
    /// Arguments passed on to `nix`, such as `--override-input crane path:DIR`.
    #[arg(last = true, global = true, value_name = "WORDS")]
    words: Vec<String>,
}

#[derive(Debug, clap::Subcommand)]
enum NixVerb {
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
    /// Check the form of Nix files, and that nothing in them is of no use.
    Style,
    /// Run the test instead that builds the example with stand-ins for nixpkgs, crane and rust-overlay.
    Test {
        /// Compile the server as it is shipped, which takes longer.
        #[arg(long)]
        full: bool,
    },
}

/// Runs the verb: the table goes to standard output.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let more = &args.words;
    let (cmd, what) = match &args.verb {
        NixVerb::Style => return check_style(sh, env, log),
        NixVerb::Test { full: true } => return test(sh, env, log, Server::Shipped),
        NixVerb::Test { full: false } => return test(sh, env, log, Server::Quick),
        NixVerb::Shell => return Ok(command(sh, env, &["develop"], more)?.run()?),
        NixVerb::Show => return Ok(command(sh, env, &["flake", "show"], more)?.run()?),
        NixVerb::Build { package } => {
            let words = ["build", "--print-build-logs", &format!(".#{package}")];
            (command(sh, env, &words, more)?, package.as_str())
        }
        NixVerb::Check => (command(sh, env, &["flake", "check", "--print-build-logs"], more)?, "all checks"),
    };
    log.step("Building", &format!("{what} with nix"));
    let mut progress = DerivationProgress::default();
    let code = cmd.each_error_line(|line| {
        if progress.add(line) && !log.is_quiet() {
            anstream::eprintln!("{line}");
        }
    })?;
    anstream::print!("{}", table_of(&progress));
    ensure!(code == 0, "`{}` ended with exit code {code}", cmd.line());
    Ok(())
}

/// A call of Nix, with what the user passes on at its end.
fn command(sh: &Shell, env: &Environment, words: &[&str], more: &[String]) -> anyhow::Result<Cmd> {
    let nix = NixClient::find(env).context("PATH has no nix: install it, see nixos.org/download")?;
    Ok(nix.nix(sh.current_dir(), NixFeatures::Flakes, words).args(more))
}

/// Compiled units by place.
fn table_of(progress: &DerivationProgress) -> String {
    let rows: Vec<_> = progress.derivations().map(|(name, derivation)| cells(name, derivation)).collect();
    if rows.is_empty() {
        return "nothing was compiled\n".into();
    }
    columns::text(["<derivation", "packages compiled", "<it says"], &rows)
}

fn cells(name: &str, derivation: &Derivation) -> [String; 3] {
    let compiled = derivation.external + derivation.local;
    [name.to_owned(), compiled.to_string(), derivation.summary.clone()]
}

#[cfg(test)]
mod tests {
    use larder::nix::DerivationProgress;

    #[test]
    fn the_table_says_what_was_compiled_where() {
        let mut progress = DerivationProgress::default();
        assert!(progress.add("warning: Git tree is dirty"));
        assert_eq!(super::table_of(&progress), "nothing was compiled\n");
        progress.add("server-layer0>    Compiling itoa v1.0.19");
        progress.add("server>    Compiling app v0.1.0 (/build/source/app)");
        progress.add("server> larder: 1 units compiled, 0 of them external");
        assert_eq!(
            super::table_of(&progress),
            "derivation     packages compiled  it says\n\
             server                         1  1 units compiled, 0 of them external\n\
             server-layer0                  1\n"
        );
    }
}
