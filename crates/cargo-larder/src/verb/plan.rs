//! `cargo larder plan`: what the slices are and which external units they need.

use larder::{
    plan::{Plan, Unit},
    slice::Slice,
};
use serde_json::{Value, json};

use super::print_json;
use crate::{cli, context::Context, exit::Outcome, table};

pub(crate) fn run(context: &Context, args: &cli::Plan) -> anyhow::Result<Outcome> {
    let chosen: Vec<&Slice> = if args.slices.is_empty() {
        context.slices.iter().collect()
    } else {
        larder::slice::select(&context.slices, &args.slices, larder::slice::Variant::Release)?
    };
    let plans = Plan::of_slices(&context.cargo, &context.workspace, &chosen)?;
    let plans: Vec<(&Slice, Plan)> = chosen.into_iter().zip(plans).collect();
    if args.json {
        let slices: Vec<Value> = plans.iter().map(|(slice, plan)| as_json(slice, plan)).collect();
        print_json(&json!({ "version": 1, "slices": slices }))?;
    } else {
        print(&plans, args.units);
    }
    Ok(Outcome::Done)
}

fn as_json(slice: &Slice, plan: &Plan) -> Value {
    let unit = |(key, unit): (&larder::plan::UnitKey, &Unit)| {
        let mut value = json!(unit);
        value["key"] = json!(key);
        value
    };
    json!({
        "slice": slice,
        "units": plan.units.iter().map(unit).collect::<Vec<_>>(),
        "tainted": plan.tainted,
        "local": plan.local,
    })
}

fn print(plans: &[(&Slice, Plan)], units: bool) {
    let row = |(slice, plan): &(&Slice, Plan)| {
        let counts = [plan.units.len(), plan.tainted.len(), plan.local].map(|count| count.to_string());
        let [external, tainted, local] = counts;
        [slice.name.clone(), external, tainted, local, format!("cargo {}", slice.args.join(" "))]
    };
    let rows: Vec<_> = plans.iter().map(row).collect();
    anstream::print!("{}", table::text(["<slice", "external", "tainted", "local", "<invocation"], &rows));
    for (slice, plan) in plans {
        if !plan.tainted.is_empty() {
            anstream::println!(
                "\n{}: built with the application, since they reach a path package:",
                slice.name
            );
            plan.tainted.iter().for_each(|package| anstream::println!("  {package}"));
        }
        if units {
            anstream::println!("\n{}:", slice.name);
            let mut lines: Vec<String> = plan
                .units
                .iter()
                .map(|(key, unit)| format!("  {:.12}  {}", key.to_string(), unit.describe()))
                .collect();
            lines.sort_by(|a, b| a[16..].cmp(&b[16..]));
            lines.iter().for_each(|line| anstream::println!("{line}"));
        }
    }
}
