//! `--summary FILE` of `cook` and `build`: the phases and their reasons as Markdown, for services of CI that show a page
//! beside a run. A fault costs the summary, never the build.

use std::{fmt::Write as _, io::Write as _, path::Path};

use larder::{
    Report as _,
    cook::Phase,
    text::{columns, visible},
    why::{
        Explained,
        summary::{Section, Tense, summary},
    },
};
use larder_caches::gc::measure::DeletionTally;

use crate::context::VerbContext;

/// How many lines say why.
const LINES: usize = 20;

/// Appends to the file: other steps have written into it, and others will.
pub(crate) fn append(context: &VerbContext, file: Option<&Path>, phases: &[Phase], builds: &[Explained]) {
    let Some(file) = file else { return };
    let path = context.process.dir.join(file);
    let target = context.project.workspace.target_directory();
    let bytes = DeletionTally::default().add(target.as_std_path());
    let sections: Vec<Section> =
        builds.iter().map(|build| Section::of_answer(&build.name, &build.answer, Tense::Was)).collect();
    let text = markdown(phases, &sections, bytes);
    let opened = fs_err::OpenOptions::new().create(true).append(true).open(path);
    if let Err(error) = opened.and_then(|mut file| file.write_all(text.as_bytes())) {
        context.terminal.warn(&format!("cannot write the summary: {error}"));
    }
}

fn markdown(phases: &[Phase], sections: &[Section], bytes: u64) -> String {
    let mut text = String::from(
        "| phase | seconds | restored | compiled | of them external | fresh |\n|---|--:|--:|--:|--:|--:|\n",
    );
    for Phase { name, time, counts, restored, .. } in phases {
        let restored = restored.map(|count| count.to_string()).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {:.1} | {restored} | {} | {} | {} |",
            cell(name),
            time.as_secs_f64(),
            counts.compiled,
            counts.compiled_external,
            counts.fresh
        );
    }
    let _ = writeln!(text, "\nTarget directory: {}\n", columns::bytes(bytes));
    if !sections.is_empty() {
        text.push_str("Why it was compiled:\n\n");
        // Indented lines are shown as they are, whatever is in them.
        for line in summary(sections, LINES) {
            let _ = writeln!(text, "    {}", visible::line(&line));
        }
        text.push('\n');
    }
    text
}

/// A text that ends no cell and is no markup.
fn cell(text: &str) -> String {
    let mut cell = String::new();
    for c in visible::line(text).chars() {
        if c.is_ascii_punctuation() && !"-./=,:".contains(c) {
            cell.push('\\');
        }
        cell.push(c);
    }
    cell
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, time::Duration};

    use larder::cargo::messages::Counts;

    use super::*;

    #[test]
    fn a_summary_has_figures_and_reasons() {
        let phase = Phase {
            name: "cargo build --bin=a|b".into(),
            time: Duration::from_millis(1250),
            counts: Counts { compiled: 3, compiled_external: 1, fresh: 7 },
            restored: Some(6),
            units: BTreeSet::new(),
            why: Vec::new(),
        };
        let section =
            Section { head: "release: 1 of 4".into(), lines: vec!["far 1.0.0 became 1.0.1".into()] };
        let text = markdown(&[phase], &[section], 2048);
        let lines: Vec<&str> = text.lines().skip(2).collect();
        assert_eq!(
            lines,
            [
                r"| cargo build --bin=a\|b | 1.2 | 6 | 3 | 1 | 7 |",
                "",
                "Target directory: 2.0 KiB",
                "",
                "Why it was compiled:",
                "",
                "    release: 1 of 4",
                "      far 1.0.0 became 1.0.1",
                "",
            ]
        );
    }
}
