//! The parts of a project that a pipeline has jobs for, in words that mean themselves in YAML, in expressions and in a
//! shell.

use std::{collections::BTreeSet, path::Path};

use super::super::files::has_generated_dockerfile;
use crate::{
    cargo::{platform::HOST_TUPLE, variables::BUILD_TARGET},
    error::Result,
    git::Git,
    project::Project,
    slice::{Origin, Slice, leptos},
};

/// A project as a pipeline sees it.
pub(super) struct PipelineParts {
    /// The workspace's folder in the repository, empty at the top.
    pub(super) prefix: String,
    /// Slices that are cooked and built together, by their names.
    pub(super) groups: Vec<Group>,
    /// The branch that is the repository's default, as its remote says, unless it is called as most are.
    pub(super) default_branch: Option<String>,
    /// Whether the repository has submodules, which no service but Buildkite checks out by itself.
    pub(super) has_submodules: bool,
    /// Debian packages that compiling the dependencies takes.
    pub(super) packages: Vec<String>,
    /// The targets that they are built for beside the host, each once.
    pub(super) targets: Vec<String>,
    /// The folder that the image is built from, as seen from the workspace, if a Dockerfile of ours is there.
    pub(super) image: Option<String>,
    /// Whether there is a flake.
    pub(super) has_flake: bool,
    /// The names of its deployments.
    pub(super) deployments: Vec<String>,
    /// Whether a team's remote has the units.
    pub(super) has_remote: bool,
    /// Whether that remote is a bucket, which a plain installation of Larder cannot ask.
    pub(super) is_bucket: bool,
    /// The git address of Larder, if it was given.
    pub(super) source: Option<String>,
}

/// The names of branches that most repositories have one of.
pub(super) const USUAL_BRANCHES: [&str; 2] = ["main", "master"];

/// Slices of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Group {
    /// Their names, a space between them.
    pub(super) slices: String,
    /// Whether they lint.
    pub(super) is_clippy: bool,
    /// Whether cargo-leptos builds them.
    pub(super) is_leptos: bool,
}

impl PipelineParts {
    /// The parts of a project in a repository, or why no pipeline can be written. `source` is the address of Larder.
    pub(super) fn read(
        project: &Project,
        git: Option<&Git>,
        source: Option<&str>,
    ) -> Result<Result<Self, String>> {
        let (groups, slices) = groups(&project.slices);
        if groups.is_empty() {
            return Ok(Err("there is no slice of the release to build".into()));
        }
        let context = project.settings.docker.context.as_ref().map_or(".", |context| context.as_str());
        let parts = Self {
            prefix: git.map(|git| git.prefix().into_string()).unwrap_or_default(),
            groups,
            default_branch: git
                .and_then(Git::default_branch)
                .filter(|name| is_plain(name) && !USUAL_BRANCHES.contains(&&**name)),
            has_submodules: git.is_some_and(Git::has_submodules),
            packages: project.settings.docker.build_packages.clone(),
            targets: targets(&slices, &project.workspace.configured_targets()),
            image: has_generated_dockerfile(project)?.then(|| context.to_owned()),
            has_flake: project.workspace.root().join("flake.nix").is_file(),
            deployments: project.settings.deploy.keys().cloned().collect(),
            has_remote: project.settings.store.remote.is_some(),
            is_bucket: project.settings.store.remote.as_deref().is_some_and(is_bucket),
            source: source.map(|source| source.trim_start_matches("git+").to_owned()),
        };
        if let Some(word) = parts.words().find(|word| !is_plain(word)) {
            return Ok(Err(format!(
                "no workflow can name {word:?}: it may hold letters, digits and `-_./+`, and spaces between them"
            )));
        }
        Ok(Ok(parts))
    }

    /// The words of the project's own. Names of slices are checked when they are made, and those of packages with the
    /// settings.
    fn words(&self) -> impl Iterator<Item = &str> {
        let prefix = (!self.prefix.is_empty()).then_some(self.prefix.as_str());
        self.targets.iter().map(String::as_str).chain(prefix).chain(self.image.as_deref())
    }

    /// A path of the workspace's, from the top of the repository.
    pub(super) fn below(&self, path: &str) -> String {
        if self.prefix.is_empty() { path.to_owned() } else { format!("{}/{path}", self.prefix) }
    }

