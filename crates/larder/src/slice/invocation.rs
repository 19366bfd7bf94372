//! The calls of cargo that a slice gives on this machine: its own, and those of its recipe, which share its variables and
//! its target directory.

use std::path::Path;

use super::{call::Slice, environment};
use crate::{
    cargo::{Cargo, invocation::Invocation},
    error::Result,
    process::Environment,
    workspace::Workspace,
};

impl Slice {
    /// The call whose unit graph is the slice's.
    ///
    /// # Errors
    /// When the configured rustflags cannot be read.
    pub fn planning(&self, cargo: &Cargo, workspace: &Workspace) -> Result<Invocation> {
        self.planning_in(cargo, workspace, workspace.root().as_std_path(), &self.planned_args())
    }

    /// The slice's own build.
    ///
    /// # Errors
    /// As [`planning`](Self::planning), and when rustc cannot be asked.
    pub fn building(&self, cargo: &Cargo, workspace: &Workspace) -> Result<Invocation> {
        self.building_in(cargo, workspace, workspace.root().as_std_path(), &self.args)
    }

    /// The call that plans a recipe of the slice, which lies in `dir`.
    ///
    /// # Errors
    /// As [`planning`](Self::planning).
    pub fn planning_in(
        &self,
        cargo: &Cargo,
        workspace: &Workspace,
        dir: &Path,
        args: &[String],
    ) -> Result<Invocation> {
        let env = environment::of_slice(cargo, workspace, self)?;
        Ok(self.invocation(workspace, dir, args, env))
    }

    /// The call that cooks a recipe of the slice, which lies in `dir`.
    pub(crate) fn building_in(
        &self,
        cargo: &Cargo,
        workspace: &Workspace,
        dir: &Path,
        args: &[String],
    ) -> Result<Invocation> {
        let env = environment::of_build(cargo, workspace, self)?;
        Ok(self.invocation(workspace, dir, args, env))
    }

    fn invocation(&self, workspace: &Workspace, dir: &Path, args: &[String], env: Environment) -> Invocation {
        let target_dir = self.target_dir.resolve(workspace);
        Invocation { dir: dir.to_owned(), args: args.to_vec(), env, target_dir }
    }
}
