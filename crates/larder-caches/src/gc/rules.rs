//! The rules by which things in a target folder go: by level for `clean`, by what is wanted for `gc`.

use std::{
    collections::HashSet,
    ffi::OsStr,
    path::Path,
    time::{Duration, SystemTime},
};

use larder::target_dir::{BuiltUnit, CodeOrigin, Other, OtherKind, TargetFolder, UnitKind};
use serde::Serialize;

use super::wanted::{Unwanted, Wishes};

/// Why something goes; one row of a plan each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Left by an interrupted build.
    Unfinished,
    /// Artifacts without a unit.
    Orphans,
    /// Units of other compilers.
    Toolchains,
    /// Units that something newer took the place of.
    Generations,
    /// Compiler state that no longer belongs to anything.
    Incremental,
    /// The application's own units and what is made of them.
    Application,
    /// The whole content.
    Everything,
}

impl Class {
    /// For the table.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Unfinished => "units that were never finished",
            Self::Orphans => "artifacts without a unit",
            Self::Toolchains => "units of other toolchains",
            Self::Generations => "old generations of units",
            Self::Incremental => "incremental state of old units",
            Self::Application => "the application's own artifacts",
            Self::Everything => "everything",
        }
    }

    fn of_unwanted(unwanted: Unwanted) -> Self {
        match unwanted {
            Unwanted::Toolchain => Self::Toolchains,
            Unwanted::Generation => Self::Generations,
            Unwanted::Unfinished => Self::Unfinished,
        }
    }

    /// Whether it goes however young it is, because no build will ever use it.
    pub(super) fn is_ageless(self) -> bool {
        matches!(self, Self::Orphans | Self::Application | Self::Everything)
    }
}

/// Which things go.
#[derive(Debug, Clone)]
pub(super) enum Rule {
    /// Everything in the folder.
    Everything,
    /// Units of the application, but not the recipes' own: the names of their packages start with these.
    Application {
        /// `larder-<slice>` of each slice.
        stubs: Vec<String>,
    },
    /// Units that are not wanted and were not used for some time.
    Unwanted {
        /// The goal.
        wishes: Box<Wishes>,
        /// For how long it must not have been used.
        age: Duration,
    },
}

impl Rule {
    /// The verdict on each unit.
    pub(super) fn units(&self, folder: &TargetFolder) -> Vec<Option<Class>> {
        match self {
            Self::Everything => folder.units.iter().map(|_| Some(Class::Everything)).collect(),
            Self::Application { stubs } => {
                let is_stub = |unit: &BuiltUnit| stubs.iter().any(|stub| is_named_after(&unit.package, stub));
                let is_own =
                    |unit: &BuiltUnit| matches!(unit.origin, CodeOrigin::Local | CodeOrigin::Tainted);
                let goes =
                    |unit: &BuiltUnit| is_own(unit) && !is_stub(unit) || unit.kind == UnitKind::Unfinished;
                folder.units.iter().map(|unit| goes(unit).then_some(Class::Application)).collect()
            }
            Self::Unwanted { wishes, .. } => {
                wishes.unwanted(folder).into_iter().map(|unit| unit.map(Class::of_unwanted)).collect()
            }
        }
    }

    /// The verdict on something that is no unit, `dropped` being the units that go.
    pub(super) fn other(
        &self,
        folder: &TargetFolder,
        other: &Other,
        dropped: &HashSet<usize>,
    ) -> Option<Class> {
        // Another name of the unit's own file. A copy, such as `app.d`, may be of any generation.
        let is_link = other.files.iter().any(|file| file.links > 1);
        let goes_with_its_unit = other.kind == OtherKind::Uplifted
            && is_link
            && other.unit.is_some_and(|unit| dropped.contains(&unit));
        match (self, other.kind) {
            (Self::Everything, _) => Some(Class::Everything),
            (_, OtherKind::Orphan) => Some(Class::Orphans),
            (Self::Application { .. }, kind) => is_of_the_application(kind).then_some(Class::Application),
            (Self::Unwanted { .. }, OtherKind::Incremental) => {
                is_old_state(folder, other, dropped).then_some(Class::Incremental)
            }
            (Self::Unwanted { .. }, _) => goes_with_its_unit.then_some(Class::Generations),
        }
    }

    /// How long something has to have been unused before it goes.
    pub(super) fn age(&self) -> Duration {
        match self {
            Self::Unwanted { age, .. } => *age,
            Self::Everything | Self::Application { .. } => Duration::ZERO,
        }
    }
}

fn is_of_the_application(kind: OtherKind) -> bool {
    match kind {
        OtherKind::Incremental
        | OtherKind::Documentation
        | OtherKind::Uplifted
        | OtherKind::Site
        | OtherKind::Temporary
        | OtherKind::Package
        | OtherKind::Timings => true,
        OtherKind::Orphan | OtherKind::Bookkeeping | OtherKind::Foreign => false,
    }
}

/// `larder-server` and `larder-server-2` are named after `larder-server`.
fn is_named_after(package: &str, stub: &str) -> bool {
    let rest = package.strip_prefix(stub);
    rest.is_some_and(|rest| rest.strip_prefix('-').unwrap_or(rest).bytes().all(|byte| byte.is_ascii_digit()))
}

/// Compiler state has a name of its own, which only tells the crate. As many of a crate stay as it has units here
/// that stay, the newest ones.
fn is_old_state(folder: &TargetFolder, other: &Other, dropped: &HashSet<usize>) -> bool {
    let Some(name) = crate_of(&other.path) else { return false };
    let states = folder.others.iter().filter(|state| {
        state.kind == OtherKind::Incremental
            && state.profile == other.profile
            && crate_of(&state.path) == Some(name)
    });
    let mut states: Vec<(Option<SystemTime>, &Path)> =
        states.map(|state| (state.modified(), state.path.as_path())).collect();
    states.sort_by(|a, b| b.cmp(a));
    let units = folder.units.iter().enumerate().filter(|(number, unit)| {
        Some(unit.profile) == other.profile
            && !dropped.contains(number)
            && unit.target.replace('-', "_") == name
    });
    let kept = units.count();
    states.iter().skip(kept).any(|(_, path)| *path == other.path)
}

/// `incremental/app-3016o5d6tkc70` is of the crate `app`; build scripts' state is of `build_script_build`.
fn crate_of(path: &Path) -> Option<&str> {
    let name = path.file_name().and_then(OsStr::to_str)?;
    name.rsplit_once('-').map(|(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_of_recipes_are_known_by_name() {
        assert!(is_named_after("larder-server", "larder-server"));
        assert!(is_named_after("larder-server-2", "larder-server"));
        assert!(!is_named_after("larder-server-x", "larder-server"));
        assert!(!is_named_after("larder", "larder-server"));
    }

    #[test]
    fn state_is_named_after_its_crate() {
        assert_eq!(crate_of(Path::new("debug/incremental/my_app-3016o5d6tkc70")), Some("my_app"));
    }
}
