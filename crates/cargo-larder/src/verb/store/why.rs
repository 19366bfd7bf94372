//! `cargo larder store why`: whether the store has a unit, and what keeps it from being restored.

use anyhow::bail;
use larder::recipe::{
    layer::Layer,
    lock_file::{LockFile, LockedSlice},
};
use larder_store::{
    Options, Session,
    parts::Difference,
    restore::why::{Fate, Nearest, StoreAnswer, Wanted},
};

use crate::{cli, context::VerbContext, exit::VerbOutcome, schema, ui::terminal};

pub(super) fn run(
    context: &VerbContext,
    options: &Options,
    args: &cli::StoreWhy,
) -> anyhow::Result<VerbOutcome> {
    let locked = LockFile::read(&context.project.workspace.larder_dir())?;
    let wanted = Wanted::parse(&args.unit);
    let mut told = Vec::new();
    for slice in chosen(&locked, &args.slices, &wanted)? {
        match Session::why(&context.project, options, slice, &wanted)? {
            Some(answer) => told.push((slice.slice.name.to_string(), answer)),
            None => bail!("CARGO_HOME is not known: set HOME or CARGO_HOME"),
        }
    }
    if args.json {
        terminal::print_json(&schema::store::ExplainedUnit::new(&args.unit, &told))?;
    } else {
        told.iter().for_each(|(slice, answer)| print(slice, &args.unit, answer));
    }
    Ok(VerbOutcome::Done)
}

/// The slices that were named, or those whose recipe has the package.
fn chosen<'a>(
    locked: &'a LockFile,
    names: &[String],
    wanted: &Wanted,
) -> anyhow::Result<Vec<&'a LockedSlice>> {
    if let Some(unknown) = names.iter().find(|name| locked.slice(name).is_none()) {
        bail!("no slice with a recipe is named `{unknown}`; there are: {}", known_names(locked));
    }
    let mut chosen: Vec<_> = locked.slices.iter().filter(|slice| has_package(slice, wanted)).collect();
    if !names.is_empty() {
        chosen.retain(|slice| names.iter().any(|name| slice.slice.name == *name));
    }
    if chosen.is_empty() {
        bail!("no recipe has that package, in that version; the slices are: {}", known_names(locked));
    }
    Ok(chosen)
}

fn known_names(locked: &LockFile) -> String {
    let names: Vec<_> = locked.slices.iter().map(|locked| locked.slice.name.to_string()).collect();
    names.join(", ")
}

fn has_package(slice: &LockedSlice, wanted: &Wanted) -> bool {
    let mut packages = slice.layers.last().into_iter().flat_map(Layer::locked);
    match wanted {
        Wanted::Package(name, version) => packages.any(|(package, found)| {
            package == name && version.as_ref().is_none_or(|version| *version == found)
        }),
        Wanted::Unit(unit) => {
            packages.any(|(package, _)| unit.rsplit_once('-').is_some_and(|(name, _)| name == package))
        }
    }
}

fn print(slice: &str, unit: &str, answer: &StoreAnswer) {
    terminal::print_line(&format!("{slice}:"));
    for told in &answer.units {
        let fate = match &told.fate {
            Fate::Present => "is in the target directory".to_owned(),
            Fate::Other => "is in the target directory, in other bytes".to_owned(),
            Fate::Restored => "would be restored".to_owned(),
            Fate::Script => {
                "would be compiled, and what it does would be restored: it has the path of its own sources"
                    .to_owned()
            }
            Fate::Refused { reason } => format!("would be compiled: {reason}"),
        };
        terminal::print_line(&format!("  {} {}", told.unit, told.describe));
        terminal::print_line(&format!("    {fate}"));
    }
    match &answer.nearest {
        Nearest::NotAsked if answer.whole => {}
        Nearest::NotAsked => terminal::print_line(
            "  The store does not have this recipe as a whole: these are of others, with the same settings.",
        ),
        Nearest::Nothing => terminal::print_line(&format!("  The store has nothing of {unit}.")),
        Nearest::Packages { packages } if packages.is_empty() => terminal::print_line(
            "  The store has it with the same settings and without all that it stands on, or with another hash.",
        ),
        Nearest::Packages { packages } => {
            terminal::print_line("  The store has it with the same settings, for other packages:");
            packages.iter().for_each(|package| terminal::print_line(&format!("    {package}")));
        }
        Nearest::Settings { differences } if differences.is_empty() => {
            terminal::print_line("  The store has it with other settings, which were not noted.");
        }
        Nearest::Settings { differences } => {
            terminal::print_line("  The store has it with other settings:");
            differences.iter().for_each(print_difference);
        }
    }
}

fn print_difference(difference: &Difference) {
    terminal::print_line(&format!("    {} differs", difference.part.describe()));
    for (head, lines) in [("then", &difference.then), ("now ", &difference.now)] {
        lines.iter().for_each(|line| terminal::print_line(&format!("      {head}: {line}")));
    }
}
