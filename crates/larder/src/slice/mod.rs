//! Slices: the cargo invocations a project runs again and again.
//!
//! [`all`] is the one entry. Slices are *found* from a project's metadata ([`leptos`], or the release build of
//! the default members) or *written* down by the user ([`written`]), and
//! [`observed`] helps with the writing. A slice never carries anything of this
//! machine: no absolute path, no variable of the process environment.

pub(crate) mod configured;
pub mod driver;
pub mod environment;
mod folder_config;
pub mod leptos;
mod name;
pub mod observed;
mod target_dir;
pub mod written;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

pub use name::Name;
pub use target_dir::TargetDir;

use crate::{
    cargo::command_line::option_values,
    error::{Error, Result},
    process::Environment,
    settings::Settings,
    workspace::Workspace,
};

/// A named cargo invocation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Slice {
    /// Names the slice and its folder.
    pub name: Name,
    /// How the slice came to be.
    pub origin: Origin,
    /// Whether the slice is cooked by default or with `--dev`.
    pub variant: Variant,
    /// cargo's arguments without the program and without `--target-dir`.
    pub args: Vec<String>,
    /// Where the invocation builds.
    pub target_dir: TargetDir,
    /// Flags that the driver adds to the configured ones, as cargo-leptos does in debug builds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rustflags: Vec<String>,
    /// Environment that the driver sets. A value may start with [`TARGET_MARKER`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub env: BTreeMap<String, String>,
}

/// Stands for the absolute path of the project's target directory at the start of an environment value:
/// cargo-leptos passes its default site root as an absolute path, and a recipe must not hold one.
pub const TARGET_MARKER: &str = "<target>";

/// How a slice came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// From Leptos metadata, as cargo-leptos would call cargo.
    Leptos,
    /// The release build of the default members.
    Default,
    /// From `[workspace.metadata.larder.slices]`.
    Written,
    /// From what a build driver was seen to do.
    Observed,
}

/// Which of a project's builds a slice belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// What is shipped; cooked when no slice is named.
    Release,
    /// What a developer builds all day; cooked with `--dev`.
    Dev,
}

impl Slice {
    /// The environment for a call of this slice, with the target directory filled in.
    pub fn environment(&self, target_directory: &str) -> Environment {
        Environment::new(self.env.iter().map(|(name, value)| {
            let value = match value.strip_prefix(TARGET_MARKER) {
                Some(rest) => format!("{target_directory}{rest}"),
                None => value.clone(),
            };
            (name.clone(), value)
        }))
    }

    /// Whether both are the same call of cargo, whatever they are named and however much they have it say.
    pub fn same_invocation(&self, other: &Self) -> bool {
        let says = |arg: &&String| matches!(arg.as_str(), "-q" | "--quiet" | "-v" | "-vv" | "--verbose");
        let sorted = |slice: &Self| {
            let mut args: Vec<String> = slice.args.iter().filter(|arg| !says(arg)).cloned().collect();
            args[1..].sort();
            args
        };
        sorted(self) == sorted(other)
            && self.target_dir == other.target_dir
            && self.rustflags == other.rustflags
            && self.env == other.env
    }

    /// Whether the invocation is `cargo test`, which compiles for tests throughout.
    pub fn is_test(&self) -> bool {
        self.args.first().is_some_and(|command| command == "test")
    }

    /// cargo's own arguments: those before a `--`, which belong to a test or to clippy and not to cargo.
    pub fn cargo_args(&self) -> &[String] {
        let end = self.args.iter().position(|arg| arg == "--").unwrap_or(self.args.len());
        &self.args[..end]
    }

    /// The arguments that cargo plans the invocation by. clippy plans as `check` does, and puts its driver in front of
    /// every compiler, where it would not know that of [another platform](crate::shim::stand_in).
    pub fn planned_args(&self) -> Vec<String> {
        const CLIPPYS_OWN: [&str; 2] = ["--no-deps", "--fix"];
        let mut args = self.cargo_args().to_vec();
        if self.args.first().is_some_and(|command| command == "clippy") {
            args[0] = "check".into();
            args.retain(|arg| !CLIPPYS_OWN.contains(&arg.as_str()));
        }
        args
    }

    /// The whole invocation with more arguments of cargo's, but for those that it has already.
    pub fn args_with(&self, more: impl IntoIterator<Item = String>) -> Vec<String> {
        let own = self.cargo_args();
        let more = more.into_iter().filter(|word| !own.contains(word));
        own.iter().cloned().chain(more).chain(self.args[own.len()..].iter().cloned()).collect()
    }

