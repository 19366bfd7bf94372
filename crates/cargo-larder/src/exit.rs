//! Exit codes and the wording of failures, decided in one place.

use std::process::ExitCode;

use anstyle::AnsiColor;
use larder::slice::Refused;

use crate::ui::terminal;

/// A recipe is stale.
pub(crate) const STALE: u8 = 3;

/// `doctor` found a problem.
pub(crate) const PROBLEM: u8 = 4;

/// How a verb ended when nothing went wrong with the verb itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VerbOutcome {
    /// All is well.
    Done,
    /// `--check` has findings.
    Stale,
    /// `doctor` found a problem.
    Problem,
    /// Some of it went wrong, and was said.
    Failed,
    /// A program that was run on the user's behalf ended with this code.
    Child(i32),
}

/// Prints a failure and its hint, and gives the documented exit code.
pub(crate) fn code(result: anyhow::Result<VerbOutcome>) -> ExitCode {
    match result {
        Ok(VerbOutcome::Done) => ExitCode::SUCCESS,
        Ok(VerbOutcome::Stale) => ExitCode::from(STALE),
        Ok(VerbOutcome::Problem) => ExitCode::from(PROBLEM),
        Ok(VerbOutcome::Failed) => ExitCode::FAILURE,
        Ok(VerbOutcome::Child(code)) => child(code),
        Err(error) => {
            print(&error);
            match error.downcast_ref::<larder::Error>() {
                Some(larder::Error::Failed { code: Some(code), stderr, .. }) if stderr.is_empty() => {
                    child(*code)
                }
                Some(larder::Error::Deploy(larder::deploy::Problem::Half { .. })) => ExitCode::from(STALE),
                _ => ExitCode::FAILURE,
            }
        }
    }
}

fn child(code: i32) -> ExitCode {
    ExitCode::from(u8::try_from(code).unwrap_or(1))
}

fn print(error: &anyhow::Error) {
    match error.downcast_ref::<larder::Error>() {
        // The library's messages name their causes themselves.
        Some(known) => print_known(&known.to_string(), known),
        None => print_text(&format!("{error:#}")),
    }
}

/// Prints slices that were refused, as failures that keep nothing else from being done.
pub(crate) fn print_refused(all: &[Refused]) -> VerbOutcome {
    all.iter().for_each(|refused| print_known(&refused.text(), &refused.error));
    if all.is_empty() { VerbOutcome::Done } else { VerbOutcome::Failed }
}

fn print_known(text: &str, error: &larder::Error) {
    print_text(text);
    if let Some(hint) = error.hint() {
        terminal::say(&[terminal::END]);
        terminal::headed("help", AnsiColor::Cyan, &hint);
    }
}

fn print_text(text: &str) {
    terminal::headed("error", AnsiColor::Red, text);
}
