//! The commits of git packages. A package id says which branch, tag or revision was asked for, and `Cargo.lock`
//! which commit that is; a branch that moved makes other units of the same id.

use std::{collections::BTreeMap, path::Path};

use cargo_metadata::camino::Utf8PathBuf;
use toml_edit::DocumentMut;

use super::unit_graph::UnitGraph;
use crate::{
    error::Result,
    workspace::{LockedPackage, LockedSource, locked_packages, parse_toml},
};

/// Fills in the commits that the `Cargo.lock` of a workspace's folder gives.
///
/// # Errors
/// When there are git packages and the file cannot be read.
pub fn fill_in(graph: &mut UnitGraph, dir: &Path) -> Result<()> {
    if !graph.units.iter().any(|unit| unit.pkg_id.starts_with("git+")) {
        return Ok(());
    }
    let path = Utf8PathBuf::from(dir.join("Cargo.lock").to_string_lossy().into_owned());
    let commits = by_id(&parse_toml(&path)?);
    for unit in &mut graph.units {
        unit.commit = commits.get(&percent_decoded(&unit.pkg_id)).cloned();
    }
    Ok(())
}

/// The commit of every git package, by its decoded id.
fn by_id(lock: &DocumentMut) -> BTreeMap<String, String> {
    let mut commits = BTreeMap::new();
    for LockedPackage { name, version, source } in locked_packages(lock) {
        let git = source.map(LockedSource::parse).filter(|source| source.is_git());
        let Some(LockedSource { address, commit: Some(commit) }) = git else { continue };
        // cargo leaves the name out if the address ends in it.
        let url = address.split('?').next().unwrap_or(address);
        let id =
            if url.ends_with(&format!("/{name}")) { version.to_owned() } else { format!("{name}@{version}") };
        commits.insert(format!("{}#{id}", percent_decoded(address)), commit.to_owned());
    }
    commits
}

/// cargo percent-encodes the value of a git reference in a package id, and in newer versions of `Cargo.lock`.
pub(crate) fn percent_decoded(value: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = value.as_bytes();
    while let [first, tail @ ..] = rest {
        let code = match (first, tail) {
            (b'%', [high, low, ..]) => {
                std::str::from_utf8(&[*high, *low]).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok())
            }
            _ => None,
        };
        bytes.push(code.unwrap_or(*first));
        rest = if code.is_some() { &tail[2..] } else { tail };
    }
    String::from_utf8(bytes).unwrap_or_else(|_| value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_references_are_decoded() {
        assert_eq!(percent_decoded("feature%2Fx"), "feature/x");
        assert_eq!(percent_decoded("50%"), "50%");
    }

    #[test]
    fn every_form_of_an_id_finds_its_commit() {
        let lock = r#"
            [[package]]
            name = "a"
            version = "1.0.0"
            source = "git+file:///srv/repo?branch=x%2Fy#c0ffee"

            [[package]]
            name = "repo"
            version = "1.0.0"
            source = "git+file:///srv/repo?branch=x/y#c0ffee"

            [[package]]
            name = "b"
            version = "1.0.0"
            source = "registry+file:///srv/index"
        "#;
        let commits = by_id(&lock.parse().unwrap());
        let ids: Vec<&str> = commits.keys().map(String::as_str).collect();
        assert_eq!(ids, ["git+file:///srv/repo?branch=x/y#1.0.0", "git+file:///srv/repo?branch=x/y#a@1.0.0"]);
        assert!(commits.values().all(|commit| commit == "c0ffee"));
    }
}
