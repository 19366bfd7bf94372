//! An engine for tests, spoken to by a client that is a script: its words are read instead of a command's.
//!
//! It must never start anything.

use std::{os::unix::fs::PermissionsExt as _, path::Path};

use tempfile::TempDir;

use crate::process::Environment;

/// A client, and a file with all that it was told.
pub(in crate::deploy) struct FakeEngine {
    folder: TempDir,
}

impl FakeEngine {
    /// Answers by these branches of a `case` over all words. `$folder` is one that is its own.
    pub(in crate::deploy) fn new(branches: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let script = format!(
            "#!/bin/sh\nfolder=${{0%/*}}\necho \"$*\" >> \"$folder/told\"\ncase \"$*\" in\n{branches}\nesac\n"
        );
        let client = folder.path().join("docker");
        fs_err::write(&client, script).unwrap();
        fs_err::set_permissions(&client, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { folder }
    }

    /// In which the client is found.
    pub(in crate::deploy) fn env(&self) -> Environment {
        let folder = self.folder.path().display();
        Environment::new([("PATH", format!("{folder}:/usr/local/bin:/usr/bin:/bin"))])
    }

    pub(in crate::deploy) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The calls after those that look for a client.
    pub(in crate::deploy) fn told(&self) -> Vec<String> {
        let told = fs_err::read_to_string(self.path().join("told")).unwrap_or_default();
        told.lines().filter(|line| *line != "buildx version").map(str::to_owned).collect()
    }
}
