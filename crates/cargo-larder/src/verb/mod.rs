//! One file or folder per verb. A verb takes the [`VerbContext`] and its arguments, calls the
//! library, and prints.

mod build;
mod clean;
mod completions;
mod cook;
mod deploy;
mod docker;
mod dockerfile;
mod doctor;
mod gc;
mod init;
mod lock;
mod manual;
mod observe;
mod plan;
mod reference;
#[cfg(feature = "store")]
mod store;
mod usage;
mod why;

use std::ffi::OsString;

use clap::Parser as _;
use larder::shim;

use crate::{
    cli::{Cargo, Larder, Verb},
    context::{StartedProcess, VerbContext},
    exit::VerbOutcome,
    ui::terminal::{self, Terminal},
};

/// Reads the process and does what it was asked.
pub(crate) fn run() -> anyhow::Result<VerbOutcome> {
    let process = StartedProcess::read()?;
    if let Some(code) = shim::answer(process.as_started(), &mut std::io::stdout())? {
        return Ok(VerbOutcome::Child(code));
    }
    let Cargo::Larder(Larder { verb, common }) = Cargo::parse_from(with_subcommand(&process.args));
    terminal::set_color(common.color);
    match &verb {
        Verb::Reference => return Ok(reference::run()),
        Verb::Completions(args) => return Ok(completions::run(args)),
        Verb::Man(args) => return manual::run(&process, args, Terminal::new(common.quiet)),
        _ => {}
    }
    if let Verb::Lock(args) = &verb
        && let Some(outcome) = lock::recalled(&process, &common, args)?
    {
        return Ok(outcome);
    }
    let mut context = VerbContext::load(process, &common)?;
    match verb {
        Verb::Init(args) => init::run(&context, &args),
        Verb::Doctor(args) => doctor::run(&context, &args),
        Verb::Plan(args) => plan::run(&context, &args),
        Verb::Lock(args) => lock::run(&context, &common, &args),
        Verb::Cook(args) => cook::run(&context, &args),
        Verb::Build(args) => build::run(&context, &args),
        Verb::Observe(args) => observe::run(&context, &args),
        Verb::Docker(args) => docker::run(&context, &args),
        Verb::Deploy(args) => deploy::run(&context, &args),
        Verb::Dockerfile(args) => dockerfile::run(&mut context, &args),
        Verb::Usage(args) => usage::run(&context, &args),
        Verb::Clean(args) => clean::run(&context, &args),
        Verb::Gc(args) => gc::run(&context, &args),
        #[cfg(feature = "store")]
        Verb::Store(args) => store::run(&context, &args),
        Verb::Why(args) => why::run(&context, &args),
        Verb::Reference | Verb::Completions(_) | Verb::Man(_) => Ok(VerbOutcome::Done),
    }
}

/// `cargo-larder plan` works like `cargo larder plan`.
fn with_subcommand(args: &[OsString]) -> Vec<OsString> {
    let mut args = args.to_vec();
    if args.get(1).is_none_or(|arg| arg != "larder") {
        args.insert(1.min(args.len()), "larder".into());
    }
    args
}
