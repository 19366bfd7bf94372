//! The measurements, for people, and whether they may be believed.

use anyhow::ensure;
use larder::text::columns;

use super::{
    super::{
        output::{Line, Plot},
        report::median,
    },
    Cell,
};

/// Fails if a cache did nothing when it should have done all, or something when it may do nothing.
///
/// # Errors
/// Names the cell.
pub(super) fn gates(cells: &[Cell]) -> anyhow::Result<()> {
    let cold = cells.iter().filter(|cell| (cell.tool, cell.what) == ("larder", "cold"));
    let cold = median(&cold.map(|cell| cell.processor_seconds).collect::<Vec<_>>());
    for cell in cells {
        let is_right = match (cell.tool, cell.what) {
            ("larder", "cold" | "cold, storing") => cell.compiled > Some(0) && cell.restored == Some(0),
            ("larder", "other flags") => cell.restored == Some(0),
            ("larder", "next commit") => cell.compiled == Some(0),
            ("larder", "storing alone") => cell.compiled == Some(0) && cell.restored == Some(0),
            ("larder", "another CARGO_HOME") => cell.restored > Some(0) && cell.processor_seconds < cold,
            ("larder", _) => {
                cell.restored > Some(0) && cell.compiled == Some(0) && cell.processor_seconds < cold
            }
            _ => true,
        };
        ensure!(is_right, "the run is void, since a cache did not do its part: {cell:?}");
    }
    Ok(())
}

/// The cells of one build, those that were measured again as one row.
struct StoreRow<'a> {
    first: &'a Cell,
    seconds: Vec<f64>,
    processor_seconds: Vec<f64>,
}

fn rows(cells: &[Cell]) -> Vec<StoreRow<'_>> {
    let mut rows: Vec<StoreRow<'_>> = Vec::new();
    for cell in cells {
        if let Some(row) = rows.iter_mut().find(|row| row.first.measures_same(cell)) {
            row.seconds.push(cell.seconds);
            row.processor_seconds.push(cell.processor_seconds);
        } else {
            let (seconds, processor_seconds) = (vec![cell.seconds], vec![cell.processor_seconds]);
            rows.push(StoreRow { first: cell, seconds, processor_seconds });
        }
    }
    rows
}

impl Cell {
    fn measures_same(&self, other: &Self) -> bool {
        (&self.project, self.build, self.tool, self.what)
            == (&other.project, other.build, other.tool, other.what)
    }
}

/// The smallest and the largest one: with five values, the interval in which the median of all lies 94 times in 100.
fn interval(values: &[f64]) -> String {
    if values.len() == 1 {
        return String::new();
    }
    let (low, high) =
        values.iter().fold((f64::MAX, 0.0_f64), |(low, high), value| (low.min(*value), high.max(*value)));
    format!("{low:.2} to {high:.2}")
}

/// A table for people.
pub(super) fn text(cells: &[Cell]) -> String {
    let head = [
        "<project",
        "<tool",
        "<cooked",
        "seconds",
        "saved",
        "processor s",
        "from to",
        "times less",
        "restored",
        "compiled",
        "bytes",
    ];
    let rows: Vec<_> = rows(cells).iter().map(|row| row.columns(cells)).collect();
    columns::text(head, &rows)
}

impl StoreRow<'_> {
    fn columns(&self, cells: &[Cell]) -> [String; 11] {
        let first = self.first;
        let (seconds, processor) = (median(&self.seconds), median(&self.processor_seconds));
        let (cold_seconds, cold_processor) = self.cold(cells);
        let [restored, compiled, bytes] = [first.restored, first.compiled, first.bytes]
            .map(|number| number.map_or_else(|| "–".to_owned(), |number| number.to_string()));
        [
            format!("{}, {}", first.project, first.build.variant()),
            first.tool.to_owned(),
            first.what.to_owned(),
            format!("{seconds:.1}"),
            format!("{:.1}", cold_seconds - seconds),
            format!("{processor:.2}"),
            interval(&self.processor_seconds),
            format!("{:.2}", cold_processor / processor),
            restored,
            compiled,
            bytes,
        ]
    }

    /// The seconds of the same build from nothing, and those of the processor.
    fn cold(&self, cells: &[Cell]) -> (f64, f64) {
        let Cell { project, build, .. } = self.first;
        cells
            .iter()
            .find(|cell| (&cell.project, cell.build, cell.what) == (project, *build, "cold"))
            .map_or((f64::NAN, f64::NAN), |cell| (cell.seconds, cell.processor_seconds))
    }
}

/// The rows of Larder, a line for each build.
pub(super) fn plot(cells: &[Cell]) -> Plot<'static> {
    let mut lines: Vec<Line> = Vec::new();
    for row in rows(cells).iter().filter(|row| row.first.tool == "larder") {
        let name = format!("{}, {}", row.first.project, row.first.build.variant());
        let value = median(&row.processor_seconds);
        match lines.iter_mut().find(|line| line.name == name) {
            Some(line) => line.values.push(value),
            None => lines.push(Line { name, values: vec![value] }),
        }
    }
    Plot {
        title: "processor seconds to have all external units",
        x: "1 cold, 2 storing, 3 next commit, 4 storing alone, 5 clone, 6 worktree, 7 CARGO_HOME, 8 flags, 9 remote, 10 slow",
        y: "seconds",
        lines,
    }
}
