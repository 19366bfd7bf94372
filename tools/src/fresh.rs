//! `cargo xtask fresh`: the README's two commands on a machine with nothing but Debian, Rust and git, which is made for
//! this and thrown away.
//!
//! The machine that CI runs on has what earlier runs installed, so its success says little about the next machine.
//! This one shares the kernel, the network and the toolchain with its host, and no other file: packages, crates and
//! tools are got anew. Processes and mounts live in namespaces of their own and end with the run. It must never change
//! a file of the host outside of its own temporary folder.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, ensure};
use larder::{
    process::{Cmd, Environment},
    text::columns,
};
use xshell::Shell;

use crate::{git::git, log::Log, setup, test::step::Step};

/// The arguments of `cargo xtask fresh`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Run every step of the tests alone, each on a machine of its own.
    #[arg(long)]
    each: bool,
    /// Run these steps alone; separated by commas.
    #[arg(long, value_enum, value_name = "STEPS", value_delimiter = ',', conflicts_with = "each")]
    only: Vec<Step>,
    /// Set up what the tests use, and run none.
    #[arg(long)]
    set_up_only: bool,
    /// Share this machine's tools folder with it, so that nothing in there is built twice.
    #[arg(long)]
    with_tools: bool,
}

/// The packages beside Debian's smallest installation: those that rustup asks for, and git.
const PACKAGES: &str = "ca-certificates,gcc,libc6-dev,git";
/// Folders of the fresh machine.
const RUST: &str = "usr/local/rust";
const CHECKOUT: &str = "larder";
/// The command that sets up what the tests use.
const SET_UP: [&str; 4] = ["cargo", "xtask", "test", "--set-up-only"];
/// The script that runs first in the new namespaces. Its arguments: the machine's folder, the toolchain's, that of the
/// tools or nothing; then the command.
const ENTER: &str = r#"
set -eu
root=$1 rust=$2 tools=$3
shift 3
mount --bind "$root" "$root"
cd "$root"
mount --bind "$rust" usr/local/rust
mount -o remount,bind,ro usr/local/rust
if [ -n "$tools" ]; then
    mkdir -p "./$tools"
    mount --bind "$tools" "./$tools"
fi
mount --rbind /sys sys
mount --rbind /dev dev
mount -t proc proc proc
pivot_root . old
cd /
umount -l /old
cd /larder
exec "$@"
"#;

/// Runs the verb: the table goes to standard output.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let steps: &[Step] = if args.each { &Step::ALL } else { &args.only };
    let tools = if args.with_tools { MachineTools::Hosts } else { MachineTools::None };
    let debian = Debian::make(sh, env, log)?;
    let mut runs = Vec::new();
    if steps.is_empty() {
        let machine = debian.machine(tools)?;
        if args.set_up_only {
            runs.push(machine.run("set-up of the tests", &SET_UP)?);
        } else {
            // In the order in which somebody who reads the README runs them, on one machine.
            runs.push(machine.run("the README's first command", &["cargo", "xtask", "build"])?);
            runs.push(machine.run("its second command", &["bash", ".ci/run"])?);
        }
    }
    for step in steps {
        let mut words = vec!["cargo", "xtask", "test", "--only", step.word()];
        words.extend(args.set_up_only.then_some("--set-up-only"));
        runs.push(debian.machine(tools)?.run(step.name(), &words)?);
    }
    anstream::print!("{}", table_of(&runs));
    let failed = runs.iter().filter(|run| run.code != 0).count();
    ensure!(failed == 0, "{failed} of {} failed on a fresh machine", runs.len());
    Ok(())
}

/// Sets everything up on a fresh machine that has the tools of this one: the part of the verb that is a test.
pub(crate) fn set_up(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<()> {
    let debian = Debian::make(sh, env, log)?;
    let run = debian.machine(MachineTools::Hosts)?.run("set-up", &SET_UP)?;
    ensure!(run.code == 0, "the set-up of the tests fails on a fresh machine: exit code {}", run.code);
    log.step("Set up", &format!("a fresh Debian in {:.0} s", run.seconds));
    Ok(())
}

/// A folder with a Debian that nobody has used, which fresh machines are copies of.
struct Debian<'a> {
    scratch: tempfile::TempDir,
    env: &'a Environment,
    log: &'a Log,
    rust: PathBuf,
    tools: PathBuf,
}

/// Whose tools a fresh machine has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MachineTools {
    /// None.
    None,
    /// Those of the host, in its folder.
    Hosts,
}

/// How a command ended there.
struct EndedCommand {
    what: String,
    code: i32,
    seconds: f64,
}

impl<'a> Debian<'a> {
    /// Makes it, with a clone of what is committed here.
    fn make(sh: &Shell, env: &'a Environment, log: &'a Log) -> anyhow::Result<Self> {
        setup::host_packages(sh, env, log, &[("debootstrap", "debootstrap"), ("unshare", "util-linux")])?;
        let repository = sh.current_dir();
        let rustc = env.find_program("rustc").context("PATH has no rustc")?;
        let rust = Cmd::new(rustc, &repository, env).args(["--print", "sysroot"]).output()?;
        let rust = PathBuf::from(rust.trim());
        ensure!(rust.join("bin/cargo").is_file(), "{} has no bin/cargo", rust.display());
        let tools = setup::tools_folder(sh, env)?;
        fs_err::create_dir_all(&tools)?;
        let scratch = tempfile::Builder::new().prefix("larder-fresh-").tempdir()?;
        let debian = Self { scratch, env, log, rust, tools };
        debian.bootstrap()?;
        debian.check_out(&repository)?;
        Ok(debian)
    }

