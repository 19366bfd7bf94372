//! Reasons why a unit is compiled, each with the old and the new value, and the one place that puts them in words.
//!
//! Values of variables that look like secrets are left out here, before anything is shown or written.

use serde::{Deserialize, Serialize};

use crate::secret::{HIDDEN, is_secret, without_values};

/// Why a unit is compiled that nothing below it asks for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Reason {
    /// There is nothing in the folder of this platform and profile.
    NothingBuilt {
        /// The folder, below the target directory.
        folder: String,
    },
    /// Another version of the package is locked.
    Version {
        /// The package.
        package: String,
        /// The version that was built.
        old: String,
        /// The version that is locked now.
        new: String,
        /// Its line in `Cargo.lock`.
        line: Option<usize>,
    },
    /// The package comes from elsewhere, or its version or name changed.
    Source {
        /// The package, as cargo names it now.
        package: String,
    },
    /// The package was never built here.
    New {
        /// The package.
        package: String,
        /// Its line in `Cargo.lock`, for one from a registry or from git.
        line: Option<usize>,
    },
    /// The package was built here, but nothing of this kind.
    NewTarget {
        /// The package.
        package: String,
        /// The target, as cargo names its file.
        target: String,
    },
    /// Another compiler.
    Toolchain {
        /// The version that built it, if it is known.
        old: Option<String>,
        /// The version now.
        new: Option<String>,
    },
    /// Other flags for the compiler.
    Rustflags {
        /// As built.
        old: Vec<String>,
        /// Now.
        new: Vec<String>,
    },
    /// Other settings of the profile, or other arguments for the compiler.
    Profile {
        /// The folder of the platform and profile.
        folder: String,
        /// The settings that differ, if the last build was recorded.
        settings: Vec<ChangedSetting>,
    },
    /// Other features of the package.
    Features {
        /// The package.
        package: String,
        /// On now and not before.
        added: Vec<String>,
        /// On before and not now.
        removed: Vec<String>,
    },
    /// The package declares other features.
    DeclaredFeatures {
        /// The package.
        package: String,
    },
    /// The target's own settings in the manifest: its kind, edition, path.
    TargetSettings {
        /// The package.
        package: String,
    },
    /// A linker or another setting of cargo's configuration.
    Settings,
    /// The target's specification.
    Platform,
    /// Other dependencies than before.
    Dependencies {
        /// The package.
        package: String,
        /// Names that are new.
        added: Vec<String>,
        /// Names that are gone.
        removed: Vec<String>,
    },
    /// Files are newer than the last build.
    Files {
        /// The files, sorted.
        paths: Vec<String>,
    },
    /// A file's time lies in the future, so that it stays newer than every build.
    FutureFile {
        /// The file.
        path: String,
    },
    /// A file that the last build read is gone.
    MissingFile {
        /// The file.
        path: String,
    },
    /// The output of the unit is not there.
    MissingOutput {
        /// The file, if it is known.
        path: Option<String>,
    },
    /// A variable has another value.
    Variable {
        /// Its name.
        name: String,
        /// As built.
        old: Option<String>,
        /// Now.
        new: Option<String>,
    },
    /// The build script asks for other files or variables than before.
    Watched {
        /// The package.
        package: String,
    },
    /// A dependency was compiled again by another build.
    Rebuilt {
        /// The dependency.
        dependency: String,
    },
    /// The last compilation did not finish.
    Unfinished {
        /// The package.
        package: String,
    },
    /// In cargo's own words.
    Other {
        /// The words.
        text: String,
    },
}

/// A setting with its values.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChangedSetting {
    /// Its name.
    pub name: String,
    /// As built.
    pub old: Option<String>,
    /// Now.
    pub new: Option<String>,
}

impl Reason {
    /// A variable's reason, without values that nobody else may see.
    pub(super) fn variable(name: String, old: Option<String>, new: Option<String>) -> Self {
        let hidden =
            is_secret(&name, "") || [&old, &new].into_iter().flatten().any(|value| is_secret("", value));
        let [old, new] =
            [old, new].map(|value| if hidden { value.map(|_| HIDDEN.to_owned()) } else { value });
        Self::Variable { name, old, new }
    }

    /// Other flags for the compiler, without values in them that nobody else may see.
    pub(super) fn rustflags(old: &[String], new: &[String]) -> Self {
        Self::Rustflags { old: without_values(old), new: without_values(new) }
    }

