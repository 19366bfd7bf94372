//! `cargo xtask setup`: finds or gets what examples/portfolio is built with.
//!
//! Reading order: [`needs`] says what is needed, [`probe`] what the machine has, [`mod@choose`] decides, and
//! [`debian`] and [`install`] get what is missing into a [`folder`] of the user's cache. It must never change
//! the machine's own toolchains or apt configuration, nor write into the checkout.

mod apt;
pub(crate) mod bots;
pub(crate) mod browser;
mod choose;
mod debian;
pub(crate) mod deploy;
pub(crate) mod engine;
pub(crate) mod esbuild;
mod exec;
mod folder;
pub(crate) mod gitlab;
mod install;
pub(crate) mod linters;
mod needs;
mod npm;
mod probe;
pub(crate) mod programs;
mod python;
mod relocate;
pub(crate) mod requirement;
pub(crate) mod servers;
pub(crate) mod shells;
pub(crate) mod tailwind;
mod tools;
mod version;

use std::{ffi::OsStr, path::PathBuf, time::Instant};

use anyhow::Context as _;
use larder::process::Environment;
use xshell::{Shell, cmd};

pub(crate) use self::tools::{Chosen, Tools};
use self::{
    apt::Apt,
    choose::{Candidate, Choice, Source, choose},
    exec::Exec,
    folder::Folder,
    needs::Tool,
    tools::cleaned,
    version::{Need, Version},
};
use crate::log::Log;

/// The workspace that the tools are for, from the repository's root.
pub(crate) const EXAMPLE: &str = "examples/portfolio";

/// The arguments of `cargo xtask setup`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print what a shell has to export to use the tools: `eval "$(cargo xtask setup --print-env)"`.
    #[arg(long, conflicts_with_all = ["json", "browser"])]
    print_env: bool,
    /// Print what was found as JSON.
    #[arg(long)]
    json: bool,
    /// Find or install the browser of the end-to-end tests and its driver instead.
    #[arg(long)]
    browser: bool,
}

/// Runs the verb: results go to standard output.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    if args.browser {
        let browser = browser::ensure(sh, env, log)?;
        let text = if args.json { serde_json::to_string_pretty(&browser)? } else { browser.describe() };
        anstream::println!("{}", text.trim_end());
        return Ok(());
    }
    let tools = ensure(sh, env, log)?;
    let text = match (args.print_env, args.json) {
        (true, _) => tools.to_shell(),
        (_, true) => tools.to_json()?,
        _ => tools.describe(),
    };
    anstream::println!("{}", text.trim_end());
    Ok(())
}

/// Finds all tools, and gets those that are missing; `sh` is in the repository's root.
///
/// Says on standard error what it chose. Where everything is there it only asks the tools for their versions.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<Tools> {
    let setup = Setup::new(sh, env, log)?;
    let example = sh.current_dir().join(EXAMPLE);
    // rustup goes by the folder it is called in.
    let _dir = example.is_dir().then(|| sh.push_dir(&example));
    let mut run = SetupRun { setup: &setup, tools: Tools::new(env), lock: None, apt: None };
    for tool in Tool::ALL {
        match run.one(tool) {
            Ok(chosen) => {
                let Chosen { version, source, why, .. } = &chosen;
                log.step("Using", &format!("{} {version} from {source} ({why})", tool.name()));
                run.tools.push(chosen);
            }
            Err(error) if tool.is_optional() => {
                log.step("Skipping", &format!("{}, which is optional: {error:#}", tool.name()));
            }
            Err(error) => return Err(error.context(format!("cannot set up {}", tool.name()))),
        }
    }
    run.finish()
}

/// Installs programs of the machine's own release if they are missing, each given with its package.
pub(crate) fn host_packages(
    sh: &Shell,
    env: &Environment,
    log: &Log,
    programs: &[(&str, &str)],
) -> anyhow::Result<()> {
    let exec = Exec { sh, env: cleaned(env), log };
    for (program, package) in programs {
        if exec.has(program) {
            continue;
        }
        anyhow::ensure!(debian::is_possible(&exec), "PATH has no {program}: install it");
        debian::host_package(&exec, program, package)?;
    }
    Ok(())
}

/// The environment that xtask was started in, for children that take none of the tools.
pub(crate) fn plain(env: &Environment) -> Environment {
    cleaned(env)
}

/// A folder of the tools cache for something that outlives one run.
pub(crate) fn scratch_folder(sh: &Shell, env: &Environment, name: &str) -> anyhow::Result<PathBuf> {
    Ok(Folder::new(env, &sh.current_dir())?.other(name))
}

/// The folder that all tools are kept in.
pub(crate) fn tools_folder(sh: &Shell, env: &Environment) -> anyhow::Result<PathBuf> {
    Ok(Folder::new(env, &sh.current_dir())?.other(""))
}

/// The machine's own release of Debian and the mirror that it uses.
pub(crate) fn debian_of_the_machine() -> anyhow::Result<(String, String)> {
    let suite = apt::os_release("VERSION_CODENAME").context("os-release names no release of Debian")?;
    Ok((suite, apt::machine_mirror()?))
}

