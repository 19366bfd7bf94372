//! cargo's effective configuration, as far as checks need it: files of the workspace, of folders above it and of
//! cargo's home, apart from what the environment says.

use std::ffi::OsStr;

use cargo_config2::{Config, PathAndArgs, RegistriesProtocol, ResolveOptions};
use cargo_metadata::camino::Utf8PathBuf;

use super::ask::Answer;
use crate::{
    cargo::{compilers::WRAPPERS, settings_files::CONFIGURATION, shown, variables::has_rustflags},
    process::Environment,
    project::Project,
    tuning,
    workspace::parse_toml,
};

/// The settings that cargo gets beside the manifests.
#[derive(Debug, Clone)]
pub struct CargoFacts {
    /// The variable that switches incremental builds on or off, and whether it is on.
    pub incremental_variable: Option<(String, bool)>,
    /// The configuration file that switches incremental builds off.
    pub incremental_off: Option<Utf8PathBuf>,
    /// Whether this is CI, which says so by `CI`.
    pub in_ci: bool,
    /// Flags for rustc.
    pub rustflags: Answer<Rustflags>,
    /// Whether crates.io's index comes by git.
    pub crates_io_by_git: Option<SettingPlace>,
    /// Other registries whose index comes by git.
    pub registries_by_git: Vec<String>,
    /// Programs that are put in front of rustc, by the variable or key that says so.
    pub wrappers: Vec<(String, String)>,
    /// Programs that builds call and this machine does not have, by the variable or key that says so.
    pub missing_programs: Vec<(String, String)>,
    /// Those of the workspace's own configuration that nothing installs in the generated Dockerfile.
    pub missing_in_image: Vec<(String, String)>,
}

/// The place of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SettingPlace {
    /// In the environment.
    Variable,
    /// In a configuration file of the workspace, of a folder above, or of cargo's home.
    File,
}

/// The sources of flags.
#[derive(Debug, Clone, Default)]
pub struct Rustflags {
    /// Variables that set some here and now.
    pub variables: Vec<String>,
    /// Settings of configuration files for this machine.
    pub configured: String,
}

impl CargoFacts {
    pub(super) fn read(project: &Project) -> Self {
        let env = project.cargo.env();
        let config = load(project);
        let files = config.as_ref().ok();
        let by_git = env.get_str("CARGO_REGISTRIES_CRATES_IO_PROTOCOL").map(|protocol| protocol == "git");
        let in_files = files.is_some_and(|config| config.registries.get("crates-io").is_some_and(is_git));
        let crates_io_by_git = match (by_git, in_files) {
            (Some(true), _) => Some(SettingPlace::Variable),
            (None, true) => Some(SettingPlace::File),
            _ => None,
        };
        let others = files.into_iter().flat_map(|config| &config.registries);
        let others = others.filter(|(_, registry)| {
            registry.index.as_ref().is_some_and(|index| !index.starts_with("sparse+"))
        });
        let (_, variables) = WRAPPERS[0];
        let mut wrappers: Vec<(String, String)> = variables
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), base_name(env.get(name)?)?)))
            .collect();
        let setting = files.and_then(|config| config.build.rustc_wrapper.as_ref());
        wrappers.extend(
            setting.and_then(|path| Some(("build.rustc-wrapper".into(), base_name(path.as_os_str())?))),
        );
        Self {
            incremental_variable: incremental_variable(env),
            incremental_off: incremental_off(project),
            in_ci: env.is_ci(),
            rustflags: config.as_ref().map_err(Clone::clone).and_then(|config| rustflags(project, config)),
            crates_io_by_git,
            registries_by_git: others.map(|(name, _)| name.clone()).collect(),
            wrappers,
            missing_programs: super::programs::missing(project),
            missing_in_image: super::programs::missing_in_image(project),
        }
    }
}

fn incremental_variable(env: &Environment) -> Option<(String, bool)> {
    let names = ["CARGO_INCREMENTAL", "CARGO_BUILD_INCREMENTAL"];
    names.into_iter().find_map(|name| {
        let value = env.get_str(name)?;
        Some((name.to_owned(), !["0", "false"].contains(&value)))
    })
}

/// The nearest file that has a word to say about `build.incremental`, if that word is no.
fn incremental_off(project: &Project) -> Option<Utf8PathBuf> {
    let root = project.workspace.root();
    let home = project.cargo.home().and_then(|home| Utf8PathBuf::from_path_buf(home).ok());
    let folders = root.ancestors().map(|folder| folder.join(".cargo")).chain(home);
    let files = folders.flat_map(|folder| CONFIGURATION.map(|name| folder.join(name)));
    let (file, on) = files.into_iter().find_map(|file| {
        let document = file.is_file().then(|| parse_toml(&file).ok())??;
        let on = tuning::get(&document, &["build", "incremental"])?.as_bool()?;
        Some((file, on))
    })?;
    (!on).then_some(file)
}

fn is_git(registry: &cargo_config2::RegistriesConfigValue) -> bool {
    registry.protocol == Some(RegistriesProtocol::Git)
}

fn base_name(path: &OsStr) -> Option<String> {
    std::path::Path::new(path).file_name().map(|name| name.to_string_lossy().into_owned())
}

/// Whether a variable says something about flags, registries or wrappers.
fn is_setting(name: &str) -> bool {
    has_rustflags(name) || WRAPPERS[0].1.contains(&name) || name.starts_with("CARGO_REGISTRIES_")
}

/// The configuration as files give it.
fn load(project: &Project) -> Answer<Config> {
    let env = project.cargo.env().iter();
    let options = ResolveOptions::default()
        .env(env.filter(|(name, _)| !name.to_str().is_some_and(is_setting)))
        .cargo(project.cargo.program())
        .rustc(PathAndArgs::new(project.cargo.rustc()));
    Config::load_with_options(project.workspace.root(), options).map_err(|error| error.to_string())
}

fn rustflags(project: &Project, config: &Config) -> Answer<Rustflags> {
    let said = |error: cargo_config2::Error| error.to_string();
    let host = project.host().map_err(|error| error.to_string())?;
    let flags = config.rustflags(host.as_str()).map_err(said)?;
    let configured = flags.map(|flags| shown::line(&flags.flags)).unwrap_or_default();
    let variables = project.cargo.env().iter().filter_map(|(name, value)| {
        let name = name.to_str().filter(|name| has_rustflags(name) && !value.is_empty())?;
        Some(name.to_owned())
    });
    Ok(Rustflags { variables: variables.collect(), configured })
}
