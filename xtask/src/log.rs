//! The lines that a person reads while a verb works: progress, warnings and errors, all on standard error.
//!
//! Results go to standard output and are printed by the verbs themselves. Nothing here may ever write there,
//! or `eval "$(cargo xtask setup --print-env)"` would run our prose.

use anstyle::{AnsiColor, Style};

const STEP: Style = AnsiColor::Green.on_default().bold();
const WARNING: Style = AnsiColor::Yellow.on_default().bold();
const ERROR: Style = AnsiColor::Red.on_default().bold();

/// Prints progress in cargo's own layout. Colours honour `NO_COLOR` and a stream that is no terminal.
#[derive(Debug)]
pub struct Log {
    quiet: bool,
}

impl Log {
    /// A log that prints errors only if `quiet` is set.
    pub fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    /// Whether the user asked for silence.
    pub fn is_quiet(&self) -> bool {
        self.quiet
    }

    /// One step: a verb in the present participle and its object.
    pub fn step(&self, verb: &str, object: &str) {
        if !self.quiet {
            anstream::eprintln!("{STEP}{verb:>12}{STEP:#} {object}");
        }
    }

    /// A line of a program's own.
    pub fn line(&self, line: &str) {
        if !self.quiet {
            anstream::eprintln!("{line}");
        }
    }

    /// Something the user should know but that does not stop the work.
    pub fn warn(&self, message: &str) {
        if !self.quiet {
            anstream::eprintln!("{WARNING}warning{WARNING:#}: {message}");
        }
    }
}

/// Prints the reason a verb gave up, with all its causes; no one asked for that much silence.
pub fn error(error: &anyhow::Error) {
    anstream::eprintln!("{ERROR}error{ERROR:#}: {error:#}");
}
