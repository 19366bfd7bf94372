//! Bringing a workspace up to Larder, part by part: each part says what it would change, and changes nothing.
//!
//! It must never propose to write over a file that a user owns as a whole; settings are put into such files by
//! [`tuning`], which keeps everything else.

mod checks;
mod ci;
mod deploy;
mod files;
mod hidden;
pub mod merge_driver;
mod nix;
mod proposal;
mod refresh;
pub mod rust_analyzer;

use cargo_metadata::camino::Utf8Path;

use crate::{
    Report,
    docker::{self, State},
    error::{Error, Result},
    files::{change::Change, read},
    project::Project,
    recipe::lock,
    sccache, secret,
    tuning::{self, Known},
};
use ci::Service;
use files::{new_file, repository, with_lines};
pub use proposal::{PartChoice, Proposal};

/// What a workspace can get, in the order in which one builds on the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// The development profile in `Cargo.toml`.
    Profile,
    /// cargo's configuration.
    Config,
    /// Slices for tests and lints.
    Checks,
    /// The recipes in `larder/`.
    Recipes,
    /// What git ignores although every clone needs it.
    Gitignore,
    /// `Dockerfile` and `.dockerignore`.
    Docker,
    /// A workflow of GitHub Actions.
    Ci,
    /// A pipeline of GitLab.
    Gitlab,
    /// A workflow of Forgejo.
    Forgejo,
    /// A pipeline of Buildkite.
    Buildkite,
    /// A workflow of GitHub Actions that locks the branches of bots.
    Refresh,
    /// A name by which git merges the table under a rule of the clone's.
    MergeDriver,
    /// Settings of rust-analyzer.
    RustAnalyzer,
    /// `flake.nix`.
    Nix,
    /// `.envrc`, and what git is to ignore with it.
    Envrc,
    /// sccache in front of rustc for the workspace's own crates.
    Sccache,
    /// The server's address and its proxy.
    Deploy,
}

impl Part {
    /// All parts, in their order.
    pub const ALL: [Self; 17] = [
        Self::Profile,
        Self::Config,
        Self::Checks,
        Self::Recipes,
        Self::Gitignore,
        Self::Docker,
        Self::Ci,
        Self::Gitlab,
        Self::Forgejo,
        Self::Buildkite,
        Self::Refresh,
        Self::MergeDriver,
        Self::RustAnalyzer,
        Self::Nix,
        Self::Envrc,
        Self::Sccache,
        Self::Deploy,
    ];

    /// The word for it on the command line and in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::Config => "config",
            Self::Checks => "checks",
            Self::Recipes => "recipes",
            Self::Gitignore => "gitignore",
            Self::Docker => "docker",
            Self::Ci => "ci",
            Self::Gitlab => "gitlab",
            Self::Forgejo => "forgejo",
            Self::Buildkite => "buildkite",
            Self::Refresh => "refresh",
            Self::MergeDriver => "merge-driver",
            Self::RustAnalyzer => "rust-analyzer",
            Self::Nix => "nix",
            Self::Envrc => "envrc",
            Self::Sccache => "sccache",
            Self::Deploy => "deploy",
        }
    }

    /// The part of a word.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|part| part.name() == name)
    }

    /// Whether it is worth a word that there is nothing to do: for most workspaces there never is.
    pub fn is_told_if_fresh(self) -> bool {
        !matches!(self, Self::Gitignore | Self::Gitlab | Self::Forgejo | Self::Buildkite)
    }

    /// Whether a workspace gets it without being asked for: Nix, sccache, a server and the like are choices of their own.
    pub fn is_default(self) -> bool {
        matches!(
            self,
            Self::Profile
                | Self::Config
                | Self::Recipes
                | Self::Gitignore
                | Self::Docker
                | Self::Ci
                | Self::Gitlab
                | Self::Forgejo
                | Self::Buildkite
        )
    }
}

/// What parts are told.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The address of the git repository that Nix and CI get Larder from.
    pub source: Option<String>,
    /// Where sccache keeps its results; its own folder by default.
    pub sccache: Option<sccache::SccacheStorage>,
    /// The server that the image goes to.
    pub server: Option<String>,
}

/// Whether an address may be written into files that are committed: it holds no secret, and nothing that would end
/// a text in Nix or YAML.
pub fn is_address(source: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@+~?=&%".contains(c);
    let user = source
        .split_once("://")
        .and_then(|(_, rest)| rest.split_once('/').unwrap_or((rest, "")).0.split_once('@'));
    let has_secret = user.is_some_and(|(user, _)| user != "git");
    !source.is_empty() && source.chars().all(plain) && !has_secret && !secret::is_held_by(source)
}

