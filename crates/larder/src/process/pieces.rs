//! The output of a program, read in pieces or as lines, and never kept without bound.

use std::{
    io::{self, Read},
    ops::ControlFlow,
};

/// Reads until the end, or until no more is wanted.
pub(super) fn pieces(
    mut from: impl Read,
    mut on_piece: impl FnMut(&[u8]) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut buffer = vec![0; 64 << 10];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(length) if on_piece(&buffer[..length]).is_break() => return Ok(()),
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
    }
}

/// Puts lines together from pieces. The end of a line that is too long to be of use is left out.
#[derive(Default)]
pub(super) struct Lines {
    line: Vec<u8>,
}

impl Lines {
    const LONGEST: usize = 16 << 20;

    pub(super) fn take(&mut self, mut piece: &[u8], on_line: &mut impl FnMut(&str)) -> ControlFlow<()> {
        while let Some(at) = piece.iter().position(|byte| *byte == b'\n') {
            self.add(&piece[..at]);
            self.hand_on(on_line);
            piece = &piece[at + 1..];
        }
        self.add(piece);
        ControlFlow::Continue(())
    }

    fn add(&mut self, bytes: &[u8]) {
        let room = Self::LONGEST.saturating_sub(self.line.len());
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn hand_on(&mut self, on_line: &mut impl FnMut(&str)) {
        on_line(String::from_utf8_lossy(&self.line).trim_end_matches('\r'));
        self.line.clear();
    }

    pub(super) fn finish(mut self, on_line: &mut impl FnMut(&str)) {
        if !self.line.is_empty() {
            self.hand_on(on_line);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_without_an_end_takes_no_memory_without_end() {
        let mut lines = Lines::default();
        let mut found = Vec::new();
        let piece = vec![b'x'; 1 << 20];
        for piece in std::iter::repeat_n(&piece[..], 40).chain([&b"y\r\nz"[..]]) {
            assert!(lines.take(piece, &mut |line: &str| found.push(line.len())).is_continue());
        }
        lines.finish(&mut |line: &str| found.push(line.len()));
        assert_eq!(found, [16 << 20, 1]);
    }
}
