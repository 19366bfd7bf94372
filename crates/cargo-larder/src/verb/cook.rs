//! `cargo larder cook`: build the external units of slices from their recipes.

use larder::{
    Error, Report as _,
    cook::{self, Layers, Phase},
    recipe::lock_file::LockFile,
    text::columns,
    why::Explained,
};

use super::why;
use crate::{
    cli::{self, Selection},
    context::VerbContext,
    exit::VerbOutcome,
    schema, stored,
    ui::{step_summary, terminal},
};

pub(crate) fn run(context: &VerbContext, args: &cli::Cook) -> anyhow::Result<VerbOutcome> {
    let layers = if args.all_layers { Layers::All } else { Layers::Current };
    let mut phases = cook(context, &args.selection, layers, BrokenRecipes::Fail)?;
    let builds: Vec<Explained> = phases.iter_mut().flat_map(explained).collect();
    step_summary::append(context, args.selection.summary.as_deref(), &phases, &builds);
    why::keep(context, builds);
    print(&phases, args.selection.json)?;
    Ok(VerbOutcome::Done)
}

/// The outcome for recipes that cannot be read, or whose folders cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BrokenRecipes {
    /// The verb was asked to cook, and cannot.
    Fail,
    /// Plain cargo builds all the same.
    AreToldOf,
}

/// Cooks the selected slices, one after the other: each uses all cores by itself.
pub(super) fn cook(
    context: &VerbContext,
    selection: &Selection,
    layers: Layers,
    broken: BrokenRecipes,
) -> anyhow::Result<Vec<Phase>> {
    let slices = context.select(selection)?;
    let locked = match LockFile::read(&context.project.workspace.larder_dir()) {
        Err(error) if broken == BrokenRecipes::AreToldOf && is_of_the_table(&error) => {
            let hint = error.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
            context.terminal.warn(&format!("the build goes on without recipes: {error}{hint}"));
            return Ok(Vec::new());
        }
        locked => locked?,
    };
    let words = context.build_words(selection);
    let stored = stored::Stored::open(context, selection)?;
    let mut phases = Vec::new();
    let mut failures = Vec::new();
    for slice in slices {
        let Some(record) = locked.slice(&slice.name) else {
            context.terminal.warn(&format!("slice `{}` has no recipe; run `cargo larder lock`", slice.name));
            continue;
        };
        let cook = || cook::cook(&context.project, &locked, record, layers, &words, &context.terminal);
        match stored.around(record, &words, cook) {
            Ok(phase) => phases.push(phase),
            // The others can be cooked all the same.
            Err(error) => failures.push(error),
        }
    }
    let (faults, failures): (Vec<_>, Vec<_>) =
        failures.into_iter().partition(|error| broken == BrokenRecipes::AreToldOf && error.is_of_files());
    if let Some(fault) = faults.first() {
        context.terminal.warn(&format!("the build goes on without all recipes: {fault}"));
    }
    let mut failures = failures.into_iter();
    let first = failures.next();
    failures.for_each(|error| context.terminal.warn(&error.to_string()));
    first.map_or(Ok(phases), |error| Err(error.into()))
}

/// Whether a table is there and is none that this Larder reads: a cache that is damaged, and no reason not to build.
fn is_of_the_table(error: &Error) -> bool {
    matches!(error, Error::Table { .. } | Error::OldRecipe { .. } | Error::RecipeVersion { .. })
}

/// Why a phase compiled what it did, for the record.
pub(super) fn explained(phase: &mut Phase) -> Vec<Explained> {
    let answers = std::mem::take(&mut phase.why).into_iter();
    answers.map(|answer| Explained { name: phase.name.clone(), answer }).collect()
}

/// Prints phases as a table or as JSON.
pub(super) fn print(phases: &[Phase], json: bool) -> anyhow::Result<()> {
    if json {
        return terminal::print_json(&schema::build::Phases { phases });
    }
    let rows: Vec<_> = phases.iter().map(row).collect();
    terminal::print(&columns::text(["<phase", "seconds", "compiled", "of them external", "fresh"], &rows));
    Ok(())
}

fn row(phase: &Phase) -> [String; 5] {
    let counts = [phase.counts.compiled, phase.counts.compiled_external, phase.counts.fresh];
    let [compiled, external, fresh] = counts.map(|count| count.to_string());
    [phase.name.clone(), format!("{:.1}", phase.time.as_secs_f64()), compiled, external, fresh]
}
