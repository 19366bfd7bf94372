//! `cargo larder gc`: delete what nothing needs any more, by policy.

use anyhow::bail;
use larder::Report as _;
use larder_caches::gc::{Branches, CacheKind, ClearingPlan, Policy, Row, nix::Generations, report};

use crate::{
    cli::{self, GcCache},
    context::VerbContext,
    exit::VerbOutcome,
    schema::gc::Cleared,
    ui::terminal,
};

/// The note after a plan that was only shown.
pub(super) const NOTHING_DELETED: &str = "nothing was deleted; --yes deletes it";

pub(crate) fn run(context: &VerbContext, args: &cli::Gc) -> anyhow::Result<VerbOutcome> {
    let only = args.only.iter().map(|cache| match cache {
        GcCache::Target => CacheKind::Target,
        GcCache::Downloads => CacheKind::Downloads,
        GcCache::Docker => CacheKind::Docker,
        GcCache::Nix => CacheKind::Nix,
    });
    let policy = Policy {
        caches: if args.only.is_empty() { CacheKind::ALL.into() } else { only.collect() },
        older_than: args.older_than,
        max_size: args.max_size,
        branches: if args.keep_branches { Branches::All } else { Branches::CheckedOut },
        generations: args.delete_old_generations.then_some(Generations::Old),
    };
    let plan = ClearingPlan::gc(&context.project, &policy, &context.terminal)?;
    finish(context, &plan, &args.apply)
}

/// Carries the plan out if that was asked for, and prints it. What does not go is named, and makes the verb
/// fail once everything else is done; so does a folder of which it is not known what is needed.
pub(super) fn finish(
    context: &VerbContext,
    plan: &ClearingPlan,
    args: &cli::Apply,
) -> anyhow::Result<VerbOutcome> {
    let is_work = plan.rows().iter().any(Row::is_work);
    let outcome = if plan.left_alone().is_empty() { VerbOutcome::Done } else { VerbOutcome::Failed };
    if !args.yes {
        if args.json {
            terminal::print_json(&Cleared::new(plan, None))?;
            return Ok(outcome);
        }
        terminal::print(&report::text(plan));
        if is_work {
            context.terminal.note(NOTHING_DELETED);
        }
        return Ok(outcome);
    }
    // Deleting comes before all printing: output that goes to the disk that is full has no room before.
    let freed = plan.apply(&context.project.cargo, args.wait.unwrap_or_default(), &context.terminal);
    let left = report::left(plan, &freed);
    left.iter().for_each(|line| context.terminal.warn(line));
    if args.json {
        terminal::print_json(&Cleared::new(plan, Some(&freed)))?;
    } else {
        terminal::print(&report::text(plan));
        if is_work {
            terminal::print_line(&report::summary(plan, &freed));
        }
    }
    if !left.is_empty() {
        bail!("could not delete {} of the items above; the rest were deleted", left.len());
    }
    Ok(outcome)
}
