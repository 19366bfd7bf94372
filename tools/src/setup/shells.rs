//! Nushell from npm, for the tests of completions: no Debian has it. The other shells are packages of the machine's.
//!
//! It must never be asked of a machine that has no npm: Debian's brings hundreds of packages.

use std::path::PathBuf;

use anyhow::Context as _;
use larder::process::Environment;
use xshell::Shell;

use super::{exec::Exec, folder, folder::Folder, install, tools::cleaned};
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
    folder.once(
        log,
        || programs.is_dir(),
        || {
            let prefix = folder.fresh_tmp(&name)?;
            log.step("Downloading", "Nushell from npm");
            install::from_npm(&exec, &prefix, &[&format!("{PACKAGE}@{VERSION}")])
                .context("npm has no Nushell")?;
            folder::replace(&prefix, &tree)
        },
    )?;
    Ok(Some(programs))
}
