//! `cargo xtask plots`: the book's plots, drawn from recorded measurements.
//!
//! A file of `docs/measured` becomes one plot, and the page that it names must have every figure of it, so that neither can
//! be changed alone. It measures nothing.

use std::path::Path;

use anyhow::{Context as _, ensure};
use plotters::{
    prelude::*,
    style::text_anchor::{HPos, Pos, VPos},
};
use serde::Deserialize;
use xtask::codegen::{Mode, bring_along};

use crate::{bench::output::COLORS, log::Log};

const MEASURED: &str = "docs/measured";
const BOOK: &str = "docs/src";

/// The widths of a plot: of the names, of the bars, and of the figures behind them.
const WIDTHS: [i32; 3] = [210, 490, 100];
/// The heights of a bar, of the room between rows, and of the head with title and legend.
const BAR: i32 = 16;
const GAP: i32 = 12;
const HEAD: i32 = 64;

/// Measurements of the same things with several programs.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlotMeasurements {
    title: String,
    /// The page that has the plot and the table, with the whole command.
    page: String,
    /// The command that measured.
    command: String,
    peers: Vec<String>,
    rows: Vec<PlotRow>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct PlotRow {
    name: String,
    /// One for each peer.
    values: Vec<f64>,
}

/// Draws every plot, or sees that it is as it would be drawn.
pub(crate) fn bring_all(root: &Path, log: &Log, mode: Mode) -> anyhow::Result<()> {
    let mut files: Vec<_> = fs_err::read_dir(root.join(MEASURED))?.collect::<Result<_, _>>()?;
    files.sort_by_key(fs_err::DirEntry::file_name);
    for file in files {
        let name = file.file_name().to_string_lossy().replace(".json", "");
        let text = fs_err::read_to_string(file.path())?;
        let measured: PlotMeasurements =
            serde_json::from_str(&text).with_context(|| format!("{MEASURED}/{name}.json"))?;
        let page = fs_err::read_to_string(root.join(BOOK).join(&measured.page))?;
        measured.check(&name, &page)?;
        let svg = measured.svg().with_context(|| format!("cannot draw {name}"))?;
        bring_along(root, &format!("{BOOK}/plots/{name}.svg"), &svg, (log, mode, "plots"))?;
    }
    Ok(())
}

impl PlotMeasurements {
    /// Whether the page has the plot, the command and all figures.
    fn check(&self, name: &str, page: &str) -> anyhow::Result<()> {
        let path = &self.page;
        let image = format!("](plots/{name}.svg)");
        ensure!(page.contains(&image), "{path} does not show plots/{name}.svg");
        ensure!(page.contains(&self.command), "{path} does not say how it was measured: {}", self.command);
        for row in &self.rows {
            ensure!(
                row.values.len() == self.peers.len(),
                "{name}: {} has not one value for each peer",
                row.name
            );
            let lost = row.values.iter().map(|value| figure(*value)).find(|figure| !page.contains(figure));
            if let Some(figure) = lost {
                anyhow::bail!("{name}: {figure} for {} is not on the page {path}", row.name);
            }
        }
        Ok(())
    }

    fn svg(&self) -> anyhow::Result<String> {
        let mut svg = String::new();
        self.draw(&mut svg).map_err(|error| anyhow::anyhow!("{error}"))?;
        // A last line end, as every text file here.
        Ok(format!("{}\n", svg.trim_end()))
    }

    fn draw(&self, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let [names, bars, figures] = WIDTHS;
        let peers = i32::try_from(self.peers.len())?;
        let rows = i32::try_from(self.rows.len())?;
        let row_height = peers * BAR + GAP;
        let size = (names + bars + figures, HEAD + rows * row_height);
        let area =
            SVGBackend::with_string(svg, (size.0.unsigned_abs(), size.1.unsigned_abs())).into_drawing_area();
        area.fill(&WHITE)?;
        area.draw(&Text::new(self.title.clone(), (12, 20), text_style(17, HPos::Left)))?;
        for (index, (peer, color)) in (0..).zip(self.peers.iter().zip(COLORS)) {
            let left = names + index * 150;
            area.draw(&Rectangle::new([(left, 38), (left + 12, 50)], color.filled()))?;
            area.draw(&Text::new(peer.clone(), (left + 18, 44), text_style(13, HPos::Left)))?;
        }
        let highest = self.rows.iter().flat_map(|row| &row.values).copied().fold(0.0, f64::max);
        for (index, row) in (0..).zip(&self.rows) {
            let top = HEAD + index * row_height;
            let middle = top + peers * BAR / 2;
            area.draw(&Text::new(row.name.clone(), (names - 10, middle), text_style(13, HPos::Right)))?;
            for (index, (value, color)) in (0..).zip(row.values.iter().zip(COLORS)) {
                let top = top + index * BAR;
                let end = names + length(*value / highest, bars);
                area.draw(&Rectangle::new([(names, top + 1), (end, top + BAR - 1)], color.filled()))?;
                area.draw(&Text::new(figure(*value), (end + 6, top + BAR / 2), text_style(12, HPos::Left)))?;
            }
        }
        area.present()?;
        Ok(())
    }
}

fn text_style(height: i32, at: HPos) -> TextStyle<'static> {
    TextStyle::from(("sans-serif", height)).pos(Pos::new(at, VPos::Center))
}

/// A share of a width, one pixel at least: nothing takes no time.
fn length(share: f64, width: i32) -> i32 {
    #[expect(clippy::cast_possible_truncation, reason = "a share of a small number")]
    let pixels = (share * f64::from(width)).round() as i32;
    pixels.max(1)
}

/// A measured value as tables have it.
fn figure(value: f64) -> String {
    format!("{value:.1}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured() -> PlotMeasurements {
        serde_json::from_str(
            r#"{ "title": "t < u", "page": "p.md", "command": "bench x", "peers": ["a", "b"],
                 "rows": [{ "name": "first", "values": [1.0, 20.0] }] }"#,
        )
        .unwrap()
    }

    #[test]
    fn a_plot_has_every_name_and_figure() {
        let svg = measured().svg().unwrap();
        for text in ["<svg", "t &lt; u", "first", "1.0", "20.0", "\na\n", "\nb\n"] {
            assert!(svg.contains(text), "{text} is missing: {svg}");
        }
    }

    #[test]
    fn a_page_has_what_its_plot_shows() {
        let page = "![x](plots/n.svg)\n`bench x`\n| 1.0 | 20.0 |";
        measured().check("n", page).unwrap();
        for lost in ["plots/n.svg", "bench x", "20.0"] {
            let error = measured().check("n", &page.replace(lost, "")).unwrap_err();
            assert!(error.to_string().contains(lost), "{error}");
        }
    }
}
