//! The numbers of a benchmark of two variants, for people and for machines.
//!
//! Pure: it measures nothing itself.

use larder::text::columns;
use serde::Serialize;

/// The version of what `--json` prints.
const JSON_VERSION: u32 = 1;

/// The goal that the tuned variant has to reach.
#[derive(Debug, Clone, Copy, Serialize)]
pub(super) struct Goal {
    /// Its median stays under this.
    pub(super) seconds: f64,
    /// And its ratio to the default variant is no more than this.
    pub(super) ratio: f64,
}

/// All that was measured, in the order in which it was first added.
#[derive(Debug, Default)]
pub(super) struct Report {
    rows: Vec<ReportRow>,
}

#[derive(Debug)]
struct ReportRow {
    name: &'static str,
    goal: Option<Goal>,
    tuned: Vec<f64>,
    default: Vec<f64>,
}

impl ReportRow {
    /// Of the medians: one disturbed run in three changes nothing.
    fn ratio(&self) -> f64 {
        median(&self.tuned) / median(&self.default)
    }

    fn reached(&self) -> Option<bool> {
        self.goal.map(|goal| median(&self.tuned) < goal.seconds && self.ratio() <= goal.ratio)
    }

    fn cells(&self) -> [String; 6] {
        let goal = self.goal.map_or_else(
            || "none".to_owned(),
            |goal| format!("under {:.0} s, ratio to {:.2}", goal.seconds, goal.ratio),
        );
        let mark = match self.reached() {
            Some(true) => format!("{goal}: reached"),
            Some(false) => format!("{goal}: MISSED"),
            None => goal,
        };
        [
            self.name.to_owned(),
            format!("{:.2}", median(&self.tuned)),
            format!("{:.2}", median(&self.default)),
            format!("{:.2}", self.ratio()),
            self.tuned.len().to_string(),
            mark,
        ]
    }
}

impl Report {
    /// Adds a pair of runs, the tuned one first.
    pub(super) fn add(&mut self, name: &'static str, goal: Option<Goal>, [tuned, default]: [f64; 2]) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.name == name) {
            row.tuned.push(tuned);
            row.default.push(default);
        } else {
            self.rows.push(ReportRow { name, goal, tuned: vec![tuned], default: vec![default] });
        }
    }

    /// A table of medians for people.
    pub(super) fn to_table(&self) -> String {
        let head = ["<median seconds", "tuned", "default", "ratio", "runs", "<goal"];
        columns::text(head, &self.rows.iter().map(ReportRow::cells).collect::<Vec<_>>())
    }

    /// The same with every single run for machines.
    pub(super) fn to_json(&self) -> anyhow::Result<String> {
        let rows = self.rows.iter().map(|row| JsonRow {
            name: row.name,
            tuned: JsonRuns::new(&row.tuned),
            default: JsonRuns::new(&row.default),
            ratio: row.ratio(),
            goal: row.goal,
            reached: row.reached(),
        });
        Ok(serde_json::to_string_pretty(&JsonReport { version: JSON_VERSION, rows: rows.collect() })?)
    }
}

#[derive(Serialize)]
struct JsonReport {
    version: u32,
    rows: Vec<JsonRow>,
}

#[derive(Serialize)]
struct JsonRow {
    name: &'static str,
    tuned: JsonRuns,
    default: JsonRuns,
    ratio: f64,
    goal: Option<Goal>,
    reached: Option<bool>,
}

#[derive(Serialize)]
struct JsonRuns {
    median: f64,
    seconds: Vec<f64>,
}

impl JsonRuns {
    fn new(seconds: &[f64]) -> Self {
        Self { median: median(seconds), seconds: seconds.to_vec() }
    }
}

/// The value in the middle; of an even number of values the mean of the middle two; of none not a number.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    match sorted.get(middle) {
        None => f64::NAN,
        Some(&upper) if sorted.len() % 2 == 1 => upper,
        Some(&upper) => f64::midpoint(sorted[middle - 1], upper),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let goal = Goal { seconds: 3.0, ratio: 1.0 };
        let mut report = Report::default();
        report.add("first build", None, [300.0, 240.0]);
        for pair in [[9.0, 2.0], [1.0, 2.0], [1.5, 2.0]] {
            report.add("no-op", Some(goal), pair);
        }
        report.add("edit", Some(goal), [2.5, 2.0]);
        report
    }

    #[test]
    #[expect(clippy::float_cmp, reason = "the numbers are copied or exact sums")]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert_eq!(median(&[7.0]), 7.0);
        assert!(median(&[]).is_nan());
    }

    #[test]
    fn the_table_has_ratios_and_goals() {
        let expected = "\
median seconds   tuned  default  ratio  runs  goal
first build     300.00   240.00   1.25     1  none
no-op             1.50     2.00   0.75     3  under 3 s, ratio to 1.00: reached
edit              2.50     2.00   1.25     1  under 3 s, ratio to 1.00: MISSED
";
        assert_eq!(report().to_table(), expected);
    }

    #[test]
    fn json_is_versioned_and_has_every_run() {
        let json: serde_json::Value = serde_json::from_str(&report().to_json().unwrap()).unwrap();
        assert_eq!(json["version"], 1);
        assert_eq!(json["rows"][1]["tuned"]["seconds"], serde_json::json!([9.0, 1.0, 1.5]));
        assert_eq!(json["rows"][1]["reached"], true);
        assert_eq!(json["rows"][0]["reached"], serde_json::Value::Null);
    }
}
