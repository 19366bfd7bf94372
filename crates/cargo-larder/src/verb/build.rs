//! `cargo larder build`: cook, then the application's own build, then a table of both.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use larder::{
    Report as _,
    backend::{host::Phase, messages::Counts},
    process::Cmd,
    recorder::Recorder,
    slice::{Origin, Slice},
};

use super::cook;
use crate::{cli, context::Context, exit::Outcome};

pub(crate) fn run(context: &Context, args: &cli::Build) -> anyhow::Result<Outcome> {
    let mut phases = cook::cook(context, &args.selection)?;
    let commands = commands(context, args)?;
    // The user's own command runs where the user is; ours run where the workspace is.
    let root = context.workspace.root().as_std_path();
    let dir = if args.command.is_empty() { root } else { context.process.dir.as_path() };
    let recorder = Recorder::new(&context.process.program, &real_cargo(context)?)?;
    let mut recorded = 0;
    for command in commands {
        let start = Instant::now();
        let line = command.join(" ");
        context.terminal.step("Building", &line);
        let code = execute(context, &recorder, dir, &command)?;
        let calls = recorder.calls()?;
        let mut counts = Counts::default();
        calls.iter().skip(recorded).for_each(|call| counts += call.counts);
        recorded = calls.len();
        phases.push(Phase { name: line, time: start.elapsed(), counts });
        if code != 0 {
            return Ok(Outcome::Child(code));
        }
    }
    cook::print(&phases, args.selection.json)?;
    Ok(Outcome::Done)
}

/// The application's own build: what the user says, else what the slices come from.
fn commands(context: &Context, args: &cli::Build) -> anyhow::Result<Vec<Vec<String>>> {
    if !args.command.is_empty() {
        return Ok(vec![args.command.clone()]);
    }
    let slices = context.select(&args.selection)?;
    let words = context.build_words(&args.selection);
    let mut commands: Vec<Vec<String>> = Vec::new();
    for slice in slices {
        let command = if slice.origin == Origin::Leptos {
            leptos_command(args.selection.dev)
        } else {
            own_command(context, slice, &words)
        };
        if !commands.contains(&command) {
            commands.push(command);
        }
    }
    Ok(commands)
}

fn leptos_command(dev: bool) -> Vec<String> {
    let mut command = vec!["cargo", "leptos", "build"];
    command.extend((!dev).then_some("--release"));
    command.into_iter().map(str::to_owned).collect()
}

fn own_command(context: &Context, slice: &Slice, words: &[String]) -> Vec<String> {
    let mut command = vec!["cargo".to_owned()];
    command.extend_from_slice(&slice.args);
    command.push(format!("--target-dir={}", slice.target_dir.resolve(&context.workspace)));
    command.extend_from_slice(words);
    command
}

/// Runs a command with the recording cargo in front.
fn execute(context: &Context, recorder: &Recorder, dir: &Path, command: &[String]) -> anyhow::Result<i32> {
    let (program, args) =
        command.split_first().ok_or_else(|| anyhow::anyhow!("there is no command to run"))?;
    let env = recorder.environment(&context.process.env)?;
    let program = env.find_program(program).unwrap_or_else(|| PathBuf::from(program));
    Ok(Cmd::new(program, dir, &env).args(args).exit_code()?)
}

/// The toolchain's own cargo: rustup's stand-in would put itself in front of the recording one again.
fn real_cargo(context: &Context) -> anyhow::Result<PathBuf> {
    let sysroot = Cmd::new(context.cargo.rustc(), context.workspace.root(), &context.process.env)
        .args(["--print", "sysroot"])
        .output()?;
    let cargo = PathBuf::from(sysroot.trim_end()).join("bin/cargo");
    Ok(if cargo.is_file() { cargo } else { context.cargo.program().to_owned() })
}
