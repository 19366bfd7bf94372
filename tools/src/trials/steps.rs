//! The steps that are done with each repository, and the row of the table that comes of them.
//!
//! From the clone on nothing of the first folder is there any more, so a path of it that got into a committed file
//! shows. A step that fails does not keep those after it from running, unless there is nothing to run them on.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, ensure};
use larder::{
    cargo::messages::Counts,
    process::{Cmd, Environment, Stderr},
};
use serde_json::Value;
use tempfile::TempDir;

use crate::git::git;

use super::{
    Trials,
    repository::{Image, RepositoryFolder, TrialRepository},
};

/// One thing that a user does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TrialStep {
    /// `cargo larder init --yes`.
    Init,
    /// A commit, and a clone of it elsewhere.
    Clone,
    /// `cargo larder lock --check --locked`.
    Lock,
    /// `cargo larder cook`.
    Cook,
    /// `cargo larder build`, and the plain build after it.
    Build,
    /// `cargo larder dockerfile --check`.
    Dockerfile,
    /// `cargo larder docker`, and a container of the image.
    Image,
}

/// The head of the table.
pub(super) const HEAD: [&str; 10] = [
    "<repository",
    "<init",
    "<clone",
    "<lock",
    "<cook",
    "<build",
    "<dockerfile",
    "<image",
    "external units compiled after cooking",
    "seconds",
];

impl TrialStep {
    /// All of them, in their order.
    pub(super) const ALL: [Self; 7] =
        [Self::Init, Self::Clone, Self::Lock, Self::Cook, Self::Build, Self::Dockerfile, Self::Image];

    /// Its name in the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Init => "init",
            Self::Clone => "clone",
            Self::Lock => "lock",
            Self::Cook => "cook",
            Self::Build => "build",
            Self::Dockerfile => "dockerfile",
            Self::Image => "image",
        }
    }

    /// Whether there is nothing to run later steps on if this one fails.
    fn is_needed_by_all(self) -> bool {
        matches!(self, Self::Init | Self::Clone)
    }
}

/// A repository on its way.
pub(super) struct Trial<'a> {
    trials: &'a Trials,
    repository: &'a TrialRepository,
    scratch: TempDir,
    outcomes: Vec<(TrialStep, Option<anyhow::Error>)>,
    external: Option<u64>,
    seconds: f64,
}

impl<'a> Trial<'a> {
    /// Writes the repository as its owner has it, before Larder.
    pub(super) fn new(trials: &'a Trials, repository: &'a TrialRepository) -> anyhow::Result<Self> {
        let scratch = tempfile::Builder::new().prefix("larder-trial-").tempdir()?;
        let trial = Self { trials, repository, scratch, outcomes: Vec::new(), external: None, seconds: 0.0 };
        let root = trial.first();
        fs_err::create_dir_all(root.join(repository.workspace))?;
        let folder = RepositoryFolder { root: &root, workspace: repository.workspace, env: trial.env() };
        (repository.write)(&folder).with_context(|| format!("cannot write {}", repository.name))?;
        trial.git(&["init", "--quiet"])?;
        trial.git(&["add", "."])?;
        trial.commit()?;
        Ok(trial)
    }

    /// Goes through the steps, those that compile if they are wanted.
    pub(super) fn run(&mut self, compiles: bool) {
        let start = Instant::now();
        for step in TrialStep::ALL {
            let is_left_out = match step {
                TrialStep::Cook | TrialStep::Build => !compiles,
                TrialStep::Image => {
                    !compiles || self.trials.images.is_none() || !self.repository.image.is_built()
                }
                TrialStep::Init | TrialStep::Clone | TrialStep::Lock | TrialStep::Dockerfile => false,
            };
            if is_left_out {
                continue;
            }
            let error = self.take(step).err();
            let ends = error.is_some() && step.is_needed_by_all();
            self.outcomes.push((step, error));
            if ends {
                break;
            }
        }
        self.seconds = start.elapsed().as_secs_f64();
    }

    /// The failures, with reasons.
    pub(super) fn failures(&self) -> impl Iterator<Item = (TrialStep, &anyhow::Error)> {
        self.outcomes.iter().filter_map(|(step, error)| Some((*step, error.as_ref()?)))
    }

    /// The row of the table.
    pub(super) fn row(&self) -> [String; 10] {
        let external = self.external.map_or_else(|| "-".to_owned(), |units| units.to_string());
        let mut row = vec![self.repository.name.to_owned()];
        row.extend(TrialStep::ALL.map(|step| self.outcome(step).to_owned()));
        row.extend([external, format!("{:.1}", self.seconds)]);
        row.try_into().unwrap_or_default()
    }

