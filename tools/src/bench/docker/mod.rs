//! `cargo xtask bench docker`: a developer's day and that of a CI machine, with images of one workspace built from
//! Larder's Dockerfile, from one that uses cargo-chef, and from one that does neither.
//!
//! All are built by the same engine, from the same base images, with the same cache mounts; what is compiled is
//! counted in the builds' own output. Each peer has its own builder's data, and each scenario is measured for one
//! peer right after the other, since a machine that is shared is not as fast in every hour. Each number is written
//! down as soon as it is known, so that a run can be taken up again.

mod builder;
mod cells;
pub(super) mod peer;
pub(super) mod sample;

use std::path::PathBuf;

use anyhow::ensure;
use larder::process::Environment;
use xshell::Shell;

use self::{
    builder::{Builder, Cache},
    cells::{Cells, ScenarioCell},
    peer::{Peer, Workbench},
    sample::{Edit, Sample},
};
use crate::{log::Log, setup, setup::programs};

/// The arguments of `cargo xtask bench docker`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The target.
    #[arg(long, value_enum, default_value_t = Workspace::Portfolio)]
    workspace: Workspace,
    /// Measure these only; may be given several times.
    #[arg(long, value_enum, value_name = "PEER")]
    only: Vec<Peer>,
    /// Measure these only, separated by commas.
    #[arg(long, value_enum, value_name = "SCENARIOS", value_delimiter = ',')]
    scenarios: Vec<Scenario>,
    /// How often each edit of code is measured, but for the naive Dockerfile, to which every edit is a first build;
    /// the table has the medians.
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..))]
    rounds: u8,
    /// Where the engine, the registry, the copies and the numbers are kept; later runs go on from there.
    #[arg(long, value_name = "DIR", default_value = "target/bench/docker")]
    scratch: PathBuf,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

impl Args {
    /// Whether a scenario is asked for, and the sample can be changed for it.
    fn wants(&self, scenario: Scenario, sample: &Sample) -> bool {
        scenario.edit().is_none_or(|edit| sample.has(edit))
            && (self.scenarios.is_empty() || self.scenarios.contains(&scenario))
    }
}

/// The target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Workspace {
    /// examples/portfolio: minutes for each build.
    Portfolio,
    /// Two members and a handful of dependencies: seconds.
    Small,
    /// A web server and a library of its own: the dependencies take some minutes of processor time.
    Service,
}

impl Workspace {
    /// The application in its first state.
    pub(super) fn sample(self, sh: &Shell) -> Sample {
        match self {
            Self::Portfolio => Sample::portfolio(&sh.current_dir().join("examples/portfolio")),
            Self::Small => Sample::small(),
            Self::Service => Sample::service(),
        }
    }
}

/// The work before a build.
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
    /// An edit of a component around the pages, or of a library that is shared.
    Component,
    /// An edit of a component of a page, which more stands on.
    Page,
    /// An edit of a file of the server alone.
    Server,
    /// An edit of a file of the front half alone.
    Front,
    /// A new member, and a new version of the old ones.
    Member,
    /// A dependency without dependencies gets a new version.
    Leaf,
    /// A dependency in the middle of the graph gets a new version.
    Mid,
    /// An edit of a component, on a builder that has nothing but a registry's cache.
    CiComponent,
    /// The new member and the new version, there.
    CiMember,
    /// The leaf, there.
    CiLeaf,
    /// The dependency in the middle, there.
    CiMid,
}

impl Scenario {
    /// Those on one builder that keeps its cache, one after the other.
    const LOCAL: [Self; 10] = [
        Self::First,
        Self::NoChange,
        Self::Export,
        Self::Component,
        Self::Page,
        Self::Server,
        Self::Front,
        Self::Member,
        Self::Leaf,
        Self::Mid,
    ];
    /// Those that each have an empty builder.
    const CI: [Self; 4] = [Self::CiComponent, Self::CiMember, Self::CiLeaf, Self::CiMid];

