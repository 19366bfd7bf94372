//! The numbers, kept in a file that is written after each of them, and the table made of them.

use std::{
    collections::BTreeSet,
    io::Write as _,
    path::{Path, PathBuf},
};

use larder::text::columns;
use serde::{Deserialize, Serialize};

use super::{
    super::report::median,
    Scenario,
    builder::{Builder, Built},
    peer::Peer,
};

/// The version of the file.
const VERSION: u32 = 3;

/// One build of one peer.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ScenarioCell {
    pub(super) peer: Peer,
    pub(super) scenario: Scenario,
    /// The time of writing the recipes before the build, on the host, if a peer has any.
    pub(super) lock_seconds: Option<f64>,
    #[serde(flatten)]
    pub(super) built: Built,
}

/// All numbers so far.
#[derive(Debug)]
pub(super) struct Cells {
    path: PathBuf,
    kept: Kept,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Kept {
    version: u32,
    machine: String,
    /// The peers whose builders have what they built.
    builders: BTreeSet<Peer>,
    cells: Vec<ScenarioCell>,
}

impl Cells {
    /// The cells that an earlier run left.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let kept = if path.exists() {
            serde_json::from_str(&fs_err::read_to_string(path)?)?
        } else {
            Kept { version: VERSION, ..Kept::default() }
        };
        anyhow::ensure!(kept.version == VERSION, "{} is of another version; remove it", path.display());
        Ok(Self { path: path.to_owned(), kept })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// How often a scenario was measured.
    pub(super) fn rounds(&self, peer: Peer, scenario: Scenario) -> usize {
        self.builds_of(peer, scenario).count()
    }

    fn builds_of(&self, peer: Peer, scenario: Scenario) -> impl Iterator<Item = &Built> {
        let is_it = move |cell: &&ScenarioCell| cell.peer == peer && cell.scenario == scenario;
        self.kept.cells.iter().filter(is_it).map(|cell| &cell.built)
    }

    pub(super) fn is_held(&self, peer: Peer) -> bool {
        self.kept.builders.contains(&peer)
    }

    pub(super) fn builder_holds(&mut self, peer: Peer) -> anyhow::Result<()> {
        self.kept.builders.insert(peer);
        self.write()
    }

    pub(super) fn builder_is_empty(&mut self, peer: Peer) -> anyhow::Result<()> {
        self.kept.builders.remove(&peer);
        self.write()
    }

    /// A first build makes all that followed an earlier one void.
    pub(super) fn forget(&mut self, peer: Peer) -> anyhow::Result<()> {
        self.kept.cells.retain(|cell| cell.peer != peer);
        self.write()
    }

    pub(super) fn add(&mut self, cell: ScenarioCell) -> anyhow::Result<()> {
        self.kept.cells.push(cell);
        self.write()
    }

    pub(super) fn describe_machine(&mut self, builder: &Builder<'_>) -> anyhow::Result<()> {
        let cores = std::thread::available_parallelism()?;
        let memory = fs_err::read_to_string("/proc/meminfo").unwrap_or_default();
        let memory =
            memory.lines().next().and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok());
        let memory = memory.unwrap_or_default() / (1024 * 1024);
        self.kept.machine = format!("{cores} cores, {memory} GiB, {}", builder.describe()?);
        self.write()
    }

    fn write(&self) -> anyhow::Result<()> {
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        file.write_all(self.to_json()?.as_bytes())?;
        file.persist(&self.path)?;
        Ok(())
    }

    pub(super) fn to_json(&self) -> anyhow::Result<String> {
        Ok(serde_json::to_string_pretty(&self.kept)? + "\n")
    }

    /// A row for each scenario that was measured; three columns for each peer, and the ratios to Larder.
    pub(super) fn to_table(&self) -> String {
        let all = Scenario::LOCAL.into_iter().chain(Scenario::CI);
        let rows: Vec<_> = all
            .filter(|scenario| Peer::ALL.iter().any(|peer| self.rounds(*peer, *scenario) > 0))
            .map(|scenario| self.row(scenario))
            .collect();
        let head = [
            "<scenario",
            "larder s",
            "cpu s",
            "ext",
            "MB",
            "chef s",
            "cpu s",
            "ext",
            "MB",
            "x s",
            "x cpu",
            "naive s",
            "cpu s",
            "ext",
            "MB",
            "x s",
            "x cpu",
        ];
        format!("{}{}\n", columns::text(head, &rows), self.kept.machine)
    }

    fn row(&self, scenario: Scenario) -> [String; 17] {
        let ours = self.middle_build(Peer::Larder, scenario);
        let mut cells = vec![scenario.name().to_owned()];
        cells.extend(ours.map(numbers).unwrap_or_default());
        for peer in [Peer::Chef, Peer::Naive] {
            let theirs = self.middle_build(peer, scenario);
            cells.extend(theirs.map(numbers).unwrap_or_default());
            cells.extend(ratios(theirs, ours));
        }
        std::array::from_fn(|column| std::mem::take(&mut cells[column]))
    }

    fn middle_build(&self, peer: Peer, scenario: Scenario) -> Option<Built> {
        middle(&self.builds_of(peer, scenario).collect::<Vec<_>>())
    }
}

