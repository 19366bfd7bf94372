//! Whether a release is well: by a page of its own, by the image's health check, or by its listening.
//!
//! It only looks. It must never take a release for well that was started a second time.

use std::{
    fmt,
    time::{Duration, Instant},
};

use super::{
    address::Address,
    engine::{Engine, InspectedImage},
    plan::SETTLING,
    release::Release,
    session::ServerSession,
};
use crate::error::Result;

const PAUSE: Duration = Duration::from_millis(200);
/// How long one page may take.
const PAGE: Duration = Duration::from_secs(2);

/// How a release is found to be well.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum HealthCheck {
    /// This page answers with 200 to 399.
    Page(String),
    /// The image's own command.
    Image,
    /// It takes connections.
    Listening,
}

impl HealthCheck {
    /// As it is configured, or else as the image has it.
    pub(super) fn new(health: Option<&str>, image: &InspectedImage) -> Self {
        match health {
            Some(path) => Self::Page(path.to_owned()),
            None if image.has_health_check => Self::Image,
            None => Self::Listening,
        }
    }
}

impl fmt::Display for HealthCheck {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Page(path) => write!(to, "GET {path} answers with 200 to 399"),
            Self::Image => write!(to, "the image's health check passes"),
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
        loop {
            let reason = match self.look()? {
                Ok(()) => return Ok(Ok(())),
                Err(ReleaseTrouble::Over(reason)) => return Ok(Err(reason)),
                Err(ReleaseTrouble::NotYet(reason)) => reason,
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
    fn state(&mut self) -> Result<Result<Release, ReleaseTrouble>> {
        self.session.check()?;
        let Some(release) = self.engine.release(self.container)? else {
            return Ok(Err(ReleaseTrouble::Over("somebody removed it".into())));
        };
        Ok(match ended(&release) {
            Some(reason) => Err(ReleaseTrouble::Over(reason)),
            None => Ok(release),
        })
    }

    fn look(&mut self) -> Result<Result<(), ReleaseTrouble>> {
        let release = match self.state()? {
            Ok(release) => release,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let verdict = match self.check {
            HealthCheck::Page(path) => self.page(path),
            HealthCheck::Image => match release.health.as_deref() {
                Some("healthy") => Ok(()),
                state => Err(format!("its health check says `{}`", state.unwrap_or("nothing"))),
            },
            HealthCheck::Listening if self.address.listens() => Ok(()),
            HealthCheck::Listening => Err("it takes no connections".into()),
        };
        Ok(verdict.map_err(ReleaseTrouble::NotYet))
    }

    fn page(&self, path: &str) -> Result<(), String> {
        match self.address.ask("GET", path, None, PAGE) {
            Ok(answer) if (200..400).contains(&answer.status) => Ok(()),
            Ok(answer) => Err(format!("GET {path} answers {}", answer.status)),
            Err(reason) => Err(format!("GET {path}: {reason}")),
        }
    }
}

/// Why a release is not well.
enum ReleaseTrouble {
    /// It may still get well.
    NotYet(String),
    /// It will not.
    Over(String),
}

impl ReleaseTrouble {
    fn reason(self) -> String {
        match self {
            Self::NotYet(reason) | Self::Over(reason) => reason,
        }
    }
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
