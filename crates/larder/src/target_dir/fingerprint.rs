//! The records that cargo keeps of a unit beside its artifacts: the fingerprint, its hash, and the files that the unit
//! was made from. Read leniently: unknown fields are ignored, missing ones are empty.

use std::{
    hash::{Hash, Hasher},
    path::PathBuf,
};

use rustc_stable_hash::StableSipHasher128;
use serde::{Deserialize, Serialize};

/// The inputs of a unit, as far as cargo records them. The numbers are cargo's own hashes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default)]
pub struct Fingerprint {
    /// Hash of the whole answer of `rustc -vV`.
    pub rustc: u64,
    /// The features, as cargo prints a list of them.
    pub features: String,
    /// The features that the package declares.
    pub declared_features: String,
    /// Hash of the target's description in the manifest; 0 for a run of a build script.
    pub target: u64,
    /// Hash of profile, mode and extra arguments; 0 for a run of a build script.
    pub profile: u64,
    /// Hash of the path of the root source file: absolute for external packages, relative to the workspace for
    /// its members; 0 for a run of a build script.
    pub path: u64,
    /// Units that this one depends on.
    pub deps: Vec<HashedDependency>,
    /// The inputs that are looked at on disk and in the environment.
    pub local: Vec<Local>,
    /// `RUSTFLAGS`, or `RUSTDOCFLAGS` for documentation.
    pub rustflags: Vec<String>,
    /// Hash of settings that change how things are compiled.
    pub config: u64,
    /// Hash of the target triple if it is a file.
    pub compile_kind: u64,
}

/// A dependency as a fingerprint names it: `(package id hash, name, public, fingerprint hash)`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub struct HashedDependency(
    /// Hash of the package id.
    pub u64,
    /// The name it is used by.
    pub String,
    /// Whether it is a public dependency.
    pub bool,
    /// Hash of its fingerprint at the time.
    pub u64,
);

/// One thing that cargo looks at to tell whether a unit is fresh. The order of variants is cargo's, whose hash counts
/// them.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Deserialize, Serialize)]
pub enum Local {
    /// Text that is compared: of documentation, and of build scripts that say nothing.
    Precalculated(String),
    /// Files and variables listed in a dep-info file, which is relative to the folder of the profile folder.
    CheckDepInfo {
        /// The dep-info file.
        dep_info: PathBuf,
        /// Whether files are compared by their content.
        #[serde(default)]
        checksum: bool,
    },
    /// Files that a build script named.
    RerunIfChanged {
        /// The script's output; its age is what files are compared with.
        output: PathBuf,
        /// The files, relative to the package.
        paths: Vec<PathBuf>,
    },
    /// A variable that a build script named.
    RerunIfEnvChanged {
        /// Its name.
        var: String,
        /// Its value at the time.
        val: Option<String>,
    },
    /// Something that this version does not know.
    #[serde(untagged)]
    Other(Unknown),
}

/// A value of a kind that this version does not know.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(transparent)]
pub struct Unknown(serde_json::Value);

impl Hash for Unknown {
    /// Nothing is known of how cargo hashes it; the result differs from cargo's whatever is done here.
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_string().hash(state);
    }
}

impl Fingerprint {
    /// The dependencies by the name they are used under, with the hash of each one's whole fingerprint.
    pub fn dependencies(&self) -> impl Iterator<Item = (&str, u64)> {
        self.deps.iter().map(|HashedDependency(_, name, _, whole)| (name.as_str(), *whole))
    }

    /// Reads the JSON; `None` if it is none, as after an interrupted build.
    pub fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// cargo's hash of it, as its `util/hasher.rs` and the `Hash` of its `Fingerprint` make it since 1.85. It may be made
    /// otherwise one day: who relies on it compares it with what cargo wrote first.
    pub fn cargo_hash(&self) -> u64 {
        cargo_hash(self)
    }
}

impl Hash for Fingerprint {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        (
            self.rustc,
            &self.features,
            &self.declared_features,
            self.target,
            self.path,
            self.profile,
            self.local.as_slice(),
            self.config,
            self.compile_kind,
            &self.rustflags,
        )
            .hash(hasher);
        hasher.write_usize(self.deps.len());
        self.deps.iter().for_each(|dependency| dependency.hash(hasher));
    }
}

