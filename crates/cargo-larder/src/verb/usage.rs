//! `cargo larder usage`: every cache: its size and how much is still useful now, and how to shrink it.

use std::{
    io::IsTerminal as _,
    path::Path,
    time::{Duration, SystemTime},
};

use anstyle::{AnsiColor, Style};
use larder::{
    Report as _,
    camino::Utf8PathBuf,
    files::change,
    text::{columns, visible},
};
use larder_caches::usage::{self, Cache, CacheState, Usage};

use crate::{cli, context::VerbContext, exit::VerbOutcome, schema, ui::terminal};

pub(crate) fn run(context: &VerbContext, args: &cli::Usage) -> anyhow::Result<VerbOutcome> {
    let usage = usage::gather(&context.project, &context.process.env, &context.terminal);
    usage.problems.iter().for_each(|problem| context.terminal.warn(&format!("not counted: {problem}")));
    if let Some(file) = &args.html {
        write_page(context, &usage, file)?;
    }
    if args.json {
        let root = context.project.workspace.root();
        terminal::print_json(&schema::usage::WorkspaceUsage { root, usage: &usage })?;
    } else {
        print(context, &usage, args.depth);
    }
    Ok(VerbOutcome::Done)
}

fn write_page(context: &VerbContext, usage: &Usage, file: &Path) -> anyhow::Result<()> {
    let path = Utf8PathBuf::from_path_buf(context.process.dir.join(file))
        .map_err(|path| anyhow::anyhow!("--html {} is not UTF-8", path.display()))?;
    let title = context.project.workspace.root().file_name().unwrap_or("the project");
    change::write(&path, &usage::page(usage, title, SystemTime::now()))?;
    context.terminal.step("Wrote", path.as_str());
    Ok(())
}

/// Bars are for terminals: elsewhere they are noise to what reads the table.
fn print(context: &VerbContext, usage: &Usage, depth: usize) {
    let bars = std::io::stdout().is_terminal();
    let now = SystemTime::now();
    let mut rows = Vec::new();
    usage.caches.iter().for_each(|cache| add(&mut rows, cache, 0, depth, now));
    let total = usage.total;
    let last = [
        "together".into(),
        columns::bytes(total.on_disk),
        columns::bytes(total.apparent),
        String::new(),
        String::new(),
    ];
    rows.push((last, None));
    let cells: Vec<[String; 5]> = rows.iter().map(|(cells, _)| cells.clone()).collect();
    let text = columns::text(["<cache", "on disk", "apparent", "of use", "last used"], &cells);
    let widest = text.lines().map(|line| line.chars().count()).max().unwrap_or_default();
    // The first line holds the headings.
    let sizes = std::iter::once(None).chain(rows.iter().map(|(_, size)| *size));
    for (line, size) in text.lines().zip(sizes) {
        match size.filter(|_| bars) {
            Some(size) => {
                let green = terminal::colored(AnsiColor::Green);
                let bar = bar(size, total.on_disk);
                let line = format!("{line:<widest$}  ");
                terminal::print_styled(&[(Style::new(), &line), (green, &bar), terminal::END]);
            }
            None => terminal::print_line(line),
        }
    }
    terminal::print_line("");
    usage.caches.iter().for_each(|cache| explain(cache, context));
}

/// One row, then those of its parts, the largest first.
fn add(
    rows: &mut Vec<([String; 5], Option<u64>)>,
    cache: &Cache,
    level: usize,
    depth: usize,
    now: SystemTime,
) {
    let name = format!("{}{}", "  ".repeat(level), cache.name);
    let (size, on_disk) = match &cache.state {
        CacheState::Present { size } => {
            ([columns::bytes(size.on_disk), columns::bytes(size.apparent)], Some(size.on_disk))
        }
        CacheState::Absent { .. } => ([dash(), dash()], None),
    };
    let share = cache.share().map_or_else(dash, |share| format!("{share} %"));
    let since = |time| now.duration_since(time).unwrap_or(Duration::ZERO);
    let last_use = cache.last_use.map_or_else(dash, |time| format!("{} ago", columns::age(since(time))));
    let [on_disk_text, apparent] = size;
    rows.push(([name, on_disk_text, apparent, share, last_use], on_disk));
    if level < depth {
        let mut parts: Vec<&Cache> = cache.parts.iter().collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.size().on_disk));
        parts.iter().for_each(|part| add(rows, part, level + 1, depth, now));
    }
}

/// The cell of what is not known.
fn dash() -> String {
    "-".to_owned()
}

/// A share of the whole in eighths of a column.
fn bar(size: u64, total: u64) -> String {
    const COLUMNS: u64 = 24;
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = size.saturating_mul(COLUMNS * 8) / total.max(1);
    let (full, rest) = (eighths / 8, eighths % 8);
    let full = usize::try_from(full).unwrap_or_default();
    format!("{}{}", "█".repeat(full), EIGHTHS[usize::try_from(rest).unwrap_or_default()])
}

/// Where it is, what fills it and how to shrink it; or why it is missing.
fn explain(cache: &Cache, context: &VerbContext) {
    let home = context.process.env.home();
    let path = cache.path.as_ref().map(|path| match home.and_then(|home| path.strip_prefix(home).ok()) {
        Some(inside) => format!(" ~/{}", inside.display()),
        None => format!(" {}", path.display()),
    });
    let path = path.unwrap_or_default();
    terminal::print_styled(&[
        (Style::new().bold(), &visible::line(&cache.name)),
        (Style::new(), &visible::line(&path)),
        terminal::END,
    ]);
    match &cache.state {
        CacheState::Absent { reason } => terminal::print_line(&format!("  missing: {reason}")),
        CacheState::Present { .. } => {
            terminal::print_line(&format!("  filled by: {}", cache.filled_by));
            terminal::print_line(&format!("  to shrink it: {}", cache.shrink));
        }
    }
}