    /// The target triples that the invocation names with `--target`.
    pub fn targets(&self) -> Vec<&str> {
        option_values(&self.args, "--target")
    }
}

/// All slices of a workspace, sorted by name, and the Leptos projects that give none.
pub fn all(workspace: &Workspace, settings: &Settings) -> (Vec<Slice>, Vec<leptos::Broken>) {
    let mut slices = BTreeMap::new();
    let mut broken = Vec::new();
    if settings.find {
        let mut found;
        (found, broken) = leptos::find(workspace);
        if found.is_empty() && broken.is_empty() {
            found.push(default_release());
        }
        slices.extend(found.into_iter().map(|slice| (slice.name.clone(), slice)));
    }
    let written = settings.slices.iter();
    // Names were checked with the rest of the settings.
    let written = written.filter_map(|(name, slice)| Some((Name::new(name).ok()?, slice)));
    slices.extend(written.map(|(name, slice)| (name.clone(), slice.clone().into_slice(name))));
    (slices.into_values().collect(), broken)
}

/// The named slices, or those of the variant where no name is given.
///
/// # Errors
/// [`Error::NoSlice`] for an unknown name, and for a variant without slices.
pub fn select<'a>(slices: &'a [Slice], names: &[String], variant: Variant) -> Result<Vec<&'a Slice>> {
    let known = || slices.iter().map(|slice| slice.name.to_string()).collect();
    if names.is_empty() {
        let chosen: Vec<_> = slices.iter().filter(|slice| slice.variant == variant).collect();
        if chosen.is_empty() {
            let name =
                format!("(any of the {} variant)", if variant == Variant::Dev { "dev" } else { "release" });
            return Err(Error::NoSlice { name, known: known() });
        }
        return Ok(chosen);
    }
    let find = |name: &String| {
        let slice = slices.iter().find(|slice| slice.name == *name);
        slice.ok_or_else(|| Error::NoSlice { name: name.clone(), known: known() })
    };
    names.iter().map(find).collect()
}

fn default_release() -> Slice {
    Slice {
        name: Name::known("release"),
        origin: Origin::Default,
        variant: Variant::Release,
        args: vec!["build".into(), "--release".into()],
        target_dir: TargetDir::default(),
        rustflags: Vec::new(),
        env: BTreeMap::new(),
    }
}

/// Whether a call is what is shipped or what a developer builds, as far as its profile tells.
fn variant_of(args: &[String]) -> Variant {
    let args_of_cargo = || args.iter().take_while(|arg| *arg != "--");
    let release = args_of_cargo().any(|arg| arg == "--release" || arg == "-r");
    if release || !option_values(args, "--profile").is_empty() { Variant::Release } else { Variant::Dev }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    #[test]
    fn the_target_marker_is_filled_in() {
        let mut slice = default_release();
        slice.env.insert("SITE".into(), "<target>/site".into());
        assert_eq!(slice.environment("/p/target").get_str("SITE"), Some("/p/target/site"));
    }

    #[test]
    fn what_follows_the_separator_is_not_cargos() {
        let slice = Slice { args: words("clippy --release -- -Dwarnings"), ..default_release() };
        assert_eq!(slice.cargo_args(), words("clippy --release"));
        assert_eq!(slice.args_with(["-q".to_owned()]), words("clippy --release -q -- -Dwarnings"));
        assert_eq!(slice.args_with(["--release".to_owned()]), slice.args, "cargo refuses a word said twice");
    }

    #[test]
    fn clippy_plans_as_check_does() {
        let slice =
            Slice { args: words("clippy --no-deps --all-targets -- -Dwarnings"), ..default_release() };
        assert_eq!(slice.planned_args(), words("check --all-targets"));
        assert_eq!(default_release().planned_args(), words("build --release"));
    }

    #[test]
    fn the_profile_tells_the_variant() {
        for (line, variant) in [
            ("build --release", Variant::Release),
            ("build -r", Variant::Release),
            ("build --profile small", Variant::Release),
            ("check --package=profiler", Variant::Dev),
            ("test -- --release", Variant::Dev),
        ] {
            assert_eq!(variant_of(&words(line)), variant, "{line}");
        }
    }

    #[test]
    fn how_much_cargo_says_makes_no_other_call() {
        let slice = |line| Slice { args: words(line), ..default_release() };
        assert!(slice("build -v --release").same_invocation(&slice("build --release --quiet")));
        assert!(!slice("build --release").same_invocation(&slice("build")));
    }

    #[test]
    fn unknown_names_are_refused_with_the_known_ones() {
        let error = select(&[default_release()], &["x".into()], Variant::Release).unwrap_err();
        assert_eq!(error.to_string(), "no slice named `x`; there are: release");
    }
}
