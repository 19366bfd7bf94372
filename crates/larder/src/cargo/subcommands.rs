//! The subcommands of cargo and of its toolchain: what each of them does.
//!
//! It must never decide what cargo builds: only cargo knows that.

/// A subcommand that compiles units of the workspace, and says in its messages which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BuildingSubcommand {
    /// Its names, the one in full first.
    names: &'static [&'static str],
    /// The subcommand that plans the same units; `None` if no slice is such a call.
    planned_as: Option<&'static str>,
    /// The profile of a call that names none; `None` if a driver in rustc's place does the compiling.
    pub(crate) profile: Option<&'static str>,
    /// The use that is made of the programs that it built.
    pub(crate) programs: BuiltPrograms,
}

/// The use of programs that a subcommand built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BuiltPrograms {
    /// They stay where they are.
    Kept,
    /// One of them is run. The words that follow are its own.
    Run,
    /// All of them are run, unless `--no-run` is there.
    RunAll,
}

const BUILDING: [BuildingSubcommand; 7] = [
    BuildingSubcommand {
        names: &["build", "b"],
        planned_as: Some("build"),
        profile: Some("dev"),
        programs: BuiltPrograms::Kept,
    },
    BuildingSubcommand {
        names: &["check", "c"],
        planned_as: Some("check"),
        profile: Some("dev"),
        programs: BuiltPrograms::Kept,
    },
    BuildingSubcommand {
        names: &["clippy"],
        planned_as: Some("clippy"),
        profile: None,
        programs: BuiltPrograms::Kept,
    },
    BuildingSubcommand {
        names: &["test", "t"],
        planned_as: Some("test"),
        profile: Some("test"),
        programs: BuiltPrograms::RunAll,
    },
    BuildingSubcommand {
        names: &["bench"],
        planned_as: None,
        profile: Some("bench"),
        programs: BuiltPrograms::RunAll,
    },
    BuildingSubcommand {
        names: &["run", "r"],
        planned_as: Some("build"),
        profile: Some("dev"),
        programs: BuiltPrograms::Run,
    },
    BuildingSubcommand {
        names: &["rustc"],
        planned_as: Some("build"),
        profile: Some("dev"),
        programs: BuiltPrograms::Kept,
    },
];

/// Those that compile, and make something else than units of it: pages, programs in a folder of their own.
const MAKING: [&str; 3] = ["d", "doc", "install"];

/// Those that change files, a registry or what cargo knows of the user.
const CHANGING: [&str; 19] = [
    "add",
    "clean",
    "fix",
    "fmt",
    "generate-lockfile",
    "init",
    "login",
    "logout",
    "new",
    "owner",
    "package",
    "publish",
    "remove",
    "rm",
    "rustdoc",
    "uninstall",
    "update",
    "vendor",
    "yank",
];

/// The others: they answer, or keep something for cargo itself.
const ANSWERING: [&str; 15] = [
    "config",
    "fetch",
    "git-checkout",
    "help",
    "info",
    "locate-project",
    "metadata",
    "miri",
    "pkgid",
    "read-manifest",
    "report",
    "search",
    "tree",
    "verify-project",
    "version",
];

/// The subcommand of that name, if it compiles units of the workspace.
pub(crate) fn building(name: &str) -> Option<&'static BuildingSubcommand> {
    BUILDING.iter().find(|building| building.names.contains(&name))
}

/// The subcommand that plans the same units as the one of that name; `None` if no slice is such a call.
pub(crate) fn planned_as(name: &str) -> Option<&'static str> {
    building(name)?.planned_as
}

/// Whether cargo or its toolchain has a subcommand of that name, which builds in the environment of the call.
pub(crate) fn is_own(name: &str) -> bool {
    compiles(name) || CHANGING.contains(&name) || ANSWERING.contains(&name)
}

/// Whether a subcommand compiles.
pub(crate) fn compiles(name: &str) -> bool {
    building(name).is_some() || MAKING.contains(&name)
}

/// Whether a subcommand leaves something behind that is no unit.
pub(crate) fn writes(name: &str) -> bool {
    MAKING.contains(&name) || CHANGING.contains(&name)
}

/// The subcommands that slices are planned by.
pub(crate) fn of_slices() -> impl Iterator<Item = &'static str> {
    let is_itself = |building: &&BuildingSubcommand| building.planned_as == building.names.first().copied();
    BUILDING.iter().filter(is_itself).filter_map(|building| building.planned_as)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_there_once() {
        let building = BUILDING.iter().flat_map(|building| building.names).copied();
        let mut names: Vec<&str> = building.chain(MAKING).chain(CHANGING).chain(ANSWERING).collect();
        assert_eq!(names.len(), 48);
        assert!(names.iter().all(|name| is_own(name)));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 48);
        assert!(!is_own("leptos"));
    }

    #[test]
    fn short_names_do_the_same() {
        for (short, long) in [("b", "build"), ("c", "check"), ("r", "run"), ("t", "test")] {
            assert_eq!(building(short), building(long), "{short}");
        }
        assert!(compiles("d") && writes("d") && building("d").is_none());
    }

    #[test]
    fn what_changes_files_is_told_from_what_compiles_units() {
        for name in ["doc", "install", "fmt", "add", "clean", "rustdoc"] {
            assert!(writes(name), "{name}");
        }
        for name in ["build", "t", "bench", "clippy", "metadata", "leptos"] {
            assert!(!writes(name), "{name}");
        }
        assert!(!compiles("fmt") && !compiles("metadata"));
    }

    #[test]
    fn slices_have_the_subcommands_that_plan() {
        assert_eq!(of_slices().collect::<Vec<_>>(), ["build", "check", "clippy", "test"]);
        assert!(
            BUILDING
                .iter()
                .filter_map(|building| building.planned_as)
                .all(|plan| { of_slices().any(|name| name == plan) })
        );
    }
}