    /// The version of cargo-leptos, if a job needs it.
    pub(super) fn leptos(&self) -> Option<&'static str> {
        self.groups.iter().any(|group| group.is_leptos).then_some(leptos::CARGO_LEPTOS_VERSION)
    }

    pub(super) fn has_clippy(&self) -> bool {
        self.groups.iter().any(|group| group.is_clippy)
    }
}

/// The jobs that slices make: what is shipped is built together, and each test and lint is a job of its own. Builds that
/// only a developer makes are nothing for CI.
fn groups(slices: &[Slice]) -> (Vec<Group>, Vec<&Slice>) {
    let (builds, checks): (Vec<&Slice>, Vec<&Slice>) = slices.iter().partition(|slice| slice.is_build());
    let shipped: Vec<&Slice> = builds.into_iter().filter(|slice| slice.is_shipped()).collect();
    let mut groups = Vec::new();
    if !shipped.is_empty() {
        let names: Vec<&str> = shipped.iter().map(|slice| slice.name.as_str()).collect();
        groups.push(Group {
            slices: names.join(" "),
            is_clippy: false,
            is_leptos: shipped.iter().any(|slice| slice.origin == Origin::Leptos),
        });
    }
    groups.extend(checks.iter().map(|slice| Group {
        slices: slice.name.to_string(),
        is_clippy: slice.is_clippy(),
        is_leptos: false,
    }));
    (groups, shipped.into_iter().chain(checks).collect())
}

/// The targets that rustup has to have a standard library for: those that a slice names, or else the configuration. The
/// host's is there, whatever its name, and cargo compiles that of a target which a file describes.
fn targets(slices: &[&Slice], configured: &[&str]) -> Vec<String> {
    let mut all = BTreeSet::new();
    for slice in slices {
        let by_variable = slice.env.get(BUILD_TARGET).map(String::as_str);
        match slice.targets() {
            named if !named.is_empty() => all.extend(named),
            _ if by_variable.is_some() => all.extend(by_variable),
            _ => all.extend(configured),
        }
    }
    all.into_iter().filter(|target| has_component(target)).map(str::to_owned).collect()
}

/// Whether a standard library goes by the name of a target.
fn has_component(target: &str) -> bool {
    target != HOST_TUPLE && Path::new(target).extension() != Some("json".as_ref())
}

fn is_bucket(remote: &str) -> bool {
    ["s3://", "gs://", "az://"].iter().any(|scheme| remote.starts_with(scheme))
}

/// Whether a word means itself in YAML, in expressions of GitHub's, in patterns and in a shell.
fn is_plain(word: &str) -> bool {
    let is_inner = |c: char| c.is_alphanumeric() || "-_./+ ".contains(c);
    let is_outer = |c: char| c.is_alphanumeric() || "_.".contains(c);
    word.chars().all(is_inner) && word.starts_with(is_outer) && !word.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::slice::{Name, TargetDir, Variant};

    fn slice(args: &[&str], env: &[(&str, &str)]) -> Slice {
        Slice {
            name: Name::new("own").unwrap(),
            origin: Origin::Written,
            variant: Variant::Release,
            args: args.iter().map(|&arg| arg.to_owned()).collect(),
            target_dir: TargetDir::default(),
            rustflags: Vec::new(),
            env: env.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect(),
        }
    }

    #[test]
    fn rustup_adds_what_it_has() {
        let wasm = slice(&["build", "--target=wasm32-unknown-unknown"], &[]);
        let host = slice(&["build", "--target", "host-tuple"], &[]);
        let file = slice(&["build", "--target=own/board.json"], &[]);
        let variable = slice(&["build"], &[("CARGO_BUILD_TARGET", "wasm32-wasip1")]);
        let plain = slice(&["build"], &[]);
        let musl = ["x86_64-unknown-linux-musl"];
        for (slices, configured, expected) in [
            (vec![&wasm, &host, &wasm], &musl[..], vec!["wasm32-unknown-unknown"]),
            (vec![&host, &file], &[], vec![]),
            (vec![&plain], &[], vec![]),
            (vec![&plain, &wasm], &musl, vec!["wasm32-unknown-unknown", musl[0]]),
            (vec![&variable], &musl, vec!["wasm32-wasip1"]),
            (vec![&plain], &["host-tuple", "own/board.json", musl[0]], vec![musl[0]]),
        ] {
            assert_eq!(targets(&slices, configured), expected, "{configured:?} {slices:?}");
        }
    }
}
