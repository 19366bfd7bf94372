//! Tools that are built here by `cargo install` or come from npm, each into a folder of its own.
//!
//! It must never write to the user's own cargo or npm folders, nor into a checkout.

use std::{ffi::OsStr, path::Path};

use larder::slice::leptos;
use xshell::cmd;

use super::{
    exec::Exec,
    folder::{Folder, replace},
    needs::{Tool, cargo_leptos},
    programs::Program,
    version::Version,
};

/// Gets a tool of crates.io: the archive of its makers if cargo-binstall is there and reaches it, or else built with the
/// toolchain that `exec` has on PATH.
pub(super) fn by_cargo(
    exec: &Exec<'_>,
    folder: &Folder,
    tool: Tool,
    wasm_bindgen: Option<&Version>,
) -> anyhow::Result<()> {
    let cargo_leptos = cargo_leptos();
    let [.., (_, low)] = leptos::INSTALL_PROFILE;
    let (name, version, words) = match tool {
        // It would download what it does not find, from places that not every machine reaches.
        Tool::CargoLeptos => ("cargo-leptos", Some(&cargo_leptos), &["--features=no_downloads"][..]),
        _ => ("wasm-bindgen-cli", wasm_bindgen, &leptos::BINDGEN_WORDS[..]),
    };
    let root = folder.fresh_tmp(tool.name())?;
    if let Some(version) = version.filter(|version| has_archive(exec, name, version, &root)) {
        exec.log.step("Got", &format!("{name} {version} by cargo-binstall"));
        return replace(&root, &folder.cargo(tool, wasm_bindgen));
    }
    // One build folder for all of them, so that an interrupted build goes on from there.
    let exec = quick_release(exec, &folder.tmp("build"), low);
    exec.log.step(
        "Building",
        &format!(
            "{name}{}, once: some minutes on two cores, and seconds if cargo-binstall is there",
            version.map(|v| format!(" {v}")).unwrap_or_default()
        ),
    );
    locked_or_newest(&exec, |locked| {
        let _dir = exec.sh.push_dir(&root);
        let version = version.map(|version| format!("--version=={version}"));
        exec.run(cmd!(exec.sh, "cargo install {locked...} --root {root} {version...} {words...} {name}"))
    })?;
    replace(&root, &folder.cargo(tool, wasm_bindgen))
}

/// Whether cargo-binstall put the makers' own archive into `root`. It asks nobody else for one: not its service of others'
/// builds, and not the compiler, which is called here with settings of our own.
fn has_archive(exec: &Exec<'_>, name: &str, version: &Version, root: &Path) -> bool {
    if !exec.has("cargo-binstall") {
        return false;
    }
    let words = ["--no-confirm", "--disable-telemetry", "--strategies=crate-meta-data", "--no-track"];
    let package = format!("{name}@={version}");
    let got = exec.check(cmd!(exec.sh, "cargo-binstall {words...} --root {root} {package}"));
    if let Err(error) = &got {
        exec.log.warn(&format!("{error}; building it instead"));
    }
    got.is_ok()
}

/// Installs with the program's own lock file, or without it: a version in it may be gone, or not there yet.
fn locked_or_newest(
    exec: &Exec<'_>,
    install: impl Fn(Option<&str>) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    install(Some("--locked")).or_else(|error| {
        exec.log.warn(&format!("{error}; trying again with the newest versions of its dependencies"));
        install(None)
    })
}

/// Builds a program that checks the repository or is measured against it.
pub(super) fn program(exec: &Exec<'_>, folder: &Folder, program: Program, tree: &Path) -> anyhow::Result<()> {
    let Program { name, package, features, version, optimisation } = program;
    let root = folder.fresh_tmp(name)?;
    let exec = quick_release(exec, &folder.tmp("build"), optimisation);
    exec.log.step("Building", &format!("{name} {version}"));
    let _dir = exec.sh.push_dir(&root);
    locked_or_newest(&exec, |locked| {
        exec.run(cmd!(
            exec.sh,
            "cargo install {locked...} --no-default-features --features={features} --root {root} --version={version} {package}"
        ))
    })?;
    replace(&root, tree)
}

/// With a release profile for tools that are built once and run for seconds: building quickly counts for more.
fn quick_release<'a>(exec: &Exec<'a>, build: &Path, optimisation: &str) -> Exec<'a> {
    exec.with(&[
        ("CARGO_TARGET_DIR", build.as_os_str()),
        // Link-time optimisation alone takes over five minutes of one core for cargo-leptos.
        ("CARGO_PROFILE_RELEASE_LTO", OsStr::new("off")),
        ("CARGO_PROFILE_RELEASE_OPT_LEVEL", OsStr::new(optimisation)),
        ("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", OsStr::new("16")),
        // As many for build scripts and macros, so that a crate of both kinds is compiled once.
        ("CARGO_PROFILE_RELEASE_BUILD_OVERRIDE_CODEGEN_UNITS", OsStr::new("16")),
        ("CARGO_PROFILE_RELEASE_DEBUG", OsStr::new("false")),
    ])
}

/// Gets a tool that npm has under the same name or that of its project.
pub(super) fn by_npm(exec: &Exec<'_>, folder: &Folder, tool: Tool) -> anyhow::Result<()> {
    let package = if tool == Tool::WasmOpt { "binaryen" } else { tool.name() };
    let prefix = folder.fresh_tmp(tool.name())?;
    exec.log.step("Downloading", &format!("{package} from npm"));
    from_npm(exec, &prefix, &[package])?;
    replace(&prefix, &folder.npm(tool))
}

/// Installs npm's packages into a folder.
pub(super) fn from_npm(exec: &Exec<'_>, prefix: &Path, packages: &[&str]) -> anyhow::Result<()> {
    exec.check(cmd!(exec.sh, "npm install --silent --no-audit --no-fund --prefix {prefix} {packages...}"))?;
    Ok(())
}
