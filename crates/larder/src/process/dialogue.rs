//! A program that is spoken to line by line while it runs: what one end of a connection is.
//!
//! Its standard input stays open for as long as this value lives, so that a program that reads it ends with us, however
//! we end. It must never wait without a limit.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout},
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError, channel},
    },
    time::{Duration, Instant},
};

use crate::error::Result;

/// How long a program may take to end once its input is closed.
const PATIENCE: Duration = Duration::from_secs(2);
/// Longer lines are no answers.
const LONGEST: u64 = 64 << 10;

/// A running program with its lines.
#[derive(Debug)]
pub struct Dialogue {
    child: Child,
    stdin: Option<Arc<Mutex<ChildStdin>>>,
    lines: Receiver<String>,
    errors: PathBuf,
}

/// The next thing that a program does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Heard {
    /// It printed a line.
    Line(String),
    /// It closed its output.
    End,
    /// Nothing in time.
    Nothing,
}

/// Reads in a thread of its own, which ends with the program.
fn read(stdout: ChildStdout) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut from = BufReader::new(stdout);
        loop {
            let mut line = Vec::new();
            let length = std::io::Read::take(&mut from, LONGEST).read_until(b'\n', &mut line);
            if !length.is_ok_and(|length| length > 0) {
                return;
            }
            let line = String::from_utf8_lossy(&line).trim_end_matches(['\r', '\n']).to_owned();
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

impl Dialogue {
    /// Speaks to a program whose streams are piped and whose standard error goes to a file.
    pub(super) fn with(mut child: Child, errors: &Path) -> Self {
        let lines = child.stdout.take().map_or_else(|| channel().1, read);
        let stdin = child.stdin.take().map(|stdin| Arc::new(Mutex::new(stdin)));
        Self { child, stdin, lines, errors: errors.to_owned() }
    }

    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends a line.
    ///
    /// # Errors
    /// When the program reads no more.
    pub fn say(&mut self, line: &str) -> Result<()> {
        if let Some(stdin) = &self.stdin {
            write(stdin, line)?;
        }
        Ok(())
    }

    /// Says `beat` every so often for as long as this value lives: a program on another machine does not see that we are
    /// gone if the network is.
    pub fn beat(&self, every: Duration) {
        let Some(stdin) = self.stdin.as_ref().map(Arc::downgrade) else { return };
        std::thread::spawn(move || {
            loop {
                std::thread::sleep(every);
                let Some(stdin) = stdin.upgrade() else { return };
                if write(&stdin, "beat").is_err() {
                    return;
                }
            }
        });
    }

    /// Waits for the next line.
    pub fn hear(&self, patience: Duration) -> Heard {
        match self.lines.recv_timeout(patience) {
            Ok(line) => Heard::Line(line),
            Err(RecvTimeoutError::Timeout) => Heard::Nothing,
            Err(RecvTimeoutError::Disconnected) => Heard::End,
        }
    }

    /// Whether the program has ended.
    pub fn is_over(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Everything that it has written to standard error.
    pub fn errors(&self) -> String {
        String::from_utf8_lossy(&fs_err::read(&self.errors).unwrap_or_default()).into_owned()
    }
}

fn write(to: &Mutex<ChildStdin>, line: &str) -> std::io::Result<()> {
    let mut stdin = to.lock().unwrap_or_else(PoisonError::into_inner);
    stdin.write_all(format!("{line}\n").as_bytes())?;
    stdin.flush()
}

impl Drop for Dialogue {
    fn drop(&mut self) {
        self.stdin = None;
        let deadline = Instant::now() + PATIENCE;
        while !self.is_over() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        // Both fail only if the program has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
