//! `cargo larder clean`: clear caches by level.

use larder_caches::gc::{ClearingPlan, Level};

use super::gc::finish;
use crate::{
    cli::{self, CleanLevel},
    context::VerbContext,
    exit::VerbOutcome,
};

pub(crate) fn run(context: &VerbContext, args: &cli::Clean) -> anyhow::Result<VerbOutcome> {
    let level = match args.level {
        CleanLevel::Artifacts => Level::Artifacts,
        CleanLevel::Dependencies => Level::Dependencies,
        CleanLevel::Downloads => Level::Downloads,
        CleanLevel::Docker => Level::Docker,
        CleanLevel::Everything => Level::Everything,
    };
    let plan = ClearingPlan::clean(&context.project, level, &context.terminal)?;
    finish(context, &plan, &args.apply)
}
