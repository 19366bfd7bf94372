//! Programs that cargo's configuration names and that a base image lacks: linkers, and git.

use std::collections::BTreeMap;

use cargo_metadata::camino::Utf8Path;
use toml_edit::{Item, TableLike};

use super::table::PROGRAMS;
use crate::{plan::unit_graph::UnitGraph, project::Project};

/// Packages by name, each with the program that it brings.
pub(super) fn configured(project: &Project, graphs: &[UnitGraph]) -> BTreeMap<String, String> {
    let config = project.workspace.config();
    let targets: Vec<&str> =
        graphs.iter().flat_map(|graph| &graph.units).filter_map(|unit| unit.platform.as_deref()).collect();
    let tables = config.get("target").and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter);
    let tables = tables.filter(|(key, _)| concerns(key, &targets)).map(|(_, table)| table);
    let mut words = Vec::new();
    for table in tables.chain(config.get("build")).filter_map(Item::as_table_like) {
        words.extend(table.get("linker").and_then(Item::as_str));
        words.extend(table.get("rustflags").into_iter().flat_map(flags).filter_map(linker_of));
    }
    let mut found = BTreeMap::new();
    for word in words {
        let program = Utf8Path::new(word).file_name().unwrap_or(word);
        if let Some(package) = of_program(program) {
            found.insert(package.to_owned(), program.to_owned());
        }
    }
    let calls_git = config.get("net").and_then(|net| net.get("git-fetch-with-cli")?.as_bool()) == Some(true);
    let from_git = graphs.iter().flat_map(|graph| &graph.units).any(|unit| unit.pkg_id.starts_with("git+"));
    if calls_git && from_git {
        found.insert("git".to_owned(), "git-fetch-with-cli".to_owned());
    }
    found
}

/// The package that brings a linker.
pub(crate) fn of_program(program: &str) -> Option<&'static str> {
    PROGRAMS.iter().find(|(name, _)| *name == program).map(|(_, package)| *package)
}

/// Whether a `[target.KEY]` table may be read in the image: one for a target that is built, for Linux on the usual
/// processors, or for a condition that is not about another system.
fn concerns(key: &str, targets: &[&str]) -> bool {
    const HOSTS: [&str; 2] = ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu"];
    if key.starts_with("cfg(") {
        return !["windows", "macos", "wasm", "darwin"].iter().any(|system| key.contains(system));
    }
    if targets.is_empty() { HOSTS.contains(&key) } else { targets.contains(&key) || HOSTS[0] == key }
}

/// The words of `rustflags`, which is an array or a text.
pub(crate) fn flags(item: &Item) -> Vec<&str> {
    let array = item.as_array().into_iter().flatten().filter_map(toml_edit::Value::as_str);
    array.chain(item.as_str().into_iter().flat_map(str::split_whitespace)).collect()
}

/// The linker that a flag chooses.
fn linker_of(flag: &str) -> Option<&str> {
    let (_, program) =
        ["-fuse-ld=", "--ld-path=", "linker="].iter().find_map(|option| flag.split_once(option))?;
    Some(program)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_name_linkers_in_several_forms() {
        for (flag, program) in [
            ("link-arg=-fuse-ld=mold", Some("mold")),
            ("-Clink-arg=-fuse-ld=/usr/bin/ld.lld", Some("/usr/bin/ld.lld")),
            ("-Clinker=clang", Some("clang")),
            ("link-arg=--ld-path=/usr/bin/mold", Some("/usr/bin/mold")),
            ("target-cpu=native", None),
        ] {
            assert_eq!(linker_of(flag), program, "{flag}");
        }
    }

    #[test]
    fn tables_for_other_systems_do_not_count() {
        assert!(concerns("cfg(target_os = \"linux\")", &[]) && concerns("x86_64-unknown-linux-gnu", &[]));
        assert!(!concerns("cfg(windows)", &[]) && !concerns("x86_64-pc-windows-msvc", &[]));
        assert!(!concerns("thumbv7em-none-eabihf", &[]));
        assert!(concerns("thumbv7em-none-eabihf", &["thumbv7em-none-eabihf"]));
    }
}
