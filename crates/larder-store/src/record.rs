//! The store's record of a unit: its files by their digests, what it was compiled with, and what it asks of a machine.
//!
//! A record is a value: its id is the digest of its bytes, so it never changes. It holds no file's content.

use std::path::Path;

use larder::target_dir;
use serde::{Deserialize, Serialize};

use crate::{
    Error, Result,
    conditions::Conditions,
    digest::Digest,
    inside::{self, Inside},
    moved::CompilePlace,
};

/// The format of records.
pub const VERSION: u32 = 1;
/// The largest record that is read, in bytes.
pub const LARGEST: usize = 16 << 20;
/// The most files that a unit has.
const MOST_FILES: usize = 1_000_000;

/// A unit that was compiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Record {
    /// [`VERSION`].
    pub version: u32,
    /// The package's name, as its folders have it.
    pub package: String,
    /// The target's name.
    pub target: String,
    /// The file in which cargo looks for the hash of the unit's fingerprint, below the build directory.
    pub fingerprint: Inside,
    /// cargo's hash of the fingerprint in the place of compilation.
    pub fingerprint_hash: u64,
    /// The root source file below `CARGO_HOME`; runs of build scripts have none.
    pub source: Option<Inside>,
    /// `CARGO_HOME` during the compilation.
    pub cargo_home: String,
    /// The build directory during the compilation.
    pub build_dir: String,
    /// The dependencies that it was compiled with.
    pub dependencies: Vec<RecordedDependency>,
    /// The files, by path.
    pub files: Vec<File>,
    /// Folders that a build script made, which may be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub folders: Vec<Inside>,
    /// [`Record::outputs`] of its files, with paths of the machine counted as one.
    pub outputs: Digest,
    /// The conditions that a machine must meet.
    pub conditions: Conditions,
}

/// A unit that another one was compiled with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedDependency {
    /// Its [`Record::fingerprint`].
    pub fingerprint: Inside,
    /// Its [`Record::outputs`].
    pub outputs: Digest,
}

/// A file of a unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Below the build directory.
    pub path: Inside,
    /// Of its content.
    pub digest: Digest,
    /// Its length in bytes.
    pub size: u64,
    /// Whether it can be run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub runs: bool,
    /// Its purpose.
    pub role: Role,
}

/// The purpose of a unit's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// An output that dependents are compiled with.
    Output,
    /// The output of a build script: dependents are compiled by it, and paths of the machine are in it.
    Printed,
    /// cargo's records, which name paths of the machine and reach no dependent.
    Noted,
    /// The fingerprint's hash.
    Hash,
    /// The fingerprint as JSON.
    Fingerprint,
    /// Everything else.
    Other,
}

impl Record {
    /// The bytes and their digest, which is the record's id.
    ///
    /// # Panics
    /// Never: a record is plain data.
    pub fn to_bytes(&self) -> (Vec<u8>, Digest) {
        let bytes = serde_json::to_vec(self).expect("a record is plain data");
        let id = Digest::hash(&bytes);
        (bytes, id)
    }

    /// Reads a record that somebody else may have written.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > LARGEST {
            return Err(bad_record(format!("it has {} bytes", bytes.len())));
        }
        let record: Self = serde_json::from_slice(bytes).map_err(bad_record)?;
        record.check().map_err(bad_record)?;
        Ok(record)
    }

    /// Whether it can be read back: a build script may write what no record can name.
    pub(crate) fn is_readable(&self) -> bool {
        Self::parse(&self.to_bytes().0).is_ok()
    }

    fn check(&self) -> Result<(), String> {
        if self.version != VERSION {
            return Err(format!("its version is {}, and this Larder knows {VERSION}", self.version));
        }
        if self.files.len() > MOST_FILES || !inside::is_a_tree(self.files.iter().map(|file| &file.path)) {
            return Err("its files do not fit into one folder".to_owned());
        }
        if self.folders.len() > MOST_FILES {
            return Err("it has too many folders".to_owned());
        }
        let Some(profile) = self.profile() else {
            return Err("its fingerprint is in no folder of a profile".to_owned());
        };
        let mut paths = self.files.iter().map(|file| &file.path).chain(&self.folders);
        if let Some(path) = paths.find(|path| !path.is_below(profile)) {
            return Err(format!("{path} is not in the folder of its profile"));
        }
        let hashes: Vec<_> = self.files_with(Role::Hash).collect();
        if hashes.len() != 1 || hashes[0].path != self.fingerprint {
            return Err("it does not have one fingerprint".to_owned());
        }
        let json = format!("{}.json", self.fingerprint);
        if !self.files_with(Role::Fingerprint).map(|file| file.path.as_str()).eq([json.as_str()]) {
            return Err("its fingerprint lacks its JSON".to_owned());
        }
        Ok(())
    }

    fn files_with(&self, role: Role) -> impl Iterator<Item = &File> {
        self.files.iter().filter(move |file| file.role == role)
    }

    /// The folder of its profile: `debug` of `debug/.fingerprint/…` and of `debug/build/…`.
    pub fn profile(&self) -> Option<&str> {
        target_dir::profile_in(self.fingerprint.as_str())
    }

    /// Whether it is a build script, not a run of one.
    pub fn is_build_script(&self) -> bool {
        self.fingerprint.name().starts_with("build-script-")
    }

    /// The folder that a run of a build script writes into: beside what it printed, or beside the folder of that, by
    /// cargo's layout.
    pub fn written(&self) -> Option<&Inside> {
        let printed = self.files_with(Role::Printed).next()?;
        let beside = Path::new(printed.path.folder());
        self.folders.iter().find(|folder| {
            let above = Path::new(folder.folder());
            folder.name() == "out" && (above == beside || beside.parent() == Some(above))
        })
    }

    /// The place of compilation.
    pub fn compiled_in(&self) -> CompilePlace {
        CompilePlace { build_dir: self.build_dir.clone(), cargo_home: self.cargo_home.clone() }
    }

    /// The file of a role that one file has.
    ///
    /// # Errors
    /// If there is none, which [`parse`](Self::parse) refuses for a fingerprint and its hash.
    pub fn file(&self, role: Role) -> Result<&File> {
        self.files_with(role).next().ok_or_else(|| bad_record("it has no fingerprint"))
    }

    /// Whether the other one is among the units that it was compiled with.
    pub(crate) fn stands_on(&self, other: &Self) -> bool {
        self.dependencies.iter().any(|dependency| dependency.fingerprint == other.fingerprint)
    }

    /// How many bytes its files have.
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// One line that tells units apart.
    pub fn describe(&self) -> String {
        format!("{} {} ({})", self.package, self.target, self.profile().unwrap_or_default())
    }

    /// The digest over what dependents are compiled with: paths and digests of the files, in order.
    pub fn outputs_of<'a>(files: impl Iterator<Item = (&'a Inside, Digest)>) -> Digest {
        let mut lines: Vec<String> = files.map(|(path, digest)| format!("{digest} {path}")).collect();
        lines.sort();
        Digest::of_texts("larder store outputs 1", lines)
    }
}

