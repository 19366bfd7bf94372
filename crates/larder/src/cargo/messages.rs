//! Counting units in cargo's `--message-format=json` output, and telling its messages from whatever else is there.
//!
//! Bytes that are no message must leave as they came, and at once; no line may be kept that grows without bound.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{package_id::PackageSpec, unit_hash};

/// How many units a cargo call compiled and found fresh.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Counts {
    /// Units compiled.
    pub compiled: usize,
    /// Those of them that are of a registry or git package.
    pub compiled_external: usize,
    /// Units that were there already.
    pub fresh: usize,
}

#[derive(Deserialize)]
struct Message {
    reason: String,
    package_id: Option<String>,
    fresh: Option<bool>,
    #[serde(default)]
    filenames: Vec<String>,
    out_dir: Option<String>,
}

impl Counts {
    /// Takes in one line of output. Returns whether it was a message of cargo's.
    pub fn add(&mut self, line: &str) -> bool {
        self.take(line.as_bytes(), &mut BTreeSet::new()).is_some()
    }

    /// The same for bytes; the message's reason if it was one. Adds the hashes in the names of what it tells of to
    /// `units`.
    fn take(&mut self, line: &[u8], units: &mut BTreeSet<String>) -> Option<String> {
        if !line.starts_with(b"{") {
            return None;
        }
        let message = serde_json::from_slice::<Message>(line).ok()?;
        let places = message.filenames.iter().chain(&message.out_dir);
        units.extend(places.filter_map(|path| unit_hash::in_path(path)).map(str::to_owned));
        if message.reason == "compiler-artifact" {
            if message.fresh == Some(true) {
                self.fresh += 1;
            } else {
                self.compiled += 1;
                let is_path = message.package_id.is_some_and(|id| PackageSpec::parse(&id).is_path());
                self.compiled_external += usize::from(!is_path);
            }
        }
        Some(message.reason)
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.compiled += other.compiled;
        self.compiled_external += other.compiled_external;
        self.fresh += other.fresh;
    }
}

/// Which of cargo's messages somebody else reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readers {
    /// Nobody: they are taken out.
    Us,
    /// The caller of cargo: they stay.
    Caller,
}

/// Has cargo report its units, and show what the compiler says.
pub(crate) const REPORTED: &str = "--message-format=json-render-diagnostics";

/// How every message of cargo's starts.
const MESSAGE: &[u8] = br#"{"reason":""#;
/// The longest message that is kept to be read. cargo's own take some kilobytes.
const LONGEST: usize = 16 << 20;

/// cargo's standard output as it comes, in pieces of any length.
#[derive(Debug)]
pub struct Stream {
    readers: Readers,
    counts: Counts,
    units: BTreeSet<String>,
    /// The start of a line that may be a message.
    held: Vec<u8>,
    state: StreamState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StreamState {
    /// In a line that may be a message.
    Held,
    /// In a line that is none.
    Other,
    /// After cargo's last message: what follows comes from a program that cargo runs, such as a test.
    Over,
}

impl Stream {
    /// The start of an output.
    pub fn new(readers: Readers) -> Self {
        Self {
            readers,
            counts: Counts::default(),
            units: BTreeSet::new(),
            held: Vec::new(),
            state: StreamState::Held,
        }
    }

    /// Whether cargo said that it has built, so that the rest is none of its own.
    pub fn is_over(&self) -> bool {
        self.state == StreamState::Over
    }

    /// Takes a piece in, and adds to `passed` what goes on to the caller.
    pub fn take(&mut self, mut bytes: &[u8], passed: &mut Vec<u8>) {
        while !bytes.is_empty() {
            if self.state == StreamState::Over {
                passed.extend_from_slice(bytes);
                return;
            }
            let end = bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1);
            let (piece, rest) = bytes.split_at(end);
            bytes = rest;
            if self.state == StreamState::Held {
                self.hold(piece, passed);
            } else {
                passed.extend_from_slice(piece);
            }
            if piece.ends_with(b"\n") && self.state != StreamState::Over {
                self.state = StreamState::Held;
            }
        }
    }