/// What a part would do in a project as it is now.
///
/// # Errors
/// When a file cannot be read, or the project cannot be planned.
pub fn propose(
    project: &Project,
    part: Part,
    asked: PartChoice,
    given: &Given,
    report: &dyn Report,
) -> Result<Proposal> {
    let root = project.workspace.root();
    match part {
        Part::Profile => {
            let settings = tuning::dev_profile(project.workspace.manifest(), &known(project)?);
            Ok(Proposal::new(tuning::change(root.join("Cargo.toml"), &settings)?.into_iter().collect()))
        }
        Part::Config => {
            let settings = tuning::configuration(project.workspace.config(), &known(project)?);
            Ok(Proposal::new(tuning::change(tuning::config_path(root), &settings)?.into_iter().collect()))
        }
        Part::Checks => checks::propose(project),
        Part::Recipes => recipes(project, report),
        Part::Gitignore => {
            let Some(git) = repository(project) else { return Ok(Proposal::Fresh) };
            let change = hidden::change(&git, root, &git.ignored(&hidden::NEEDED))?;
            Ok(Proposal::new(change.into_iter().collect()))
        }
        Part::Docker => docker(project),
        Part::Ci => ci::propose(project, Service::GitHub, asked, given.source.as_deref()),
        Part::Gitlab => ci::propose(project, Service::GitLab, asked, given.source.as_deref()),
        Part::Forgejo => ci::propose(project, Service::Forgejo, asked, given.source.as_deref()),
        Part::Buildkite => ci::propose(project, Service::Buildkite, asked, given.source.as_deref()),
        Part::Refresh => refresh::propose(project, given.source.as_deref()),
        Part::MergeDriver => merge_driver::propose(project),
        Part::RustAnalyzer => rust_analyzer::propose(project),
        Part::Nix => new_file(root.join("flake.nix"), &nix::flake(given.source.as_deref())),
        Part::Envrc => envrc(root),
        Part::Deploy => deploy::propose(project, given.server.as_deref(), report),
        Part::Sccache => {
            let settings = sccache::settings(project.workspace.config(), given.sccache.as_ref());
            Ok(Proposal::new(tuning::change(tuning::config_path(root), &settings)?.into_iter().collect()))
        }
    }
}

fn known(project: &Project) -> Result<Known> {
    Known::read(&project.workspace)
}

fn recipes(project: &Project, report: &dyn Report) -> Result<Proposal> {
    if !matches!(project.recorded(), Ok(Some(_))) {
        let new = |name: &str| format!("{name}: new");
        let mut reasons: Vec<String> = project.slices.iter().map(|slice| new(&slice.name)).collect();
        let root = project.workspace.root();
        // Whatever else cargo has to say about the dependencies, `lock` says.
        if !project.cargo.lock_fits(root.as_std_path()).unwrap_or(true) {
            let path = root.join("Cargo.lock").into();
            reasons.insert(0, Error::StaleCargoLock { path }.to_string());
        }
        return Ok(Proposal::Recipes(reasons));
    }
    let lock::Checked { findings, refused, .. } = lock::check(project, report)?;
    refused.iter().for_each(|refused| report.warn(&refused.text()));
    if findings.is_empty() {
        return Ok(Proposal::Fresh);
    }
    Ok(Proposal::Recipes(findings.iter().map(|finding| finding.reason().to_owned()).collect()))
}

fn docker(project: &Project) -> Result<Proposal> {
    match docker::ships(project) {
        Ok(true) => {}
        Ok(false) => return Ok(Proposal::skipped("the release slices leave no program behind")),
        Err(Error::NoRecipe { .. }) => {
            return Ok(Proposal::skipped("it is made from the recipes, which come first"));
        }
        Err(Error::NoSlice { name, .. }) => {
            return Ok(Proposal::skipped(format!("it is made from the recipes, which lack `{name}`")));
        }
        Err(error @ (Error::NoImage { .. } | Error::OutsideContext { .. } | Error::Settings { .. })) => {
            // Parts that have nothing to do with an image are written all the same.
            let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            return Ok(Proposal::skipped(format!("{error}{hint}")));
        }
        Err(error) => return Err(error),
    }
    let folder = docker::context(project)?;
    let recipes = docker::Recipes::of_dockerfile(project)?;
    let lacking = docker::needs::lacking(project, recipes)?;
    let manifest = project.workspace.manifest_path();
    let mut changes: Vec<Change> =
        tuning::change(manifest, &lacking.settings(project))?.into_iter().collect();
    for (name, text) in docker::files(&lacking.applied_to(project)?, recipes)? {
        let path = folder.join(name);
        match docker::state(&path, &text)? {
            State::Fresh => {}
            State::Stale => changes.extend(Change::needed(path, text)?),
            State::Foreign => {
                return Ok(Proposal::skipped(format!(
                    "{path} was not generated from these recipes and is left alone; \
                     `cargo larder dockerfile --print` shows one that is"
                )));
            }
        }
    }
    if let Some(git) = repository(project).filter(|_| folder == project.workspace.root()) {
        changes.extend(hidden::change(&git, &folder, &git.would_ignore(&docker::FILES))?);
    }
    Ok(Proposal::new(changes))
}

fn envrc(root: &Utf8Path) -> Result<Proposal> {
    let proposal = new_file(root.join(".envrc"), nix::ENVRC)?;
    let Proposal::Files(mut changes) = proposal else { return Ok(proposal) };
    changes.extend(ignored(root, &nix::IGNORED)?);
    Ok(Proposal::Files(changes))
}

/// Adds what `.gitignore` lacks.
fn ignored(root: &Utf8Path, patterns: &[&str]) -> Result<Option<Change>> {
    let path = root.join(".gitignore");
    let text = read::text_or_nothing(&path)?;
    Change::needed(path, with_lines(text, patterns))
}

#[cfg(test)]
mod tests {
    use super::{is_address, with_lines};

    #[test]
    fn what_is_ignored_is_added_in_the_line_ends_of_the_file() {
        for (before, after) in
            [("", "/a\nb/\n"), ("x\r\n# b", "x\r\n# b\r\n/a\r\nb/\r\n"), ("a\nb\n# c", "a\nb\n# c")]
        {
            assert_eq!(with_lines(before.to_owned(), &["/a", "b/"]), after);
        }
    }

    #[test]
    fn addresses_hold_no_secret_and_end_no_text() {
        for good in
            ["https://git.example/larder", "git+file:///path/to/larder", "ssh://git@git.example/larder.git"]
        {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "",
            "https://me:token@git.example/x",
            "https://token@git.example/x",
            "a\"; b",
            "a' || 'b",
            "${x}",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
