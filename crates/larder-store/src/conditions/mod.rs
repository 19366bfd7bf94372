//! The conditions that a unit sets for the machine that it is restored on, beyond its dependencies.
//!
//! cargo knows nothing of these: a unit whose conditions do not hold would count as fresh, and fail later or do something
//! else. [`bound`] finds units that use a path of the machine that compiled them, [`system`] what build scripts found on
//! it with its [`compiler`], [`files`] the files of it that cargo looks at, and [`objects`] those that are linked
//! elsewhere. [`notes`] are those of rustc.

mod bitcode;
pub mod bound;
pub mod compiler;
pub mod files;
pub mod notes;
pub mod objects;
pub mod system;
mod written;

use serde::{Deserialize, Serialize};

use crate::moved::{CompilePlace, real};

/// The conditions of a unit. They must hold; an empty one always does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct Conditions {
    /// Folders whose paths the unit uses: they must be the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub bound: Vec<Bound>,
    /// Where links lead to on the way to bound folders: the unit may have that path instead.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub led: Vec<LedFolder>,
    /// Files and folders of the system that build scripts named: they must be there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Files and folders of the system that cargo looks at: their content must be the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<files::SystemFile>,
    /// Libraries of the system that build scripts found: they must be the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub libraries: Vec<system::Library>,
    /// The version of glibc that programs and objects of the unit need at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub glibc: Option<system::Glibc>,
}

/// A folder whose path a unit uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Bound {
    /// `CARGO_HOME`, in which its sources are.
    CargoHome,
    /// The build directory.
    BuildDir,
}

/// A folder that links lead to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LedFolder {
    /// The folder as cargo is told it.
    pub folder: Bound,
    /// Its path without links.
    pub to: String,
}

impl Bound {
    /// How it is called, and where it was and is.
    fn places<'p>(
        self,
        compiled_in: &'p CompilePlace,
        here: &'p CompilePlace,
    ) -> (&'static str, &'p str, &'p str) {
        match self {
            Self::CargoHome => ("CARGO_HOME", &compiled_in.cargo_home, &here.cargo_home),
            Self::BuildDir => ("the build directory", &compiled_in.build_dir, &here.build_dir),
        }
    }
}

impl Conditions {
    /// Whether the unit uses the path of a folder that is another one here.
    pub fn is_bound_elsewhere(&self, compiled_in: &CompilePlace, here: &CompilePlace) -> bool {
        let mut places = self.bound.iter().map(|bound| bound.places(compiled_in, here));
        places.any(|(_, then, now)| then != now)
    }

    /// The first condition that does not hold, in words.
    pub fn broken(
        &self,
        compiled_in: &CompilePlace,
        here: &CompilePlace,
        system: &system::System<'_>,
    ) -> Option<String> {
        for bound in &self.bound {
            let (name, then, now) = bound.places(compiled_in, here);
            if then != now {
                return Some(format!("it uses the path of {name}, which was {then}"));
            }
        }
        for LedFolder { folder, to } in &self.led {
            let (name, _, now) = folder.places(compiled_in, here);
            if real(now) != *to {
                return Some(format!("it uses the path of {name}, which links led to {to}"));
            }
        }
        if let Some(path) = self.paths.iter().find(|path| !std::path::Path::new(path).exists()) {
            return Some(format!("{path} is not there"));
        }
        if let Some(file) = self.files.iter().find(|file| !file.is_here(system)) {
            return Some(format!("the system's {} is another one", file.path));
        }
        if let Some(reason) = self.libraries.iter().find_map(|library| system.lacks(library)) {
            return Some(reason);
        }
        let glibc = self.glibc.filter(|needed| system.glibc().is_none_or(|found| found < *needed));
        glibc.map(|needed| format!("it needs glibc {needed}"))
    }
}

#[cfg(test)]
mod tests {
    use larder::process::Environment;

    use super::*;
    use crate::digest::Digest;

    fn led(to: &str) -> Vec<LedFolder> {
        vec![LedFolder { folder: Bound::BuildDir, to: to.to_owned() }]
    }

    #[test]
    fn each_condition_is_looked_at() {
        let env = Environment::default();
        let system = system::System::new("/", &env);
        let there =
            CompilePlace { build_dir: "/there/target".to_owned(), cargo_home: "/there/cargo".to_owned() };
        let here =
            CompilePlace { build_dir: "/here/target".to_owned(), cargo_home: "/here/cargo".to_owned() };
        let (digest, folder) = (Digest::hash(b""), Some("/not/there".to_owned()));
        let library = system::Library { name: "of-nobody".to_owned(), folder, digest };
        let file = files::SystemFile { path: "/not/there".to_owned(), digest };
        let cases = [
            (Conditions::default(), None),
            (
                Conditions { bound: vec![Bound::CargoHome], ..Conditions::default() },
                Some("it uses the path of CARGO_HOME, which was /there/cargo"),
            ),
            (
                Conditions { bound: vec![Bound::BuildDir], ..Conditions::default() },
                Some("it uses the path of the build directory, which was /there/target"),
            ),
            (
                Conditions { led: led("/there/real"), ..Conditions::default() },
                Some("it uses the path of the build directory, which links led to /there/real"),
            ),
            (Conditions { led: led("/here/target"), ..Conditions::default() }, None),
            (Conditions { paths: vec!["/".to_owned()], ..Conditions::default() }, None),
            (
                Conditions { paths: vec!["/not/there".to_owned()], ..Conditions::default() },
                Some("/not/there is not there"),
            ),
            (
                Conditions { files: vec![file], ..Conditions::default() },
                Some("the system's /not/there is another one"),
            ),
            (
                Conditions { libraries: vec![library], ..Conditions::default() },
                Some("the system's library of-nobody is another one"),
            ),
            (
                Conditions { glibc: system::Glibc::parse("99.1"), ..Conditions::default() },
                Some("it needs glibc 99.1"),
            ),
        ];
        for (conditions, expected) in cases {
            let json = serde_json::to_string(&conditions).unwrap();
            assert_eq!(serde_json::from_str::<Conditions>(&json).unwrap(), conditions);
            assert_eq!(conditions.broken(&there, &here, &system).as_deref(), expected, "{json}");
            if !conditions.bound.is_empty() {
                assert_eq!(conditions.broken(&there, &there, &system), None, "{json}");
            }
        }
    }
}
