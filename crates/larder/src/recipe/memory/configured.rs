//! The parts that cargo's configuration adds to all that is remembered: included files, packages in the place of
//! others, folders of sources, and programs in the place of rustc, from every file that cargo would read, somebody's
//! own ones too, and from the settings on a slice's command line.
//!
//! A file that is not there yet counts as well: it may come. It must never follow files that include one another
//! without an end, and never fail: what cannot be read is cargo's to judge.

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};
use toml_edit::{DocumentMut, Item, TableLike};

use super::manifests::paths_in;
use crate::{
    cargo::{command_line::option_values, compilers::COMPILERS},
    process::Environment,
    project::Project,
    workspace::{included, normalized, parse_toml, texts},
};

/// The keys of a source that name a folder.
const SOURCES: [&str; 2] = ["directory", "local-registry"];

/// The files, folders and programs that configuration names.
#[derive(Debug, Default)]
pub(super) struct ConfiguredParts {
    /// Included files, those that are not there among them.
    pub(super) included: BTreeSet<PathBuf>,
    /// Descriptions of targets of one's own.
    pub(super) targets: BTreeSet<PathBuf>,
    pub(super) programs: BTreeSet<PathBuf>,
    /// Programs that are looked for on `PATH`.
    pub(super) names: BTreeSet<String>,
    /// Manifests of packages in the place of others.
    pub(super) manifests: Vec<Utf8PathBuf>,
    /// Folders with packages in the place of others, at any depth.
    pub(super) overrides: BTreeSet<Utf8PathBuf>,
    /// Folders of vendored packages and local registries.
    pub(super) sources: BTreeSet<PathBuf>,
}

impl ConfiguredParts {
    /// Reads these files of configuration, whatever they include, and the variables that say the same.
    pub(super) fn read(env: &Environment, root: &Utf8Path, files: &BTreeSet<PathBuf>) -> Self {
        let mut all = Self::default();
        let variables = COMPILERS.into_iter().flat_map(|(_, variables)| variables);
        variables.filter_map(|name| env.get_str(name)).for_each(|program| all.add_program(root, program));
        let mut open: Vec<Utf8PathBuf> =
            files.iter().filter_map(|file| Utf8Path::from_path(file)).map(normalized).collect();
        let mut known = BTreeSet::new();
        while let Some(file) = open.pop() {
            let folder = file.parent().unwrap_or(root);
            if !known.insert(file.clone()) || !file.is_file() {
                continue;
            }
            let Ok(document) = parse_toml(&file) else { continue };
            all.add(folder.parent().unwrap_or(folder), &document);
            let more = included(&document).into_iter().map(|path| normalized(&folder.join(path)));
            for file in more {
                all.included.insert(file.clone().into());
                open.push(file);
            }
        }
        all
    }

    /// Adds the settings on command lines of slices, in which paths are relative to the root.
    pub(super) fn add_settings(&mut self, project: &Project) {
        for document in settings(project).filter_map(|setting| setting.parse::<DocumentMut>().ok()) {
            self.add(project.workspace.root(), &document);
        }
    }

    /// Adds what one file names; its paths are relative to `base`.
    fn add(&mut self, base: &Utf8Path, document: &DocumentMut) {
        let build = document.get("build").and_then(Item::as_table_like);
        let programs = COMPILERS.iter().filter_map(|(key, _)| build?.get(key)?.as_str());
        programs.for_each(|program| self.add_program(base, program));
        let targets = build.and_then(|build| build.get("target")).into_iter().flat_map(texts);
        let own = targets.filter(|target| Path::new(target).extension().is_some_and(|end| end == "json"));
        self.targets.extend(own.map(|target| base.join(target).into()));
        let overrides = document.get("paths").into_iter().flat_map(texts);
        self.overrides.extend(overrides.map(|path| normalized(&base.join(path))));
        self.manifests.extend(paths_in(document.as_table() as &dyn TableLike, base));
        let sources = document.get("source").and_then(Item::as_table_like).into_iter();
        let sources = sources.flat_map(TableLike::iter).filter_map(|(_, source)| source.as_table_like());
        let folders = sources.flat_map(|source| SOURCES.map(|key| source.get(key)?.as_str()));
        self.sources.extend(folders.flatten().map(|folder| normalized(&base.join(folder)).into()));
    }

    /// A program that is named by its path, or looked up.
    fn add_program(&mut self, base: &Utf8Path, program: &str) {
        if program.contains('/') {
            self.programs.insert(base.join(program).into());
        } else {
            self.names.insert(program.to_owned());
        }
    }
}

/// The settings on the command lines of slices, each a file or a key with a value.
pub(super) fn settings(project: &Project) -> impl Iterator<Item = &str> {
    project.slices.iter().flat_map(|slice| option_values(&slice.args, "--config"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_programs_are_named() {
        let config: DocumentMut = "paths = [\"over\", \"../more\"]\n\
             build = { rustc = \"tools/rustc\", rustc-wrapper = \"sccache\" }\n\
             source.a.directory = \"vendor\"\nsource.b.local-registry = \"/srv/crates\"\n\
             source.crates-io.replace-with = \"a\"\n"
            .parse()
            .unwrap();
        let mut parts = ConfiguredParts::default();
        parts.add(Utf8Path::new("/a/ws"), &config);
        assert_eq!(parts.overrides, ["/a/ws/over", "/a/more"].map(Utf8PathBuf::from).into());
        assert_eq!(parts.sources, ["/a/ws/vendor", "/srv/crates"].map(PathBuf::from).into());
        assert_eq!(parts.programs, [PathBuf::from("/a/ws/tools/rustc")].into());
        assert_eq!(parts.names, ["sccache".to_owned()].into());
    }
}
