//! `cargo xtask bench docker`: a developer's day and that of a CI machine, with images of one workspace built from
//! Larder's Dockerfile, from one that uses cargo-chef, and from one that does neither.
//!
//! All are built by the same engine, from the same base images, with the same cache mounts; what is compiled is
//! counted in the builds' own output. Each number is written down as soon as it is known, so that a run can be
//! taken up again.

mod builder;
mod cells;
mod peer;
mod sample;

use std::path::PathBuf;

use anyhow::ensure;
use larder::process::Environment;
use xshell::Shell;

use self::{
    builder::{Builder, Cache},
    cells::{Cell, Cells},
    peer::{Peer, Workbench},
    sample::{Edit, Sample},
};
use crate::{log::Log, setup, setup::programs};

/// The arguments of `cargo xtask bench docker`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// What is built.
    #[arg(long, value_enum, default_value_t = Workspace::Portfolio)]
    workspace: Workspace,
    /// Measure these only; may be given several times.
    #[arg(long, value_enum, value_name = "PEER")]
    only: Vec<Peer>,
    /// Measure these only, separated by commas.
    #[arg(long, value_enum, value_name = "SCENARIOS", value_delimiter = ',')]
    scenarios: Vec<Scenario>,
    /// Where the engine, the registry, the copies and the numbers are kept; later runs go on from there.
    #[arg(long, value_name = "DIR", default_value = "target/bench/docker")]
    scratch: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// What is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Workspace {
    /// examples/portfolio: minutes for each build.
    Portfolio,
    /// Two members and a handful of dependencies: seconds.
    Small,
}

/// What happens before a build.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
enum Scenario {
    /// The builder has the base images and nothing else.
    First,
    /// Nothing.
    NoChange,
    /// Nothing but that the cache is exported to a registry, as the machines below want it.
    Export,
    /// An edit of a component, or of a library that is shared.
    Component,
    /// An edit of a file of the server alone.
    Server,
    /// A new member, and a new version of the old ones.
    Member,
    /// A dependency without dependencies gets a new version.
    Leaf,
    /// A dependency in the middle of the graph gets a new version.
    Mid,
    /// An edit of a component, on a builder that has nothing but a registry's cache.
    CiComponent,
    /// The leaf, there.
    CiLeaf,
    /// The dependency in the middle, there.
    CiMid,
}

impl Scenario {
    /// Those on one builder that keeps its cache, one after the other.
    const LOCAL: [Self; 8] = [
        Self::First,
        Self::NoChange,
        Self::Export,
        Self::Component,
        Self::Server,
        Self::Member,
        Self::Leaf,
        Self::Mid,
    ];
    /// Those that each have an empty builder.
    const CI: [Self; 3] = [Self::CiComponent, Self::CiLeaf, Self::CiMid];

    fn edit(self) -> Option<Edit> {
        match self {
            Self::First | Self::NoChange | Self::Export => None,
            Self::Component | Self::CiComponent => Some(Edit::Component),
            Self::Server => Some(Edit::Server),
            Self::Member => Some(Edit::Member),
            Self::Leaf | Self::CiLeaf => Some(Edit::Leaf),
            Self::Mid | Self::CiMid => Some(Edit::Mid),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::First => "first build",
            Self::NoChange => "no change",
            Self::Export => "export of the cache to a registry",
            Self::Component => "edit of one component",
            Self::Server => "edit of one server file",
            Self::Member => "new member, new version",
            Self::Leaf => "bump of a leaf dependency",
            Self::Mid => "bump of a mid-graph dependency",
            Self::CiComponent => "empty builder, registry cache: edit",
            Self::CiLeaf => "empty builder, registry cache: leaf",
            Self::CiMid => "empty builder, registry cache: mid-graph",
        }
    }
}

