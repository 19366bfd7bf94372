//! Whether recorded units come out the same when they are compiled again here, onto what they were compiled with.
//!
//! Units of one round stand on none of each other; all they stand on is restored, and nothing else is compiled. So work
//! is bounded by the sample, and a unit that differs makes no other one differ.
//! Only units of this `CARGO_HOME` are compared: the paths of sources are in what rustc writes. A unit in which the path
//! of its target directory is found is no finding either if it differs, since that path is another one here.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use larder::{Report, files::scratch::Scratch, project::Project, rebuild, recipe::lock_file::LockedSlice};
use serde::Serialize;

use crate::{
    Result,
    conditions::system::System,
    digest::{Digest, digest_of},
    inside::Inside,
    local::Store,
    moved::{CompilePlace, places},
    record::{File, Record, Role},
    restore::{self, why::unit_name},
};

/// A share of units, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share(u8);

impl Share {
    /// Of `5%` or `5`.
    ///
    /// # Errors
    /// If it is none from 1 to 100.
    pub fn parse(text: &str) -> Result<Self, String> {
        let number = text.strip_suffix('%').unwrap_or(text).trim().parse::<u8>().ok();
        number
            .filter(|number| (1..=100).contains(number))
            .map(Self)
            .ok_or_else(|| format!("{text:?} is no share from 1% to 100%"))
    }

    fn out_of(self, count: usize) -> usize {
        (count * usize::from(self.0)).div_ceil(100)
    }
}

/// The result of the comparison.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Rebuilt {
    /// Units of the recipe that the store has.
    pub units: usize,
    /// Those of them that were compiled under another `CARGO_HOME`, and are not compared.
    pub elsewhere: usize,
    /// Those that were chosen.
    pub chosen: usize,
    /// Chosen units that came out the same, to the byte.
    pub same: usize,
    /// Chosen units that came out otherwise.
    pub different: Vec<Different>,
    /// Chosen units that came out otherwise and hold the path of their target directory.
    pub bound: Vec<String>,
    /// Chosen units that could not be compiled here, or not onto the same units.
    pub unbuilt: Vec<String>,
}

/// A unit that came out otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Different {
    /// cargo's name for it.
    pub unit: String,
    /// Package, target and profile.
    pub describe: String,
    /// The files that differ, below the target directory.
    pub files: Vec<Inside>,
}

/// Compiles a sample of a recipe's records again.
pub(crate) struct Rebuild<'a> {
    pub(crate) project: &'a Project,
    pub(crate) locked: &'a LockedSlice,
    pub(crate) store: &'a Store,
    pub(crate) cargo_home: &'a str,
    pub(crate) system: &'a System<'a>,
    pub(crate) report: &'a dyn Report,
}

impl Rebuild<'_> {
    pub(crate) fn sample(&self, records: &[Record], share: Share) -> Result<Rebuilt> {
        let mut own: Vec<&Record> =
            records.iter().filter(|record| record.cargo_home == self.cargo_home).collect();
        let mut rebuilt =
            Rebuilt { units: records.len(), elsewhere: records.len() - own.len(), ..Rebuilt::default() };
        fastrand::shuffle(&mut own);
        let chosen: BTreeSet<&Inside> =
            own.iter().take(share.out_of(own.len())).map(|record| &record.fingerprint).collect();
        rebuilt.chosen = chosen.len();
        for level in restore::levels(records) {
            let round: Vec<&Record> =
                level.into_iter().filter(|record| chosen.contains(&record.fingerprint)).collect();
            if !round.is_empty() {
                self.round(records, &round, &mut rebuilt)?;
            }
        }
        Ok(rebuilt)
    }

    /// Units that stand on none of each other.
    fn round(&self, records: &[Record], round: &[&Record], rebuilt: &mut Rebuilt) -> Result<()> {
        let scratch = Scratch::new()?;
        let target = scratch.path().join("target");
        fs_err::create_dir(&target)?;
        let place = CompilePlace {
            build_dir: target.to_string_lossy().into_owned(),
            cargo_home: self.cargo_home.to_owned(),
        };
        let above = above(records, round);
        let below = records.iter().filter(|record| !above.contains(&record.fingerprint));
        let below: Vec<Record> = below.cloned().collect();
        restore::into(self.store, &place, &below, self.system, self.report)?;
        let hash = |record: &&Record| unit_name(record).rsplit('-').next().unwrap_or_default().to_owned();
        let hashes: BTreeSet<String> = round.iter().map(hash).collect();
        rebuild::rebuild(self.project, self.locked, &target, &hashes, self.report)?;
        for record in round {
            self.compare(record, &target, &place, rebuilt);
        }
        Ok(())
    }

    fn compare(&self, record: &Record, target: &Path, place: &CompilePlace, rebuilt: &mut Rebuilt) {
        let unit = unit_name(record);
        if !restore::is_mark(&target.join(record.fingerprint.as_str())) {
            rebuilt.unbuilt.push(unit);
            return;
        }
        let then = record.compiled_in();
        let others = record.files.iter().filter(|file| {
            let path = target.join(file.path.as_str());
            match file.role {
                Role::Output => digest_of(&path).ok() != Some((file.digest, file.size)),
                Role::Printed => self.printed(file, &then) != text(&path, place),
                _ => false,
            }
        });
        let others: Vec<&File> = others.collect();
        if others.is_empty() {
            rebuilt.same += 1;
        } else if others.iter().any(|file| holds(&self.store.blob(file.digest), &then.build_dir)) {
            rebuilt.bound.push(unit);
        } else {
            let files = others.into_iter().map(|file| file.path.clone()).collect();
            rebuilt.different.push(Different { unit, describe: record.describe(), files });
        }
    }

    /// The digest of a build script's output then, as it is on every machine.
    fn printed(&self, file: &File, then: &CompilePlace) -> Option<Digest> {
        text(&self.store.blob(file.digest), then)
    }
}

fn text(path: &PathBuf, place: &CompilePlace) -> Option<Digest> {
    Some(Digest::hash(&place.anywhere(&fs_err::read(path).ok()?)))
}

fn holds(path: &Path, folder: &str) -> bool {
    fs_err::read(path).is_ok_and(|bytes| places(&bytes, folder).next().is_some())
}

/// Some units with all that stand on them.
fn above<'a>(records: &'a [Record], round: &[&'a Record]) -> BTreeSet<&'a Inside> {
    let mut above: BTreeSet<&Inside> = round.iter().map(|record| &record.fingerprint).collect();
    for record in restore::levels(records).into_iter().flatten() {
        if record.dependencies.iter().any(|dependency| above.contains(&dependency.fingerprint)) {
            above.insert(&record.fingerprint);
        }
    }
    above
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_a_hundred_and_round_up() {
        assert_eq!(Share::parse("5%").unwrap().out_of(346), 18);
        assert_eq!(Share::parse("5").unwrap().out_of(1), 1);
        assert_eq!(Share::parse("100%").unwrap().out_of(7), 7);
        for text in ["0%", "101%", "", "%", "five", "-1%", "5.5%"] {
            assert!(Share::parse(text).is_err(), "{text}");
        }
    }
}
