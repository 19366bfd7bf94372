//! Verbs that are killed at any moment: every file is the old one or the new one, the next run brings it to its end,
//! and plain cargo works.

use std::time::Instant;

use larder::process::Cmd;

use super::{
    Bound, Figures, Round, app, broken,
    state::{State, restore, state},
};
use crate::{Project, Random, Surroundings};

/// A verb, with what it works on and what that is afterwards.
pub(super) struct Case {
    pub(super) words: &'static [&'static str],
    pub(super) project: Project,
    before: State,
    after: State,
    seconds: f64,
}

/// The verbs that write.
const VERBS: [&[&str]; 5] = [
    &["lock"],
    &["cook"],
    &["gc", "--only", "target", "--older-than", "0s", "--yes"],
    &["init", "--yes"],
    &["dockerfile"],
];

/// Kills one verb after the other, each at another moment of its work.
///
/// # Panics
/// When a project cannot be made.
pub fn kills(bound: Bound) -> Figures {
    let mut cases: Vec<Case> = VERBS.into_iter().map(Case::new).collect();
    let mut random = Random::new(0x1f83_d9ab_fb41_bd6b);
    let count = cases.len();
    Figures::run("kills", bound, |round| {
        let case = &mut cases[round as usize % count];
        case.begin();
        // More often at the end, where files are put in place.
        let thousandth = f64::from(u16::try_from(random.below(1100)).unwrap_or_default()) / 1000.0;
        let met = case.kill_after(case.seconds * thousandth.sqrt());
        let mut faults: Vec<String> = case.mix().into_iter().collect();
        faults.extend(case.finish());
        Round { runs: 3, met, faults }
    })
}

impl Case {
    /// Runs a verb to its end once, to know what it does.
    pub(super) fn new(words: &'static [&'static str]) -> Self {
        let project = app(0);
        match words[0] {
            "lock" => project.write("Cargo.toml", &super::manifest(1)),
            "init" => fs_err::remove_dir_all(project.path().join("larder")).expect("it can be removed"),
            _ => {}
        }
        let before = state(project.path());
        let start = Instant::now();
        project.larder(words).ok();
        let seconds = start.elapsed().as_secs_f64();
        let after = state(project.path());
        Self { words, project, before, after, seconds }
    }

    /// Puts every file back, but those in the target directory.
    pub(super) fn begin(&self) {
        restore(self.project.path(), &self.before);
    }

    /// Kills it after a while; whether it was still at work.
    fn kill_after(&mut self, seconds: f64) -> bool {
        let surroundings = Surroundings::get();
        let log = tempfile::NamedTempFile::new().expect("a temporary file");
        let args = ["larder"].iter().chain(self.words).copied();
        let cmd = Cmd::new(surroundings.binary(), self.project.path(), surroundings.env()).args(args);
        let mut running = cmd.spawn_logged(log.path()).expect("it starts");
        std::thread::sleep(std::time::Duration::from_secs_f64(seconds));
        let is_alive = running.try_exit_code().expect("the system tells").is_none();
        if is_alive && seconds > self.seconds {
            // A machine that became busier takes longer for the whole.
            self.seconds *= 1.1;
        }
        // Dropping kills with SIGKILL and waits.
        drop(running);
        is_alive
    }

    fn mix(&self) -> Option<String> {
        self.mix_in(&state(self.project.path()))
    }

    /// Files that are neither the old ones nor the new ones.
    pub(super) fn mix_in(&self, found: &State) -> Option<String> {
        let names = self.before.keys().chain(self.after.keys()).chain(found.keys());
        let mixed = names.filter(|name| {
            let file = found.get(*name);
            file != self.before.get(*name) && file != self.after.get(*name)
        });
        let mixed: Vec<&String> = mixed.collect();
        (!mixed.is_empty()).then(|| format!("{:?} left a mix: {mixed:?}", self.words))
    }

    /// Runs the verb to its end, and plain cargo.
    pub(super) fn finish(&self) -> Vec<String> {
        let outcome = self.project.larder(self.words);
        let mut faults = Vec::new();
        if outcome.code != 0 {
            faults.push(format!("{:?} ended with {}: {}", self.words, outcome.code, outcome.stderr));
        } else if state(self.project.path()) != self.after {
            faults.push(format!("{:?} did not bring its work to the end", self.words));
        }
        if self.project.has_leftovers() {
            faults.push(format!("{:?} left something half-written", self.words));
        }
        faults.extend(broken(&self.project));
        faults
    }
}
