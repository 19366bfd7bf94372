//! Programs from npm for single tests, each in a folder of its own.
//!
//! It must never be asked of a machine that has no npm: Debian's brings hundreds of packages.

use std::path::PathBuf;

use anyhow::Context as _;
use larder::process::Environment;
use xshell::Shell;

use super::{exec::Exec, folder, folder::Folder, install, tools::cleaned};
use crate::log::Log;

/// A package with the version that tests know.
pub(super) struct Package {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// More arguments for npm.
    pub(super) options: &'static [&'static str],
}

/// The folder with the programs of a package; `None` without npm.
pub(super) fn programs(
    sh: &Shell,
    env: &Environment,
    log: &Log,
    package: &Package,
) -> anyhow::Result<Option<PathBuf>> {
    let Package { name, version, options } = package;
    let folder = Folder::new(env, &sh.current_dir())?;
    let unique = format!("{name}-{version}");
    let tree = folder.npm_tree(&unique);
    let programs = tree.join("node_modules/.bin");
    let exec = Exec { sh, env: folder.hidden_from(cleaned(env)), log };
    // The folder may be another machine's, and its programs run by the node that this one has.
    if !exec.has("npm") {
        return Ok(None);
    }
    if programs.is_dir() {
        return Ok(Some(programs));
    }
    folder.once(
        log,
        || programs.is_dir(),
        || {
            let wanted = format!("{name}@{version}");
            let prefix = folder.fresh_tmp(&unique)?;
            log.step("Downloading", &format!("{name} from npm"));
            let words = [options.to_vec(), vec![&wanted]].concat();
            install::from_npm(&exec, &prefix, &words).with_context(|| format!("npm has no {name}"))?;
            folder::replace(&prefix, &tree)
        },
    )?;
    Ok(Some(programs))
}
