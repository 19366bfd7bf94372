//! The places of things in the image while it is built: the workspace, target directories, and what slices are called
//! with there. Nothing here knows a path of this machine.

use std::collections::BTreeMap;

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::{context::FOLDER, rustflags, sources::Sources};
use crate::{
    cargo::platform::Platform,
    error::Result,
    process::quoted,
    project::Project,
    slice::{Slice, TARGET_MARKER},
};

/// The workspace in the image.
#[derive(Debug, Clone)]
pub(super) struct Image {
    /// The workspace's folder: below [`FOLDER`] if something beside the workspace is read.
    pub(super) workspace: Utf8PathBuf,
    /// The target directory, relative to the workspace.
    target: Utf8PathBuf,
    /// Whether cargo has to be told of it: the configuration names a directory of one machine.
    names_target: bool,
    /// The target directories of slices that have one of their own, relative to the workspace.
    own: BTreeMap<String, Utf8PathBuf>,
    /// The assignments of flags for rustc, by the names of the slices that add some.
    rustflags: BTreeMap<String, String>,
}

impl Image {
    /// # Errors
    /// When the flags for rustc cannot be read, or have no place in an image.
    pub(super) fn new(
        project: &Project,
        sources: &Sources,
        slices: &[&Slice],
        platforms: &[Platform],
    ) -> Result<Self> {
        let workspace = &project.workspace;
        let target = workspace.committed_target_directory();
        let configured = workspace.config().get("build").and_then(|build| build.get("target-dir")?.as_str());
        let folder = Utf8Path::new(FOLDER);
        let own = slices.iter().map(|slice| (slice.name.to_string(), slice.target_dir.committed(workspace)));
        Ok(Self {
            workspace: if sources.beside.is_empty() {
                folder.to_owned()
            } else {
                folder.join(&sources.prefix)
            },
            names_target: configured.is_some_and(|configured| configured != target.as_str()),
            own: own.filter(|(_, dir)| *dir != target).collect(),
            rustflags: rustflags::assignments(project, slices, platforms)?,
            target,
        })
    }

    /// The target directory of a slice, relative to the workspace.
    pub(super) fn target_dir(&self, slice: &Slice) -> &Utf8Path {
        self.own.get(slice.name.as_str()).unwrap_or(&self.target)
    }

    /// The argument for a target directory that cargo would not take by itself.
    pub(super) fn target_dir_word(&self, slice: &Slice) -> Option<String> {
        let is_own = self.own.contains_key(slice.name.as_str());
        (is_own || self.names_target).then(|| format!("--target-dir={}", self.target_dir(slice)))
    }

    /// The variables of a slice's call, beside its [flags](Self::rustflags).
    pub(super) fn environment(&self, slice: &Slice) -> Vec<(String, String)> {
        slice.env.iter().map(|(name, value)| (name.clone(), self.filled(value))).collect()
    }

    /// The assignment of a slice's flags for rustc, as a shell takes it before a command.
    pub(super) fn rustflags(&self, slice: &str) -> Option<String> {
        self.rustflags.get(slice).cloned()
    }

    /// The variables of a slice that its recipe's own files cannot hold, being absolute paths or cargo's own settings.
    pub(super) fn absolute_environment(&self, slice: &Slice) -> Vec<(String, String)> {
        let absolute = slice
            .env
            .iter()
            .filter(|(name, value)| value.starts_with(TARGET_MARKER) || name.starts_with("CARGO_"));
        absolute.map(|(name, value)| (name.clone(), self.filled(value))).collect()
    }

    /// A value that may name the target directory.
    fn filled(&self, value: &str) -> String {
        match value.strip_prefix(TARGET_MARKER) {
            Some(rest) => format!("{}{rest}", self.workspace.join(&self.target)),
            None => value.to_owned(),
        }
    }

    /// A path that may name the target directory, relative to the workspace.
    pub(super) fn relative(&self, path: &str) -> Utf8PathBuf {
        match path.strip_prefix(TARGET_MARKER) {
            Some(rest) => self.target.join(rest.trim_start_matches('/')),
            None => path.into(),
        }
    }
}

/// A call of cargo as a shell takes it, with assignments before it.
pub(super) fn cargo_line(before: impl IntoIterator<Item = String>, args: &[String]) -> String {
    let args = args.iter().map(|arg| quoted(arg));
    before.into_iter().chain(["cargo".to_owned()]).chain(args).collect::<Vec<_>>().join(" ")
}

/// Variables as a shell takes them before a command.
pub(super) fn assignments<'a>(
    variables: impl IntoIterator<Item = &'a (String, String)>,
) -> impl Iterator<Item = String> {
    variables.into_iter().map(|(name, value)| format!("{name}={}", quoted(value)))
}