    fn outcome(&self, step: TrialStep) -> &'static str {
        match self.outcomes.iter().find(|(taken, _)| *taken == step) {
            None if step == TrialStep::Image && !self.repository.image.is_built() => "none",
            None => "-",
            Some((_, Some(_))) => "FAILED",
            Some(_) => "ok",
        }
    }

    fn take(&mut self, step: TrialStep) -> anyhow::Result<()> {
        match step {
            TrialStep::Init => self.init(),
            TrialStep::Clone => self.clone_elsewhere(),
            TrialStep::Lock => self.larder(&["lock", "--check", "--locked"]).map(drop),
            TrialStep::Cook => self.larder(&["cook"]).map(drop),
            TrialStep::Build => self.build(),
            TrialStep::Dockerfile => self.dockerfile(),
            TrialStep::Image => self.image(),
        }
    }

    /// A second run must be content with what the first one wrote.
    fn init(&self) -> anyhow::Result<()> {
        let folder = self.first().join(self.repository.workspace);
        self.larder_in(&folder, &["init", "--yes"])?;
        self.larder_in(&folder, &["init", "--check"]).context("a second `init` is not content")?;
        Ok(())
    }

    fn clone_elsewhere(&self) -> anyhow::Result<()> {
        self.git(&["add", "."])?;
        self.commit()?;
        let elsewhere = self.clone_path();
        if let Some(parent) = elsewhere.parent() {
            fs_err::create_dir_all(parent)?;
        }
        let _ = fs_err::remove_dir_all(&elsewhere);
        let clone = git(self.scratch.path(), self.env()).args(["clone", "--quiet", "repository"]);
        clone.arg(&elsewhere).output()?;
        Ok(fs_err::remove_dir_all(self.first())?)
    }

    /// After cooking, the build compiles the application and nothing external; the plain build after it nothing.
    fn build(&mut self) -> anyhow::Result<()> {
        let answer: Value = serde_json::from_str(&self.larder(&["build", "--json"])?)?;
        let phases = answer["phases"].as_array().context("`cargo larder build --json` has no phases")?;
        let is_cook = |phase: &&Value| phase["name"].as_str().is_some_and(|name| name.starts_with("cook"));
        let builds: Vec<&Value> = phases.iter().filter(|phase| !is_cook(phase)).collect();
        let [external, compiled] = ["compiled-external", "compiled"]
            .map(|field| builds.iter().filter_map(|phase| phase[field].as_u64()).sum::<u64>());
        self.external = Some(external);
        ensure!(external == 0, "the build compiled {external} external units: {answer:#}");
        ensure!(compiled > 0, "nothing of the application was built: {answer:#}");
        if let Some(words) = self.repository.plain {
            let counts = self.plain(words)?;
            ensure!(counts.compiled == 0 && counts.fresh > 0, "the plain build compiles again: {counts:?}");
        }
        Ok(())
    }

    /// The units that plain cargo compiles.
    fn plain(&self, words: &[&str]) -> anyhow::Result<Counts> {
        let mut counts = Counts::default();
        let cmd = Cmd::new("cargo", self.workspace(), self.env()).args(words);
        let cmd = cmd.arg("--message-format=json-render-diagnostics");
        let code = cmd.each_line(Stderr::Terminal, |line| {
            counts.add(line);
        })?;
        ensure!(code == 0, "`{}` ended with exit code {code}", cmd.line());
        Ok(counts)
    }

    fn dockerfile(&self) -> anyhow::Result<()> {
        let image = self.repository.image;
        if image.is_built() {
            return self.larder(&["dockerfile", "--check"]).map(drop);
        }
        let is_there = self.workspace().join("Dockerfile").is_file();
        ensure!(!is_there, "`init` wrote a Dockerfile for what starts nothing");
        let answer = self.larder(&["dockerfile", "--print"]);
        match image {
            Image::OnRequest { holds } => {
                ensure!(answer?.contains(holds), "the Dockerfile does not ship {holds}");
                Ok(())
            }
            Image::Refused { words } => refused(answer, words),
            Image::Says { .. } | Image::Serves { .. } => Ok(()),
        }
    }

    fn image(&self) -> anyhow::Result<()> {
        let Some(images) = &self.trials.images else { return Ok(()) };
        images.build(&self.trials.larder, &self.workspace(), self.repository)
    }

    fn larder(&self, words: &[&str]) -> anyhow::Result<String> {
        self.larder_in(&self.workspace(), words)
    }

    /// Runs `cargo larder` as it says; what it says on standard error is in the error.
    fn larder_in(&self, folder: &Path, words: &[&str]) -> anyhow::Result<String> {
        let cmd = Cmd::new(&self.trials.larder, folder, self.env()).arg("larder").args(words);
        Ok(cmd.output()?)
    }

    fn git(&self, words: &[&str]) -> anyhow::Result<()> {
        git(&self.first(), self.env()).args(words).output()?;
        Ok(())
    }

    /// Everything that is staged, even if that is nothing.
    fn commit(&self) -> anyhow::Result<()> {
        self.git(&["commit", "--quiet", "--allow-empty", "--message=all"])
    }

    fn env(&self) -> &Environment {
        self.trials.env(self.repository)
    }

    fn first(&self) -> PathBuf {
        self.scratch.path().join("repository")
    }

    fn clone_path(&self) -> PathBuf {
        let kept = self.trials.keep.as_ref().map(|dir| dir.join(self.repository.name));
        kept.unwrap_or_else(|| self.scratch.path().join("elsewhere/clone"))
    }

    /// The workspace in the clone.
    fn workspace(&self) -> PathBuf {
        self.clone_path().join(self.repository.workspace)
    }
}

/// A refusal says why, in these words.
fn refused(answer: anyhow::Result<String>, words: &str) -> anyhow::Result<()> {
    let error = answer.err().with_context(|| format!("it is not refused; expected: {words}"))?;
    let said = format!("{error:#}");
    ensure!(said.contains(words), "the refusal does not say {words:?}: {said}");
    Ok(())
}
