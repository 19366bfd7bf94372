//! cargo's standard output on its way to the driver: to the byte as it comes, but for the messages that nobody but us
//! asked for.

use std::{
    io::{self, Write},
    ops::ControlFlow,
};

use crate::{
    cargo::{
        command_line::{option_values, subcommand},
        messages::{Counts, Readers, Stream},
        subcommands::building,
    },
    error::{Error, Result},
    process::{Cmd, Stderr},
};

/// Who asked for cargo's JSON messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Messages {
    /// Nobody: the call compiles nothing, or wants another format.
    None,
    /// The driver.
    Drivers,
    /// We do; the index is where our argument goes.
    Added { at: usize },
}

impl Messages {
    pub(super) fn read(args: &[String]) -> Self {
        let Some(at) = subcommand(args) else { return Self::None };
        match option_values(args, "--message-format").first() {
            Some(format) if format.contains("json") => Self::Drivers,
            None if building(&args[at]).is_some() => Self::Added { at: at + 1 },
            _ => Self::None,
        }
    }
}

/// Runs cargo and counts what its messages say; returns its exit code.
///
/// # Errors
/// When cargo cannot be started, or its output cannot be written although the driver still reads it.
pub(super) fn count(cmd: &Cmd, wanted: Messages, counts: &mut Counts, out: &mut dyn Write) -> Result<i32> {
    let readers = match wanted {
        Messages::None => return cmd.exit_code(),
        Messages::Drivers => Readers::Caller,
        Messages::Added { .. } => Readers::Us,
    };
    let mut stream = Stream::new(readers);
    let mut way = Way { out, fault: None };
    let mut passed = Vec::new();
    let code = cmd.each_piece(Stderr::Terminal, |piece| {
        stream.take(piece, &mut passed);
        way.pass(&mut passed);
        // A driver that closed its end has lost interest in the output, not in the build. The program that cargo then
        // runs must notice, as it would without us: it may print for ever.
        if way.fault.is_some() && stream.is_over() {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    })?;
    *counts = stream.finish(&mut passed);
    way.pass(&mut passed);
    match way.fault {
        Some(fault) if fault.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::Io(io::Error::new(fault.kind(), format!("cannot write standard output: {fault}"))))
        }
        _ => Ok(code),
    }
}

/// The way out, and why it is closed.
struct Way<'a> {
    out: &'a mut dyn Write,
    fault: Option<io::Error>,
}

impl Way<'_> {
    fn pass(&mut self, bytes: &mut Vec<u8>) {
        if self.fault.is_none() && !bytes.is_empty() {
            self.fault = self.out.write_all(bytes).and_then(|()| self.out.flush()).err();
        }
        bytes.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(line: &str) -> Messages {
        Messages::read(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn only_builds_without_a_format_of_their_own_are_changed() {
        assert_eq!(messages("build --release"), Messages::Added { at: 1 });
        assert_eq!(messages("--color always build"), Messages::Added { at: 3 });
        assert_eq!(messages("build --message-format=json"), Messages::Drivers);
        assert_eq!(messages("build --message-format short"), Messages::None);
        assert_eq!(messages("metadata --format-version 1"), Messages::None);
        assert_eq!(messages("-vV"), Messages::None);
    }
}
