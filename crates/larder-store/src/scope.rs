//! The inputs that units share if they can stand in for each other: compiler, platform, settings of the recipe.
//!
//! | input | why |
//! |---|---|
//! | `rustc -vV`, the digest of its driver, `cargo -V` | another compiler makes other bytes, also under the same version |
//! | platforms, resolved rustflags and linkers | of the whole build, which no fingerprint of a build script's run tells |
//! | variables that set flags, profiles or unstable settings | the same |
//! | profiles, configuration and environment of the recipe, cargo's words | the same |
//! | the processor, if a flag asks for that of the machine (`=native`) | the flag is the same text everywhere |
//! | namespace | teams that share a remote keep to themselves |
//!
//! cargo checks most of it once more when it judges a restored unit: a scope that is too wide costs garbage on disk, one
//! that is too narrow a compilation; neither gives a wrong result. The inputs that cargo does not check are why it is
//! here.

use std::{ffi::OsStr, fmt::Write as _};

use cargo_config2::Config;
use larder::{
    cargo::platform::HOST_TUPLE,
    process::{Cmd, Environment},
    project::Project,
    recipe::lock_file::LockedSlice,
};

use crate::{
    Result,
    digest::Digest,
    local::Key,
    parts::{Parts, ScopePart, ScopePartName},
    toolchain::{Toolchain, unreadable},
};

/// The keys of a recipe.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keys {
    /// Of units that can stand in for its units.
    pub scope: Key,
    /// Of its units as a whole.
    pub snapshot: Key,
}

impl Keys {
    /// Of a slice's current recipe, whose scope is made of `parts`.
    pub fn new(parts: &Parts, locked: &LockedSlice) -> Self {
        let scope = parts.key();
        let files = locked.files(locked.layers.len().saturating_sub(1));
        let files = files.iter().flat_map(|(path, text)| [path.as_str(), text.as_str()]);
        let scope_text = scope.to_string();
        let snapshot = Digest::of_texts("larder store snapshot 1", files.chain([scope_text.as_str()]));
        Self { scope, snapshot }
    }
}

impl Parts {
    /// Of a slice's current recipe.
    ///
    /// # Errors
    /// If cargo's configuration cannot be read.
    pub fn read(
        project: &Project,
        locked: &LockedSlice,
        toolchain: &Toolchain,
        namespace: &str,
    ) -> Result<Self> {
        let (mut profiles, mut configuration) = (String::new(), String::new());
        for (path, text) in &locked.files(locked.layers.len().saturating_sub(1)) {
            match path.file_name() {
                Some("config.toml") => configuration.push_str(text),
                Some("Cargo.toml") => {
                    text.lines().filter(|line| line.starts_with("profile.")).for_each(|line| {
                        let _ = writeln!(profiles, "{line}");
                    });
                }
                _ => {}
            }
        }
        let words = locked.cook.iter().filter(|word| !word.starts_with("--target-dir"));
        let words: Vec<String> = words.map(|word| format!("{word:?}")).collect();
        let (flags, linkers) =
            resolved(locked, &toolchain.config).map_err(|error| unreadable(project, &error))?;
        let variables = variables(project.cargo.env()).map(|(name, value)| format!("{name}={value:?}"));
        let parts = [
            (ScopePartName::Namespace, namespace.to_owned()),
            (ScopePartName::Compiler, toolchain.rustc.clone()),
            (ScopePartName::Driver, toolchain.driver.clone()),
            (ScopePartName::Cargo, toolchain.cargo.clone()),
            (ScopePartName::Configuration, configuration),
            (ScopePartName::Profiles, profiles),
            (ScopePartName::Flags, flags),
            (ScopePartName::Linker, linkers),
            (ScopePartName::Variables, variables.collect::<Vec<_>>().join("\n")),
            (ScopePartName::Words, words.join("\n")),
        ];
        let mut parts = Vec::from(parts.map(|(name, text)| ScopePart { name, text }));
        let asks = parts.iter().any(|part| part.text.contains(NATIVE));
        if asks || flags_for_others_ask(project.cargo.env()) {
            parts.push(ScopePart { name: ScopePartName::Processor, text: processor(project)? });
        }
        Ok(Self(parts))
    }
}