/// Runs the benchmark; the table or the JSON goes to standard output.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let tools = setup::ensure(sh, env, log)?;
    let chef = programs::ensure(sh, env, log, programs::CARGO_CHEF)?;
    let larder = crate::portfolio::build_larder(sh, log)?;
    let sample = match args.workspace {
        Workspace::Portfolio => Sample::portfolio(&sh.current_dir().join("examples/portfolio")),
        Workspace::Small => Sample::small(),
    };
    let folder = sh.current_dir().join(&args.scratch).join(sample.name);
    fs_err::create_dir_all(&folder)?;
    let mut cells = Cells::read(&folder.join("results.json"))?;
    let peers = if args.only.is_empty() { Peer::ALL.to_vec() } else { args.only.clone() };
    let wanted = |scenario: &Scenario| args.scenarios.is_empty() || args.scenarios.contains(scenario);
    let is_missing = |cells: &Cells, peer: &Peer| {
        let all = Scenario::LOCAL.iter().chain(&Scenario::CI);
        all.filter(|scenario| wanted(scenario)).any(|scenario| !cells.has(*peer, *scenario))
    };
    if peers.iter().any(|peer| is_missing(&cells, peer)) {
        let env = tools.environment();
        let mut builder =
            Builder::start(sh, &env, log, &folder, &sh.current_dir().join(&args.scratch).join("registry"))?;
        builder.bases(&tools, &chef)?;
        cells.describe_machine(&builder)?;
        for peer in peers {
            let bench = Workbench {
                peer,
                sample: &sample,
                dir: folder.join(peer.name()),
                env: &env,
                larder: &larder,
            };
            let mut run = Run { builder: &mut builder, bench, cells: &mut cells, log };
            run.local(&wanted)?;
            run.ci(&wanted)?;
        }
    }
    anstream::println!("{}", if args.json { cells.to_json()? } else { cells.to_table() }.trim_end());
    Ok(())
}

/// One peer's builds.
struct Run<'a, 'b> {
    builder: &'a mut Builder<'b>,
    bench: Workbench<'a>,
    cells: &'a mut Cells,
    log: &'a Log,
}

impl Run<'_, '_> {
    /// The scenarios on one builder. Each goes on from the one before, so those that were measured earlier are
    /// walked through as well, without their builds.
    fn local(&mut self, wanted: &dyn Fn(&Scenario) -> bool) -> anyhow::Result<()> {
        let peer = self.bench.peer;
        let missing: Vec<Scenario> = Scenario::LOCAL
            .into_iter()
            .filter(|scenario| wanted(scenario) && !self.cells.has(peer, *scenario))
            .collect();
        let Some(first) = missing.first() else { return Ok(()) };
        if *first == Scenario::First {
            self.cells.forget(peer)?;
            self.builder.empty()?;
            self.builder.pull_bases()?;
            self.cells.builder_holds(peer)?;
        }
        ensure!(
            self.cells.builder() == Some(peer),
            "the builder does not hold what {} built: measure its `first` again, for which its cells have to be taken out of {}",
            peer.name(),
            self.cells.path().display(),
        );
        self.bench.start()?;
        for scenario in Scenario::LOCAL {
            let lock = scenario.edit().map(|edit| self.bench.edit(edit)).transpose()?;
            if missing.contains(&scenario) {
                let cache = if scenario == Scenario::Export { Cache::Exported } else { Cache::Own };
                self.measure(scenario, cache, lock.flatten())?;
            }
        }
        Ok(())
    }

    /// The scenarios on empty builders.
    fn ci(&mut self, wanted: &dyn Fn(&Scenario) -> bool) -> anyhow::Result<()> {
        let peer = self.bench.peer;
        for scenario in Scenario::CI {
            if !wanted(&scenario) || self.cells.has(peer, scenario) {
                continue;
            }
            ensure!(
                self.cells.has(peer, Scenario::Export),
                "there is no cache of {} yet: measure its `export` first",
                peer.name()
            );
            self.builder.empty()?;
            self.cells.builder_is_empty()?;
            self.bench.start()?;
            let lock = scenario.edit().map(|edit| self.bench.edit(edit)).transpose()?;
            self.measure(scenario, Cache::Imported, lock.flatten())?;
        }
        Ok(())
    }

    fn measure(&mut self, scenario: Scenario, cache: Cache, lock_seconds: Option<f64>) -> anyhow::Result<()> {
        let peer = self.bench.peer;
        self.log.step("Measuring", &format!("{}: {}", peer.name(), scenario.name()));
        let built = self.builder.build(&self.bench, scenario.name(), cache)?;
        let is_idle = matches!(scenario, Scenario::NoChange | Scenario::Export);
        ensure!(
            is_idle || built.own > 0,
            "{}: {} compiled nothing of the application: the builder has built it before",
            peer.name(),
            scenario.name()
        );
        self.cells.add(Cell { peer, scenario, lock_seconds, built })
    }
}