    fn edit(self) -> Option<Edit> {
        match self {
            Self::First | Self::NoChange | Self::Export => None,
            Self::Component | Self::CiComponent => Some(Edit::Component),
            Self::Page => Some(Edit::Page),
            Self::Server => Some(Edit::Server),
            Self::Front => Some(Edit::Front),
            Self::Member | Self::CiMember => Some(Edit::Member),
            Self::Leaf | Self::CiLeaf => Some(Edit::Leaf),
            Self::Mid | Self::CiMid => Some(Edit::Mid),
        }
    }

    /// How often it is measured if each edit of code is measured `rounds` times.
    fn rounds(self, rounds: u8) -> usize {
        let is_code = self.edit().is_some_and(Edit::is_of_code);
        if is_code && Self::LOCAL.contains(&self) { rounds.into() } else { 1 }
    }

    fn name(self) -> &'static str {
        match self {
            Self::First => "first build",
            Self::NoChange => "no change",
            Self::Export => "export of the cache to a registry",
            Self::Component => "edit of one component",
            Self::Page => "edit of one page",
            Self::Server => "edit of one server file",
            Self::Front => "edit of one front file",
            Self::Member => "new member, new version",
            Self::Leaf => "bump of a leaf dependency",
            Self::Mid => "bump of a mid-graph dependency",
            Self::CiComponent => "empty builder, registry cache: edit",
            Self::CiMember => "empty builder, registry cache: new member",
            Self::CiLeaf => "empty builder, registry cache: leaf",
            Self::CiMid => "empty builder, registry cache: mid-graph",
        }
    }
}

/// Runs the benchmark; the table or the JSON goes to standard output.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let tools = setup::ensure(sh, env, log)?;
    let chef = programs::ensure(sh, env, log, programs::CARGO_CHEF)?;
    let larder = crate::portfolio::build_larder(sh, env, log)?;
    let sample = args.workspace.sample(sh);
    let folder = sh.current_dir().join(&args.scratch).join(sample.name);
    fs_err::create_dir_all(&folder)?;
    let mut cells = Cells::read(&folder.join("results.json"))?;
    let peers = if args.only.is_empty() { Peer::ALL.to_vec() } else { args.only.clone() };
    let all = Scenario::LOCAL.into_iter().chain(Scenario::CI);
    let wanted: Vec<Scenario> = all.filter(|scenario| args.wants(*scenario, &sample)).collect();
    let env = tools.environment();
    let runs = peers.into_iter().map(|peer| {
        let dir = folder.join(peer.name());
        let bench = Workbench { peer, sample: &sample, dir, env: &env, larder: &larder };
        PeerRun::new(bench, &cells, &wanted, args.rounds)
    });
    let runs: Vec<PeerRun<'_>> = runs.filter(|run| !run.missing.is_empty()).collect();
    if !runs.is_empty() {
        let mut builder =
            Builder::start(sh, &env, log, &folder, &sh.current_dir().join(&args.scratch).join("registry"))?;
        builder.bases(&tools, &chef)?;
        cells.describe_machine(&builder)?;
        Session { builder: &mut builder, cells: &mut cells, rounds: args.rounds, log }.measure(&runs)?;
    }
    anstream::println!("{}", if args.json { cells.to_json()? } else { cells.to_table() }.trim_end());
    Ok(())
}

/// The instruments, and the numbers so far.
struct Session<'a, 'b> {
    builder: &'a mut Builder<'b>,
    cells: &'a mut Cells,
    /// How often each edit of code is made.
    rounds: u8,
    log: &'a Log,
}

