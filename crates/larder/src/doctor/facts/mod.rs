//! The facts of checks: everything that was looked at, as plain values.
//!
//! Looking never fails as a whole. A fact that could not be told is an [`Answer`] with the reason, and the checks that
//! need it say SKIPPED. No value of an environment variable is kept if it might be a secret.

mod ask;
mod cargo;
mod configuration;
mod docker;
mod machine;
mod programs;
mod project;
mod store;
mod tools;

use std::{collections::BTreeMap, thread::ScopedJoinHandle};

use cargo_metadata::camino::Utf8PathBuf;
use toml_edit::DocumentMut;

pub use self::{
    cargo::{CargoFacts, Rustflags, SettingPlace},
    docker::{Buildx, DockerFacts},
    machine::{Direnv, FilledFolder, NixFacts, Speed, free},
    project::{GitFacts, Workflow},
    store::{Personal, StoreFacts, UnitSettings},
    tools::ToolFacts,
};
use crate::{
    Report,
    docker::needs::Lacking,
    init::rust_analyzer::{self, Told},
    project::Project,
    recipe::lock::RecipeFinding,
    sccache::Figures,
    slice::driver::Driver,
    tuning::{Known, Setting},
};
pub use ask::Answer;

/// Everything that checks know.
#[derive(Debug, Clone)]
pub struct Facts {
    /// The workspace's root.
    pub root: Utf8PathBuf,
    /// The program that installs packages here, such as `apt-get`.
    pub installer: Option<String>,
    /// The root manifest.
    pub manifest: DocumentMut,
    /// The facts behind settings.
    pub known: Known,
    /// cargo's effective configuration.
    pub cargo: Answer<CargoFacts>,
    /// The linker that rustc takes, in its own words.
    pub linker: Answer<String>,
    /// Tools whose versions must agree.
    pub tools: Answer<ToolFacts>,
    /// The repository.
    pub git: Answer<GitFacts>,
    /// Whether `Cargo.lock` is what the manifests ask for.
    pub lock_fits: Answer<bool>,
    /// Build drivers whose calls are no slices.
    pub drivers: Vec<Driver>,
    /// The word of the workspace's files about rust-analyzer.
    pub analyzer: Told,
    /// Slices without an external unit.
    pub empty_slices: Vec<String>,
    /// The problem with the recipes; `None` if there are none.
    pub recipes: Answer<Option<Vec<RecipeFinding>>>,
    /// Generated files that are stale; `None` without a generated Dockerfile.
    pub generated: Answer<Option<Vec<Utf8PathBuf>>>,
    /// Settings that the image lacks; `None` without a generated Dockerfile.
    pub image_needs: Answer<Option<Lacking>>,
    /// The settings that would put it right.
    pub image_settings: Vec<Setting>,
    /// Docker.
    pub docker: Answer<DockerFacts>,
    /// Whether the workspace has a generated Dockerfile.
    pub uses_docker: bool,
    /// Nix.
    pub nix: Answer<NixFacts>,
    /// Whether the workspace has a flake.
    pub uses_nix: bool,
    /// direnv; `None` if there is no `.envrc`.
    pub direnv: Option<Direnv>,
    /// Folders that builds fill, by what they are for.
    pub places: Answer<BTreeMap<&'static str, FilledFolder>>,
    /// Files whose time has not come yet.
    pub future: Answer<Vec<Utf8PathBuf>>,
    /// How quick small files are.
    pub speed: Answer<Speed>,
    /// The workflows of CI.
    pub workflows: Vec<Workflow>,
    /// The store; `None` if it is off. The caller that has one looks at it and says so here.
    pub store: Answer<Option<StoreFacts>>,
    /// The counts of sccache; `None` if it is not used or its server does not run.
    pub sccache: Option<Figures>,
    /// Settings that every unit is compiled with.
    pub unit_settings: Answer<UnitSettings>,
}