fn bad_record(reason: impl std::fmt::Display) -> Error {
    Error::bad("a record of the store", reason)
}

/// The units of a recipe, as one list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct RecipeSnapshot {
    /// [`VERSION`].
    pub version: u32,
    /// Ids of records, dependencies before dependents.
    pub records: Vec<Digest>,
}

impl RecipeSnapshot {
    /// Whether it is a list that another version of Larder wrote.
    pub(crate) fn is_of_another_version(bytes: &[u8]) -> bool {
        #[derive(Deserialize)]
        struct Versioned {
            version: u32,
        }
        serde_json::from_slice(bytes).is_ok_and(|Versioned { version }| version != VERSION)
    }

    /// Reads one that somebody else may have written.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        if bytes.len() > LARGEST {
            return Err(bad_snapshot(format!("it has {} bytes", bytes.len())));
        }
        let snapshot: Self = serde_json::from_slice(bytes).map_err(bad_snapshot)?;
        match snapshot.version {
            VERSION => Ok(snapshot),
            other => Err(bad_snapshot(format!("its version is {other}, and this Larder knows {VERSION}"))),
        }
    }
}

fn bad_snapshot(reason: impl std::fmt::Display) -> Error {
    Error::bad("a snapshot of the store", reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(change: impl Fn(&mut serde_json::Value)) -> Vec<u8> {
        let mut record = serde_json::json!({
            "version": VERSION, "package": "a", "target": "a", "fingerprint": "debug/.fingerprint/a-1/lib-a",
            "fingerprint-hash": 1, "source": null, "cargo-home": "", "build-dir": "", "dependencies": [],
            "files": [
                file("debug/.fingerprint/a-1/lib-a", "hash"),
                file("debug/.fingerprint/a-1/lib-a.json", "fingerprint"),
                file("debug/deps/liba-1.rlib", "output"),
            ],
            "outputs": Digest::hash(b""), "conditions": {},
        });
        change(&mut record);
        serde_json::to_vec(&record).unwrap()
    }

    fn file(path: &str, role: &str) -> serde_json::Value {
        serde_json::json!({ "path": path, "digest": Digest::hash(b""), "size": 0, "role": role })
    }

    #[test]
    fn a_record_names_files_of_its_own_profile_alone() {
        assert!(Record::parse(&json(|_| ())).is_ok());
        let paths = [
            "release/server",
            "CACHEDIR.TAG",
            "../x",
            "/etc/passwd",
            "debug",
            "debugger/x",
            "debug/deps/liba-1.rlib/x",
            "debug/.fingerprint/a-1/lib-a",
            "DEBUG/deps/x",
        ];
        for path in paths {
            let hostile = json(|record| {
                record["files"].as_array_mut().unwrap().push(file(path, "output"));
            });
            assert!(Record::parse(&hostile).is_err(), "{path}");
        }
        assert!(Record::parse(&json(|record| record["folders"] = serde_json::json!(["release/x"]))).is_err());
        assert!(Record::parse(&json(|record| record["fingerprint"] = "lib-a".into())).is_err());
        assert!(Record::parse(&json(|record| record["version"] = 2.into())).is_err());
        assert!(
            Record::parse(&json(|record| drop(record["files"].as_array_mut().unwrap().remove(1)))).is_err()
        );
    }
}
