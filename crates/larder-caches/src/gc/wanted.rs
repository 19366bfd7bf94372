//! Which units of a target folder are still wanted, and why the others are not. Pure but for reading the folder.
//!
//! Wanted is, with everything below it:
//! - what the current recipes, slices and plain cargo calls of this checkout ask for ([`matching`](super::matching)),
//! - of each of the application's own targets the unit that was used last, and the last one of the compiler that
//!   builds now: the last build, whatever it was.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use larder::target_dir::{BuiltUnit, CodeOrigin, TargetFolder, UnitKind};
use serde::Serialize;

use super::matching::{NeededUnits, Shelf};

/// A target that no build has touched for this long before the last build is given up.
const GIVEN_UP: Duration = Duration::from_hours(30 * 24);

/// Why a unit is not wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unwanted {
    /// Another compiler made it than the one that builds now.
    Toolchain,
    /// Something newer took its place: another lock file, other features, another branch.
    Generation,
    /// Its build was interrupted.
    Unfinished,
}

/// The wishes that decide: the same for planning and, once more, under cargo's locks.
#[derive(Debug, Clone, Default)]
pub struct Wishes {
    /// The workspace's folder. A target folder outside of it may be other workspaces' too.
    pub root: PathBuf,
    /// The units that calls of cargo need.
    pub needed: Vec<NeededUnits>,
    /// cargo's hash of the compiler that builds now, if it is known.
    pub rustc: Option<u64>,
    /// The packages of the workspace and of its recipes; those of others are gone.
    pub packages: HashSet<String>,
    /// Packages of recipes that could not be expanded to ask about them: whatever is of these is needed.
    pub kept: HashSet<String>,
    /// Folders of calls that cargo refuses: nothing is known of what they need.
    pub unknown: Vec<PathBuf>,
}

impl Wishes {
    /// Whether a call that nothing is known of builds into the folder.
    pub fn is_unknown(&self, folder: &Path) -> bool {
        self.unknown.iter().any(|unknown| unknown.starts_with(folder) || folder.starts_with(unknown))
    }

    /// The verdict on each unit of the folder, in its order; `None` for those that are wanted.
    pub fn unwanted(&self, folder: &TargetFolder) -> Vec<Option<Unwanted>> {
        let shelf = Shelf::new(folder, self.rustc);
        let mut open: Vec<usize> = self.needed.iter().flat_map(|needed| shelf.candidates(needed)).collect();
        open.extend(self.last_built(folder, &shelf));
        let kept = folder.units.iter().enumerate().filter(|(_, unit)| self.kept.contains(&unit.package));
        open.extend(kept.map(|(number, _)| number));
        let mut wanted = vec![false; folder.units.len()];
        while let Some(unit) = open.pop() {
            if !std::mem::replace(&mut wanted[unit], true) {
                open.extend(shelf.dependencies(unit));
            }
        }
        let verdicts = folder.units.iter().zip(wanted).map(|(unit, wanted)| match unit.kind {
            _ if wanted => None,
            UnitKind::Unfinished => Some(Unwanted::Unfinished),
            _ if !shelf.is_current(unit) => Some(Unwanted::Toolchain),
            _ => Some(Unwanted::Generation),
        });
        verdicts.collect()
    }

    /// Of each target of the application the unit used last, and the last one of the current compiler.
    fn last_built(&self, folder: &TargetFolder, shelf: &Shelf<'_>) -> Vec<usize> {
        let last = folder.units.iter().filter_map(BuiltUnit::last_use).max();
        if !folder.path.starts_with(&self.root) {
            // Nothing tells whose unit is whose.
            let own = folder.units.iter().enumerate();
            let own = own.filter(|(_, unit)| is_own(unit) && !is_given_up(unit.last_use(), last));
            return own.map(|(number, _)| number).collect();
        }
        let mut targets: HashMap<_, [Option<usize>; 2]> = HashMap::new();
        for (number, unit) in folder.units.iter().enumerate() {
            if !is_own(unit) || unit.fingerprint.is_none() {
                continue;
            }
            let features = unit.fingerprint.as_ref().map(|fingerprint| &fingerprint.features);
            let target = (unit.profile, &unit.package, &unit.target, unit.kind, unit.is_check(), features);
            let newest = targets.entry(target).or_default();
            let is_current = shelf.is_current(unit);
            for (newest, counts) in newest.iter_mut().zip([true, is_current]) {
                let is_newest = newest.is_none_or(|than| folder.units[than].last_use() <= unit.last_use());
                if counts && is_newest {
                    *newest = Some(number);
                }
            }
        }
        let alive = targets.into_values().flatten().flatten().filter(|number| {
            let unit = &folder.units[*number];
            self.packages.contains(&unit.package) && !is_given_up(unit.last_use(), last)
        });
        alive.collect()
    }
}

/// Whether a unit is the application's, or may be.
fn is_own(unit: &BuiltUnit) -> bool {
    matches!(unit.origin, CodeOrigin::Local | CodeOrigin::Unknown)
}

fn is_given_up(used: Option<SystemTime>, last: Option<SystemTime>) -> bool {
    let (Some(used), Some(last)) = (used, last) else { return false };
    last.duration_since(used).is_ok_and(|gap| gap > GIVEN_UP)
}
