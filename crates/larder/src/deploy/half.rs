//! Deploying one half of an application: an assertion that the other one stays as it is.
//!
//! A server of one commit with the WASM of another breaks hydration, so no half is ever brought alone: the image has both,
//! and a half that did not change costs nothing. It must never say that a half stays if anything that it is made of is
//! unknown.

use std::collections::BTreeSet;

use super::{
    problem::Problem,
    release::{Halves, Release},
};
use crate::{docker::explain::BuildRecord, hash::ContentHasher};

/// The part of an application that may change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ChangingPart {
    /// All of it.
    #[default]
    All,
    /// Everything that the front half is not made of.
    Backend,
    /// Everything that the server is not made of.
    Front,
}

/// One half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ApplicationHalf {
    Front,
    Server,
}

impl ApplicationHalf {
    fn stage(self) -> &'static str {
        match self {
            Self::Front => "build-front",
            Self::Server => "build-server",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Front => "front",
            Self::Server => "server",
        }
    }

    fn digest_in(self, halves: &Halves) -> Option<&str> {
        match self {
            Self::Front => halves.front.as_deref(),
            Self::Server => halves.server.as_deref(),
        }
    }

    /// The digests of its parts in a build with these steps, as a label holds them.
    fn digests(self, record: &BuildRecord) -> Option<String> {
        let parts = record.parts(self.stage())?;
        let all: BTreeSet<String> = parts.iter().map(digest).collect();
        let text = all.into_iter().collect::<Vec<_>>().join(" ");
        (text.len() <= LONGEST).then_some(text)
    }
}

/// How much of a digest is kept: a label is a word of a command line.
const DIGITS: usize = 12;
/// The longest label.
const LONGEST: usize = 100_000;
/// The remedy if nothing tells what the other half was made of.
const BRING_BOTH: &str = "bring both once: `cargo larder deploy`";

impl Halves {
    /// Of a build with these steps.
    pub(super) fn read(record: &BuildRecord) -> Self {
        Self {
            front: ApplicationHalf::Front.digests(record),
            server: ApplicationHalf::Server.digests(record),
        }
    }
}

fn digest((name, content): &(String, String)) -> String {
    let mut hasher = ContentHasher::new("larder part 1");
    hasher.string(name);
    hasher.string(content);
    let mut digest = hasher.finish_hex();
    digest.truncate(DIGITS);
    digest
}

/// Fails unless the other half stays as the serving release has it.
pub(super) fn check(
    part: ChangingPart,
    record: Option<&BuildRecord>,
    live: Option<&Release>,
    service: &str,
) -> Result<(), Problem> {
    let half = match part {
        ChangingPart::All => return Ok(()),
        ChangingPart::Backend => ApplicationHalf::Front,
        ChangingPart::Front => ApplicationHalf::Server,
    };
    let parts = record.and_then(|record| record.parts(half.stage())).ok_or_else(|| {
        let what = format!("the files of stage `{}` of the Dockerfile are not all known", half.stage());
        let hint = "leave out the part: it takes Larder's own Dockerfile, with both halves in stages of their own \
                    and no `ADD` or pattern";
        Problem::Image { what, hint }
    })?;
    let Some(live) = live else {
        let what = format!("{service}: no release serves whose {} half could stay", half.name());
        return Err(Problem::Image { what, hint: BRING_BOTH });
    };
    let known = half.digest_in(&live.labels.halves).ok_or_else(|| {
        let what = format!(
            "release {} does not tell what its {} half was made of",
            live.labels.release,
            half.name()
        );
        Problem::Image { what, hint: BRING_BOTH }
    })?;
    let known: BTreeSet<&str> = known.split(' ').collect();
    let now: BTreeSet<String> = parts.iter().map(digest).collect();
    let is_new = |part: &&(String, String)| !known.contains(digest(part).as_str());
    let mut changed: Vec<String> = parts.iter().filter(is_new).map(|(name, _)| name.clone()).collect();
    changed.sort();
    changed.dedup();
    if changed.is_empty() && known.iter().any(|digest| !now.contains(*digest)) {
        changed.push("a file or step is gone".into());
    }
    if changed.is_empty() {
        return Ok(());
    }
    Err(Problem::Half { half: half.name(), release: live.labels.release.clone(), changed })
}