    fn hold(&mut self, piece: &[u8], passed: &mut Vec<u8>) {
        self.held.extend_from_slice(piece);
        let known = self.held.len().min(MESSAGE.len());
        if self.held[..known] != MESSAGE[..known] || self.held.len() > LONGEST {
            self.state = StreamState::Other;
            passed.append(&mut self.held);
        } else if self.held.ends_with(b"\n") {
            self.line(passed);
        }
    }

    /// A whole line that may be a message.
    fn line(&mut self, passed: &mut Vec<u8>) {
        let reason = self.counts.take(&self.held, &mut self.units);
        if reason.as_deref() == Some("build-finished") {
            self.state = StreamState::Over;
        }
        if reason.is_none() || self.readers == Readers::Caller {
            passed.extend_from_slice(&self.held);
        }
        self.held.clear();
    }

    /// The units that messages told of, by the hash in the names of their files.
    pub fn take_units(&mut self) -> BTreeSet<String> {
        std::mem::take(&mut self.units)
    }

    /// The end of the output; adds to `passed` what was kept.
    pub fn finish(mut self, passed: &mut Vec<u8>) -> Counts {
        self.line(passed);
        self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn artifacts_are_counted_and_other_lines_are_left_alone() {
        let mut counts = Counts::default();
        assert!(
            counts.add(r#"{"reason":"compiler-artifact","package_id":"registry+x#a@1.0.0","fresh":false}"#)
        );
        assert!(
            counts.add(r#"{"reason":"compiler-artifact","package_id":"path+file:///a#1.0.0","fresh":false}"#)
        );
        assert!(
            counts.add(r#"{"reason":"compiler-artifact","package_id":"registry+x#b@1.0.0","fresh":true}"#)
        );
        assert!(counts.add(r#"{"reason":"build-finished","success":true}"#));
        assert!(!counts.add("plain output"));
        assert!(!counts.add("{not json"));
        assert_eq!(counts, Counts { compiled: 2, compiled_external: 1, fresh: 1 });
    }

    const ARTIFACT: &[u8] = b"{\"reason\":\"compiler-artifact\",\"fresh\":true}\n";
    const FINISHED: &[u8] = b"{\"reason\":\"build-finished\",\"success\":true}\n";

    /// The bytes that pass of an output in pieces of this size.
    fn passed(output: &[u8], size: usize, readers: Readers) -> (Vec<u8>, Counts) {
        let mut stream = Stream::new(readers);
        let mut passed = Vec::new();
        output.chunks(size).for_each(|piece| stream.take(piece, &mut passed));
        let counts = stream.finish(&mut passed);
        (passed, counts)
    }

    #[test]
    fn every_byte_passes_but_those_of_messages() {
        let others: [&[u8]; 5] =
            [b"\xff\xfe\r\n", b"{\"reason\":\"no json\n", b"\r\n", b"{\"re\n", b"{\"reason\":\""];
        let program: &[u8] = &[b"{\"reason\":\"x\"}\n\xc3\r\n".as_slice(), ARTIFACT, b"no end"].concat();
        let output = [ARTIFACT, &others.concat(), b"\n", ARTIFACT, FINISHED, program].concat();
        let expected = [&others.concat(), b"\n".as_slice(), program].concat();
        for size in [1, 2, 7, output.len()] {
            let (told, counts) = passed(&output, size, Readers::Us);
            assert_eq!((told.as_slice(), counts.fresh), (expected.as_slice(), 2), "in pieces of {size}");
            let (told, counts) = passed(&output, size, Readers::Caller);
            assert_eq!((told.as_slice(), counts.fresh), (output.as_slice(), 2), "in pieces of {size}");
        }
    }

    #[test]
    fn nothing_is_kept_that_cannot_be_a_message_or_is_too_long_for_one() {
        let mut stream = Stream::new(Readers::Us);
        let mut passed = Vec::new();
        stream.take(b"? ", &mut passed);
        assert_eq!(passed, b"? ", "a prompt waits for no line's end");
        stream.take(b"\n{\"reason\":\"", &mut passed);
        let piece = vec![b'x'; 1 << 20];
        (0..20).for_each(|_| stream.take(&piece, &mut passed));
        assert!(stream.held.is_empty() && passed.len() > 20 << 20, "{}", passed.len());
    }
}
