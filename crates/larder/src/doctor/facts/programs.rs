//! Programs that cargo's configuration has builds call: what is in front of rustc, and linkers. Whether they are there.

use std::{collections::BTreeSet, env::consts::EXE_SUFFIX, path::Path};

use cargo_metadata::{
    camino::{Utf8Path, Utf8PathBuf},
    cargo_platform::{Cfg, Platform as Condition},
};
use toml_edit::{DocumentMut, Item, TableLike};

use super::ask::PATIENCE;
use crate::{
    cargo::{compilers::WRAPPERS, conditions, platform::Platform, settings_files::CONFIGURATION},
    docker::{self, packages},
    error::Result,
    files::read,
    process::Environment,
    project::Project,
    tuning,
    workspace::parse_toml,
};

/// Programs that every image for building has.
const IN_EVERY_IMAGE: [&str; 5] = ["c++", "cc", "g++", "gcc", "rust-lld"];

/// A program with the variable or key that names it, and the folder that a path is relative to.
struct NamedProgram {
    by: String,
    program: String,
    folder: Utf8PathBuf,
}

/// Programs that are named and not there.
pub(super) fn missing(project: &Project) -> Vec<(String, String)> {
    let env = project.cargo.env();
    let root = project.workspace.root();
    let files = files(project);
    let mut named = Vec::new();
    for (key, variables) in WRAPPERS {
        let variable = variables.iter().find_map(|name| Some((*name, env.get_str(name)?)));
        let configured = || files.iter().find_map(|(folder, config)| program_of_build(config, folder, key));
        named.extend(match variable {
            Some((_, "")) => None,
            Some((name, program)) => {
                Some(NamedProgram { by: name.into(), program: program.into(), folder: root.into() })
            }
            None => configured(),
        });
    }
    let mut missing = Vec::new();
    for NamedProgram { by, program, folder } in named {
        if !is_there(env, &folder, &program) {
            missing.push((by, program));
        }
    }
    let targets = targets(project, project.host());
    let linkers = files.iter().flat_map(|(folder, config)| linkers(config, folder));
    let mut known = BTreeSet::new();
    for NamedProgram { by, program, folder } in linkers {
        // The nearest file counts.
        let counts = known.insert(by.clone()) && is_used(project, &targets, &by);
        if counts && !is_there(env, &folder, &program) && !comes_with_rustc(project, &program) {
            missing.push((by, program));
        }
    }
    missing
}

/// Programs that the workspace's own configuration names and the generated Dockerfile does not install.
pub(super) fn missing_in_image(project: &Project) -> Vec<(String, String)> {
    let Ok(folder) = docker::context(project) else { return Vec::new() };
    let Ok(dockerfile) = read::text(folder.join("Dockerfile")) else { return Vec::new() };
    if !docker::is_generated(&dockerfile) {
        return Vec::new();
    }
    let config = project.workspace.config();
    let root = project.workspace.root();
    let wrappers = WRAPPERS.iter().filter_map(|(key, _)| program_of_build(config, root, key));
    let targets = targets(project, packages::linux(project));
    let linkers = linkers(config, root).into_iter().filter(|linker| is_used(project, &targets, &linker.by));
    let absent = wrappers.chain(linkers).filter(|named| !installs(&dockerfile, &named.program));
    absent.map(|named| (named.by, named.program)).collect()
}

/// The configuration files that count, the nearest first, each with the folder that its paths are relative to.
fn files(project: &Project) -> Vec<(Utf8PathBuf, DocumentMut)> {
    let root = project.workspace.root();
    let home = project.cargo.home().and_then(|home| Utf8PathBuf::from_path_buf(home).ok());
    let of_home = home.and_then(|home| Some((of_home(&home)?, home)));
    let above = root.ancestors().map(|folder| (tuning::config_path(folder), folder.to_owned()));
    let files = above.chain(of_home).filter(|(file, _)| file.is_file());
    files.filter_map(|(file, folder)| Some((folder, parse_toml(&file).ok()?))).collect()
}

fn of_home(home: &Utf8Path) -> Option<Utf8PathBuf> {
    CONFIGURATION.map(|name| home.join(name)).into_iter().find(|file| file.is_file())
}

fn program_of_build(config: &DocumentMut, folder: &Utf8Path, key: &str) -> Option<NamedProgram> {
    let program = tuning::get(config, &["build", key])?.as_str().filter(|program| !program.is_empty())?;
    Some(NamedProgram { by: format!("build.{key}"), program: program.to_owned(), folder: folder.to_owned() })
}

