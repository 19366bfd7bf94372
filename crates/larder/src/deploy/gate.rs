//! Whether a release is well: by a page of its own, by the image's health check, or by its listening.
//!
//! It only looks. It must never take a release for well that was started a second time.

use std::{
    fmt,
    time::{Duration, Instant},
};

use super::{
    address::{Address, HttpRequest},
    engine::{Engine, ImageCheck, InspectedImage},
    release::Release,
    rollout_step::SETTLING,
    session::ServerSession,
};
use crate::error::Result;

const PAUSE: Duration = Duration::from_millis(200);
/// How long one page may take.
const PAGE: Duration = Duration::from_secs(2);
/// How much later than the end of a release the engine may hear that it took too much memory.
const LATE: Duration = Duration::from_secs(2);

/// How a release is found to be well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HealthCheck {
    /// This page answers with 200 to 399.
    Page(String),
    /// The image's own command succeeds; the engine itself would run it first when its interval is over.
    Image(ImageCheck),
    /// It takes connections.
    Listening,
}

impl HealthCheck {
    /// As it is configured, or else as the image has it.
    pub(super) fn new(health: Option<&str>, image: &InspectedImage) -> Self {
        match (health, &image.health_check) {
            (Some(path), _) => Self::Page(path.to_owned()),
            (None, Some(check)) => Self::Image(check.clone()),
            (None, None) => Self::Listening,
        }
    }
}

impl fmt::Display for HealthCheck {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(path) => write!(to, "GET {path} answers with 200 to 399"),
            Self::Image(_) => write!(to, "the image's health check passes"),
            Self::Listening => write!(to, "it takes connections"),
        }
    }
}

/// A release that is looked at.
pub(super) struct Gate<'a> {
    pub(super) session: &'a mut ServerSession,
    pub(super) engine: &'a Engine,
    pub(super) container: &'a str,
    pub(super) address: Address,
    pub(super) check: &'a HealthCheck,
}

impl Gate<'_> {
    /// Waits until the release is well; the reason in words if it does not get so.
    pub(super) fn wait(&mut self, patience: Duration) -> Result<Result<(), String>> {
        let deadline = Instant::now() + patience;
        let mut answer = None;
        loop {
            let reason = match self.look()? {
                Ok(()) => return Ok(Ok(())),
                Err(ReleaseTrouble::Over(reason)) => return Ok(Err(reason)),
                Err(ReleaseTrouble::NotYet(trouble)) => trouble.after(&mut answer),
            };
            if Instant::now() > deadline {
                return Ok(Err(format!("{reason} after {} s", patience.as_secs())));
            }
            std::thread::sleep(PAUSE);
        }
    }

    /// Sees that the release stays well.
    pub(super) fn settle(&mut self) -> Result<Result<(), String>> {
        let deadline = Instant::now() + SETTLING;
        while Instant::now() < deadline {
            if let Err(trouble) = self.state()? {
                return Ok(Err(trouble.reason()));
            }
            std::thread::sleep(PAUSE);
        }
        Ok(self.look()?.map_err(ReleaseTrouble::reason))
    }

    /// Whether it runs, as it was started.
    fn state(&mut self) -> Result<Result<(), ReleaseTrouble>> {
        let deadline = Instant::now() + LATE;
        loop {
            self.session.check()?;
            let Some(release) = self.engine.release(self.container)? else {
                return Ok(Err(ReleaseTrouble::Over("somebody removed it".into())));
            };
            if !may_lack_memory(&release) || Instant::now() > deadline {
                return Ok(ended(&release).map_or(Ok(()), |reason| Err(ReleaseTrouble::Over(reason))));
            }
            std::thread::sleep(PAUSE);
        }
    }

    fn look(&mut self) -> Result<Result<(), ReleaseTrouble>> {
        if let Err(trouble) = self.state()? {
            return Ok(Err(trouble));
        }
        let verdict = match self.check {
            HealthCheck::Page(path) => self.page(path),
            HealthCheck::Image(check) => self.engine.probe(self.container, check)?.map_err(Unwell::Answer),
            HealthCheck::Listening => self.listens()?,
        };
        Ok(verdict.map_err(ReleaseTrouble::NotYet))
    }

    fn page(&self, path: &str) -> Result<(), Unwell> {
        match self.address.ask(&HttpRequest::get(path), PAGE) {
            Ok(answer) if (200..400).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(Unwell::Answer(format!("GET {path} answers {}", answer.status))),
            Err(reason) => Err(Unwell::Silence(format!("GET {path}: {reason}"))),
        }
    }

    fn listens(&mut self) -> Result<Result<(), Unwell>> {
        let is_well = self.address.listens(|| self.session.round_trip())?;
        Ok(if is_well { Ok(()) } else { Err(Unwell::Silence("it takes no connections".into())) })
    }
}

/// Why a release is not well.
enum ReleaseTrouble {
    /// It may still get well.
    NotYet(Unwell),
    /// It will not.
    Over(String),
}

impl ReleaseTrouble {
    fn reason(self) -> String {
        match self {
            Self::NotYet(Unwell::Answer(reason) | Unwell::Silence(reason)) | Self::Over(reason) => reason,
        }
    }
}

/// The reaction of a release that is not well yet when it is asked.
enum Unwell {
    /// It answers, in this way.
    Answer(String),
    /// It does not. Every program that only starts is silent, so this tells less than an answer.
    Silence(String),
}

impl Unwell {
    /// The reason to be told: this one, or the last answer if there was one before this silence.
    fn after(self, answer: &mut Option<String>) -> String {
        match self {
            Self::Answer(reason) => answer.insert(reason).clone(),
            Self::Silence(reason) => answer.clone().unwrap_or(reason),
        }
    }
}

/// Whether it was killed, and the engine may still hear that it was for its memory.
fn may_lack_memory(release: &Release) -> bool {
    const KILLED: i64 = 128 + 9;
    !release.is_running && !release.out_of_memory && release.exit_code == KILLED
}

/// How a release ended, if it did, even if the engine has started it again since.
fn ended(release: &Release) -> Option<String> {
    if release.out_of_memory {
        return Some("it was ended for taking more memory than it may".into());
    }
    if release.restarts > 0 && release.is_running {
        return Some("it ended, and the engine started it again".into());
    }
    if !release.is_running {
        return Some(format!("it ended with exit code {}", release.exit_code));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{super::release::Labels, *};

    #[test]
    fn an_answer_is_told_rather_than_the_silence_after_it() {
        let mut answer = None;
        let mut reasons = Vec::new();
        for trouble in [
            Unwell::Silence("closes".into()),
            Unwell::Answer("answers 404".into()),
            Unwell::Answer("answers 500".into()),
            Unwell::Silence("late".into()),
        ] {
            reasons.push(trouble.after(&mut answer));
        }
        assert_eq!(reasons, ["closes", "answers 404", "answers 500", "answers 500"]);
    }

    #[test]
    fn a_release_that_was_killed_is_looked_at_again_until_it_is_known_why() {
        let mut release = Release { exit_code: 137, ..Release::planned(Labels::default()) };
        assert!(may_lack_memory(&release));
        release.out_of_memory = true;
        assert!(!may_lack_memory(&release) && ended(&release).unwrap().contains("more memory"));
        for (is_running, exit_code) in [(true, 137), (false, 7), (false, 0)] {
            release = Release { is_running, exit_code, ..Release::planned(Labels::default()) };
            assert!(!may_lack_memory(&release));
        }
    }
}
