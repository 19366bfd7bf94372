//! From what cargo logged and keeps to reasons: one unit at a time, without looking at its dependencies.

use std::{
    collections::BTreeSet,
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use super::{
    lock_lines::LockLines,
    log::{Freshness, Prepared, list_field, option_field, quoted, text_field},
    profiles::Profiles,
    reason::Reason,
    recorded::Recorded,
    skeleton::Skeleton,
};
use crate::{cargo::package_id::LoggedPackage, files::read};

/// The sources of reasons.
pub(super) struct UnitComparison<'a> {
    pub(super) skeleton: &'a Skeleton,
    pub(super) lock: &'a LockLines,
    /// Paths below it are shown relative to it.
    pub(super) root: &'a Path,
    /// Settings of profiles, of recorded builds and of this one.
    pub(super) profiles: &'a Profiles,
    /// The compiler before and now.
    pub(super) toolchain: Reason,
}

impl UnitComparison<'_> {
    /// A unit's own reasons; none if only its dependencies are to blame.
    pub(super) fn reasons(&self, unit: &Prepared, after: Option<&Recorded>) -> Vec<Reason> {
        let package = LoggedPackage::parse(&unit.package);
        let name = unit.file.strip_prefix(self.skeleton.path()).unwrap_or(&unit.file);
        let before = self.skeleton.before().get(name);
        match (&unit.verdict, after) {
            (Freshness::Fresh, _) => Vec::new(),
            (Freshness::Dirty(text), _) => {
                let reason = self.dirty(text, &package, before, after);
                self.with_all_files(reason, &package, before, name).into_iter().collect()
            }
            (Freshness::Unknown, Some(after)) => self.unknown(&package, after),
            (Freshness::Unknown, None) => vec![Reason::New { package: package.to_string(), line: None }],
        }
    }

    /// The reason that cargo gives for a unit that was built under the same hash.
    fn dirty(
        &self,
        text: &str,
        package: &LoggedPackage,
        before: Option<&Recorded>,
        after: Option<&Recorded>,
    ) -> Option<Reason> {
        let name = package.name.clone();
        let variant = text.split([' ', '(', '{']).next().unwrap_or_default();
        let reason = match variant {
            "RustcChanged" => self.toolchain.clone(),
            "FeaturesChanged" => {
                let [old, new] =
                    ["old", "new"].map(|field| features(&text_field(text, field).unwrap_or_default()));
                changed_features(name, &old, &new)
            }
            "DeclaredFeaturesChanged" => Reason::DeclaredFeatures { package: name },
            "TargetConfigurationChanged" => Reason::TargetSettings { package: name },
            "PathToSourceChanged" => Reason::Source { package: package.to_string() },
            "ProfileConfigurationChanged" => self.profile(before?, after?),
            "RustflagsChanged" => Reason::rustflags(&list_field(text, "old"), &list_field(text, "new")),
            "ConfigSettingsChanged" => Reason::Settings,
            "CompileKindChanged" => Reason::Platform,
            "EnvVarChanged" => Reason::variable(
                text_field(text, "name").unwrap_or_default(),
                option_field(text, "old_value"),
                option_field(text, "new_value"),
            ),
            "EnvVarsChanged"
            | "LocalLengthsChanged"
            | "LocalFingerprintTypeChanged"
            | "RerunIfChangedOutputPathsChanged" => Reason::Watched { package: name },
            "PrecalculatedComponentsChanged" => self.any_file(text, package),
            "NumberOfDependenciesChanged" | "UnitDependencyNameChanged" => {
                changed_dependencies(name, before, after)?
            }
            "UnitDependencyInfoChanged" => return None,
            // cargo removes the old output of a program before it compiles it.
            "FsStatusOutdated" => match self.stale(text)? {
                Reason::MissingOutput { .. } if is_unfinished(before) => Reason::Unfinished { package: name },
                reason => reason,
            },
            "NothingObvious" if is_unfinished(before) => Reason::Unfinished { package: name },
            _ => other(text),
        };
        Some(reason)
    }

    /// cargo names the first file that is newer, and none if a dependency is compiled anyway.
    fn with_all_files(
        &self,
        reason: Option<Reason>,
        package: &LoggedPackage,
        before: Option<&Recorded>,
        file: &Path,
    ) -> Option<Reason> {
        let mut paths = match &reason {
            Some(Reason::Files { paths }) => paths.clone(),
            Some(_) => return reason,
            None => Vec::new(),
        };
        if let (Some(before), Some(folder)) = (before, package.folder()) {
            let newer = before.newer_sources(self.skeleton.path(), file, &folder);
            paths.extend(newer.iter().map(|path| self.shown(&path.to_string_lossy())));
        }
        paths.sort();
        paths.dedup();
        if paths.is_empty() { reason } else { Some(Reason::Files { paths }) }
    }

    /// The problem with a unit's files.
    fn stale(&self, text: &str) -> Option<Reason> {
        let inner = text.trim_start_matches("FsStatusOutdated(").trim_start_matches("StaleItem(");
        let variant = inner.split([' ', '(', '{', ')']).next().unwrap_or_default();
        Some(match variant {
            "ChangedFile" if seconds(inner, "stale_mtime").is_some_and(is_future) => {
                Reason::FutureFile { path: self.shown_field(inner, "stale") }
            }
            "ChangedFile" => Reason::Files { paths: vec![self.shown_field(inner, "stale")] },
            "ChangedChecksum" => Reason::Files { paths: vec![self.shown_field(inner, "source")] },
            "FileSizeChanged" => Reason::Files { paths: vec![self.shown_field(inner, "path")] },
            "MissingFile" | "UnableToReadFile" | "MissingChecksum" | "FailedToReadMetadata" => {
                self.missing(&self.shown_field(inner, "path"))
            }
            "ChangedEnv" => Reason::variable(
                text_field(inner, "var").unwrap_or_default(),
                option_field(inner, "previous"),
                option_field(inner, "current"),
            ),
            "StaleDependency" | "StaleDepFingerprint" => return None,
            "Stale" => Reason::MissingOutput { path: None },
            _ => other(text),
        })
    }

    /// The path that a field of a text of cargo's holds, as users write it.
    fn shown_field(&self, text: &str, field: &str) -> String {
        self.shown(&text_field(text, field).unwrap_or_default())
    }

    /// A file below the build directory is an output, any other an input.
    fn missing(&self, path: &str) -> Reason {
        if self.root.join(path).starts_with(self.skeleton.real()) {
            Reason::MissingOutput { path: Some(path.to_owned()) }
        } else {
            Reason::MissingFile { path: path.to_owned() }
        }
    }

    /// A build script that names no files is run again when any file of its package changes; cargo keeps the
    /// newest of them in brackets.
    fn any_file(&self, text: &str, package: &LoggedPackage) -> Reason {
        let new = text_field(text, "new").unwrap_or_default();
        match new.rsplit_once('(').and_then(|(_, file)| file.strip_suffix(')')) {
            Some(file) => {
                let folder = package.folder().unwrap_or_default();
                Reason::Files { paths: vec![self.shown(&folder.join(file).to_string_lossy())] }
            }
            None => Reason::Watched { package: package.name.clone() },
        }
    }

    /// Compares a unit that was never built under its hash with the nearest one that was.
    fn unknown(&self, package: &LoggedPackage, after: &Recorded) -> Vec<Reason> {
        let Some(before) = self.skeleton.before().counterpart(after) else {
            return vec![self.never(package, after)];
        };
        let (old, new) = (&before.fingerprint, &after.fingerprint);
        let mut reasons = Vec::new();
        if old.rustc != new.rustc {
            reasons.push(self.toolchain.clone());
        }
        if old.rustflags != new.rustflags {
            reasons.push(Reason::rustflags(&old.rustflags, &new.rustflags));
        }
        if old.path != new.path {
            // All other differences come with the other version.
            reasons.push(self.moved(package, before));
            return reasons;
        }
        if old.features != new.features {
            let (old, new) = (features(&old.features), features(&new.features));
            reasons.push(changed_features(package.name.clone(), &old, &new));
        }
        if old.target != new.target {
            reasons.push(Reason::TargetSettings { package: package.name.clone() });
        }
        if old.profile != new.profile {
            reasons.push(self.profile(before, after));
        }
        // The cargo of another toolchain counts its settings in another way.
        if old.config != new.config && old.rustc == new.rustc {
            reasons.push(Reason::Settings);
        }
        if old.compile_kind != new.compile_kind {
            reasons.push(Reason::Platform);
        }
        if reasons.is_empty() {
            reasons.extend(changed_dependencies(package.name.clone(), Some(before), Some(after)));
        }
        reasons
    }

    fn profile(&self, before: &Recorded, after: &Recorded) -> Reason {
        self.profiles.changed(folder_of(Some(after)), before.fingerprint.profile, after.fingerprint.profile)
    }

    /// The version that was built is in the path of the sources that its compiler read.
    fn moved(&self, package: &LoggedPackage, before: &Recorded) -> Reason {
        let new = package.revision().unwrap_or(&package.version);
        let lists = before.place.source_lists(self.skeleton.real());
        let sources = lists.iter().find_map(|path| read::text(path).ok()).unwrap_or_default();
        let old = sources.split_whitespace().find_map(|path| version_in(Path::new(path), &package.name));
        match old.filter(|old| old != new) {
            Some(old) => Reason::Version {
                package: package.name.clone(),
                old,
                new: new.to_owned(),
                line: self.lock.line(&package.name, &package.version),
            },
            None => Reason::Source { package: package.to_string() },
        }
    }

    fn never(&self, package: &LoggedPackage, unit: &Recorded) -> Reason {
        let is_beside = |old: &&Recorded| old.place.folder == unit.place.folder;
        let mut of_folder = self.skeleton.before().iter().filter(is_beside).peekable();
        if of_folder.peek().is_none() {
            Reason::NothingBuilt { folder: folder_of(Some(unit)) }
        } else if of_folder.any(|old| old.place.package == unit.place.package) {
            Reason::NewTarget { package: package.to_string(), target: unit.place.target.clone() }
        } else {
            let line = self.lock.line(&package.name, &package.version);
            Reason::New { package: package.to_string(), line: line.filter(|_| package.folder().is_none()) }
        }
    }

    /// A path as users write it: below the workspace relative to it, and never one of the skeleton's.
    fn shown(&self, path: &str) -> String {
        let real = self.skeleton.real_path(Path::new(path));
        real.strip_prefix(self.root).unwrap_or(&real).display().to_string()
    }
}

