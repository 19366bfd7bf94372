//! Asks the machine what it has: programs are started with `--version` and nothing is changed.

use std::path::{Path, PathBuf};

use xshell::cmd;

use super::{
    choose::{Candidate, Facts, Source},
    debian,
    exec::Exec,
    folder::Folder,
    needs::Tool,
    version::{Need, Version},
};

/// The target of the browser's half.
pub(super) const WASM: &str = "wasm32-unknown-unknown";

/// Gathers what the choice for one tool depends on.
pub(super) fn facts(exec: &Exec<'_>, folder: &Folder, tool: Tool, need: &Need) -> Facts {
    let on_path = exec.env.find_program(tool.program());
    Facts {
        nix_shell: exec.env.get("IN_NIX_SHELL").is_some_and(|value| !value.is_empty()),
        on_path: on_path.and_then(|path| ask(exec, tool, &path)),
        kept: kept(exec, folder, tool, need),
        ways: ways(exec),
    }
}

fn ways(exec: &Exec<'_>) -> Vec<Source> {
    let ways = [
        (Source::Rustup, exec.has("rustup")),
        (Source::Debian, debian::is_possible(exec)),
        (Source::Npm, exec.has("npm")),
    ];
    ways.into_iter().filter(|(_, possible)| *possible).map(|(way, _)| way).collect()
}

/// The copy of a tool in the tools folder.
pub(super) fn kept(exec: &Exec<'_>, folder: &Folder, tool: Tool, need: &Need) -> Option<Candidate> {
    let exact = match need {
        Need::Exactly(version) => Some(version),
        Need::Any | Need::AtLeast(_) => None,
    };
    let places: Vec<PathBuf> = match tool {
        Tool::CargoLeptos | Tool::WasmBindgen => vec![folder.cargo(tool, exact).join("bin")],
        _ => {
            let npm = folder.npm(tool).join("node_modules/.bin");
            debian::kept(&folder.debian(tool)).into_iter().chain([npm]).collect()
        }
    };
    let programs = places.iter().map(|place| place.join(tool.program()));
    programs.filter(|program| program.is_file()).find_map(|program| ask(exec, tool, &program))
}

/// Starts a program and asks what it is; `None` if it cannot tell.
pub(super) fn ask(exec: &Exec<'_>, tool: Tool, path: &Path) -> Option<Candidate> {
    let version = Version::find(&exec.text(cmd!(exec.sh, "{path} --version"))?)?;
    let lacks = if tool == Tool::Rust { rust_lacks(exec, path) } else { None };
    Some(Candidate { path: path.to_path_buf(), version, lacks })
}

fn rust_lacks(exec: &Exec<'_>, rustc: &Path) -> Option<&'static str> {
    let libs = exec.text(cmd!(exec.sh, "{rustc} --print target-libdir --target {WASM}"));
    if !libs.is_some_and(|libs| Path::new(libs.trim()).is_dir()) {
        return Some("the standard library for wasm32-unknown-unknown");
    }
    let cargo = rustc.with_file_name("cargo");
    if cargo.is_file() || exec.has("cargo") { None } else { Some("cargo") }
}
