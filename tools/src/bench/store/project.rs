//! The projects that are measured, and checkouts of them.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use larder::process::{Cmd, Environment};
use larder_tests::published;
use xshell::Shell;

use crate::{
    bench::copies::{Copy, CopySettings},
    git::git,
    log::Log,
    portfolio::Portfolio,
};

/// The source of checkouts of a project.
pub(super) struct ProjectSource {
    pub(super) name: String,
    env: Environment,
    kind: ProjectKind,
}

enum ProjectKind {
    Published {
        name: String,
        version: String,
    },
    /// The folder of the example.
    Example(PathBuf),
}

impl ProjectSource {
    /// A published package, or the example with its tools.
    pub(super) fn named(sh: &Shell, env: &Environment, log: &Log, named: &str) -> anyhow::Result<Self> {
        if named == "portfolio" {
            let portfolio = Portfolio::prepare(sh, env, log)?;
            let kind = ProjectKind::Example(portfolio.dir().to_owned());
            return Ok(Self { name: named.to_owned(), env: portfolio.env().clone(), kind });
        }
        let (name, version) = named.split_once('@').context("packages are given as NAME@VERSION")?;
        let kind = ProjectKind::Published { name: name.to_owned(), version: version.to_owned() };
        Ok(Self { name: name.to_owned(), env: env.clone(), kind })
    }

    /// The environment of its builds.
    pub(super) fn env(&self) -> &Environment {
        &self.env
    }

    /// A repository with the project and its recipes, committed.
    pub(super) fn repository(&self, to: &Path, larder: &Path) -> anyhow::Result<()> {
        fs_err::create_dir_all(to)?;
        match &self.kind {
            ProjectKind::Published { name, version } => published::copy(&self.env, name, version, to)?,
            ProjectKind::Example(folder) => {
                Copy::new(folder, to, CopySettings::Tuned)?;
            }
        }
        Cmd::new(larder, to, &self.env).args(["larder", "lock", "--quiet"]).output()?;
        fs_err::write(to.join(".gitignore"), "/target\n")?;
        let steps: [&[&str]; 3] =
            [&["init", "--quiet"], &["add", "--all"], &["commit", "--quiet", "--message=all"]];
        for step in steps {
            git(to, &self.env).args(step).output()?;
        }
        Ok(())
    }
}