/// The things to look at, apart from what is read anyway.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// cargo's effective configuration.
    Config,
    /// The linker.
    Linker,
    /// Compiler and tools.
    Tools,
    /// The repository.
    Git,
    /// Whether `Cargo.lock` fits.
    CargoLock,
    /// Recipes, which takes planning.
    Recipes,
    /// Generated files.
    Generated,
    /// The needs of an image, which take planning.
    ImageNeeds,
    /// Docker.
    Docker,
    /// Nix.
    Nix,
    /// Free space and file systems.
    Places,
    /// Times of files.
    Times,
    /// The speed of the disk, which takes writing to it.
    Speed,
    /// The store of compiled units, and the team's remote.
    Store,
}

/// The answer to what nobody asked.
const NOT_LOOKED: &str = "it was not looked at";

/// The topics that are looked at.
struct Topics<'a>(&'a [Topic]);

impl Topics<'_> {
    fn look<T>(&self, topic: Topic, look: impl FnOnce() -> Answer<T>) -> Answer<T> {
        if self.0.contains(&topic) { look() } else { Err(NOT_LOOKED.to_owned()) }
    }
}

impl Facts {
    /// Looks at the topics, at several of them at once.
    pub fn gather(project: &Project, topics: &[Topic], report: &dyn Report) -> Self {
        let topics = Topics(topics);
        let env = project.cargo.env();
        let workspace = &project.workspace;
        std::thread::scope(|scope| {
            report.step("Checking", "the machine");
            let docker = scope.spawn(|| topics.look(Topic::Docker, || docker::look(env)));
            let nix = scope.spawn(|| topics.look(Topic::Nix, || machine::nix(env)));
            let linker = scope.spawn(|| topics.look(Topic::Linker, || tools::linker(project)));
            let tools = scope.spawn(|| topics.look(Topic::Tools, || Ok(ToolFacts::ask(project))));
            let lock_fits = scope.spawn(|| topics.look(Topic::CargoLock, || project::lock_fits(project)));
            report.step("Checking", "the workspace");
            let git = project::git(project);
            let recipes = topics.look(Topic::Recipes, || project::recipes(project));
            let generated = topics.look(Topic::Generated, || project::generated(project));
            let image_needs = topics.look(Topic::ImageNeeds, || project::image_needs(project));
            let lacking = image_needs.as_ref().ok().and_then(Option::as_ref);
            let image_settings = lacking.map(|lacking| lacking.settings(project)).unwrap_or_default();
            let future = topics.look(Topic::Times, || machine::future(project));
            let places = topics.look(Topic::Places, || Ok(machine::places(project)));
            Self {
                root: workspace.root().to_owned(),
                installer: machine::installer(env),
                manifest: workspace.manifest().clone(),
                known: Known::read(workspace).unwrap_or_default(),
                cargo: topics.look(Topic::Config, || Ok(CargoFacts::read(project))),
                drivers: project.other_drivers(),
                analyzer: rust_analyzer::told(workspace.root()),
                empty_slices: project.empty_slices(),
                uses_docker: project::has_dockerfile(project),
                uses_nix: workspace.root().join("flake.nix").is_file(),
                direnv: machine::direnv(env, workspace.root()),
                workflows: project::workflows(project, git.as_ref().ok()),
                git: topics.look(Topic::Git, || git.map(|git| GitFacts::gather(&git))),
                docker: await_answer(docker),
                nix: await_answer(nix),
                linker: await_answer(linker),
                tools: await_answer(tools),
                lock_fits: await_answer(lock_fits),
                sccache: topics.0.contains(&Topic::Config).then(|| Figures::ask(project)).flatten(),
                store: Err(NOT_LOOKED.to_owned()),
                unit_settings: topics.look(Topic::Store, || Ok(UnitSettings::look(project))),
                recipes,
                generated,
                image_needs,
                image_settings,
                places,
                future,
                // Last, and alone: the others would slow it down.
                speed: topics.look(Topic::Speed, || machine::speed(project)),
            }
        })
    }
}

fn await_answer<T>(thread: ScopedJoinHandle<'_, Answer<T>>) -> Answer<T> {
    thread.join().unwrap_or_else(|_| Err("the thread that looked has panicked".to_owned()))
}
