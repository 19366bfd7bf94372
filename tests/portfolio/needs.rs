//! The programs and folders that the test needs from the machine, and what happens if one is missing.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use larder::process::Environment;
use larder_tests::site::Server;

/// Everything that was found.
pub(crate) struct Needs {
    /// The environment for the programs that the test starts.
    pub(crate) env: Environment,
    /// The server binary.
    pub(crate) server: PathBuf,
    /// The site folder.
    pub(crate) site: PathBuf,
    pub(crate) chromium: PathBuf,
    pub(crate) chromedriver: PathBuf,
}

impl Needs {
    /// `None` after saying that the test is skipped; an error instead if `CI=true`, because a
    /// test that is skipped there would never run anywhere.
    pub(crate) fn find() -> Result<Option<Self>> {
        #[expect(clippy::disallowed_methods, reason = "the test's one look at the environment")]
        let env = Environment::new(std::env::vars_os());
        match Self::look(&env) {
            Ok(needs) => Ok(Some(needs)),
            Err(why) if env.get_str("CI") == Some("true") => bail!("in CI this must not be missing: {why}"),
            Err(why) => {
                println!("SKIPPED portfolio browser test: {why}");
                Ok(None)
            }
        }
    }

    /// Starts the server with its database in `scratch`.
    pub(crate) fn start_server(&self, scratch: &Path) -> Result<Server> {
        Server::start(&self.env, &self.server, &self.site, scratch)
    }

    fn look(env: &Environment) -> Result<Self, String> {
        Ok(Self {
            server: path(env, "LARDER_PORTFOLIO_BIN")?,
            site: path(env, "LARDER_PORTFOLIO_SITE")?,
            chromium: program(env, "chromium")?,
            chromedriver: program(env, "chromedriver")?,
            env: minimal(env),
        })
    }
}

/// The path in a variable, which has to be there.
fn path(env: &Environment, variable: &str) -> Result<PathBuf, String> {
    let path = env.get(variable).map(PathBuf::from).ok_or_else(|| format!("{variable} is not set"))?;
    if path.exists() { Ok(path) } else { Err(format!("{variable}: {} does not exist", path.display())) }
}

fn program(env: &Environment, name: &str) -> Result<PathBuf, String> {
    env.find_program(name).ok_or_else(|| format!("{name} is not installed"))
}

/// Nothing of the caller's settings reaches the programs under test but where to find others.
fn minimal(env: &Environment) -> Environment {
    Environment::new(env.iter().filter(|(name, _)| *name == "PATH" || *name == "LANG"))
}
