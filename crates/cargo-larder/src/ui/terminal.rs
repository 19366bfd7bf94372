//! All that people read leaves here: results on standard output, progress on standard error, the latter in cargo's
//! form of a verb, right-aligned in twelve columns, and its object.
//!
//! Names and paths are spelt out, never sent to the terminal. A stream that is closed or full is no reason to
//! stop working, so nothing here fails.

use std::{fmt::Write as _, io::Write as _};

use anstyle::{AnsiColor, Style};
use larder::{Report, text::visible};

use crate::{
    cli::Color,
    schema::{self, Format},
};

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
            say(&[(Style::new(), line), END]);
        }
    }

    /// Something to know about what was just printed.
    pub(crate) fn note(self, message: &str) {
        if !self.quiet {
            headed("note", AnsiColor::Cyan, message);
        }
    }
}

impl Report for Terminal {
    fn step(&self, verb: &str, object: &str) {
        if !self.quiet {
            let (verb, object) = (format!("{verb:>12}"), format!(" {}", visible::line(object)));
            say(&[(bold(AnsiColor::Green), &verb), (Style::new(), &object), END]);
        }
    }

    fn warn(&self, message: &str) {
        headed("warning", AnsiColor::Yellow, message);
    }
}

/// The end of a line.
pub(crate) const END: (Style, &str) = (Style::new(), "\n");

pub(crate) fn colored(color: AnsiColor) -> Style {
    Style::new().fg_color(Some(color.into()))
}

pub(crate) fn bold(color: AnsiColor) -> Style {
    colored(color).bold()
}

/// A message on standard error, with what kind of message it is in front.
pub(crate) fn headed(head: &str, color: AnsiColor, message: &str) {
    let message = format!(": {message}");
    say(&[(bold(color), head), (Style::new(), &message), END]);
}

/// Pieces of text on standard error.
pub(crate) fn say(pieces: &[(Style, &str)]) {
    let _ = anstream::stderr().lock().write_all(styled(pieces).as_bytes());
}

/// A result on standard output.
pub(crate) fn print(text: &str) {
    print_styled(&[(Style::new(), text)]);
}

/// A line of a result.
pub(crate) fn print_line(text: &str) {
    print_styled(&[(Style::new(), &visible::line(text)), END]);
}

/// Pieces of a result on standard output.
pub(crate) fn print_styled(pieces: &[(Style, &str)]) {
    let mut out = anstream::stdout().lock();
    let _ = out.write_all(styled(pieces).as_bytes()).and_then(|()| out.flush());
}

fn styled(pieces: &[(Style, &str)]) -> String {
    let mut all = String::new();
    for (style, text) in pieces {
        let _ = write!(all, "{style}{}{style:#}", visible::text(text));
    }
    all
}

/// What programs read, such as JSON, to the byte. If it does not arrive somebody would read half of it, so that is
/// a failure, unless nobody reads.
pub(crate) fn print_data(data: &[u8]) -> std::io::Result<()> {
    let mut out = std::io::stdout().lock();
    match out.write_all(data).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(std::io::Error::new(error.kind(), format!("cannot write standard output: {error}")))
        }
        _ => Ok(()),
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
/// Prints a JSON value on standard output.
pub(crate) fn print_json(value: &impl Format) -> anyhow::Result<()> {
    let mut text = serde_json::to_vec_pretty(&schema::versioned(value)?)?;
    text.push(b'\n');
    Ok(print_data(&text)?)
}
