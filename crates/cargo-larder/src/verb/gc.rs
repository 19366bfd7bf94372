//! `cargo larder gc`: delete what nothing needs any more, by policy.

use anyhow::bail;
use bytesize::ByteSize;
use larder::{
    Report as _,
    gc::{Branches, Cache, Freed, Plan, Policy, Row, nix::Generations},
    table,
};
use serde_json::{Value, json};

use super::print_json;
use crate::{
    cli::{self, GcCache},
    context::Context,
    exit::Outcome,
};

pub(crate) fn run(context: &Context, args: &cli::Gc) -> anyhow::Result<Outcome> {
    let only = args.only.iter().map(|cache| match cache {
        GcCache::Target => Cache::Target,
        GcCache::Downloads => Cache::Downloads,
        GcCache::Docker => Cache::Docker,
        GcCache::Nix => Cache::Nix,
    });
    let policy = Policy {
        caches: if args.only.is_empty() { Cache::ALL.into() } else { only.collect() },
        older_than: args.older_than,
        max_size: args.max_size,
        branches: if args.keep_branches { Branches::All } else { Branches::CheckedOut },
        generations: args.delete_old_generations.then_some(Generations::Old),
    };
    let plan = Plan::gc(&context.project, &policy, &context.terminal)?;
    finish(context, &plan, &args.apply)
}

/// Prints the plan, and carries it out where that was asked for.
pub(super) fn finish(context: &Context, plan: &Plan, args: &cli::Apply) -> anyhow::Result<Outcome> {
    if !args.json {
        print(plan);
    }
    if !args.yes {
        if args.json {
            return print_json(&as_json(plan, None)).map(|()| Outcome::Done);
        }
        if plan.rows().iter().any(Row::is_work) {
            context.terminal.note("nothing was deleted; --yes deletes it");
        }
        return Ok(Outcome::Done);
    }
    let freed = plan.apply(&context.project.cargo, args.wait.unwrap_or_default(), &context.terminal);
    if args.json {
        print_json(&as_json(plan, Some(&freed)))?;
    } else if plan.rows().iter().any(Row::is_work) {
        let bytes = freed.iter().map(|freed| freed.bytes).sum();
        anstream::println!("{} freed, {} planned", size(bytes), size(plan.bytes()));
    }
    judge(context, plan, &freed)
}

/// What did not go is named, and makes the verb fail once everything else is done.
fn judge(context: &Context, plan: &Plan, freed: &[Freed]) -> anyhow::Result<Outcome> {
    let mut left = 0;
    for (row, freed) in plan.rows().iter().zip(freed) {
        for failure in &freed.failures {
            context.terminal.warn(&format!("{}: {}", failure.path.display(), failure.reason));
        }
        if let Some(reason) = &freed.skipped {
            context.terminal.warn(&format!("{} in {} stay: {reason}", row.what, row.place));
        }
        left += freed.failures.len() + usize::from(freed.skipped.is_some());
    }
    if left > 0 {
        bail!("{left} of the things above could not be deleted; everything else was");
    }
    Ok(Outcome::Done)
}

fn print(plan: &Plan) {
    let line = |row: &Row| {
        let entries = row.entries.to_string();
        [row.cache.name().to_owned(), row.place.clone(), row.what.clone(), entries, size(row.bytes)]
    };
    let mut rows: Vec<_> = plan.rows().iter().filter(|row| row.is_work()).map(line).collect();
    if rows.is_empty() {
        anstream::println!("nothing to delete");
    } else {
        rows.push(["total".into(), String::new(), String::new(), String::new(), size(plan.bytes())]);
        anstream::print!("{}", table::text(["<cache", "<place", "<what goes", "entries", "size"], &rows));
    }
    for row in plan.rows() {
        if let Some(why) = &row.missing {
            let why = why.lines().next().unwrap_or_default();
            anstream::println!("{} is not looked at: {why}", row.cache.name());
        }
    }
}

fn as_json(plan: &Plan, freed: Option<&[Freed]>) -> Value {
    let rows: Vec<Value> = plan
        .rows()
        .iter()
        .enumerate()
        .map(|(number, row)| {
            let mut value = json!(row);
            if let Some(freed) = freed {
                value["freed"] = json!(freed[number]);
            }
            value
        })
        .collect();
    json!({ "version": 1, "applied": freed.is_some(), "bytes": plan.bytes(), "rows": rows })
}

fn size(bytes: u64) -> String {
    ByteSize::b(bytes).display().iec().to_string()
}