/// The version, or for git the commit, that a source path is of.
fn version_in(path: &Path, package: &str) -> Option<String> {
    let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
    if let Some(at) = parts.iter().position(|part| *part == "checkouts") {
        return parts.get(at + 2).map(|commit| (*commit).to_owned());
    }
    parts.iter().find_map(|part| {
        let version = part.strip_prefix(package)?.strip_prefix('-')?;
        let is_version = version.splitn(3, '.').filter(|number| !number.is_empty()).count() == 3
            && version.starts_with(|char: char| char.is_ascii_digit());
        is_version.then(|| version.to_owned())
    })
}

/// A reason that this version does not know: the name alone, since a value may be a secret.
fn other(text: &str) -> Reason {
    let end = text.find(|char: char| !char.is_ascii_alphanumeric() && char != '(').unwrap_or(text.len());
    Reason::Other { text: text[..end].replace('(', " ").trim_end().to_owned() }
}

fn is_unfinished(unit: Option<&Recorded>) -> bool {
    unit.is_some_and(|unit| unit.whole.is_none())
}

fn folder_of(unit: Option<&Recorded>) -> String {
    unit.map_or_else(String::new, |unit| unit.place.folder.display().to_string())
}

/// The features in cargo's debug notation of a list.
fn features(text: &str) -> Vec<String> {
    let mut features = Vec::new();
    for part in text.trim_start_matches('[').trim_end_matches(']').split(", ") {
        features.extend(quoted(part));
    }
    features
}

