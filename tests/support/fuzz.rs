//! A mutation loop over the parsers of text that others wrote: real inputs, changed at random, for a time. Runs on stable,
//! and gives the same inputs for the same number of rounds.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, mpsc},
    time::{Duration, Instant},
};

use larder::{camino::Utf8PathBuf, fuzz::Target};

use crate::Random;

/// No input may take longer, on a busy machine and without optimisation.
const LONGEST: Duration = Duration::from_secs(20);
/// The longest input.
const SIZE: usize = 200_000;

/// The parsers of all crates, by name.
pub fn targets() -> impl Iterator<Item = (&'static str, Target)> {
    larder::fuzz::TARGETS.into_iter().chain(larder_caches::fuzz::TARGETS)
}

/// The outcome of one parser.
#[derive(Debug)]
pub struct Figures {
    /// Its name.
    pub name: &'static str,
    /// How many inputs it was given.
    pub inputs: usize,
    /// For how long.
    pub time: Duration,
    /// The longest that one input took.
    pub slowest: Duration,
    /// Panics and hangs, each with its input.
    pub faults: Vec<String>,
}

/// Pieces that mean something to some parser.
const PIECES: [&str; 40] = [
    "\"",
    "'",
    "\\",
    "\n",
    "\r\n",
    "\0",
    "{",
    "}",
    "[",
    "]",
    "(",
    ")",
    "\"\"\"",
    "'''",
    "#",
    "=",
    ":",
    ",",
    ".",
    "/",
    "../",
    " ",
    "\t",
    "null",
    "true",
    "-1",
    "18446744073709551616",
    "1e999",
    "é",
    "\u{feff}",
    "\u{2028}",
    "\u{1b}[",
    "&a *a",
    "!!",
    "- ",
    "r##\"",
    "/*",
    "//",
    "<<",
    "%",
];

/// An input made of real ones.
pub fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(4) {
        let (at, end) = (random.below(bytes.len() + 1), random.below(bytes.len() + 1));
        let (start, end) = (at.min(end), at.max(end));
        match random.below(10) {
            0 if at < bytes.len() => bytes[at] ^= 1 << random.below(8),
            1 if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap_or_default(),
            2 => bytes.truncate(at),
            3 => drop(bytes.drain(start..end)),
            4 => {
                let piece = bytes[start..end.min(start + 400)].to_vec();
                drop(bytes.splice(at..at, piece));
            }
            5 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                drop(bytes.splice(start..end, other[from..].iter().copied()));
            }
            6 => {
                let piece = PIECES[random.below(PIECES.len())].repeat(1 + random.below(3));
                drop(bytes.splice(at..at, piece.into_bytes()));
            }
            7 => {
                let piece = PIECES[random.below(PIECES.len())].repeat(1 << random.below(14));
                drop(bytes.splice(at..at, piece.into_bytes()));
            }
            8 => {
                let (open, close) =
                    [("{\"a\":", "}"), ("[", "]"), ("(", ")"), ("{a: ", "}"), ("a.", "")][random.below(5)];
                let depth = 1 << random.below(13);
                let inner = bytes[start..end.min(start + 100)].to_vec();
                let nested = [open.repeat(depth).as_bytes(), &inner, close.repeat(depth).as_bytes()].concat();
                drop(bytes.splice(at..at, nested));
            }
            _ => {
                let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
                let line = lines.get(random.below(lines.len())).map(|line| line.to_vec()).unwrap_or_default();
                drop(bytes.splice(at..at, line));
            }
        }
        bytes.truncate(SIZE);
    }
    bytes
}

/// Gives a parser changed inputs for a time. It runs in a thread of its own, so that an endless one is noticed.
///
/// # Panics
/// When there can be no temporary folder.
pub fn run(name: &'static str, target: Target, seeds: Vec<Vec<u8>>, time: Duration) -> Figures {
    assert!(!seeds.is_empty(), "{name} has no seed");
    let (send, receive) = mpsc::channel();
    let current = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&current);
    std::thread::spawn(move || drop(send.send(looped(name, target, &seeds, time, &shared))));
    receive.recv_timeout(time + LONGEST * 3).unwrap_or_else(|_| {
        let input = current.lock().map(|input| input.clone()).unwrap_or_default();
        let faults = vec![format!("{name} hangs: {}", shown(&input))];
        Figures { name, inputs: 0, time, slowest: time, faults }
    })
}

fn looped(
    name: &'static str,
    target: Target,
    seeds: &[Vec<u8>],
    time: Duration,
    current: &Mutex<Vec<u8>>,
) -> Figures {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let folder = Utf8PathBuf::from_path_buf(dir.path().to_owned()).expect("it is text");
    let mut random = Random::new(0x9e37_79b9_7f4a_7c15);
    let start = Instant::now();
    let (mut inputs, mut slowest, mut faults) = (0, Duration::ZERO, Vec::new());
    while start.elapsed() < time && faults.len() < 10 {
        let input = match seeds.get(inputs) {
            Some(seed) => seed.clone(),
            None => mutated(seeds, &mut random),
        };
        if let Ok(mut current) = current.lock() {
            current.clone_from(&input);
        }
        let before = Instant::now();
        if catch_unwind(AssertUnwindSafe(|| target(&folder, &input))).is_err() {
            faults.push(format!("{name} panics: {}", shown(&input)));
        }
        inputs += 1;
        slowest = slowest.max(before.elapsed());
        if before.elapsed() > LONGEST {
            faults.push(format!("{name} takes {:?}: {}", before.elapsed(), shown(&input)));
        }
    }
    Figures { name, inputs, time: start.elapsed(), slowest, faults }
}

fn shown(input: &[u8]) -> String {
    format!("{} bytes, {:?}", input.len(), String::from_utf8_lossy(&input[..input.len().min(3000)]))
}
