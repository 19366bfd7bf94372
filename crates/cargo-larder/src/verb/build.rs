//! `cargo larder build`: cook, then the application's own build, then a table of both.

use std::{collections::BTreeSet, ffi::OsString, time::Instant};

use larder::{
    Report as _,
    cargo::messages::Counts,
    cook::{Layers, Phase},
    shim::recorder::{Call, Recorder},
    slice::{Origin, Slice, Variant, leptos},
    why::{Explained, Mode},
};

use super::{
    cook::{self, BrokenRecipes},
    why,
};
use crate::{
    cli::{self, Selection},
    context::VerbContext,
    exit::VerbOutcome,
    recorded::{self, Command, WhichCargo},
    ui::step_summary,
};

pub(crate) fn run(context: &VerbContext, args: &cli::Build) -> anyhow::Result<VerbOutcome> {
    let mut phases = cook::cook(context, &args.selection, Layers::Current, BrokenRecipes::AreToldOf)?;
    let recorder = recorder(context);
    let mut builds: Vec<Explained> = phases.iter_mut().flat_map(cook::explained).collect();
    let mut seen = 0;
    let mut outcome = VerbOutcome::Done;
    for command in commands(context, args)? {
        let start = Instant::now();
        context.terminal.step("Building", &command.line());
        let code = run_command(context, &command, recorder.as_ref())?;
        let calls = calls(context, recorder.as_ref());
        let mut counts = Counts::default();
        calls.iter().skip(seen).for_each(|call| counts += call.counts);
        builds.extend(calls.iter().skip(seen).filter_map(Explained::of_call));
        seen = calls.len();
        phases.push(Phase {
            name: command.line(),
            time: start.elapsed(),
            counts,
            restored: None,
            units: BTreeSet::new(),
            why: Vec::new(),
        });
        if code != 0 {
            outcome = VerbOutcome::Child(code);
            break;
        }
    }
    step_summary::append(context, args.selection.summary.as_deref(), &phases, &builds);
    why::keep(context, builds);
    cook::print(&phases, args.selection.json)?;
    Ok(outcome)
}

/// The recording cargo. Without room for its records, the build goes on without.
fn recorder(context: &VerbContext) -> Option<Recorder> {
    let recorder = recorded::explaining(context, Mode::After);
    recorder.inspect_err(|error| warn_unseen(context, error)).ok()
}

fn run_command(context: &VerbContext, command: &Command, recorder: Option<&Recorder>) -> anyhow::Result<i32> {
    let recording = recorder.map(|recorder| Ok((recorder.environment(&command.env)?, recorder.cargo())));
    match recording.transpose() {
        Ok(Some((env, cargo))) => return command.run_in(&env, cargo),
        Ok(None) => {}
        Err(error) => warn_unseen(context, &error),
    }
    command.run_in(&command.env, context.project.cargo.program().to_owned())
}

fn calls(context: &VerbContext, recorder: Option<&Recorder>) -> Vec<Call> {
    let Some(recorder) = recorder else { return Vec::new() };
    recorder.calls().unwrap_or_else(|error| {
        warn_unseen(context, &error.into());
        Vec::new()
    })
}

fn warn_unseen(context: &VerbContext, error: &anyhow::Error) {
    context.terminal.warn(&format!("what the build compiles is not known: {error}"));
}

/// The application's own build: what the user says, where the user is; else what the slices come from, where
/// the workspace is.
fn commands(context: &VerbContext, args: &cli::Build) -> anyhow::Result<Vec<Command>> {
    if !args.command.is_empty() {
        return Ok(vec![Command::of_user(context, &args.command)]);
    }
    let mut commands = Vec::new();
    for slice in context.select(&args.selection)? {
        let command = if slice.origin == Origin::Leptos {
            leptos_command(context, slice.variant, &args.selection)
        } else {
            own_command(context, slice, &args.selection)?
        };
        // Both halves of a Leptos project are one command.
        if !commands.contains(&command) {
            commands.push(command);
        }
    }
    Ok(commands)
}

/// cargo-leptos hands few of cargo's words on, so they go by way of the environment. In debug it is to build what
/// `cargo leptos watch` builds.
fn leptos_command(context: &VerbContext, variant: Variant, selection: &Selection) -> Command {
    let release = (variant == Variant::Release).then_some("--release");
    let words = ["cargo", "leptos", "build"].into_iter().chain(release).map(OsString::from).collect();
    let mut env = context.process.env.clone();
    if variant == Variant::Dev {
        env.set(leptos::WATCH.0, leptos::WATCH.1);
    }
    let target_dir = context.project.workspace.target_directory();
    if *target_dir != context.project.workspace.metadata().target_directory {
        env.set("CARGO_TARGET_DIR", target_dir.as_str());
    }
    if context.project.cargo.words().any(|word| word == "--offline") {
        env.set("CARGO_NET_OFFLINE", "true");
    }
    if let Some(jobs) = &selection.jobs {
        env.set("CARGO_BUILD_JOBS", jobs);
    }
    Command { cargo: WhichCargo::Projects, words, dir: context.project.workspace.root().into(), env }
}

/// The slice's own invocation in the slice's own environment.
fn own_command(context: &VerbContext, slice: &Slice, selection: &Selection) -> anyhow::Result<Command> {
    let cargo = &context.project.cargo;
    let call = slice.building(cargo, &context.project.workspace)?;
    let words = call.words(cargo, context.build_words(selection));
    let words = std::iter::once("cargo".to_owned()).chain(words).map(OsString::from).collect();
    let env = call.environment(cargo);
    Ok(Command { cargo: WhichCargo::Projects, words, dir: call.dir, env })
}
