//! Which of the ways to a tool is taken, and the words for why.
//!
//! Pure: facts come in as values. It must never start a program or touch a file, so that the order can be
//! tested for machines we do not have.

use std::{fmt, path::PathBuf};

use super::{
    needs::Tool,
    version::{Need, Version},
};

/// Where a tool comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The Nix shell that xtask runs in.
    NixShell,
    /// PATH.
    Path,
    /// The per-user folder, from an earlier run.
    Kept,
    /// rustup, which can add a target to a toolchain that is there.
    Rustup,
    /// Debian's development packages, relocated into the per-user folder.
    Debian,
    /// `cargo install` into the per-user folder.
    CargoInstall,
    /// The npm registry, into the per-user folder.
    Npm,
}

impl Source {
    /// One word for machines.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::NixShell => "nix-shell",
            Self::Path => "path",
            Self::Kept => "kept",
            Self::Rustup => "rustup",
            Self::Debian => "debian",
            Self::CargoInstall => "cargo-install",
            Self::Npm => "npm",
        }
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NixShell => "the Nix shell",
            Self::Path => "PATH",
            Self::Kept => "the tools folder",
            Self::Rustup => "rustup",
            Self::Debian => "Debian's sid, relocated",
            Self::CargoInstall => "cargo install",
            Self::Npm => "npm",
        })
    }
}

/// A tool that was found somewhere and answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    /// The program.
    pub(super) path: PathBuf,
    /// Its own description.
    pub(super) version: Version,
    /// Whether what belongs to it is there too: for rustc, the WASM standard library and a cargo.
    pub(super) lacks: Option<&'static str>,
}

/// The facts about the machine, as far as one tool is concerned.
#[derive(Debug, Clone, Default)]
pub(super) struct Facts {
    /// xtask runs in a Nix shell.
    pub(super) nix_shell: bool,
    /// What PATH has.
    pub(super) on_path: Option<Candidate>,
    /// What an earlier run left in the tools folder.
    pub(super) kept: Option<Candidate>,
    /// The ways to get more that the machine has at all: rustup, Debian, npm.
    pub(super) ways: Vec<Source>,
}

/// The decision for one tool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Choice {
    /// It is there already.
    Use {
        /// Where.
        source: Source,
        /// What.
        found: Candidate,
        /// Why this and not an earlier place in the order.
        why: String,
    },
    /// It has to be got, by the first of these ways that works; none means that setup knows no way.
    Get {
        /// The ways, in order.
        ways: Vec<Source>,
        /// Why nothing that is there will do.
        why: String,
    },
}

/// Decides for one tool: the Nix shell, then PATH, then what was kept, then the ways to get it.
pub(super) fn choose(tool: Tool, need: &Need, facts: &Facts) -> Choice {
    let on_path = if facts.nix_shell { Source::NixShell } else { Source::Path };
    let path_problem = problem(need, facts.on_path.as_ref());
    if let (None, Some(found)) = (&path_problem, &facts.on_path) {
        let why = match need {
            Need::Any => "any version will do".to_owned(),
            _ => format!("{need} is needed"),
        };
        return Choice::Use { source: on_path, found: found.clone(), why };
    }
    let why = format!("{on_path} {}", path_problem.unwrap_or_default());
    match (problem(need, facts.kept.as_ref()), &facts.kept) {
        (None, Some(found)) => Choice::Use { source: Source::Kept, found: found.clone(), why },
        _ => Choice::Get { ways: ways(tool, need, facts), why },
    }
}

/// The problem with a candidate, in words that follow the name of the place; `None` if it will do.
pub(super) fn problem(need: &Need, candidate: Option<&Candidate>) -> Option<String> {
    let Some(candidate) = candidate else {
        return Some("has none".to_owned());
    };
    let version = &candidate.version;
    if !need.accepts(version) {
        return Some(format!("has {version}, but {need} is needed"));
    }
    candidate.lacks.map(|lacks| format!("has {version}, but without {lacks}"))
}