/// cargo's hash of anything, such as the path of a source file or a compiler's `-vV`.
pub fn cargo_hash(of: impl Hash) -> u64 {
    let mut hasher = StableSipHasher128::new();
    of.hash(&mut hasher);
    Hasher::finish(&hasher)
}

/// A number in the form in which cargo writes a fingerprint's hash down.
pub fn hash_text(hash: u64) -> String {
    format!("{:016x}", hash.swap_bytes())
}

/// The number in a file that holds a fingerprint's hash: hexadecimal, the lowest byte first.
pub fn hash(text: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let number = u64::from_str_radix(text, 16).ok()?;
    (text.len() == 16).then(|| number.swap_bytes())
}

/// cargo's copy of a compiler's dep-info: the files and variables that a unit was made from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DepInfo {
    /// The files.
    pub files: Vec<Input>,
    /// Variables with the value at the time; `None` if one was not set.
    pub env: Vec<(String, Option<String>)>,
}

/// A file that a unit was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// Relative to the package. cargo records these for path packages only.
    InPackage(PathBuf),
    /// Relative to the folder that profile folders are in, or absolute.
    Elsewhere(PathBuf),
}

impl DepInfo {
    /// Reads the encoded form; `None` if it is of another version.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let mut reader = DepInfoReader(bytes);
        let files = (0..reader.begin()?).map(|_| reader.input()).collect::<Option<_>>()?;
        let env = (0..reader.number()?).map(|_| reader.variable()).collect::<Option<_>>()?;
        Some(Self { files, env })
    }

    /// The encoded form with the files in other places, all else to the byte; `None` if it is of another
    /// version. Variables stay, since the unit was compiled with their values.
    pub fn with_files(bytes: &[u8], place: impl Fn(&[u8]) -> Vec<u8>) -> Option<Vec<u8>> {
        Self::parse(bytes)?;
        let mut reader = DepInfoReader(bytes);
        let count = reader.begin()?;
        let mut new = bytes[..bytes.len() - reader.0.len()].to_vec();
        for _ in 0..count {
            new.push(reader.byte()?);
            let path = place(reader.bytes()?);
            new.extend(u32::try_from(path.len()).ok()?.to_le_bytes());
            new.extend(path);
            let rest = reader.0;
            reader.checksum()?;
            new.extend(&rest[..rest.len() - reader.0.len()]);
        }
        new.extend(reader.0);
        Some(new)
    }

    /// Whether the unit is of a path package.
    pub fn is_local(&self) -> bool {
        self.files.iter().any(|file| matches!(file, Input::InPackage(_)))
    }
}

struct DepInfoReader<'a>(&'a [u8]);

