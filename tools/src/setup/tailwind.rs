//! Tailwind's command line tool from npm, for sites that are styled by it; the example is not.

use std::path::PathBuf;

use anyhow::Context as _;
use larder::process::Environment;
use xshell::Shell;

use super::{exec::Exec, folder, folder::Folder, install, tools::cleaned};
use crate::log::Log;

const NAME: &str = "tailwindcss";
/// The program, and the styles that `@import "tailwindcss"` takes.
const PACKAGES: [&str; 2] = ["@tailwindcss/cli@4", "tailwindcss@4"];

/// The environment with the program on PATH, and its styles where it looks for them; both are got if they are not
/// there yet.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<Environment> {
    let modules = modules(sh, env, log)?;
    let mut env = env.clone();
    env.put_first([modules.join(".bin")])?;
    env.set("NODE_PATH", modules);
    Ok(env)
}

fn modules(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<PathBuf> {
    let folder = Folder::new(env, &sh.current_dir())?;
    let tree = folder.npm_tree(NAME);
    let modules = tree.join("node_modules");
    if modules.is_dir() {
        return Ok(modules);
    }
    let exec = Exec { sh, env: folder.hidden_from(cleaned(env)), log };
    anyhow::ensure!(exec.has("npm"), "PATH has no npm, which has Tailwind: install it");
    folder.once(
        log,
        || modules.is_dir(),
        || {
            let prefix = folder.fresh_tmp(NAME)?;
            log.step("Downloading", "Tailwind from npm");
            install::from_npm(&exec, &prefix, &PACKAGES).context("npm has no Tailwind")?;
            folder::replace(&prefix, &tree)
        },
    )?;
    Ok(modules)
}
