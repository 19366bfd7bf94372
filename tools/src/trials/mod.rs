//! `cargo xtask trials`: repositories of many kinds, each taken from nothing to a finished build as a new user would
//! do it, by `init --yes` and without handwork.
//!
//! Reading order: [`repository`] has the repositories as text, [`steps`] what is done with each of them, [`image`]
//! the last step. A repository must never be given what `init` did not propose; whatever a user has to set by hand
//! is in its text, with the reason beside it.

mod image;
mod repository;
mod steps;

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use larder::{process::Environment, text::columns};
use xshell::Shell;

use self::{
    image::Images,
    repository::{TrialRepository, Weight},
    steps::Trial,
};
use crate::{
    log::Log,
    portfolio,
    setup::{self, requirement},
};

/// The arguments of `cargo xtask trials`.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// Try these repositories only, in every step that they are there for.
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Build the images too, and run them, of all repositories that are compiled: minutes.
    #[arg(long)]
    images: bool,
    /// Compile published packages and Leptos sites too, which takes hours.
    #[arg(long)]
    full: bool,
    /// Print the names of the repositories, and what each of them stands for.
    #[arg(long, exclusive = true)]
    list: bool,
    /// Keep the clones in this folder.
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
}

/// The parts that all trials share.
struct Trials {
    larder: PathBuf,
    /// The environment of a user who has Rust and no more.
    plain: Environment,
    /// The same with the tools of the example.
    with_tools: Option<Environment>,
    images: Option<Images>,
    keep: Option<PathBuf>,
}

/// Runs the verb: the table goes to standard output.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    if args.list {
        for repository in repository::all() {
            anstream::println!("{:<20} {}", repository.name, repository.kind);
        }
        return Ok(());
    }
    let chosen = chosen(args)?;
    let larder = portfolio::build_larder(sh, env, log)?;
    requirement::headers(sh, env, log)?;
    let plain = setup::plain(env);
    let needs_tools = chosen.iter().any(|repository| repository.needs_tools && args.builds(repository));
    let tools = if needs_tools { Some(setup::ensure(sh, env, log)?) } else { None };
    let images = if args.images { Some(Images::new(sh, &plain, tools.as_ref(), log)?) } else { None };
    let with_tools = tools.map(|tools| setup::tailwind::ensure(sh, &tools.environment(), log)).transpose()?;
    let keep = args.keep.as_ref().map(|dir| sh.current_dir().join(dir));
    let trials = Trials { larder, plain, with_tools, images, keep };
    let mut rows = Vec::new();
    let mut failures = Vec::new();
    for repository in chosen {
        log.step("Trying", &format!("{}: {}", repository.name, repository.kind));
        let mut trial = Trial::new(&trials, &repository)?;
        trial.run(args.builds(&repository));
        for (step, error) in trial.failures() {
            log.warn(&format!("{}: {}: {error:#}", repository.name, step.name()));
            failures.push(format!("{} ({})", repository.name, step.name()));
        }
        rows.push(trial.row());
    }
    anstream::print!("{}", columns::text(steps::HEAD, &rows));
    ensure!(failures.is_empty(), "failed: {}", failures.join(", "));
    Ok(())
}

/// The repositories that are asked for.
fn chosen(args: &Args) -> anyhow::Result<Vec<TrialRepository>> {
    if args.names.is_empty() {
        let wanted = |repository: &TrialRepository| args.full || repository.weight != Weight::Large;
        return Ok(repository::all().into_iter().filter(wanted).collect());
    }
    args.names.iter().map(|name| find(name)).collect()
}

fn find(name: &str) -> anyhow::Result<TrialRepository> {
    let found = repository::all().into_iter().find(|repository| repository.name == name);
    found.with_context(|| format!("there is no repository {name}; `cargo xtask trials --list` shows all"))
}

impl Trials {
    fn env(&self, repository: &TrialRepository) -> &Environment {
        self.with_tools.as_ref().filter(|_| repository.needs_tools).unwrap_or(&self.plain)
    }
}

impl Args {
    /// Whether a repository is compiled, or planned only.
    fn builds(&self, repository: &TrialRepository) -> bool {
        repository.weight == Weight::Light || self.full || !self.names.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{steps::TrialStep, *};

    #[test]
    fn names_are_unique_and_known() {
        let all = repository::all();
        let names: BTreeSet<&str> = all.iter().map(|repository| repository.name).collect();
        assert_eq!(names.len(), all.len());
        let [known, unknown] = ["embedded", "nothing"]
            .map(|name| chosen(&Args { names: vec![name.to_owned()], ..Args::default() }));
        assert_eq!(known.unwrap().len(), 1);
        assert!(unknown.is_err());
        assert!(chosen(&Args::default()).unwrap().iter().all(|chosen| chosen.weight != Weight::Large));
        assert!(TrialStep::ALL.len() + 2 <= steps::HEAD.len());
    }
}
