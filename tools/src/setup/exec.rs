//! How setup starts programs: with a whole environment as a value, and never writing to standard output.
//!
//! `larder::process` does not do here: its programs share our standard output, which belongs to results.

use std::{
    ffi::OsStr,
    io::stderr,
    process::{Command, Output, Stdio},
};

use anyhow::Context as _;
use larder::process::Environment;
use xshell::{Cmd, Shell};

use crate::log::Log;

/// A shell with the environment that everything it starts runs in.
pub(super) struct Exec<'a> {
    /// Where `cmd!` gets its working directory from.
    pub(super) sh: &'a Shell,
    /// The programs' environment.
    pub(super) env: Environment,
    /// Where progress goes.
    pub(super) log: &'a Log,
}

impl<'a> Exec<'a> {
    /// The same with further variables.
    ///
    /// A command's own `env` is of no use here: it would be cleared with what the shell inherited.
    pub(super) fn with(&self, vars: &[(&str, &OsStr)]) -> Exec<'a> {
        let mut env = self.env.clone();
        for (name, value) in vars {
            env.set(*name, *value);
        }
        Exec { sh: self.sh, env, log: self.log }
    }

    /// The standard output of a program that is only asked something; `None` if it is missing or fails.
    pub(super) fn text(&self, cmd: Cmd<'_>) -> Option<String> {
        let output = self.output(cmd).ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok()
    }

    /// Runs a program that is done in a moment and shows what it printed only if it fails.
    pub(super) fn check(&self, cmd: Cmd<'_>) -> anyhow::Result<String> {
        let line = cmd.to_string();
        let output = self.output(cmd)?;
        if !output.status.success() {
            anyhow::bail!("`{line}` failed ({}){}", output.status, tail(&output));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs a program that takes a while; what it prints goes to the user's terminal, unless that is quiet.
    pub(super) fn run(&self, cmd: Cmd<'_>) -> anyhow::Result<()> {
        if self.log.is_quiet() {
            return self.check(cmd).map(drop);
        }
        let line = cmd.to_string();
        let mut command = self.command(cmd);
        let status = command.stdin(Stdio::null()).stdout(stderr()).status();
        let status = status.with_context(|| format!("cannot start `{line}`"))?;
        anyhow::ensure!(status.success(), "`{line}` failed ({status})");
        Ok(())
    }

    /// Whether PATH has the program.
    pub(super) fn has(&self, program: &str) -> bool {
        self.env.find_program(program).is_some()
    }

    fn output(&self, cmd: Cmd<'_>) -> anyhow::Result<Output> {
        let line = cmd.to_string();
        let mut command = self.command(cmd);
        command.stdin(Stdio::null()).output().with_context(|| format!("cannot start `{line}`"))
    }

    fn command(&self, cmd: Cmd<'_>) -> Command {
        let mut command = Command::from(cmd.env_clear());
        command.envs(self.env.iter());
        command
    }
}

/// The last lines of what a program printed.
fn tail(output: &Output) -> String {
    const LINES: usize = 20;
    let text =
        String::from_utf8_lossy(if output.stderr.is_empty() { &output.stdout } else { &output.stderr });
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LINES)..].iter().flat_map(|line| ["\n", line]).collect()
}

#[cfg(test)]
mod tests {
    use xshell::cmd;

    use super::*;

    #[test]
    fn programs_get_the_environment_and_nothing_else() {
        let (sh, log) = (Shell::new().unwrap(), Log::new(true));
        let exec = Exec { sh: &sh, env: Environment::new([("A", "1")]), log: &log };
        let script = "echo $A $B ${HOME-unset}";
        let exec = exec.with(&[("B", OsStr::new("2"))]);
        assert_eq!(exec.text(cmd!(sh, "/bin/sh -c {script}")).as_deref(), Some("1 2 unset\n"));
    }
}