fn ways(tool: Tool, need: &Need, facts: &Facts) -> Vec<Source> {
    // rustup adds a target to the toolchain in use; to replace that toolchain is the user's decision.
    let toolchain_fits = facts.on_path.as_ref().is_some_and(|found| need.accepts(&found.version));
    let ways: &[Source] = match tool {
        Tool::Rust => &[Source::Rustup, Source::Debian],
        Tool::Sass | Tool::WasmOpt => &[Source::Debian, Source::Npm],
        Tool::Mold => &[Source::Debian],
        Tool::CargoLeptos | Tool::WasmBindgen => &[Source::CargoInstall],
    };
    let possible = ways.iter().copied().filter(|way| match way {
        Source::Rustup => facts.ways.contains(way) && toolchain_fits,
        Source::CargoInstall => true,
        _ => facts.ways.contains(way),
    });
    possible.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rust(minor: u64, lacks: Option<&'static str>) -> Candidate {
        let version = Version::new(1, minor, 0);
        Candidate { path: PathBuf::from("/x/rustc"), version, lacks }
    }

    fn chosen(facts: &Facts) -> Choice {
        choose(Tool::Rust, &Need::AtLeast(Version::new(1, 96, 0)), facts)
    }

    fn source(choice: &Choice) -> Option<Source> {
        match choice {
            Choice::Use { source, .. } => Some(*source),
            Choice::Get { .. } => None,
        }
    }

    const NO_WASM: Option<&str> = Some("the wasm32 standard library");

    #[test]
    fn a_nix_shell_comes_first() {
        let facts = Facts {
            nix_shell: true,
            on_path: Some(rust(97, None)),
            kept: Some(rust(98, None)),
            ..Facts::default()
        };
        assert_eq!(source(&chosen(&facts)), Some(Source::NixShell));
    }

    #[test]
    fn path_comes_before_what_was_kept() {
        let facts = Facts { on_path: Some(rust(97, None)), kept: Some(rust(98, None)), ..Facts::default() };
        assert_eq!(source(&chosen(&facts)), Some(Source::Path));
    }

    #[test]
    fn what_was_kept_comes_before_the_network() {
        let facts = Facts {
            on_path: Some(rust(97, NO_WASM)),
            kept: Some(rust(97, None)),
            ways: vec![Source::Rustup, Source::Debian],
            ..Facts::default()
        };
        assert_eq!(source(&chosen(&facts)), Some(Source::Kept));
    }

    #[test]
    fn rustup_is_asked_only_for_a_toolchain_that_is_new_enough() {
        let facts = Facts {
            on_path: Some(rust(97, NO_WASM)),
            ways: vec![Source::Rustup, Source::Debian],
            ..Facts::default()
        };
        let why = "PATH has 1.97.0, but without the wasm32 standard library".to_owned();
        assert_eq!(chosen(&facts), Choice::Get { ways: vec![Source::Rustup, Source::Debian], why });

        let facts = Facts {
            on_path: Some(rust(95, NO_WASM)),
            ways: vec![Source::Rustup, Source::Debian],
            ..Facts::default()
        };
        let why = "PATH has 1.95.0, but 1.96.0 or newer is needed".to_owned();
        assert_eq!(chosen(&facts), Choice::Get { ways: vec![Source::Debian], why });
    }

    #[test]
    fn what_was_kept_is_replaced_once_it_is_too_old() {
        let facts = Facts { kept: Some(rust(95, None)), ways: vec![Source::Debian], ..Facts::default() };
        let why = "PATH has none".to_owned();
        assert_eq!(chosen(&facts), Choice::Get { ways: vec![Source::Debian], why });
    }

    #[test]
    fn without_a_way_there_is_none() {
        let choice = choose(Tool::Sass, &Need::Any, &Facts::default());
        assert_eq!(choice, Choice::Get { ways: vec![], why: "PATH has none".to_owned() });
    }

    #[test]
    fn debian_comes_before_npm() {
        let facts = Facts { ways: vec![Source::Debian, Source::Npm], ..Facts::default() };
        let why = "PATH has none".to_owned();
        let choice = choose(Tool::Sass, &Need::Any, &facts);
        assert_eq!(choice, Choice::Get { ways: vec![Source::Debian, Source::Npm], why });
    }
}
