//! `cargo xtask codegen`: writes the files that come from the code, and checks that they are fresh.
//!
//! It must never write a file that is right already, nor leave a half-written one.

use std::path::Path;

use anyhow::Context as _;
use xshell::{Shell, cmd};

use crate::log::Log;

/// The command reference, which the command line prints itself.
const REFERENCE: &str = "docs/src/commands.md";

/// The packages that are published, lowest first.
const PUBLISHED: [&str; 4] =
    ["crates/larder", "crates/larder-caches", "crates/larder-store", "crates/cargo-larder"];

/// The names of these packages, in the same order.
pub fn published() -> impl Iterator<Item = &'static str> {
    PUBLISHED.into_iter().filter_map(|path| path.rsplit('/').next())
}

/// The licences, of which every archive has a copy: a link would be a file with a path in it on some systems.
const LICENCES: [&str; 2] = ["LICENSE-APACHE", "LICENSE-MIT"];

/// The action for a stale file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Write it anew.
    Write,
    /// Fail.
    Check,
}

/// Runs the verb; `sh` is in the repository's root.
///
/// # Errors
/// If the command line cannot be asked, a file is stale if it is checked, or cannot be written.
pub fn run(sh: &Shell, log: &Log, mode: Mode) -> anyhow::Result<()> {
    let root = sh.current_dir();
    bring_along(&root, REFERENCE, &reference(sh)?, (log, mode, "codegen"))?;
    for package in PUBLISHED {
        for licence in LICENCES {
            let text = fs_err::read_to_string(root.join(licence))?;
            bring_along(&root, &format!("{package}/{licence}"), &text, (log, mode, "codegen"))?;
        }
    }
    Ok(())
}

/// Sees that a file has a text, for the verb that makes it.
///
/// # Errors
/// If the file is stale and is only checked, or cannot be written.
pub fn bring_along(
    root: &Path,
    name: &str,
    wanted: &str,
    (log, mode, verb): (&Log, Mode, &str),
) -> anyhow::Result<()> {
    let path = root.join(name);
    let found = if path.is_file() { fs_err::read_to_string(&path)? } else { String::new() };
    if found == wanted {
        log.step("Fresh", name);
        return Ok(());
    }
    anyhow::ensure!(mode == Mode::Write, "{name} is stale: run `cargo xtask {verb}` and commit the file");
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    fs_err::write(&temporary, wanted)?;
    fs_err::rename(&temporary, &path).inspect_err(|_| drop(fs_err::remove_file(&temporary)))?;
    log.step("Wrote", name);
    Ok(())
}

/// What `cargo larder reference` prints.
fn reference(sh: &Shell) -> anyhow::Result<String> {
    let program = cmd!(sh, "cargo run --quiet --package cargo-larder -- larder reference")
        // The help text shows this variable's value if it is set.
        .env_remove("CARGO_TERM_COLOR")
        .quiet();
    let mut text = program.read().context("cannot print the command reference")?;
    anyhow::ensure!(text.starts_with("# "), "`{program}` printed no command reference");
    // `read` takes the last line's end away.
    text.push('\n');
    Ok(text)
}