/// A peer's columns.
fn numbers(built: Built) -> [String; 4] {
    [
        format!("{:.1}", built.seconds),
        built.cpu_seconds.map(|seconds| format!("{seconds:.1}")).unwrap_or_default(),
        built.external.to_string(),
        megabytes(built.image_bytes + built.crate_bytes.unwrap_or_default()),
    ]
}

/// The ratios of another peer's times to ours; nothing for those that are too short to be compared.
fn ratios(theirs: Option<Built>, ours: Option<Built>) -> [String; 2] {
    let times: [fn(Built) -> Option<f64>; 2] = [|built| Some(built.seconds), |built| built.cpu_seconds];
    times.map(|time| {
        let [theirs, ours] = [theirs, ours].map(|built| built.and_then(time).filter(|time| *time >= 0.1));
        theirs.zip(ours).map(|(theirs, ours)| format!("{:.2}", theirs / ours)).unwrap_or_default()
    })
}

/// Several builds as one: the medians of their times, and the most that any compiled and received.
fn middle(built: &[&Built]) -> Option<Built> {
    Some(Built {
        seconds: median_time(built, |built| Some(built.seconds))?,
        cpu_seconds: median_time(built, |built| built.cpu_seconds),
        external: built.iter().map(|built| built.external).max()?,
        own: built.iter().map(|built| built.own).max()?,
        image_bytes: built.iter().map(|built| built.image_bytes).max()?,
        crate_bytes: built.iter().filter_map(|built| built.crate_bytes).max(),
    })
}

/// The median of a time, if it is known of any build.
fn median_time(built: &[&Built], time: fn(&Built) -> Option<f64>) -> Option<f64> {
    let times: Vec<f64> = built.iter().filter_map(|built| time(built)).collect();
    (!times.is_empty()).then(|| median(&times))
}

#[expect(clippy::cast_precision_loss, reason = "sizes of images are far below 2^52")]
fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(peer: Peer, scenario: Scenario, seconds: f64, external: usize) -> ScenarioCell {
        let built = Built {
            seconds,
            cpu_seconds: Some(2.0 * seconds),
            external,
            own: 2,
            image_bytes: 1_500_000,
            crate_bytes: Some(500_000),
        };
        ScenarioCell { peer, scenario, lock_seconds: None, built }
    }

    #[test]
    fn numbers_outlive_a_run() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.json");
        let mut cells = Cells::read(&path).unwrap();
        cells.builder_holds(Peer::Larder).unwrap();
        cells.add(cell(Peer::Larder, Scenario::First, 10.0, 5)).unwrap();
        cells.add(cell(Peer::Chef, Scenario::First, 12.5, 5)).unwrap();
        cells.add(cell(Peer::Chef, Scenario::Server, 1.0, 5)).unwrap();
        cells.add(cell(Peer::Chef, Scenario::Server, 2.0, 5)).unwrap();
        let mut again = Cells::read(&path).unwrap();
        let rounds =
            [Scenario::First, Scenario::Server, Scenario::Leaf].map(|one| again.rounds(Peer::Chef, one));
        assert_eq!(rounds, [1, 2, 0]);
        assert_eq!((again.is_held(Peer::Larder), again.is_held(Peer::Chef)), (true, false));
        again.builder_is_empty(Peer::Larder).unwrap();
        again.forget(Peer::Larder).unwrap();
        let last = Cells::read(&path).unwrap();
        assert_eq!((last.rounds(Peer::Larder, Scenario::First), last.is_held(Peer::Larder)), (0, false));
    }

    #[test]
    fn the_table_has_ratios_and_gaps() {
        let folder = tempfile::tempdir().unwrap();
        let mut cells = Cells::read(&folder.path().join("results.json")).unwrap();
        cells.kept.machine = "2 cores".into();
        cells.add(cell(Peer::Larder, Scenario::First, 10.0, 5)).unwrap();
        cells.add(cell(Peer::Chef, Scenario::First, 12.5, 5)).unwrap();
        for seconds in [2.0, 9.0, 1.0] {
            cells.add(cell(Peer::Larder, Scenario::Leaf, seconds, 1)).unwrap();
        }
        let table = cells.to_table();
        let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(rows[1].join(" "), "first build 10.0 20.0 5 2.0 12.5 25.0 5 2.0 1.25 1.25");
        assert_eq!(rows[2].join(" "), "bump of a leaf dependency 2.0 4.0 1 2.0");
        assert_eq!((rows.len(), rows[3].join(" ")), (4, "2 cores".to_owned()));
    }
}
