//! Progress on standard error, in cargo's form: a verb, right-aligned in twelve columns, then its object.

use anstyle::{AnsiColor, Style};
use larder::Report;

use crate::cli::Color;

/// Prints progress, or not.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    quiet: bool,
}

impl Terminal {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    /// A line that another program said.
    pub(crate) fn plain(self, line: &str) {
        if !self.quiet {
            anstream::eprintln!("{line}");
        }
    }

    /// Something to know about what was just printed.
    pub(crate) fn note(self, message: &str) {
        if !self.quiet {
            let cyan = Style::new().fg_color(Some(AnsiColor::Cyan.into())).bold();
            anstream::eprintln!("{cyan}note{cyan:#}: {message}");
        }
    }
}

impl Report for Terminal {
    fn step(&self, verb: &str, object: &str) {
        if !self.quiet {
            let green = Style::new().fg_color(Some(AnsiColor::Green.into())).bold();
            anstream::eprintln!("{green}{verb:>12}{green:#} {object}");
        }
    }

    fn warn(&self, message: &str) {
        let yellow = Style::new().fg_color(Some(AnsiColor::Yellow.into())).bold();
        anstream::eprintln!("{yellow}warning{yellow:#}: {message}");
    }
}

/// Applies the colour choice; `auto` leaves `NO_COLOR`, `CLICOLOR_FORCE` and the terminal to `anstream`.
pub(crate) fn set_color(color: Color) {
    match color {
        Color::Auto => {}
        Color::Always => anstream::ColorChoice::Always.write_global(),
        Color::Never => anstream::ColorChoice::Never.write_global(),
    }
}
