//! `cargo larder plan`: what the slices are, which external units they need and which layer provides them.

use std::collections::{BTreeMap, BTreeSet};

use larder::{
    Report as _,
    cargo::{platform::Platform, shown},
    plan::{Plan, Plans},
    recipe::{
        chain::{self, Identity, Use, identities},
        lock_file::{LockFile, LockedSlice},
    },
    slice::{Refused, Slice},
    text::columns,
};

use crate::{
    cli,
    context::VerbContext,
    exit::{self, VerbOutcome},
    schema::{
        self,
        plan::{PlannedSlice, PlannedUnit},
    },
    ui::{clones, terminal, unused},
};

/// A slice with what is known of it.
struct Planned<'a> {
    slice: &'a Slice,
    plan: Plan,
    /// What each layer contributes, oldest first; empty without a recipe.
    layers: Vec<Use>,
    providers: BTreeMap<Identity, usize>,
}

pub(crate) fn run(context: &VerbContext, args: &cli::Plan) -> anyhow::Result<VerbOutcome> {
    let project = &context.project;
    let chosen: Vec<&Slice> = if args.slices.is_empty() {
        project.slices.iter().collect()
    } else {
        context.choose(&args.slices, larder::slice::Variant::Release)?
    };
    let platform = match &args.platform {
        Some(triple) => Platform::new(triple),
        None => project.host()?,
    };
    let platforms = std::slice::from_ref(&platform);
    let plans = Plans::of_slices(&project.cargo, &project.workspace, &chosen, platforms)?;
    let plans = chosen.into_iter().zip(plans);
    let plans = plans.map(|(slice, plans)| (slice.name.to_string(), plans.map(|plans| (slice, plans))));
    let (plans, mut refused) = Refused::apart(plans)?;
    if args.slices.is_empty() {
        refused.extend(project.refused());
    }
    let recorded = project.recorded()?;
    let planned: Vec<Planned<'_>> =
        plans.iter().map(|(slice, plans)| planned(context, recorded.as_ref(), slice, plans)).collect();
    if args.json {
        let slices = planned.iter().map(of_programs).collect();
        let refused = refused.iter().map(Into::into).collect();
        terminal::print_json(&schema::plan::PlannedSlices { platform: &platform, slices, refused })?;
    } else if !planned.is_empty() {
        print(&planned, args.units);
    }
    let empty = planned.iter().filter(|planned| planned.plan.units.is_empty());
    unused::warn_of_empty(empty.map(|planned| planned.slice.name.as_str()), context.terminal);
    unused::warn_of_drivers(project, context.terminal);
    clones::warn_of_ignored(project, context.terminal);
    Ok(exit::print_refused(&refused))
}

fn planned<'a>(
    context: &VerbContext,
    recorded: Option<&LockFile>,
    slice: &'a Slice,
    plans: &Plans,
) -> Planned<'a> {
    let (platform, plan) = plans.first();
    let locked = recorded.and_then(|file| file.slice(&slice.name));
    let (layers, providers) = match layers(context, locked, platform) {
        Ok(layers) => chain::uses(&layers, &identities(plan)),
        Err(error) => {
            context.terminal.warn(&format!("layers of `{}` are not shown: {error}", slice.name));
            Default::default()
        }
    };
    Planned { slice, plan: plan.clone(), layers, providers }
}

/// The units of each layer that is there.
fn layers(
    context: &VerbContext,
    locked: Option<&LockedSlice>,
    platform: &Platform,
) -> larder::Result<Vec<BTreeSet<Identity>>> {
    let Some(locked) = locked else { return Ok(Vec::new()) };
    let plans = chain::plans(&context.project, locked, platform)?;
    Ok(plans.iter().map(identities).collect())
}

/// A slice, for programs.
fn of_programs<'a>(planned: &'a Planned<'_>) -> PlannedSlice<'a> {
    let Planned { slice, plan, layers, providers } = planned;
    let units = plan.units.iter().map(|(key, unit)| {
        let layer = providers.get(&(*key, unit.lto)).copied();
        PlannedUnit { unit, key, layer }
    });
    PlannedSlice { slice, units: units.collect(), layers, tainted: &plan.tainted, local: plan.local }
}

fn print(all: &[Planned<'_>], units: bool) {
    let rows: Vec<_> = all.iter().map(row).collect();
    let head = ["<slice", "external", "layers", "tainted", "local", "<invocation"];
    terminal::print(&columns::text(head, &rows));
    for planned in all {
        print_tainted(planned);
        print_layers(planned);
        if units {
            print_units(planned);
        }
    }
}

fn row(Planned { slice, plan, layers, .. }: &Planned<'_>) -> [String; 6] {
    let counts = [plan.units.len(), layers.len(), plan.tainted.len(), plan.local];
    let [external, layers, tainted, local] = counts.map(|count| count.to_string());
    let invocation = format!("cargo {}", shown::line(&slice.args));
    [slice.name.to_string(), external, layers, tainted, local, invocation]
}

fn print_tainted(Planned { slice, plan, .. }: &Planned<'_>) {
    if !plan.tainted.is_empty() {
        terminal::print_line("");
        terminal::print_line(&format!(
            "{}: built with the application, since they reach a path package:",
            slice.name
        ));
        plan.tainted.iter().for_each(|package| terminal::print_line(&format!("  {package}")));
    }
}

/// A single layer that has every unit says nothing that the first table does not.
fn print_layers(Planned { slice, plan, layers, .. }: &Planned<'_>) {
    let provided: usize = layers.iter().map(|layer| layer.provides).sum();
    if layers.is_empty() || (layers.len() == 1 && provided == plan.units.len()) {
        return;
    }
    terminal::print_line("");
    terminal::print_line(&format!(
        "{}: {provided} of {} external units are in its layers",
        slice.name,
        plan.units.len()
    ));
    let rows = layers.iter().enumerate().map(|(index, layer)| {
        let Use { units, provides, carries } = *layer;
        [index, units, provides, carries].map(|count| count.to_string())
    });
    let rows: Vec<_> = rows.collect();
    terminal::print(&columns::text(["layer", "units", "provides", "carries"], &rows));
}

fn print_units(Planned { slice, plan, providers, .. }: &Planned<'_>) {
    terminal::print_line("");
    terminal::print_line(&format!("{}:", slice.name));
    let lines = plan.units.iter().map(|(key, unit)| {
        let layer = providers.get(&(*key, unit.lto)).map_or_else(|| "-".to_owned(), usize::to_string);
        (unit.describe(), format!("  {:.12}  {layer}  {}", key.to_string(), unit.describe()))
    });
    let mut lines: Vec<_> = lines.collect();
    lines.sort();
    lines.iter().for_each(|(_, line)| terminal::print_line(line));
}