    fn base(&self) -> PathBuf {
        self.scratch.path().join("base")
    }

    fn bootstrap(&self) -> anyhow::Result<()> {
        let base = self.base();
        let (suite, mirror) = setup::debian_of_the_machine()?;
        self.log.step("Making", &format!("a Debian {suite} in {}", base.display()));
        Cmd::new("debootstrap", self.scratch.path(), self.env)
            .args(["--variant=minbase".to_owned(), format!("--include={PACKAGES}"), suite])
            .arg(&base)
            .arg(mirror)
            .output()?;
        for folder in [RUST, "old", "var/cache/apt/archives", "var/lib/apt/lists"] {
            let folder = base.join(folder);
            if folder.exists() {
                fs_err::remove_dir_all(&folder)?;
            }
            fs_err::create_dir_all(folder)?;
        }
        // How the host reaches the registries is nothing that a package brings.
        for file in ["etc/resolv.conf", "etc/hosts", "etc/ssl/certs/ca-certificates.crt"] {
            let host = Path::new("/").join(file);
            if host.is_file() {
                fs_err::copy(host, base.join(file))?;
            }
        }
        Ok(())
    }

    fn check_out(&self, repository: &Path) -> anyhow::Result<()> {
        let changed = git(repository, self.env).args(["status", "--porcelain"]).output()?;
        if !changed.is_empty() {
            self.log.warn("what is not committed is not part of this test");
        }
        let checkout = self.base().join(CHECKOUT);
        git(repository, self.env).args(["clone", "--quiet", "--no-local", "."]).arg(checkout).output()?;
        Ok(())
    }

    /// A machine: a copy of it, thrown away at the end.
    fn machine(&self, tools: MachineTools) -> anyhow::Result<Machine<'_>> {
        let copy = tempfile::Builder::new().prefix("machine-").tempdir_in(self.scratch.path())?;
        let root = copy.path().join("root");
        Cmd::new("cp", self.scratch.path(), self.env).arg("-a").arg(self.base()).arg(&root).output()?;
        let tools = (tools == MachineTools::Hosts).then_some(self.tools.as_path());
        Ok(Machine { _copy: copy, root, debian: self, tools })
    }
}

/// A fresh machine. Its processes end with each command; its files stay until it is dropped.
struct Machine<'a> {
    _copy: tempfile::TempDir,
    root: PathBuf,
    debian: &'a Debian<'a>,
    tools: Option<&'a Path>,
}

impl Machine<'_> {
    fn run(&self, what: &str, words: &[&str]) -> anyhow::Result<EndedCommand> {
        self.debian.log.step("Running", &format!("{what} on a fresh Debian: {}", words.join(" ")));
        let start = Instant::now();
        let namespaces = ["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"];
        let code = Cmd::new("unshare", self.debian.scratch.path(), &environment(self.tools))
            .args(namespaces)
            .args(["sh", "-c", ENTER, "sh"])
            .arg(&self.root)
            .arg(&self.debian.rust)
            .arg(self.tools.unwrap_or(Path::new("")))
            .args(words.iter().copied())
            .exit_code()?;
        // All of its mounts were in the namespace that has ended with the command.
        Ok(EndedCommand { what: what.to_owned(), code, seconds: start.elapsed().as_secs_f64() })
    }
}

/// Nothing of the host's but what every machine has, and its tools folder, which has to have the same path: the tools
/// name their loader by it.
fn environment(tools: Option<&Path>) -> Environment {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/rust/bin";
    let mut env = Environment::new([("CI", "true"), ("HOME", "/root"), ("LANG", "C.UTF-8"), ("PATH", path)]);
    if let Some(tools) = tools {
        env.set("LARDER_TOOLS_DIR", tools);
    }
    env
}

fn table_of(runs: &[EndedCommand]) -> String {
    let rows: Vec<_> = runs.iter().map(EndedCommand::cells).collect();
    columns::text(["<on a fresh machine", "<outcome", "seconds"], &rows)
}

impl EndedCommand {
    fn cells(&self) -> [String; 3] {
        let outcome = if self.code == 0 { "passed".to_owned() } else { format!("exit code {}", self.code) };
        [self.what.clone(), outcome, format!("{:.1}", self.seconds)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_the_hosts_environment_gets_there() {
        let names: Vec<String> =
            environment(None).iter().map(|(name, _)| name.to_string_lossy().into_owned()).collect();
        assert_eq!(names, ["CI", "HOME", "LANG", "PATH"]);
        assert_eq!(environment(Some(Path::new("/t"))).get_str("LARDER_TOOLS_DIR"), Some("/t"));
    }

    #[test]
    fn the_table_names_what_failed() {
        let runs = [("images", 1), ("static checks", 0)];
        let table =
            table_of(&runs.map(|(what, code)| EndedCommand { what: what.to_owned(), code, seconds: 1.0 }));
        let line = table.lines().find(|line| line.starts_with("images")).unwrap();
        assert!(line.contains("exit code 1") && table.contains("passed"), "{table}");
    }
}
