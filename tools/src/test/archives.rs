//! The archives that a registry gets, tried as a user gets them: packed, unpacked outside of the repository, built with
//! their own lock file, and run in a new workspace.
//!
//! The packed files are held, not those of the checkout. It must never publish anything, nor ask a registry for these
//! packages: they stand in for one another.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use larder::process::{Cmd, Environment};
use serde_json::Value;
use toml_edit::{DocumentMut, Item};
use xshell::{Shell, cmd};
use xtask::codegen::published;

use crate::log::Log;

/// The one package with a program.
const COMMAND_LINE: &str = "cargo-larder";
/// Every archive has these, beside its sources.
const INSIDE: [&str; 4] = ["Cargo.lock", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];
/// A workspace that has nothing of Larder's.
const WORKSPACE: [(&str, &str); 2] = [
    (
        "Cargo.toml",
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\nitoa = \"1\"\n",
    ),
    ("src/main.rs", "fn main() {\n    println!(\"{}\", itoa::Buffer::new().format(8));\n}\n"),
];

/// Runs the step.
pub(super) fn run(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<()> {
    let scratch = tempfile::Builder::new().prefix("larder-archives-").tempdir()?;
    let folder = scratch.path();
    let unpacked = unpacked(sh, env, folder)?;
    for package in &unpacked {
        for name in INSIDE {
            ensure!(package.join(name).is_file(), "{} has no {name}", package.display());
        }
    }
    let command_line = unpacked.last().context("nothing was packed")?;
    fs_err::create_dir_all(folder.join(".cargo"))?;
    fs_err::write(folder.join(".cargo/config.toml"), configuration(&sh.current_dir(), &unpacked)?)?;
    stand_in(&command_line.join("Cargo.lock"))?;

    let target = sh.current_dir().join("target");
    let cargo = Cmd::new("cargo", command_line, env).env("CARGO_TARGET_DIR", &target);
    cargo.clone().args(["build", "--quiet", "--locked"]).run()?;
    let program = folder.join("cargo-larder");
    fs_err::copy(target.join("debug/cargo-larder"), &program)?;
    // Elsewhere: a configuration in a folder above would be one person's.
    let apart = tempfile::Builder::new().prefix("larder-archives-").tempdir()?;
    tried(&program, &apart.path().join("workspace"), env)?;
    // As docs.rs calls it, which has no folder of the repository either.
    for library in libraries() {
        cargo
            .clone()
            .args(["doc", "--quiet", "--locked", "--no-deps", "--lib", "--package", library])
            .env("RUSTDOCFLAGS", "--cfg docsrs --deny warnings")
            .run()?;
    }
    log.step("Tried", "the archives, outside of the repository");
    Ok(())
}

/// The libraries, which the command line's archive takes from a registry once they are there.
fn libraries() -> impl Iterator<Item = &'static str> {
    published().filter(|name| *name != COMMAND_LINE)
}

/// Packs all that is published; the folders that the archives were unpacked into, lowest first.
fn unpacked(sh: &Shell, env: &Environment, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let root = sh.current_dir();
    let packages = published().map(|name| format!("--package={name}"));
    let cargo = sh.var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let packed = folder.join("packed");
    // Uncommitted changes are tried as well; the building comes below, once.
    let said =
        cmd!(sh, "{cargo} package --locked --no-verify --allow-dirty --target-dir {packed} {packages...}")
            .quiet()
            .read_stderr()?;
    ensure!(!said.contains("warning:"), "`cargo package` warns:\n{said}");
    let version = version(&root)?;
    let mut folders = Vec::new();
    for name in published() {
        let archive = packed.join("package").join(format!("{name}-{version}.crate"));
        Cmd::new("tar", folder, env).arg("-xf").arg(archive).run()?;
        folders.push(folder.join(format!("{name}-{version}")));
    }
    Ok(folders)
}

fn version(root: &Path) -> anyhow::Result<String> {
    let manifest: DocumentMut = fs_err::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let version = manifest["workspace"]["package"]["version"].as_str();
    Ok(version.context("the root manifest has no `workspace.package.version`")?.to_owned())
}

/// The libraries' archives in the place of a registry's, and the profiles of the checkout, with which the packages of
/// others are compiled already.
fn configuration(root: &Path, unpacked: &[PathBuf]) -> anyhow::Result<String> {
    let manifest: DocumentMut = fs_err::read_to_string(root.join("Cargo.toml"))?.parse()?;
    let mut profiles = DocumentMut::new();
    profiles["profile"] = manifest.get("profile").cloned().unwrap_or(Item::None);
    let mut text = String::from("[patch.crates-io]\n");
    for (library, folder) in libraries().zip(unpacked) {
        writeln!(text, "{library}.path = {:?}", folder.display().to_string())?;
    }
    Ok(text + &profiles.to_string())
}

/// A lock file names the registry that a package comes from, which these two do not come from yet. All else stays.
fn stand_in(lock_file: &Path) -> anyhow::Result<()> {
    let mut lock: DocumentMut = fs_err::read_to_string(lock_file)?.parse()?;
    let packages = lock["package"].as_array_of_tables_mut().context("the lock file has no packages")?;
    for package in packages.iter_mut() {
        if package["name"].as_str().is_some_and(|name| libraries().any(|library| library == name)) {
            ensure!(package.remove("checksum").is_some(), "{} names no archive", lock_file.display());
            package.remove("source");
        }
    }
    fs_err::write(lock_file, lock.to_string())?;
    Ok(())
}

/// The first steps of a user.
fn tried(program: &Path, workspace: &Path, env: &Environment) -> anyhow::Result<()> {
    fs_err::create_dir_all(workspace.join("src"))?;
    for (name, text) in WORKSPACE {
        fs_err::write(workspace.join(name), text)?;
    }
    // Nothing is left in the stores of this machine.
    let larder = Cmd::new(program, workspace, env).arg("larder").env("LARDER_STORE", "off");
    Cmd::new("cargo", workspace, env).args(["generate-lockfile", "--quiet"]).run()?;
    // Diffs would be printed otherwise.
    larder.clone().args(["init", "--yes", "--quiet", "--json"]).output()?;
    larder.clone().args(["lock", "--check", "--quiet"]).run()?;
    larder.clone().args(["cook", "--quiet", "--json"]).output()?;
    let table: Value = serde_json::from_str(&larder.args(["build", "--json", "--quiet"]).output()?)?;
    let built = table["phases"].as_array().and_then(|phases| phases.last()).context("there is no phase")?;
    ensure!(built["compiled-external"] == 0 && built["compiled"] == 1, "the build was not exact: {table:#}");
    Ok(())
}
