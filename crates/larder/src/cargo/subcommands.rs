//! The subcommands of cargo and of its toolchain: what each of them does.
//!
//! It must never decide what cargo builds: only cargo knows that.

/// A subcommand that compiles units of the workspace, and says in its messages which.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BuildingSubcommand {
    name: &'static str,
    /// The subcommand of a slice that builds the same units; `None` if no slice is such a call.
    pub(crate) slice: Option<&'static str>,
    /// cargo's own subcommand that plans the same units and runs no program.
    pub(crate) plans_by: &'static str,
    /// Options that the one which plans does not take.
    pub(crate) own_options: &'static [&'static str],
    /// The profile of a call that names none; `None` if a driver in rustc's place does the compiling.
    pub(crate) profile: Option<&'static str>,
    /// The use that is made of the programs that it built.
    pub(crate) programs: BuiltPrograms,
    /// Whether the words after a `--` are for the compiler.
    words_are_the_compilers: bool,
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

const BUILD: BuildingSubcommand = BuildingSubcommand {
    name: "build",
    slice: Some("build"),
    plans_by: "build",
    own_options: &[],
    profile: Some("dev"),
    programs: BuiltPrograms::Kept,
    words_are_the_compilers: false,
};

const BUILDING: [BuildingSubcommand; 7] = [
    BUILD,
    BuildingSubcommand { name: "check", slice: Some("check"), plans_by: "check", ..BUILD },
    BuildingSubcommand {
        name: "clippy",
        slice: Some("clippy"),
        plans_by: "check",
        // With `--fix` it takes those of `cargo fix`.
        own_options: &[
            "--no-deps",
            "--fix",
            "--allow-dirty",
            "--allow-staged",
            "--allow-no-vcs",
            "--broken-code",
            "--edition",
            "--edition-idioms",
        ],
        profile: None,
        words_are_the_compilers: true,
        ..BUILD
    },
    BuildingSubcommand {
        name: "test",
        slice: Some("test"),
        plans_by: "test",
        profile: Some("test"),
        programs: BuiltPrograms::RunAll,
        ..BUILD
    },
    BuildingSubcommand {
        name: "bench",
        slice: None,
        plans_by: "bench",
        profile: Some("bench"),
        programs: BuiltPrograms::RunAll,
        ..BUILD
    },
    BuildingSubcommand { name: "run", programs: BuiltPrograms::Run, ..BUILD },
    BuildingSubcommand { name: "rustc", plans_by: "rustc", words_are_the_compilers: true, ..BUILD },
];

/// The others that compile: what they would compile cannot be asked.
const UNASKED: [&str; 5] = ["doc", "fix", "install", "miri", "rustdoc"];

/// Those that change files, a registry or what cargo knows of the user.
const CHANGING: [&str; 16] = [
    "add",
    "clean",
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
    "uninstall",
    "update",
    "vendor",
    "yank",
];

/// The others: they answer, or keep something for cargo itself.
const ANSWERING: [&str; 14] = [
    "config",
    "fetch",
    "git-checkout",
    "help",
    "info",
    "locate-project",
    "metadata",
    "pkgid",
    "read-manifest",
    "report",
    "search",
    "tree",
    "verify-project",
    "version",
];

/// Short names that cargo brings along, and the user can give another meaning.
const DEFAULT_ALIASES: [(&str, &str); 6] =
    [("b", "build"), ("c", "check"), ("d", "doc"), ("r", "run"), ("rm", "remove"), ("t", "test")];

/// Programs of the toolchain, in whose place cargo takes an alias of the user's.
const OF_TOOLCHAIN: [&str; 3] = ["clippy", "fmt", "miri"];

/// Programs of others that have cargo build.
const OF_OTHERS: [&str; 3] = ["larder", "leptos", "nextest"];

/// The name in full of a subcommand that is called by one of cargo's short ones.
pub(crate) fn in_full(name: &str) -> &str {
    DEFAULT_ALIASES.iter().find(|(short, _)| *short == name).map_or(name, |(_, full)| full)
}

/// The subcommand of that name, if it compiles units of the workspace.
pub(crate) fn building(name: &str) -> Option<&'static BuildingSubcommand> {
    BUILDING.iter().find(|building| building.name == in_full(name))
}

/// The subcommand of a slice that builds the same units as the one of that name; `None` if no slice is such a call.
pub(crate) fn slice_of(name: &str) -> Option<&'static str> {
    building(name)?.slice
}

