//! The entries that `[workspace.metadata.larder.docker]` lacks for an image that builds and starts: system packages,
//! and files that are read beside the packages' own.
//!
//! Proposals only. A generated file must never depend on them, since they follow from local builds as well; once the
//! user has taken one, it is a setting like any other.

use std::collections::BTreeSet;

use toml_edit::{Item, Value};

use super::{
    packages::{self, Needed},
    reads::{self, Unsent},
    recipes::Recipes,
};
use crate::{
    error::Result,
    project::Project,
    settings::Settings,
    toml_text::list,
    tuning::{self, Setting},
};

/// Missing settings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lacking {
    /// Packages for compiling, with the crates that need them.
    pub build: Needed,
    /// Packages for running, with the crates that need them.
    pub runtime: Needed,
    /// Files and folders that are not sent, with what reads them.
    pub files: Unsent,
}

/// Missing settings of a project.
///
/// # Errors
/// When there are no recipes yet that are to be committed, or cargo cannot tell the units of a slice.
pub fn lacking(project: &Project, recipes: Recipes) -> Result<Lacking> {
    let settings = &project.settings.docker;
    let graphs = packages::graphs(project)?;
    let packages = packages::needed(project, &graphs);
    Ok(Lacking {
        build: without(packages.build, &settings.build_packages),
        runtime: without(packages.runtime, &settings.runtime_packages),
        files: reads::unsent(project, recipes, &graphs)?,
    })
}

fn without(mut needed: Needed, there: &[String]) -> Needed {
    needed.retain(|package, _| !there.contains(package));
    needed
}

impl Lacking {
    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Missing parts, each with its reason in a line.
    pub fn reasons(&self) -> Vec<String> {
        let files =
            self.files.iter().map(|(path, reader)| format!("{reader} reads {path}, which is not sent"));
        let packages = needs("build-packages", &self.build).chain(needs("runtime-packages", &self.runtime));
        packages.chain(files).collect()
    }

    /// The settings that put it right: the lists as they are, with what they lack at the end.
    pub fn settings(&self, project: &Project) -> Vec<Setting> {
        const BUILD: &str = "Debian packages that compiling the dependencies takes.";
        const RUNTIME: &str = "Debian packages that the programs are linked to.";
        const INCLUDE: &str = "Files beside the packages' own that the build reads.";
        let include: BTreeSet<String> = self.files.keys().map(|path| reads::as_include(path)).collect();
        let lists: [(&str, BTreeSet<String>, &'static str); 3] = [
            ("build-packages", self.build.keys().cloned().collect(), BUILD),
            ("runtime-packages", self.runtime.keys().cloned().collect(), RUNTIME),
            ("include", include, INCLUDE),
        ];
        lists.into_iter().filter_map(|(key, more, why)| extended(project, key, more, why)).collect()
    }

    /// The project with these settings, as it will be once they are written.
    ///
    /// # Errors
    /// When the project cannot be read again.
    pub fn applied_to(&self, project: &Project) -> Result<Project> {
        let mut project = project.reload()?;
        let settings = &mut project.settings.docker;
        settings.build_packages.extend(self.build.keys().cloned());
        settings.runtime_packages.extend(self.runtime.keys().cloned());
        let include: BTreeSet<String> = self.files.keys().map(|path| reads::as_include(path)).collect();
        settings.include.extend(include);
        Ok(project)
    }
}

/// A line for each set of crates that lacks something.
fn needs<'a>(key: &'a str, needed: &'a Needed) -> impl Iterator<Item = String> + 'a {
    let users: BTreeSet<&BTreeSet<String>> = needed.values().collect();
    users.into_iter().map(move |users| {
        let packages =
            needed.iter().filter(|(_, others)| *others == users).map(|(package, _)| package.as_str());
        let packages: Vec<&str> = packages.collect();
        let users: Vec<&str> = users.iter().map(String::as_str).collect();
        let verb = if users.len() == 1 { "needs" } else { "need" };
        format!("{} {verb} {}, which `{key}` lacks", users.join(", "), packages.join(", "))
    })
}

/// A list with what it lacks at its end; `None` if that is nothing.
fn extended(project: &Project, key: &str, mut more: BTreeSet<String>, why: &'static str) -> Option<Setting> {
    let manifest = project.workspace.manifest();
    let path = Settings::path(Settings::owner(manifest), &["docker", key]);
    let mut list = tuning::get(manifest, &path).and_then(Item::as_array).cloned().unwrap_or_default();
    more.retain(|entry| !list.iter().any(|known| known.as_str() == Some(entry.as_str())));
    if more.is_empty() {
        return None;
    }
    list::extend(&mut list, more);
    Some(Setting::new(&path, Value::Array(list), why))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(rows: &[(&str, &[&str])]) -> Needed {
        let users = |users: &[&str]| users.iter().map(|&user| user.to_owned()).collect();
        rows.iter().map(|(package, names)| ((*package).to_owned(), users(names))).collect()
    }

    #[test]
    fn crates_with_the_same_needs_share_a_line() {
        let lacking = Lacking {
            build: needed(&[
                ("libssl-dev", &["openssl-sys"]),
                ("pkg-config", &["alsa-sys", "openssl-sys"]),
                ("x", &["openssl-sys"]),
            ]),
            files: [("README.md".into(), "src/main.rs".to_owned())].into(),
            ..Lacking::default()
        };
        assert_eq!(
            lacking.reasons(),
            [
                "alsa-sys, openssl-sys need pkg-config, which `build-packages` lacks",
                "openssl-sys needs libssl-dev, x, which `build-packages` lacks",
                "src/main.rs reads README.md, which is not sent",
            ]
        );
        assert_eq!(
            without(lacking.build, &["x".to_owned(), "libssl-dev".to_owned()]),
            needed(&[("pkg-config", &["alsa-sys", "openssl-sys"])])
        );
    }
}