fn linkers(config: &DocumentMut, folder: &Utf8Path) -> Vec<NamedProgram> {
    let targets = config.get("target").and_then(Item::as_table_like).into_iter().flat_map(TableLike::iter);
    let linkers = targets.filter_map(|(target, table)| {
        let program = table.get("linker")?.as_str()?.to_owned();
        Some(NamedProgram { by: format!("target.{target}.linker"), program, folder: folder.to_owned() })
    });
    linkers.collect()
}

/// The targets that are built for on a host, which is one of them.
fn targets(project: &Project, host: Result<Platform>) -> Vec<String> {
    let host = host.ok().map(|host| host.to_string());
    host.into_iter().chain(super::tools::targets(project)).collect()
}

/// Whether something is built for the target, or for one of those, that a linker is for.
fn is_used(project: &Project, targets: &[String], by: &str) -> bool {
    let key = by.trim_start_matches("target.").trim_end_matches(".linker");
    match key.parse() {
        Ok(Condition::Cfg(condition)) => {
            targets.iter().any(|target| condition.matches(&holding(project, target)))
        }
        Ok(Condition::Name(_)) | Err(_) => targets.iter().any(|target| target == key),
    }
}

/// What rustc says that holds for a target; nothing if it does not know it.
fn holding(project: &Project, target: &str) -> Vec<Cfg> {
    let question = project.cargo.ask_conditions(project.workspace.root().as_std_path(), target);
    conditions(&question.output_within(PATIENCE).unwrap_or_default())
}

/// Whether rustc finds a linker in its own folder, where it looks before PATH.
fn comes_with_rustc(project: &Project, program: &str) -> bool {
    let root = project.workspace.root().as_std_path();
    let (Ok(sysroot), Ok(host)) = (project.cargo.sysroot(root), project.host()) else { return false };
    let own = sysroot.join("lib/rustlib").join(host.as_str()).join("bin");
    !program.contains('/') && ["", EXE_SUFFIX].iter().any(|end| own.join(format!("{program}{end}")).is_file())
}

fn is_there(env: &Environment, folder: &Utf8Path, program: &str) -> bool {
    if program.contains('/') { folder.join(program).is_file() } else { env.find_program(program).is_some() }
}

/// Whether a word of the Dockerfile names the program, or the package of Debian's that brings it. A file of the
/// repository comes with the sources.
fn installs(dockerfile: &str, program: &str) -> bool {
    let name =
        Path::new(program).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let is_in_repository = program.contains('/') && !program.starts_with('/');
    let package = name.strip_suffix("-gcc").map(|platform| format!("gcc-{}", platform.replace('_', "-")));
    let packages = [packages::of_program(&name), package.as_deref()];
    let is_word = |word: &str| word == name || packages.contains(&Some(word));
    is_in_repository
        || IN_EVERY_IMAGE.contains(&name.as_str())
        || dockerfile.split(|c: char| c.is_whitespace() || "\"'=/;@".contains(c)).any(is_word)
}

#[cfg(test)]
mod tests {
    use super::{Utf8Path, installs, of_home};

    #[test]
    fn the_older_name_of_the_file_at_home_counts() {
        let dir = tempfile::tempdir().unwrap();
        let home = Utf8Path::from_path(dir.path()).unwrap();
        assert_eq!(of_home(home), None);
        for name in ["config.toml", "config"] {
            fs_err::write(home.join(name), "").unwrap();
            assert_eq!(of_home(home), Some(home.join(name)));
        }
    }

    #[test]
    fn what_a_dockerfile_installs_is_there() {
        let dockerfile =
            "RUN apt-get install -y clang gcc-aarch64-linux-gnu\nCOPY --from=x /usr/bin/sccache /usr/bin/\n";
        for program in ["clang", "aarch64-linux-gnu-gcc", "/usr/bin/sccache", "cc", "./tools/wrap.sh"] {
            assert!(installs(dockerfile, program), "{program}");
        }
        for program in ["mold", "/opt/bin/kache", "clang-19", "arm-linux-gnueabihf-gcc", "musl-gcc"] {
            assert!(!installs(dockerfile, program), "{program}");
        }
    }

    /// `init` proposes these.
    #[test]
    fn a_package_may_have_another_name_than_its_program() {
        let dockerfile = "RUN apt-get install -y binutils-arm-none-eabi lld musl-tools\n";
        for program in ["musl-gcc", "/usr/bin/x86_64-linux-musl-gcc", "ld.lld", "arm-none-eabi-ld"] {
            assert!(installs(dockerfile, program), "{program}");
        }
    }
}
