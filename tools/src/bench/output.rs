//! The destinations of a benchmark's numbers: a table or JSON to standard output, JSON and a plot into a folder.

use std::path::PathBuf;

use anyhow::Context as _;
use plotters::prelude::*;
use serde::Serialize;
use xshell::Shell;

use crate::log::Log;

/// The arguments that benchmarks share.
#[derive(Debug, clap::Args)]
pub(crate) struct Output {
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
    /// Where the JSON file and the plot go.
    #[arg(long, value_name = "DIR", default_value = "target/bench")]
    out: PathBuf,
}

/// A plot of lines over a common first axis.
pub(super) struct Plot<'a> {
    pub(super) title: &'a str,
    pub(super) x: &'a str,
    pub(super) y: &'a str,
    pub(super) lines: Vec<Line>,
}

/// A named line; its points are at 1, 2, 3 and so on.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) values: Vec<f64>,
}

impl Line {
    /// The measured values of a workspace, round by round.
    pub(super) fn new(what: &str, workspace: &str, values: &[f64]) -> Self {
        Self { name: format!("{what}, {workspace}"), values: values.to_vec() }
    }
}

/// Colours that people with colour blindness tell apart (the Okabe-Ito palette).
pub(crate) const COLORS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
const SIZE: (u32, u32) = (800, 450);

impl Output {
    /// Writes `NAME.json` and `NAME.svg`, and prints the table or the JSON.
    pub(super) fn write(
        &self,
        sh: &Shell,
        log: &Log,
        name: &str,
        (table, json, plot): (&str, &impl Serialize, &Plot<'_>),
    ) -> anyhow::Result<()> {
        let dir = sh.current_dir().join(&self.out);
        fs_err::create_dir_all(&dir)?;
        let json = serde_json::to_string_pretty(json)?;
        fs_err::write(dir.join(format!("{name}.json")), format!("{json}\n"))?;
        fs_err::write(dir.join(format!("{name}.svg")), plot.svg()?)?;
        log.step("Written", &format!("{name}.json and {name}.svg in {}", self.out.display()));
        anstream::println!("{}", if self.json { &json } else { table.trim_end() });
        Ok(())
    }
}

impl Plot<'_> {
    fn svg(&self) -> anyhow::Result<String> {
        let mut svg = String::new();
        self.draw(&mut svg).map_err(|error| anyhow::anyhow!("{error}")).context("cannot draw the plot")?;
        Ok(svg)
    }

    fn draw(&self, svg: &mut String) -> Result<(), Box<dyn std::error::Error>> {
        let longest = self.lines.iter().map(|line| line.values.len()).max().unwrap_or_default();
        let highest = self.lines.iter().flat_map(|line| &line.values).copied().fold(1.0, f64::max);
        let area = SVGBackend::with_string(svg, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, ("sans-serif", 18))
            .margin(12)
            .x_label_area_size(36)
            .y_label_area_size(60)
            .build_cartesian_2d(0_usize..longest, 0.0..highest * 1.05)?;
        chart.configure_mesh().x_desc(self.x).y_desc(self.y).light_line_style(TRANSPARENT).draw()?;
        for (line, color) in self.lines.iter().zip(COLORS.iter().cycle()) {
            let points = line.values.iter().copied().enumerate().map(|(index, value)| (index + 1, value));
            let key = move |(x, y)| PathElement::new([(x, y), (x + 20, y)], color.stroke_width(2));
            chart.draw_series(LineSeries::new(points, color.stroke_width(2)))?.label(&line.name).legend(key);
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .draw()?;
        area.present()?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plot_names_its_lines() {
        let lines = vec![
            Line { name: "one".into(), values: vec![1.0, 3.0, 2.0] },
            Line { name: "two".into(), values: vec![2.0] },
        ];
        let svg = Plot { title: "title", x: "step", y: "units", lines }.svg().unwrap();
        for text in ["<svg", "title", "step", "units", "one", "two"] {
            assert!(svg.contains(text), "{text} is missing");
        }
    }
}
