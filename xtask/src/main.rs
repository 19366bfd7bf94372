//! `cargo xtask`: runs `tidy` and `codegen` itself, and hands every other verb, and all that is odd, to the program in
//! `tools/`, whose build takes longer.
//!
//! The words are compared by hand: a parser of command lines would double what is compiled, and is behind the hand-over.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;
use xshell::Shell;
use xtask::{
    codegen::{self, Mode},
    log::{self, Log},
    tidy,
};

/// The verbs of this program itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OwnVerb {
    Tidy,
    Codegen(Mode),
}

fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().skip(1).collect();
    let (flags, verb): (Vec<&str>, Vec<&str>) =
        words.iter().filter_map(|word| word.to_str()).partition(|word| ["-q", "--quiet"].contains(word));
    let log = Log::new(!flags.is_empty());
    let result = match (own(&verb), flags.len() + verb.len() == words.len()) {
        (Some(verb), true) => run(verb, &log).map(|()| ExitCode::SUCCESS),
        _ => hand_over(&words),
    };
    result.unwrap_or_else(|error| {
        log::error(&error);
        ExitCode::FAILURE
    })
}

fn own(words: &[&str]) -> Option<OwnVerb> {
    match words {
        ["tidy"] => Some(OwnVerb::Tidy),
        ["codegen"] => Some(OwnVerb::Codegen(Mode::Write)),
        ["codegen", "--check"] => Some(OwnVerb::Codegen(Mode::Check)),
        _ => None,
    }
}

fn run(verb: OwnVerb, log: &Log) -> anyhow::Result<()> {
    let sh = Shell::new().context("cannot tell the working directory")?;
    sh.change_dir(root()?);
    match verb {
        OwnVerb::Tidy => tidy::run(&sh, log),
        OwnVerb::Codegen(mode) => codegen::run(&sh, log, mode),
    }
}

/// Where cargo says this package's manifest is, or where it was when it was compiled.
fn root() -> anyhow::Result<PathBuf> {
    xtask::root(
        variable("CARGO_MANIFEST_DIR").as_ref().map_or(Path::new(env!("CARGO_MANIFEST_DIR")), Path::new),
    )
}

fn variable(name: &str) -> Option<OsString> {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
    std::env::var_os(name)
}

fn hand_over(words: &[OsString]) -> anyhow::Result<ExitCode> {
    let cargo = variable("CARGO").unwrap_or_else(|| "cargo".into());
    #[expect(clippy::disallowed_methods, reason = "larder::process would have to be compiled first")]
    let status = std::process::Command::new(&cargo)
        .args(["run", "--quiet", "--package", "larder-tools", "--manifest-path"])
        .arg(root()?.join("Cargo.toml"))
        .arg("--")
        .args(words)
        .status()
        .with_context(|| format!("cannot start {}", cargo.display()))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_else_is_said_is_handed_over() {
        assert_eq!(own(&["tidy"]), Some(OwnVerb::Tidy));
        assert_eq!(own(&["codegen", "--check"]), Some(OwnVerb::Codegen(Mode::Check)));
        for words in [&[][..], &["tidy", "--help"], &["test"], &["--help"]] {
            assert_eq!(own(words), None, "{words:?}");
        }
    }
}
