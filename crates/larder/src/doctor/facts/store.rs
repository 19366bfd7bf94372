//! The store of compiled units. The caller that has one looks at it and says so here; and what of a person's own
//! settings keeps others from using what was compiled with them.

use cargo_metadata::camino::{Utf8Path, Utf8PathBuf};

use super::ask::Answer;
use crate::{
    cargo::{
        settings_files::CONFIGURATION,
        variables::{PROFILE_SETTINGS, has_rustflags, is_linker},
    },
    git,
    process::Environment,
    project::Project,
    tuning,
    workspace::parse_toml,
};

/// A store, looked at.
#[derive(Debug, Clone)]
pub struct StoreFacts {
    /// Its folder.
    pub folder: Utf8PathBuf,
    /// Whether files can be written there.
    pub writable: Answer<()>,
    /// Bytes that are free there.
    pub free: Answer<u64>,
    /// How many seconds times of new files there are ahead of the machine's clock; negative if they are behind.
    pub ahead: Answer<i64>,
    /// The compilers of its units, none of which is this one; empty if some unit is of this one, or there is none.
    pub compilers: Vec<String>,
    /// The compiler here.
    pub compiler: String,
    /// The team's remote, and whether it answers.
    pub remote: Option<(String, Answer<()>)>,
}

/// A setting of one person or one machine that is part of what units are compiled with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Personal {
    /// The key or the variable.
    pub name: String,
    /// The file that has it; `None` for a variable.
    pub file: Option<Utf8PathBuf>,
}

/// Settings that reach every unit, beside those that the project's repository has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UnitSettings {
    /// Those of one person.
    pub personal: Vec<Personal>,
    /// The files and variables that ask for `target-cpu=native`.
    pub native: Vec<String>,
}

impl UnitSettings {
    pub(super) fn look(project: &Project) -> Self {
        let mut settings = Self::default();
        settings.of_variables(project.cargo.env());
        let root = project.workspace.root();
        let home = project.cargo.home().and_then(|home| Utf8PathBuf::from_path_buf(home).ok());
        let own = files_in(&root.join(".cargo"));
        own.iter().for_each(|file| settings.of_file(file, Owner::Project));
        // A folder above may be the repository's as well, and is then everybody's.
        let above = root.ancestors().skip(1).filter(|folder| !is_of_repository(project, folder));
        let mut folders: Vec<Utf8PathBuf> = above.map(|folder| folder.join(".cargo")).collect();
        folders.extend(home.filter(|home| !folders.contains(home)));
        for file in folders.iter().flat_map(|folder| files_in(folder)) {
            settings.of_file(&file, Owner::Person);
        }
        settings
    }

    fn of_variables(&mut self, env: &Environment) {
        for (name, value) in env.iter() {
            let (name, value) = (name.to_string_lossy(), value.to_string_lossy());
            if value.is_empty() || !reaches_units(&name) {
                continue;
            }
            if is_native(&value) {
                self.native.push(name.clone().into_owned());
            }
            self.personal.push(Personal { name: name.into_owned(), file: None });
        }
    }

    fn of_file(&mut self, file: &Utf8Path, owner: Owner) {
        // A file that is no TOML is told by cargo.
        let Ok(document) = parse_toml(file) else { return };
        let mut found = Vec::new();
        if tuning::get(&document, &["build", "rustflags"]).is_some() {
            found.push("build.rustflags".to_owned());
        }
        let targets = document.get("target").and_then(|item| item.as_table_like());
        for (target, item) in targets.into_iter().flat_map(|table| table.iter()) {
            let keys = ["linker", "rustflags"].into_iter().filter(|key| item.get(key).is_some());
            found.extend(keys.map(|key| format!("target.{target}.{key}")));
        }
        if document.get("profile").is_some() {
            found.push("profile".to_owned());
        }
        if is_native(&document.to_string()) {
            self.native.push(file.to_string());
        }
        if owner == Owner::Person {
            self.personal
                .extend(found.into_iter().map(|name| Personal { name, file: Some(file.to_owned()) }));
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Owner {
    Project,
    Person,
}

fn files_in(folder: &Utf8Path) -> Vec<Utf8PathBuf> {
    let files = CONFIGURATION.map(|name| folder.join(name));
    files.into_iter().filter(|file| file.is_file()).collect()
}

fn is_of_repository(project: &Project, folder: &Utf8Path) -> bool {
    git::top_of(project.workspace.root()).is_some_and(|top| folder.starts_with(top))
}

fn is_native(text: &str) -> bool {
    text.contains("target-cpu=native")
}

/// Variables that the key of a unit in the store has.
fn reaches_units(name: &str) -> bool {
    has_rustflags(name) || is_linker(name) || name.starts_with(PROFILE_SETTINGS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_linkers_and_profiles_are_found() {
        let dir = tempfile::tempdir().unwrap();
        let file = Utf8PathBuf::from_path_buf(dir.path().join("config.toml")).unwrap();
        let text = "[build]\nrustflags = [\"-Ctarget-cpu=native\"]\njobs = 2\n[target.x]\nlinker = \"clang\"\nrunner = \"r\"\n[profile.dev]\ndebug = 0\n";
        fs_err::write(&file, text).unwrap();
        let mut settings = UnitSettings::default();
        settings.of_file(&file, Owner::Person);
        let names: Vec<&str> = settings.personal.iter().map(|setting| setting.name.as_str()).collect();
        assert_eq!(names, ["build.rustflags", "target.x.linker", "profile"]);
        assert_eq!(settings.native, [file.as_str()]);
        settings = UnitSettings::default();
        settings.of_file(&file, Owner::Project);
        assert_eq!((settings.personal.len(), settings.native.len()), (0, 1));
    }

    #[test]
    fn variables_count_if_they_reach_units() {
        let all = [
            ("CARGO_PROFILE_DEV_DEBUG", "0"),
            ("CARGO_TARGET_DIR", "x"),
            ("CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "clang"),
            ("HOME", "x"),
            ("RUSTFLAGS", "-C target-cpu=native"),
        ];
        let mut settings = UnitSettings::default();
        settings.of_variables(&Environment::new(all));
        let names: Vec<&str> = settings.personal.iter().map(|setting| setting.name.as_str()).collect();
        assert_eq!(
            names,
            ["CARGO_PROFILE_DEV_DEBUG", "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER", "RUSTFLAGS"]
        );
        assert_eq!(settings.native, ["RUSTFLAGS"]);
    }
}