fn changed_features(package: String, old: &[String], new: &[String]) -> Reason {
    let added = new.iter().filter(|name| !old.contains(name)).cloned().collect();
    let removed = old.iter().filter(|name| !new.contains(name)).cloned().collect();
    Reason::Features { package, added, removed }
}

/// `None` if both have dependencies of the same names.
fn changed_dependencies(
    package: String,
    before: Option<&Recorded>,
    after: Option<&Recorded>,
) -> Option<Reason> {
    let (old, new) = (dependency_names(before?), dependency_names(after?));
    let added: Vec<String> = new.difference(&old).cloned().collect();
    let removed: Vec<String> = old.difference(&new).cloned().collect();
    if added.is_empty() && removed.is_empty() {
        return None;
    }
    Some(Reason::Dependencies { package, added, removed })
}

fn dependency_names(unit: &Recorded) -> BTreeSet<String> {
    unit.fingerprint.dependencies().map(|(name, _)| name.to_owned()).collect()
}

fn seconds(text: &str, field: &str) -> Option<u64> {
    let value = super::log::field(text, field)?;
    let (_, rest) = value.split_once("seconds: ")?;
    rest.split(',').next()?.trim().parse().ok()
}

fn is_future(seconds: u64) -> bool {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    // A clock that is a little ahead, such as a file server's, is no mistake of anybody's.
    seconds > now.as_secs() + 60
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_in_the_path_of_the_sources() {
        let registry = Path::new("/c/registry/src/index-1/serde_json-1.0.140/src/lib.rs");
        assert_eq!(version_in(registry, "serde_json").as_deref(), Some("1.0.140"));
        let git = Path::new("/c/git/checkouts/serde-1f2/0a1b2c3/src/lib.rs");
        assert_eq!(version_in(git, "serde").as_deref(), Some("0a1b2c3"));
        assert_eq!(version_in(Path::new("/c/serde-derive/src/lib.rs"), "serde"), None);
        assert_eq!(version_in(Path::new("/t/deps/serde-0a1b2c3d.d:"), "serde"), None);
    }

    #[test]
    fn a_reason_that_is_not_known_is_named_without_values() {
        let text = "FsStatusOutdated(StaleItem(NewThing { value: \"canary\" }))";
        assert_eq!(other(text).words(), "cargo says: FsStatusOutdated StaleItem NewThing");
    }
}