/// Whether cargo or its toolchain has a subcommand of that name, which builds in the environment of the call.
pub(crate) fn is_own(name: &str) -> bool {
    compiles(name) || changes(name) || ANSWERING.contains(&name)
}

/// Whether a name is a script's, which cargo builds and runs.
pub(crate) fn is_script(name: &str) -> bool {
    name.contains(['/', '\\', '.'])
}

/// Whether an alias of the user's counts if it has that name: cargo's own subcommands are taken first.
pub(crate) fn may_be_alias(name: &str) -> bool {
    let is_default = in_full(name) != name;
    !is_script(name) && (is_default || OF_TOOLCHAIN.contains(&name) || !is_own(name))
}

/// Whether a subcommand compiles.
pub(crate) fn compiles(name: &str) -> bool {
    building(name).is_some() || UNASKED.contains(&in_full(name))
}

/// Whether a subcommand compiles, or a program of others does by way of cargo.
pub(crate) fn has_cargo_compile(name: &str) -> bool {
    compiles(name) || OF_OTHERS.contains(&name)
}

/// Whether the call itself compiles, runs or changes something. Programs of others do so by calling cargo.
pub(crate) fn acts(name: &str) -> bool {
    compiles(name) || is_script(name) || changes(name)
}

fn changes(name: &str) -> bool {
    CHANGING.contains(&in_full(name))
}

/// Whether the words after a `--` are for the compiler, and change what it compiles.
pub(crate) fn words_are_the_compilers(name: &str) -> bool {
    building(name).map_or(name == "rustdoc", |building| building.words_are_the_compilers)
}

/// The subcommands that slices start with.
pub fn of_slices() -> impl Iterator<Item = &'static str> {
    let is_itself = |building: &&BuildingSubcommand| building.slice == Some(building.name);
    BUILDING.iter().filter(is_itself).map(|building| building.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_there_once() {
        let building = BUILDING.iter().map(|building| building.name);
        let short = DEFAULT_ALIASES.iter().map(|(short, _)| *short);
        let others = UNASKED.into_iter().chain(CHANGING).chain(ANSWERING);
        let mut names: Vec<&str> = building.chain(short).chain(others).collect();
        assert_eq!(names.len(), 48);
        assert!(names.iter().all(|name| is_own(name)));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), 48);
        assert!(OF_OTHERS.iter().all(|name| !is_own(name)));
    }

    #[test]
    fn short_names_do_the_same() {
        for (short, long) in [("b", "build"), ("c", "check"), ("r", "run"), ("t", "test")] {
            assert_eq!(building(short), building(long), "{short}");
        }
        assert!(compiles("d") && building("d").is_none());
        assert!(acts("rm") && !compiles("rm"));
    }

    #[test]
    fn names_that_cargo_takes_first_are_no_aliases() {
        for name in ["build", "run", "metadata", "rustdoc", "x.rs", "./x"] {
            assert!(!may_be_alias(name), "{name}");
        }
        for name in ["b", "c", "d", "r", "rm", "t", "clippy", "fmt", "miri", "leptos", "x"] {
            assert!(may_be_alias(name), "{name}");
        }
    }

    #[test]
    fn calls_that_do_something_are_told_from_questions() {
        for name in ["doc", "install", "fmt", "add", "clean", "rustdoc", "clippy", "miri", "x.rs", "test"] {
            assert!(acts(name), "{name}");
        }
        for name in ["metadata", "tree", "fetch", "leptos"] {
            assert!(!acts(name), "{name}");
        }
        assert!(!compiles("fmt") && !compiles("leptos"));
        assert!(has_cargo_compile("leptos") && has_cargo_compile("miri") && !has_cargo_compile("fmt"));
    }

    #[test]
    fn slices_have_the_subcommands_that_plan() {
        assert_eq!(of_slices().collect::<Vec<_>>(), ["build", "check", "clippy", "test"]);
        let mut all = BUILDING.iter().filter_map(|building| building.slice);
        assert!(all.all(|slice| of_slices().any(|name| name == slice)));
    }

    #[test]
    fn words_for_compilers_are_told_from_those_for_programs() {
        assert!(["clippy", "rustc", "rustdoc"].into_iter().all(words_are_the_compilers));
        assert!(!["run", "t", "bench", "doc", "leptos"].into_iter().any(words_are_the_compilers));
    }
}