/// Debian's development release and the mirror that this machine uses.
pub(crate) fn debian_sid() -> anyhow::Result<(String, String)> {
    Ok((apt::SUITE.to_owned(), apt::machine_mirror()?))
}

/// The part that all tools share.
struct Setup<'a> {
    exec: Exec<'a>,
    folder: Folder,
    wasm_bindgen: Option<Version>,
}

impl<'a> Setup<'a> {
    fn new(sh: &'a Shell, env: &Environment, log: &'a Log) -> anyhow::Result<Self> {
        let folder = Folder::new(env, &sh.current_dir())?;
        let lock = sh.current_dir().join(EXAMPLE).join("Cargo.lock");
        let wasm_bindgen = if lock.exists() {
            needs::locked_wasm_bindgen(&fs_err::read_to_string(&lock)?)
                .with_context(|| format!("cannot read {}", lock.display()))?
        } else {
            log.warn(&format!("{} does not exist: taking the newest wasm-bindgen", lock.display()));
            None
        };
        let env = folder.hidden_from(cleaned(env));
        Ok(Self { exec: Exec { sh, env, log }, folder, wasm_bindgen })
    }

    fn choose(&self, tool: Tool, need: &Need) -> Choice {
        choose(tool, need, &probe::facts(&self.exec, &self.folder, tool, need))
    }
}

/// The state that grows from tool to tool.
struct SetupRun<'s> {
    setup: &'s Setup<'s>,
    tools: Tools,
    /// Held from the first tool that has to be got.
    lock: Option<fs_err::File>,
    /// Prepared for the first tool that Debian has.
    apt: Option<Apt<'s>>,
}

impl SetupRun<'_> {
    /// Finds or gets one tool.
    fn one(&mut self, tool: Tool) -> anyhow::Result<Chosen> {
        let Setup { exec, folder, wasm_bindgen } = self.setup;
        let need = needs::need(tool, wasm_bindgen.as_ref());
        let mut choice = self.setup.choose(tool, &need);
        if matches!(choice, Choice::Get { .. }) && self.lock.is_none() {
            self.lock = Some(folder.lock(exec.log)?);
            // The holder of the lock may have got the tool meanwhile.
            choice = self.setup.choose(tool, &need);
        }
        match choice {
            Choice::Use { source, found, why } => Ok(chosen(tool, source, found, why)),
            Choice::Get { ways, why } => self.get(tool, &need, &ways, &why),
        }
    }

    /// Goes through the ways to a tool until one works.
    fn get(&mut self, tool: Tool, need: &Need, ways: &[Source], why: &str) -> anyhow::Result<Chosen> {
        for way in ways {
            let started = Instant::now();
            match self.go(tool, need, *way) {
                Ok(found) => {
                    let why = format!("{why}; got in {:.1} s", started.elapsed().as_secs_f32());
                    return Ok(chosen(tool, *way, found, why));
                }
                Err(error) => {
                    self.setup.exec.log.warn(&format!("cannot get {} from {way}: {error:#}", tool.name()));
                }
            }
        }
        anyhow::bail!("{why}, and there is no other way to it on this machine; install it: {}", tool.advice())
    }

    fn go(&mut self, tool: Tool, need: &Need, way: Source) -> anyhow::Result<Candidate> {
        let Setup { exec, folder, wasm_bindgen } = self.setup;
        match way {
            Source::Rustup => {
                let target = probe::WASM;
                exec.log.step("Adding", &format!("{target} to rustup's toolchain"));
                // A machine that cannot reach rustup's server should go on to the next way soon.
                let exec = exec.with(&[("RUSTUP_MAX_RETRIES", OsStr::new("0"))]);
                exec.check(cmd!(exec.sh, "rustup target add {target}"))?;
            }
            Source::Debian => {
                debian::prepare(exec)?;
                let apt = match &mut self.apt {
                    Some(apt) => apt,
                    none => none.insert(Apt::update(exec, &folder.apt(), &folder.tmp("archives"))?),
                };
                debian::get(exec, folder, apt, tool)?;
            }
            Source::CargoInstall => {
                let exec = Exec { sh: exec.sh, env: self.tools.environment(), log: exec.log };
                install::by_cargo(&exec, folder, tool, wasm_bindgen.as_ref())?;
            }
            Source::Npm => install::by_npm(exec, folder, tool)?,
            Source::NixShell | Source::Path | Source::Kept => {}
        }
        let got = match (way, exec.env.find_program(tool.program())) {
            (Source::Rustup, Some(program)) => probe::ask(exec, tool, &program),
            _ => probe::kept(exec, folder, tool, need),
        };
        if let Some(problem) = choose::problem(need, got.as_ref()) {
            anyhow::bail!("{way} {problem}");
        }
        got.context("it does not answer")
    }

    /// Tidies up once everything is there; what an interrupted run leaves is used by the next one.
    fn finish(self) -> anyhow::Result<Tools> {
        if self.lock.is_some() {
            self.setup.folder.sweep()?;
        }
        Ok(self.tools)
    }
}

fn chosen(tool: Tool, source: Source, found: Candidate, why: String) -> Chosen {
    Chosen { tool, version: found.version, path: found.path, source, why }
}
