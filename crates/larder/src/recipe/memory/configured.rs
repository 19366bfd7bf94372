//! The parts that cargo's configuration adds to all that is remembered: included files, packages in the place of
//! others, and programs in the place of rustc, from every file that cargo would read, somebody's own ones too.
//!
//! A file that is not there yet counts as well: it may come. It must never follow files that include one another
//! without an end, and never fail: what cannot be read is cargo's to judge.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use toml_edit::{DocumentMut, Item, TableLike};

use crate::{
    cargo::compilers::COMPILERS,
    process::Environment,
    workspace::{included, normalized, parse_toml, texts},
};

/// The files and programs that configuration names.
#[derive(Debug, Default)]
pub(super) struct ConfiguredParts {
    /// Included files, those that are not there among them.
    pub(super) included: BTreeSet<PathBuf>,
    /// Descriptions of targets of one's own.
    pub(super) targets: BTreeSet<PathBuf>,
    pub(super) programs: BTreeSet<PathBuf>,
    /// Packages in the place of others.
    pub(super) manifests: Vec<Utf8PathBuf>,
}

impl ConfiguredParts {
    /// Reads these files of configuration, and whatever they include.
    pub(super) fn read(env: &Environment, root: &Utf8Path, files: &BTreeSet<PathBuf>) -> Self {
        let mut all = Self::default();
        let variables = COMPILERS.into_iter().flat_map(|(_, variables)| variables);
        let named = variables.filter_map(|name| env.get_str(name));
        all.programs.extend(named.filter_map(|program| found(env, root, program)));
        let mut open: Vec<Utf8PathBuf> =
            files.iter().filter_map(|file| Utf8Path::from_path(file)).map(normalized).collect();
        let mut known = BTreeSet::new();
        while let Some(file) = open.pop() {
            let folder = file.parent().unwrap_or(root);
            if !known.insert(file.clone()) || !file.is_file() {
                continue;
            }
            let Ok(document) = parse_toml(&file) else { continue };
            all.add(env, folder.parent().unwrap_or(folder), &document);
            let more = included(&document).into_iter().map(|path| normalized(&folder.join(path)));
            for file in more {
                all.included.insert(file.clone().into());
                open.push(file);
            }
        }
        all
    }

    /// Adds what one file names; its paths are relative to `base`.
    fn add(&mut self, env: &Environment, base: &Utf8Path, document: &DocumentMut) {
        let build = document.get("build").and_then(Item::as_table_like);
        let programs = COMPILERS.iter().filter_map(|(key, _)| build?.get(key)?.as_str());
        self.programs.extend(programs.filter_map(|program| found(env, base, program)));
        let targets = build.and_then(|build| build.get("target")).into_iter().flat_map(texts);
        let own = targets.filter(|target| Path::new(target).extension().is_some_and(|end| end == "json"));
        self.targets.extend(own.map(|target| base.join(target).into()));
        let overrides = document.get("paths").into_iter().flat_map(texts);
        let manifests = overrides.map(|path| base.join(path).join("Cargo.toml"));
        self.manifests.extend(manifests.filter_map(|manifest| manifest.canonicalize_utf8().ok()));
        self.manifests.extend(paths_in(document.as_table() as &dyn TableLike, base));
    }
}

/// A program that is named by its path, or looked up.
fn found(env: &Environment, base: &Utf8Path, program: &str) -> Option<PathBuf> {
    if program.contains('/') { Some(base.join(program).into()) } else { env.find_program(program) }
}

/// Manifests in the folders that some `path` names.
pub(super) fn paths_in(table: &dyn TableLike, dir: &Utf8Path) -> Vec<Utf8PathBuf> {
    let mut found = Vec::new();
    for (key, item) in table.iter() {
        if let Some(path) = item.as_str().filter(|_| key == "path") {
            let manifest = dir.join(path).join("Cargo.toml");
            found.extend(manifest.canonicalize_utf8().ok());
        }
        if let Some(table) = item.as_table_like() {
            found.extend(paths_in(table, dir));
        }
    }
    found
}
