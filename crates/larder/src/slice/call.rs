//! One cargo call of a project, as data. It must never carry anything of this machine: no absolute path, no variable of
//! the process environment.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{name::Name, target_dir::TargetDir};
use crate::{
    cargo::{
        command_line::{
            VERBOSITY, arguments, has_one_of, is_release, long, option_values, own_args, without_options,
        },
        subcommands::{building, slice_of},
        variables::BUILD_TARGET,
    },
    process::Environment,
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
    /// The target directory of the invocation.
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
    /// From a page and its configuration, as trunk would call cargo.
    Trunk,
    /// From a package and `Dioxus.toml`, as dx would call cargo.
    Dioxus,
    /// The release build of the default members.
    Default,
    /// From `[workspace.metadata.larder.slices]`.
    Written,
    /// From what a build driver was seen to do.
    Observed,
}

impl Origin {
    /// The program that makes a site of the slice's units; cargo-leptos aside, which images know.
    pub(crate) fn framework(self) -> Option<&'static str> {
        match self {
            Self::Trunk => Some("trunk"),
            Self::Dioxus => Some("dx"),
            Self::Leptos | Self::Default | Self::Written | Self::Observed => None,
        }
    }
}

/// Which of a project's builds a slice belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Variant {
    /// The shipped build; cooked when no slice is named.
    Release,
    /// The build that a developer makes all day; cooked with `--dev`.
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
        self.sorted_args() == other.sorted_args()
            && self.words_after_separator() == other.words_after_separator()
            && self.target_dir == other.target_dir
            && self.rustflags == other.rustflags
            && self.env == other.env
    }

    /// The subcommand and its sorted options, however they are spelt, without those about how much cargo says.
    fn sorted_args(&self) -> Vec<(&str, Option<&str>)> {
        let told = arguments(&self.args).filter(|argument| !VERBOSITY.contains(&argument.name));
        let mut args: Vec<_> = told.map(|argument| (long(argument.name), argument.value)).collect();
        if let Some((_, options)) = args.split_first_mut() {
            options.sort_unstable();
        }
        args
    }

    fn words_after_separator(&self) -> &[String] {
        &self.args[self.cargo_args().len()..]
    }

    /// The target that it says it is for, the first one if there are several; `None` if cargo's configuration decides.
    pub(crate) fn named_target(&self) -> Option<&str> {
        let named = self.targets().into_iter().next();
        named.or_else(|| self.env.get(BUILD_TARGET).map(String::as_str))
    }

    /// Whether the invocation builds what is shipped. Tests and lints may be of the release variant as well, which only
    /// says that they are cooked by default.
    pub fn is_shipped(&self) -> bool {
        self.variant == Variant::Release && self.is_build()
    }

    /// Whether the invocation leaves what it builds, rather than tests or checks it.
    pub(crate) fn is_build(&self) -> bool {
        slice_of(self.subcommand()) == Some("build")
    }

    /// The subcommand of cargo; empty if there is none.
    pub fn subcommand(&self) -> &str {
        self.args.first().map_or("", String::as_str)
    }

    /// Whether the invocation is `cargo test`, which compiles for tests throughout.
    pub fn is_test(&self) -> bool {
        self.subcommand() == "test"
    }

    /// Whether the invocation is `cargo clippy`, which compiles dependencies as `cargo check` does.
    pub fn is_clippy(&self) -> bool {
        self.subcommand() == "clippy"
    }

    /// cargo's own arguments: those before a `--`, which belong to a test or to clippy and not to cargo.
    pub fn cargo_args(&self) -> &[String] {
        own_args(&self.args)
    }

    /// The arguments that cargo plans the invocation by. clippy plans as `check` does, and puts its driver in front of
    /// every compiler, where it would not know that of [another platform](crate::shim::stand_in).
    pub fn planned_args(&self) -> Vec<String> {
        let Some(known) = building(self.subcommand()) else { return self.cargo_args().to_vec() };
        let options = without_options(&self.cargo_args()[1..], known.own_options);
        let all = self.fixes_all_targets().then(|| "--all-targets".to_owned());
        std::iter::once(known.plans_by.to_owned()).chain(options).chain(all).collect()
    }

    /// Whether it fixes all targets: since 1.89, cargo does so for an edition alone, and only if no target is named.
    fn fixes_all_targets(&self) -> bool {
        const TARGETS: [&str; 10] = [
            "--lib",
            "--bin",
            "--bins",
            "--example",
            "--examples",
            "--test",
            "--tests",
            "--bench",
            "--benches",
            "--all-targets",
        ];
        self.is_clippy()
            && has_one_of(&self.args, &["--edition", "--edition-idioms"])
            && !has_one_of(&self.args, &TARGETS)
    }

    /// The target triples that the invocation names with `--target`.
    pub fn targets(&self) -> Vec<&str> {
        option_values(&self.args, "--target")
    }
}

/// Whether a call is what is shipped or what a developer builds, as far as its profile tells.
pub(super) fn variant_of(args: &[String]) -> Variant {
    if is_release(args) || !option_values(args, "--profile").is_empty() {
        Variant::Release
    } else {
        Variant::Dev
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<String> {
        line.split(' ').map(str::to_owned).collect()
    }

    fn of_release(line: &str) -> Slice {
        Slice {
            name: Name::known("own"),
            origin: Origin::Written,
            variant: Variant::Release,
            args: words(line),
            target_dir: TargetDir::default(),
            rustflags: Vec::new(),
            env: BTreeMap::new(),
        }
    }

    #[test]
    fn builds_are_shipped_and_nothing_else() {
        for line in ["build --release", "b -r", "rustc --profile=server-release"] {
            assert!(of_release(line).is_shipped(), "{line}");
            assert!(!Slice { variant: Variant::Dev, ..of_release(line) }.is_shipped(), "{line}");
        }
        for line in ["test --release", "t --profile=ci", "check --release", "clippy --release"] {
            assert!(!of_release(line).is_shipped(), "{line}");
        }
    }

    #[test]
    fn the_profile_tells_the_variant() {
        for (line, variant) in [
            ("build --release", Variant::Release),
            ("build -r", Variant::Release),
            ("build -qr", Variant::Release),
            ("build -pr", Variant::Dev),
            ("build --profile small", Variant::Release),
            ("check --package=profiler", Variant::Dev),
            ("test -- --release", Variant::Dev),
        ] {
            assert_eq!(variant_of(&words(line)), variant, "{line}");
        }
    }
}