impl<'a> DepInfoReader<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn byte(&mut self) -> Option<u8> {
        self.take(1).map(|bytes| bytes[0])
    }

    fn number(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    /// Reads the part before the files, and gives their number.
    fn begin(&mut self) -> Option<u32> {
        // One file of an impossible kind keeps cargo before 1.86 from reading on; then comes the version.
        let (_, impossible, version) = (self.number()?, self.byte()?, self.byte()?);
        if (impossible, version) == (u8::MAX, 1) { self.number() } else { None }
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        self.take(length)
    }

    fn text(&mut self) -> Option<String> {
        self.bytes().map(|bytes| String::from_utf8_lossy(bytes).into_owned())
    }

    /// A file's size in eight bytes, then text, if there is any of it.
    fn checksum(&mut self) -> Option<()> {
        if self.byte()? != 0 {
            self.take(8)?;
            self.bytes()?;
        }
        Some(())
    }

    fn input(&mut self) -> Option<Input> {
        let kind = self.byte()?;
        let path = PathBuf::from(self.text()?);
        self.checksum()?;
        match kind {
            0 => Some(Input::InPackage(path)),
            1 => Some(Input::Elsewhere(path)),
            _ => None,
        }
    }

    fn variable(&mut self) -> Option<(String, Option<String>)> {
        let name = self.text()?;
        let value = if self.byte()? == 0 { None } else { Some(self.text()?) };
        Some((name, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_little_endian() {
        assert_eq!(hash(b"d89ee7a6bbd80d4b"), Some(0x4b0d_d8bb_a6e7_9ed8));
        assert_eq!(hash(b"stale"), None);
    }

    #[test]
    fn dep_info_of_a_path_package_names_its_sources() {
        let mut bytes = vec![1, 0, 0, 0, 255, 1, 1, 0, 0, 0, 0, 6, 0, 0, 0];
        bytes.extend(b"lib.rs");
        bytes.extend([0, 1, 0, 0, 0, 1, 0, 0, 0, b'A', 1, 1, 0, 0, 0, b'b']);
        let info = DepInfo::parse(&bytes).unwrap();
        assert_eq!(info.files, [Input::InPackage("lib.rs".into())]);
        assert_eq!(info.env, [("A".to_owned(), Some("b".to_owned()))]);
        assert!(info.is_local());
        // Cut off anywhere, it is no dep-info.
        assert!((0..bytes.len()).all(|end| DepInfo::parse(&bytes[..end]).is_none()));
    }

    #[test]
    fn files_of_dep_info_move_whatever_the_length_of_their_paths() {
        // A file beside the package with a checksum, one in it, and a variable.
        let mut bytes = vec![1, 0, 0, 0, 255, 1, 2, 0, 0, 0, 1, 4, 0, 0, 0];
        bytes.extend(b"/h/a");
        bytes.extend([1, 9, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0]);
        bytes.extend(b"/h/c");
        bytes.extend([0, 4, 0, 0, 0]);
        bytes.extend(b"b.rs");
        bytes.extend([0, 1, 0, 0, 0, 1, 0, 0, 0, b'A', 1, 2, 0, 0, 0]);
        bytes.extend(b"/h");
        assert_eq!(DepInfo::with_files(&bytes, <[u8]>::to_vec).as_ref(), Some(&bytes));
        let moved = DepInfo::with_files(&bytes, longer).unwrap();
        let info = DepInfo::parse(&moved).unwrap();
        assert_eq!(info.files, [Input::Elsewhere("/a/long/home/a".into()), Input::InPackage("b.rs".into())]);
        assert_eq!(info.env, [("A".to_owned(), Some("/h".to_owned()))]);
        assert_eq!(moved.len(), bytes.len() + "/a/long/home".len() - "/h".len());
        assert!((0..bytes.len()).all(|end| DepInfo::with_files(&bytes[..end], longer).is_none()));
    }

    fn longer(path: &[u8]) -> Vec<u8> {
        path.strip_prefix(b"/h")
            .map_or_else(|| path.to_vec(), |rest| [b"/a/long/home".as_slice(), rest].concat())
    }

    /// As cargo 1.95 wrote them down of `serde_core`.
    #[test]
    fn cargos_hash_is_reproduced() {
        let json = br#"{"rustc":7458672600737419911,"features":"[\"alloc\", \"default\", \"result\", \"std\"]","declared_features":"[\"alloc\", \"default\", \"rc\", \"result\", \"std\", \"unstable\"]","target":6810695588070812737,"profile":8378823585564974145,"path":14498267722440875556,"deps":[[11029742160753049355,"build_script_build",false,7704008889599387145]],"local":[{"CheckDepInfo":{"dep_info":"debug/.fingerprint/serde_core-6458a9dce100b5e9/dep-lib-serde_core","checksum":false}}],"rustflags":[],"config":8247474407144887393,"compile_kind":0}"#;
        let fingerprint = Fingerprint::parse(json).unwrap();
        assert_eq!(hash_text(fingerprint.cargo_hash()), "297fe7b87469f65e");
        let again = Fingerprint::parse(&serde_json::to_vec(&fingerprint).unwrap()).unwrap();
        assert_eq!(again, fingerprint);
    }

    #[test]
    fn unknown_fields_are_ignored() {
        let json = br#"{"rustc":1,"new":{},"deps":[[2,"a",false,3]],"local":[{"CheckDepInfo":{"dep_info":"d/x","checksum":false}},{"New":1}]}"#;
        let fingerprint = Fingerprint::parse(json).unwrap();
        assert_eq!(fingerprint.deps, [HashedDependency(2, "a".into(), false, 3)]);
        assert_eq!(fingerprint.local[0], Local::CheckDepInfo { dep_info: "d/x".into(), checksum: false });
        assert!(matches!(fingerprint.local[1], Local::Other(_)));
    }
}