impl Session<'_, '_> {
    /// Measures what is missing, scenario by scenario.
    fn measure(&mut self, runs: &[PeerRun<'_>]) -> anyhow::Result<()> {
        let is_local =
            |run: &&PeerRun<'_>| run.missing.iter().any(|(scenario, _)| Scenario::LOCAL.contains(scenario));
        let local: Vec<&PeerRun<'_>> = runs.iter().filter(is_local).collect();
        local.iter().try_for_each(|run| run.start(self.cells))?;
        for scenario in Scenario::LOCAL {
            for round in 1..=scenario.rounds(self.rounds) {
                local.iter().try_for_each(|run| run.local(scenario, round, self))?;
            }
        }
        for scenario in Scenario::CI {
            runs.iter().try_for_each(|run| run.ci(scenario, self))?;
        }
        Ok(())
    }
}

/// One peer's builds.
struct PeerRun<'a> {
    bench: Workbench<'a>,
    /// The measurements to take, and in which rounds, counted from 1.
    missing: Vec<(Scenario, usize)>,
}

impl<'a> PeerRun<'a> {
    fn new(bench: Workbench<'a>, cells: &Cells, wanted: &[Scenario], rounds: u8) -> Self {
        let rounds = if bench.peer == Peer::Naive { 1 } else { rounds };
        let missing = wanted.iter().copied().flat_map(|scenario| {
            let known = cells.rounds(bench.peer, scenario);
            (known + 1..=scenario.rounds(rounds)).map(move |round| (scenario, round))
        });
        let missing = missing.collect();
        Self { bench, missing }
    }

    /// Brings the workspace into its first state.
    fn start(&self, cells: &Cells) -> anyhow::Result<()> {
        let peer = self.bench.peer;
        ensure!(
            self.missing.contains(&(Scenario::First, 1)) || cells.is_held(peer),
            "the builder does not hold what {} built: measure its `first` again, for which its cells have to be taken out of {}",
            peer.name(),
            cells.path().display(),
        );
        self.bench.start()
    }

    /// A scenario on the builder that keeps its cache. Each goes on from the one before, so those that were
    /// measured earlier are walked through as well, without their builds.
    fn local(&self, scenario: Scenario, round: usize, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
        let lock = scenario.edit().map(|edit| self.bench.edit(edit, round)).transpose()?;
        if !self.missing.contains(&(scenario, round)) {
            return Ok(());
        }
        let peer = self.bench.peer;
        if scenario == Scenario::First {
            session.cells.forget(peer)?;
            session.builder.empty(peer)?;
            session.builder.pull_bases()?;
            session.cells.builder_holds(peer)?;
        } else {
            session.builder.turn_to(peer)?;
        }
        let cache = if scenario == Scenario::Export { Cache::Exported } else { Cache::Own };
        self.measure(scenario, cache, lock.flatten(), session)
    }

    /// A scenario on an empty builder.
    fn ci(&self, scenario: Scenario, session: &mut Session<'_, '_>) -> anyhow::Result<()> {
        let peer = self.bench.peer;
        if !self.missing.contains(&(scenario, 1)) {
            return Ok(());
        }
        ensure!(
            session.cells.rounds(peer, Scenario::Export) > 0,
            "there is no cache of {} yet: measure its `export` first",
            peer.name()
        );
        session.cells.builder_is_empty(peer)?;
        session.builder.empty(peer)?;
        self.bench.start()?;
        let lock = scenario.edit().map(|edit| self.bench.edit(edit, 1)).transpose()?;
        self.measure(scenario, Cache::Imported, lock.flatten(), session)
    }

    fn measure(
        &self,
        scenario: Scenario,
        cache: Cache,
        lock_seconds: Option<f64>,
        session: &mut Session<'_, '_>,
    ) -> anyhow::Result<()> {
        let peer = self.bench.peer;
        session.log.step("Measuring", &format!("{}: {}", peer.name(), scenario.name()));
        let built = session.builder.build(&self.bench, scenario.name(), cache)?;
        let is_idle = matches!(scenario, Scenario::NoChange | Scenario::Export);
        ensure!(
            is_idle || built.own > 0,
            "{}: {} compiled nothing of the application: the builder has built it before",
            peer.name(),
            scenario.name()
        );
        session.cells.add(ScenarioCell { peer, scenario, lock_seconds, built })
    }
}
