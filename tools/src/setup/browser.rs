//! The browser that end-to-end tests drive, and its driver.
//!
//! Only asked for by those who run such tests: it is large, and no build needs it.

use std::path::PathBuf;

use anyhow::Context as _;
use larder::process::Environment;
use serde::Serialize;
use xshell::Shell;

use super::{debian, exec::Exec, tools::cleaned};
use crate::log::Log;

/// A browser and the driver of its version.
#[derive(Debug, Serialize)]
pub(crate) struct Browser {
    /// The version of this table, for those who read its JSON.
    version: u32,
    /// The browser's program.
    pub(crate) chromium: PathBuf,
    /// The driver's program, which speaks the `WebDriver` protocol.
    pub(crate) chromedriver: PathBuf,
}

/// The programs with their Debian packages.
pub(super) const PACKAGES: [(&str, &str); 2] =
    [("chromedriver", "chromium-driver"), ("chromium", "chromium")];

/// Finds the browser and its driver, or installs them if that is possible.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<Browser> {
    let exec = Exec { sh, env: cleaned(env), log };
    if let Some(browser) = find(&exec) {
        return Ok(browser);
    }
    anyhow::ensure!(
        debian::is_possible(&exec),
        "no chromium with its chromedriver on PATH: install both, in the same version"
    );
    for (program, package) in PACKAGES {
        debian::host_package(&exec, program, package)?;
    }
    find(&exec).context("chromium is installed, but PATH does not have it")
}

/// Whether both are on PATH.
pub(super) fn is_there(exec: &Exec<'_>) -> bool {
    find(exec).is_some()
}

fn find(exec: &Exec<'_>) -> Option<Browser> {
    let chromium = ["chromium", "chromium-browser", "google-chrome"];
    let chromium = chromium.iter().find_map(|name| exec.env.find_program(name))?;
    Some(Browser { version: 1, chromium, chromedriver: exec.env.find_program("chromedriver")? })
}

impl Browser {
    /// A table for people.
    pub(crate) fn describe(&self) -> String {
        format!("chromium      {}\nchromedriver  {}\n", self.chromium.display(), self.chromedriver.display())
    }
}
