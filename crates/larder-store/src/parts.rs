//! The parts that the key of a scope is made of, by name: two scopes differ exactly if one of these does, so that
//! `store why` can say which.
//!
//! It must hold everything that [`scope`](crate::scope) puts into a key and nothing else.

use std::collections::BTreeSet;

use larder::secret;
use serde::{Deserialize, Serialize};

use crate::{
    Result,
    digest::Digest,
    local::{Key, Store},
};

/// A part of a scope's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopePart {
    /// Its name.
    pub name: ScopePartName,
    /// Its value, in lines that can be compared one by one.
    pub text: String,
}

/// The name of a part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ScopePartName {
    /// The namespace of the settings.
    Namespace,
    /// `rustc -vV`, which names the host as well.
    Compiler,
    /// The SHA-256 of the compiler's library.
    Driver,
    /// `cargo -V`.
    Cargo,
    /// The recipe's configuration of cargo, with the environment of the slice.
    Configuration,
    /// The recipe's profiles.
    Profiles,
    /// The flags of each platform, as cargo finds them.
    Flags,
    /// The linker of each platform, as cargo finds it.
    Linker,
    /// Variables of cargo's, unstable settings among them, such as the layout of the build directory.
    Variables,
    /// cargo's words.
    Words,
    /// The processor, if a flag asks for that of the machine.
    Processor,
}

impl ScopePartName {
    /// In words.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Namespace => "the namespace",
            Self::Compiler => "the compiler",
            Self::Driver => "the build of the compiler",
            Self::Cargo => "cargo",
            Self::Configuration => "cargo's configuration in the recipe",
            Self::Profiles => "the profiles",
            Self::Flags => "RUSTFLAGS",
            Self::Linker => "the linker",
            Self::Variables => "variables of cargo's",
            Self::Words => "cargo's arguments",
            Self::Processor => "the processor",
        }
    }
}

/// All parts of a scope's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Parts(pub Vec<ScopePart>);

/// A part that two scopes have differently, with the lines that only one of them has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which one.
    pub part: ScopePartName,
    /// Lines of the other scope alone.
    pub then: Vec<String>,
    /// Lines of this scope alone.
    pub now: Vec<String>,
}

impl Parts {
    /// The key.
    pub fn key(&self) -> Key {
        let texts = self.0.iter().flat_map(|part| [format!("{:?}", part.name), part.text.clone()]);
        Digest::of_texts("larder store scope 3", texts)
    }

    /// The value of a part; empty if there is none.
    pub fn text(&self, name: ScopePartName) -> &str {
        self.0.iter().find(|part| part.name == name).map_or("", |part| &part.text)
    }

    /// Whether flags of somebody's shell or configuration look like a secret: cargo's own records have them, too.
    pub fn hold_secret(&self) -> bool {
        [ScopePartName::Flags, ScopePartName::Variables]
            .iter()
            .any(|name| secret::is_held_by(self.text(*name)))
    }

    /// How others differ from these.
    pub fn differences(&self, then: &Self) -> Vec<Difference> {
        let names: BTreeSet<ScopePartName> = self.0.iter().chain(&then.0).map(|part| part.name).collect();
        names.into_iter().filter_map(|name| self.difference(then, name)).collect()
    }

    fn difference(&self, then: &Self, name: ScopePartName) -> Option<Difference> {
        let (now, then) = (self.text(name), then.text(name));
        (now != then).then(|| Difference {
            part: name,
            then: lines_only_in(then, now),
            now: lines_only_in(now, then),
        })
    }
}

/// Lines for people, without what nobody else may see.
fn lines_only_in(text: &str, other: &str) -> Vec<String> {
    let lines = text.lines().filter(|line| !other.lines().any(|known| known == *line));
    lines.map(secret::without_in_line).collect()
}

impl Store {
    /// Notes what a scope's key is made of.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn note_parts(&self, parts: &Parts) -> Result<()> {
        let bytes =
            serde_json::to_vec(parts).map_err(|error| crate::Error::bad("the parts of a key", error))?;
        self.write_parts(parts.key(), &bytes)
    }

    /// The parts of a scope's key, if they were noted.
    pub fn parts(&self, scope: Key) -> Option<Parts> {
        let parts: Parts = serde_json::from_slice(&self.read_parts(scope)?).ok()?;
        (parts.key() == scope).then_some(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(flags: &str) -> Parts {
        Parts(vec![
            ScopePart { name: ScopePartName::Cargo, text: "cargo 1".to_owned() },
            ScopePart { name: ScopePartName::Flags, text: flags.to_owned() },
        ])
    }

    #[test]
    fn the_lines_that_differ_are_told() {
        let (now, then) = (parts("a []\nb []"), parts("a [\"-g\"]\nb []"));
        assert_ne!(now.key(), then.key());
        let expected = Difference {
            part: ScopePartName::Flags,
            then: vec!["a [\"-g\"]".to_owned()],
            now: vec!["a []".to_owned()],
        };
        assert_eq!(now.differences(&then), [expected]);
        assert_eq!(now.differences(&now), []);
    }

    #[test]
    fn secrets_in_flags_are_noticed_and_not_told() {
        let now = parts("a [\"--cfg\", \"token=\\\"canary\\\"\", \"-Clink-arg=me:canary@proxy:1\"]");
        assert!(now.hold_secret() && !parts("a [\"--cfg\", \"feature=\\\"token\\\"\"]").hold_secret());
        let told = format!("{:?}", now.differences(&parts("a []")));
        assert!(told.contains("(hidden)") && !told.contains("canary"), "{told}");
    }

    #[test]
    fn noted_parts_are_those_of_their_key_or_none() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path().join("store")).unwrap();
        store.note_parts(&parts("a")).unwrap();
        assert_eq!(store.parts(parts("a").key()), Some(parts("a")));
        assert_eq!(store.parts(parts("b").key()), None);
        store.write_parts(parts("b").key(), &serde_json::to_vec(&parts("c")).unwrap()).unwrap();
        assert_eq!(store.parts(parts("b").key()), None, "it is of another key");
    }
}