/// How flags ask for the processor of the machine: `-Ctarget-cpu=native`, and C's `-march=native`.
const NATIVE: &str = "=native";

/// Whether flags do so that cargo does not read, but compilers that build scripts start: `CFLAGS` and their like.
fn flags_for_others_ask(env: &Environment) -> bool {
    let is_flags = |name: &OsStr| name.to_str().is_some_and(|name| name.contains("FLAGS"));
    let mut flags = env.iter().filter(|(name, _)| is_flags(name));
    flags.any(|(_, value)| value.to_string_lossy().contains(NATIVE))
}

/// The processor of this machine, as rustc finds it: its model and what it can do.
fn processor(project: &Project) -> Result<String> {
    let models = ask_rustc(project, &["--print=target-cpus"])?;
    let features = ask_rustc(project, &["--print=cfg", "-Ctarget-cpu=native"])?;
    let of_it = models.lines().filter(|line| line.trim_start().starts_with("native "));
    let features = features.lines().filter(|line| line.starts_with("target_feature"));
    Ok(of_it.map(str::trim).chain(features).collect::<Vec<_>>().join("\n"))
}

fn ask_rustc(project: &Project, words: &[&str]) -> larder::Result<String> {
    let cargo = &project.cargo;
    let rustc = Cmd::new(cargo.rustc(), project.workspace.root(), cargo.env());
    rustc.args(words.iter().copied()).output()
}

/// Flags and linkers as cargo would find them.
fn resolved(locked: &LockedSlice, config: &Config) -> Result<(String, String), cargo_config2::Error> {
    let host = config.host_triple()?.to_owned();
    let (mut all_flags, mut linkers) = (String::new(), String::new());
    let named = locked.slice.targets().into_iter().filter(|target| *target != HOST_TUPLE);
    for target in named.chain([host.as_str()]) {
        let flags = config.rustflags(target)?.map(|flags| flags.flags).unwrap_or_default();
        let linker = config.linker(target)?;
        let _ = writeln!(all_flags, "{target} {flags:?}");
        let linker = linker.map_or_else(|| "that of rustc".to_owned(), |linker| linker.display().to_string());
        let _ = writeln!(linkers, "{target} {linker}");
    }
    Ok((all_flags, linkers))
}

/// Variables of cargo's that reach a compilation.
fn variables(env: &Environment) -> impl Iterator<Item = (String, String)> {
    let texts = env
        .iter()
        .map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()));
    texts.filter(|(name, _)| reaches_compilation(name))
}

fn reaches_compilation(name: &str) -> bool {
    const PLACES: [&str; 4] =
        ["CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_BUILD_DIR", "CARGO_BUILD_JOBS", "CARGO_BUILD_RUSTC_WRAPPER"];
    let kinds = ["CARGO_PROFILE_", "CARGO_UNSTABLE_", "CARGO_BUILD_", "RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"];
    let is_of_target =
        name.starts_with("CARGO_TARGET_") && (name.ends_with("RUSTFLAGS") || name.ends_with("LINKER"));
    name == "RUSTC_BOOTSTRAP"
        || is_of_target
        || (kinds.iter().any(|kind| name.starts_with(kind)) && !PLACES.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_reach_a_compilation_count() {
        let counting = [
            "CARGO_BUILD_RUSTFLAGS",
            "CARGO_ENCODED_RUSTFLAGS",
            "CARGO_PROFILE_DEV_DEBUG",
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_LINKER",
            "CARGO_UNSTABLE_BUILD_STD",
            "RUSTC_BOOTSTRAP",
            "RUSTFLAGS",
        ];
        assert_eq!(names_that_count(&counting), counting);
        assert_eq!(
            names_that_count(&[
                "CARGO_TARGET_DIR",
                "CARGO_BUILD_JOBS",
                "CARGO_HOME",
                "HOME",
                "RUSTC_WRAPPER"
            ]),
            [""; 0]
        );
    }

    fn names_that_count(names: &[&str]) -> Vec<String> {
        let env = Environment::new(names.iter().map(|name| (*name, "x")));
        variables(&env).map(|(name, _)| name).collect()
    }
}
