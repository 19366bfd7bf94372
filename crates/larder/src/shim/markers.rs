//! Tells a process that was started in the place of another program from others, and whether it has noticed.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{chosen, pretend, recorder::environment::RECORD_VARIABLE, stand_in};
use crate::process::Environment;

/// The variables of those that are started as a compiler. [`answer`](super::answer) never returns there.
const COMPILERS: [&str; 3] = [pretend::SKELETON_VARIABLE, chosen::UNITS_VARIABLE, stand_in::HOST_VARIABLE];

/// Whether this process has called [`answer`](super::answer). Nothing in an environment could tell: programs that a
/// recorded build starts have the one of its cargo.
static ANSWERED: AtomicBool = AtomicBool::new(false);

/// Notes that this process knows what it was started for.
pub(super) fn note_answer() {
    ANSWERED.store(true, Ordering::Relaxed);
}

/// Whether a process with this environment may be meant as another program, and has not found out: whatever it starts
/// would be itself again, without end.
pub(crate) fn is_unanswered(env: &Environment) -> bool {
    is_meant_otherwise(env, ANSWERED.load(Ordering::Relaxed))
}

fn is_meant_otherwise(env: &Environment, has_answered: bool) -> bool {
    let recorded = (!has_answered).then_some(RECORD_VARIABLE);
    COMPILERS.into_iter().chain(recorded).any(|name| env.get(name).is_some())
}

#[cfg(all(test, unix))]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{cargo::Cargo, error::Error, shim::recorder::Recorder};

    /// No test of this crate calls `answer`.
    #[test]
    fn a_program_that_does_not_answer_starts_nothing() {
        let plain = Environment::new([("CARGO", "cargo")]);
        Cargo::locate(&plain).unwrap();
        for name in COMPILERS.into_iter().chain([RECORD_VARIABLE]) {
            let mut env = plain.clone();
            env.set(name, "x");
            assert!(matches!(Cargo::locate(&env), Err(Error::NotAnswered)), "{name}");
            let recorder = Recorder::new(Path::new("program"), Path::new("cargo")).unwrap();
            assert!(matches!(recorder.environment(&env), Err(Error::NotAnswered)), "{name}");
        }
    }

    #[test]
    fn a_program_that_answers_may_be_part_of_a_recorded_build() {
        assert!(!is_meant_otherwise(&Environment::new([(RECORD_VARIABLE, "x")]), true));
        for name in COMPILERS {
            assert!(is_meant_otherwise(&Environment::new([(name, "x")]), true), "{name}");
        }
    }
}
