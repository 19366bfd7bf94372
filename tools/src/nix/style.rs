//! The form of Nix files, and what in them is of no use.
//!
//! It must never mend anything: `nix fmt` does if there is Nix.

use larder::process::Environment;
use xshell::{Shell, cmd};

use crate::{
    git::list_files,
    log::Log,
    setup::programs::{self, DEADNIX, NIXFMT},
};

/// Checks every Nix file that git knows or would know.
pub(crate) fn check_style(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<()> {
    let list = list_files(sh, &["--", "*.nix"]).read()?;
    // A file that was just deleted is still in git's index.
    let files: Vec<&str> = list.lines().filter(|file| sh.path_exists(file)).collect();
    anyhow::ensure!(!files.is_empty(), "git lists no Nix files");
    let files = files.as_slice();
    let nixfmt = programs::ensure(sh, env, log, NIXFMT)?;
    cmd!(sh, "{nixfmt} --check {files...}").quiet().run()?;
    let deadnix = programs::ensure(sh, env, log, DEADNIX)?;
    cmd!(sh, "{deadnix} --fail {files...}").quiet().run()?;
    let Some(statix) = env.find_program("statix") else {
        log.warn("SKIPPED statix: PATH has none, and no package registry has it (that of crates.io is a web server)");
        return Ok(());
    };
    for file in files {
        cmd!(sh, "{statix} check {file}").quiet().run()?;
    }
    Ok(())
}
