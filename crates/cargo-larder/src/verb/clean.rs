//! `cargo larder clean`: clear caches by level.

use larder_caches::gc::{Level, Plan};

use super::gc::finish;
use crate::{
    cli::{self, CleanLevel},
    context::Context,
    exit::Outcome,
};

pub(crate) fn run(context: &Context, args: &cli::Clean) -> anyhow::Result<Outcome> {
    let level = match args.level {
        CleanLevel::Artifacts => Level::Artifacts,
        CleanLevel::Dependencies => Level::Dependencies,
        CleanLevel::Downloads => Level::Downloads,
        CleanLevel::Docker => Level::Docker,
        CleanLevel::Everything => Level::Everything,
    };
    let plan = Plan::clean(&context.project, level, &context.terminal)?;
    finish(context, &plan, &args.apply)
}
