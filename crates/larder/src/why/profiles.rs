//! Settings of profiles by the hash that cargo keeps of them. A fingerprint holds the hash alone, so the settings
//! behind an older one are known only if a build with them was recorded.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use serde::{Deserialize, Serialize};

use super::{
    reason::{ChangedSetting, Reason},
    recorded::Recorded,
};
use crate::shim::pretend::FLAGS;

/// The words that a profile tells a compiler, by setting.
type ProfileSettings = BTreeMap<String, String>;

/// The settings behind hashes of profiles.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Profiles(BTreeMap<String, ProfileSettings>);

impl Profiles {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Takes in what another record knows.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Takes in what the pretended compiler was told about a unit.
    pub(super) fn learn(&mut self, skeleton: &Path, unit: &Recorded) {
        let Ok(flags) = fs_err::read_to_string(skeleton.join(FLAGS).join(&unit.place.hash)) else { return };
        self.0.entry(unit.fingerprint.profile.to_string()).or_insert_with(|| settings(&flags));
    }

    /// The reason for a change from one hash to another, with the settings that differ if both are known.
    pub(super) fn changed(&self, folder: String, old: u64, new: u64) -> Reason {
        let settings = match (self.0.get(&old.to_string()), self.0.get(&new.to_string())) {
            (Some(old), Some(new)) => difference(old, new),
            _ => Vec::new(),
        };
        Reason::Profile { folder, settings }
    }
}

fn difference(old: &ProfileSettings, new: &ProfileSettings) -> Vec<ChangedSetting> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let differing = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    differing
        .map(|name| ChangedSetting {
            name: name.clone(),
            old: old.get(name).cloned(),
            new: new.get(name).cloned(),
        })
        .collect()
}

/// The settings that profiles have names for, as they stand in a compiler's `-C` options, one in a line.
fn settings(flags: &str) -> ProfileSettings {
    let names = [
        "opt-level",
        "debuginfo",
        "split-debuginfo",
        "strip",
        "debug-assertions",
        "overflow-checks",
        "lto",
        "panic",
        "codegen-units",
        "rpath",
        "embed-bitcode",
        "linker-plugin-lto",
    ];
    let mut settings = ProfileSettings::new();
    for flag in flags.lines() {
        let (name, value) = flag.split_once('=').unwrap_or((flag, "on"));
        if names.contains(&name) {
            // The flags after the profile's own are those of RUSTFLAGS.
            settings.entry(name.to_owned()).or_insert_with(|| value.to_owned());
        }
    }
    settings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_that_differ() {
        let old = settings("opt-level=3\nembed-bitcode=no\nmetadata=1\nstrip=debuginfo\n");
        let new = settings("opt-level=1\nembed-bitcode=no\nmetadata=2\nlto\nopt-level=2\n");
        let told: Vec<_> = difference(&old, &new)
            .into_iter()
            .map(|setting| format!("{} {:?} {:?}", setting.name, setting.old, setting.new))
            .collect();
        let expected =
            [r#"lto None Some("on")"#, r#"opt-level Some("3") Some("1")"#, r#"strip Some("debuginfo") None"#];
        assert_eq!(told, expected);
    }
}
