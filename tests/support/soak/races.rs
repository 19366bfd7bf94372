//! Verbs of all kinds at once in one workspace: plain cargo must work afterwards, whatever each of them said.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use larder::process::{Cmd, Running};

use super::{Bound, Figures, Round, app, broken, manifest};
use crate::{Project, Random, Surroundings};

/// The work that runs at once.
const JOBS: [&[&str]; 8] = [
    &["lock"],
    &["cook"],
    &["build"],
    &["gc", "--only", "target", "--older-than", "0s", "--yes"],
    &["cook", "--all-layers"],
    &["lock", "--check"],
    &["plan"],
    &["clean", "dependencies", "--yes", "--wait", "60s"],
];
/// More than any of them takes.
const PATIENCE: Duration = Duration::from_mins(3);

/// Runs verbs at once, with manifests that ask for other recipes in turn.
///
/// # Panics
/// When the project cannot be made.
pub fn races(bound: Bound) -> Figures {
    let project = app(0);
    let mut random = Random::new(0x5eed_1a2d_e201_7ab1);
    Figures::run("races", bound, |round| {
        project.write("Cargo.toml", &manifest(round + 1));
        // Each other round a deletion comes in between, by Larder or by cargo itself.
        let deletion = round % 4;
        let mut jobs: Vec<Job> = JOBS[..7].iter().map(|words| Job::new("larder", words)).collect();
        match deletion {
            1 => jobs.push(Job::new("larder", JOBS[7])),
            3 => jobs.push(Job::new("cargo", &["clean"])),
            _ => {}
        }
        let runs = jobs.len() + 1;
        let (mut faults, refused) = at_once(&project, jobs, &mut random);
        // Deleting a folder while it is built into is reported.
        faults.retain(|fault| fault.contains("does not end") || deletion != 3);
        faults.extend(broken(&project));
        Round { runs, met: refused > 0, faults }
    })
}

/// A program to start.
struct Job {
    program: PathBuf,
    words: Vec<String>,
}

impl Job {
    fn new(program: &str, words: &[&str]) -> Self {
        let is_larder = program == "larder";
        let program = if is_larder { Surroundings::get().binary().to_owned() } else { program.into() };
        let first = is_larder.then_some("larder");
        Self { program, words: first.into_iter().chain(words.iter().copied()).map(str::to_owned).collect() }
    }
}

/// Starts all jobs in some order and moments apart, waits for them, and returns what they fell over, and how many were told that something is in use or stale.
fn at_once(project: &Project, mut jobs: Vec<Job>, random: &mut Random) -> (Vec<String>, usize) {
    let surroundings = Surroundings::get();
    let logs = tempfile::tempdir().expect("a temporary folder");
    let mut running: Vec<(String, PathBuf, Running)> = Vec::new();
    while !jobs.is_empty() {
        let job = jobs.swap_remove(random.below(jobs.len()));
        let log = logs.path().join(running.len().to_string());
        let line = job.words.join(" ");
        let cmd = Cmd::new(job.program, project.path(), surroundings.env()).args(job.words);
        running.push((line, log.clone(), cmd.spawn_logged(&log).expect("it starts")));
        std::thread::sleep(Duration::from_millis(random.below(120) as u64));
    }
    let end = Instant::now() + PATIENCE;
    let ends = running.into_iter().map(|(line, log, run)| ended(&line, &log, run, end));
    let (right, wrong): (Vec<_>, Vec<_>) = ends.partition(Result::is_ok);
    let refused = right.into_iter().filter(|end| matches!(end, Ok(Ended::Refused))).count();
    (wrong.into_iter().filter_map(Result::err).collect(), refused)
}

/// How a job may end.
enum Ended {
    Well,
    Refused,
}

fn ended(line: &str, log: &Path, mut run: Running, end: Instant) -> Result<Ended, String> {
    let code = loop {
        match run.try_exit_code().expect("the system tells") {
            Some(code) => break code,
            None if Instant::now() > end => return Err(format!("`{line}` does not end")),
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let said = fs_err::read_to_string(log).unwrap_or_default();
    // A check may find recipes stale, and a deletion a folder in use.
    let is_stale = line.ends_with("--check") && code == 3;
    match code {
        0 => Ok(Ended::Well),
        _ if is_stale || said.contains(" is locked by a running build") => Ok(Ended::Refused),
        _ => Err(format!("`{line}` ended with {code}:\n{said}")),
    }
}