    /// The reason in words, as the first part of a sentence.
    pub fn words(&self) -> String {
        match self {
            Self::NothingBuilt { folder } => format!("nothing is built in {folder} yet"),
            Self::Version { package, old, new, line } => {
                format!("{package} {old} became {new}{}", at_line(*line))
            }
            Self::Source { package } => {
                format!("{package} has another source, version or folder than before")
            }
            Self::New { package, line } => format!("{package} was never built here{}", at_line(*line)),
            Self::NewTarget { package, target } => format!("{target} of {package} was never built here"),
            Self::Toolchain { old: Some(old), new: Some(new) } if old != new => {
                format!("the compiler changed from {old} to {new}")
            }
            Self::Toolchain { new: Some(new), .. } => format!("the compiler changed to {new}"),
            Self::Toolchain { .. } => "the compiler changed".into(),
            Self::Rustflags { old, new } => {
                format!("RUSTFLAGS changed from {} to {}", list(old), list(new))
            }
            Self::Profile { folder, settings } => profile(folder, settings),
            Self::Features { package, added, removed } => {
                format!("features of {package} changed: {}", difference(added, removed))
            }
            Self::DeclaredFeatures { package } => format!("{package} declares other features"),
            Self::TargetSettings { package } => {
                format!("a target of {package} has other settings in Cargo.toml (kind, edition, path)")
            }
            Self::Settings => "cargo's configuration changed (linker or a like setting)".into(),
            Self::Platform => "the target's specification changed".into(),
            Self::Dependencies { package, added, removed } => {
                format!("dependencies of {package} changed: {}", difference(added, removed))
            }
            Self::Files { paths } => match paths.as_slice() {
                [path] => format!("{path} is newer than the last build"),
                [one, other] => format!("{one} and {other} are newer than the last build"),
                [first, more @ ..] => {
                    format!("{first} and {} more files are newer than the last build", more.len())
                }
                [] => "a file is newer than the last build".into(),
            },
            Self::FutureFile { path } => {
                format!("{path} has a time in the future and counts as changed until then; `touch` it")
            }
            Self::MissingFile { path } => format!("{path} is gone"),
            Self::MissingOutput { path: Some(path) } => format!("the output {path} is gone"),
            Self::MissingOutput { path: None } => "an output is gone".into(),
            Self::Variable { name, old, new } => {
                format!(
                    "variable {name} changed from {} to {}",
                    optional(old.as_ref()),
                    optional(new.as_ref())
                )
            }
            Self::Watched { package } => {
                format!("the build script of {package} asks for other files or variables than before")
            }
            Self::Rebuilt { dependency } => format!("{dependency} was compiled again by another build"),
            Self::Unfinished { package } => format!("the last compilation of {package} did not finish"),
            Self::Other { text } => format!("cargo says: {text}"),
        }
    }
}

fn at_line(line: Option<usize>) -> String {
    line.map_or_else(String::new, |line| format!(" (Cargo.lock line {line})"))
}

fn profile(folder: &str, settings: &[ChangedSetting]) -> String {
    if settings.is_empty() {
        return format!("settings of the profile in {folder} changed");
    }
    let each = settings.iter().map(|setting| {
        let (old, new) = (optional(setting.old.as_ref()), optional(setting.new.as_ref()));
        format!("{} from {old} to {new}", setting.name)
    });
    format!("the profile in {folder} changed: {}", each.collect::<Vec<_>>().join(", "))
}

fn difference(added: &[String], removed: &[String]) -> String {
    let signed = added.iter().map(|name| format!("+{name}"));
    let all: Vec<String> = signed.chain(removed.iter().map(|name| format!("-{name}"))).collect();
    all.join(" ")
}

fn list(values: &[String]) -> String {
    if values.is_empty() { "nothing".into() } else { format!("`{}`", shortened(&values.join(" "))) }
}

fn optional(value: Option<&String>) -> String {
    value.map_or_else(|| "unset".into(), |value| format!("`{}`", shortened(value)))
}

/// A value on one line, its middle left out if it is long.
fn shortened(value: &str) -> String {
    const LONGEST: usize = 60;
    let line: String = value.chars().map(|char| if char.is_control() { ' ' } else { char }).collect();
    if line.chars().count() <= LONGEST {
        return line;
    }
    let chars: Vec<char> = line.chars().collect();
    let half = LONGEST / 2;
    let (start, end) = (&chars[..half], &chars[chars.len() - half..]);
    format!("{}…{}", start.iter().collect::<String>(), end.iter().collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_not_shown() {
        for (name, value, words) in [
            ("API_TOKEN", "abc", "variable API_TOKEN changed from unset to `(hidden)`"),
            (
                "DATABASE_URL",
                "postgres://me:pw@host/db",
                "variable DATABASE_URL changed from unset to `(hidden)`",
            ),
            (
                "REPLICAS",
                "postgres://host/db,postgres://me:pw@host/db",
                "variable REPLICAS changed from unset to `(hidden)`",
            ),
            ("SITE", "https://host/@x", "variable SITE changed from unset to `https://host/@x`"),
        ] {
            assert_eq!(Reason::variable(name.into(), None, Some(value.into())).words(), words);
        }
    }

    #[test]
    fn secrets_in_flags_are_not_shown() {
        let old = ["--cfg", "token=\"canary\"", "-Clink-arg=https://me:canary@x/", "-g"].map(str::to_owned);
        let new = ["--cfg=token=\"canary\"", "-Clink-arg=me:canary@proxy:1"].map(str::to_owned);
        assert_eq!(
            Reason::rustflags(&old, &new).words(),
            "RUSTFLAGS changed from `--cfg token=(hidden) -Clink-arg=(hidden) -g` to \
             `--cfg=token=(hidden) -Clink-arg=(hidden)`"
        );
        let encoded = "-Copt-level=3\u{1f}--cfg\u{1f}token=\"canary\"".to_owned();
        let reason = Reason::variable("CARGO_ENCODED_RUSTFLAGS".into(), None, Some(encoded));
        assert_eq!(reason.words(), "variable CARGO_ENCODED_RUSTFLAGS changed from unset to `(hidden)`");
    }

    #[test]
    fn long_values_lose_their_middle() {
        assert_eq!(shortened(&"ab".repeat(40)).chars().count(), 61);
    }
}
