//! Nushell from npm, for the tests of completions: no Debian has it. The other shells are packages of the machine's.
//!
//! It must never be asked of a machine that has no npm: Debian's brings hundreds of packages.

use std::path::PathBuf;

use anyhow::Context as _;
use larder::process::Environment;
use xshell::{Shell, cmd};

use super::{exec::Exec, folder, folder::Folder, tools::cleaned};
use crate::log::Log;

const PACKAGE: &str = "nushell";
const VERSION: &str = "0.115.1";

/// The folder with the program; `None` without npm.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<Option<PathBuf>> {
    let folder = Folder::new(env, &sh.current_dir())?;
    let name = format!("{PACKAGE}-{VERSION}");
    let tree = folder.npm_tree(&name);
    let programs = tree.join("node_modules/.bin");
    if programs.is_dir() {
        return Ok(Some(programs));
    }
    let exec = Exec { sh, env: folder.hidden_from(cleaned(env)), log };
    if !exec.has("npm") {
        return Ok(None);
    }
    let _lock = folder.lock(log)?;
    if !programs.is_dir() {
        let prefix = folder.fresh_tmp(&name)?;
        log.step("Downloading", "Nushell from npm");
        let package = format!("{PACKAGE}@{VERSION}");
        exec.check(cmd!(exec.sh, "npm install --silent --no-audit --no-fund --prefix {prefix} {package}"))
            .context("npm has no Nushell")?;
        folder::replace(&prefix, &tree)?;
    }
    Ok(Some(programs))
}
