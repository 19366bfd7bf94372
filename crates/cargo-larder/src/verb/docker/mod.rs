//! `cargo larder docker`: build the project's image and show what was cached, what ran and what was compiled.

mod any_builder;
mod nix;

use std::time::Instant;

use anyhow::bail;
use larder::{
    Error, Report as _,
    docker::{
        self, Recipes, State,
        client::{Build, BuildResult, Client, ClientKind},
        explain::{BuildRecord, Miss, record_path},
        images, needs,
        progress::{BuildStep, Event, Progress, stages},
        reads::failure,
    },
    recipe::lock,
};

use self::any_builder::{refuse_nameless_push, warn_unrecorded};
use crate::{
    cli::{self, DockerVerb, Via},
    context::VerbContext,
    exit::VerbOutcome,
    schema,
    ui::{
        image::{BuiltImage, print},
        terminal,
    },
};

pub(crate) fn run(context: &VerbContext, args: &cli::Docker) -> anyhow::Result<VerbOutcome> {
    match &args.verb {
        Some(DockerVerb::Explain(args)) => explain(context, args),
        None if args.build.via == Via::Nix => nix::run(context, &args.build),
        None => build_image(context, &args.build),
    }
}

fn build_image(context: &VerbContext, args: &cli::DockerBuild) -> anyhow::Result<VerbOutcome> {
    let client = Client::find(&context.process.env)?;
    let engine = client.engine_version()?;
    warn_of_stale_files(context)?;
    let build = build(context, args)?;
    context.terminal.step("Building", &format!("{} with Docker {engine}", build.context.display()));
    let scratch = larder::files::scratch::Scratch::new()?;
    // Taken before the build: a file that is edited meanwhile shall count as changed.
    let record = BuildRecord::gather(&context.project, &args.build_arg, |image| client.image_id(image))?;
    let id_file = scratch.path().join("image");
    let start = Instant::now();
    let mut progress = Progress::default();
    let code = client.build(&build, &id_file)?.each_error_line(|line| show(context, &mut progress, line))?;
    if code != 0 {
        return why_failed(context, &client, &progress)
            .map_or(Ok(VerbOutcome::Child(code)), |error| Err(error.into()));
    }
    let image = fs_err::read_to_string(&id_file).unwrap_or_default().trim().to_owned();
    if build.result == BuildResult::Registry && client.kind() == ClientKind::BuiltIn {
        for tag in &build.tags {
            context.terminal.step("Pushing", tag);
            client.push(tag)?;
        }
    }
    // A build that stopped at a stage says nothing of the others.
    if build.target.is_none() {
        warn_unrecorded(context, record.write(&record_path(&context.project)));
    }
    warn_unrecorded(context, images::add(&context.project.workspace, &image));
    // An image that went to a registry only is not in the engine's store.
    let size = client.image_size(&image).ok();
    let steps: Vec<&BuildStep> = progress.steps().filter(|step| !step.stage.is_empty()).collect();
    let stages = stages(progress.steps());
    print(args, &BuiltImage { id: image, size, time: start.elapsed() }, &stages, &steps)?;
    Ok(VerbOutcome::Done)
}

/// Compares what decides each step with what did in the last build; asks the engine for image ids only.
fn explain(context: &VerbContext, args: &cli::DockerExplain) -> anyhow::Result<VerbOutcome> {
    let path = record_path(&context.project);
    let Some(before) = context.or_absent(BuildRecord::read(&path)) else {
        bail!("no build to compare with was recorded in {path}; run `cargo larder docker`");
    };
    let client = Client::find(&context.process.env).ok();
    let image_id = |image: &str| client.as_ref().and_then(|client| client.image_id(image));
    let now = BuildRecord::gather(&context.project, &args.build_arg, image_id)?;
    let misses = now.misses(&before);
    if args.json {
        terminal::print_json(&schema::docker::Misses { misses: &misses })?;
        return Ok(VerbOutcome::Done);
    }
    if misses.is_empty() {
        terminal::print_line(
            "nothing changed since the last build: every step comes from the cache that has it",
        );
    }
    misses.iter().for_each(print_miss);
    Ok(VerbOutcome::Done)
}

fn print_miss(miss: &Miss) {
    const SHOWN: usize = 5;
    terminal::print_line(&format!("[{}] {}", miss.stage, docker::shortened(&miss.instruction)));
    miss.reasons.iter().take(SHOWN).for_each(|reason| terminal::print_line(&format!("    {reason}")));
    if miss.reasons.len() > SHOWN {
        terminal::print_line(&format!("    and {} more", miss.reasons.len() - SHOWN));
    }
}

/// Why a build failed, if there is more to say of it than its exit code; else the files that it missed are told.
pub(super) fn why_failed(context: &VerbContext, client: &Client, progress: &Progress) -> Option<Error> {
    if progress.is_disk_full() {
        return Some(Error::EngineDiskFull { root: client.data_root() });
    }
    if let Some(image) = progress.missing_base() {
        return Some(Error::NoBaseImage { image: image.to_owned() });
    }
    say_what_was_missed(context, progress.complaints());
    None
}

/// Names the files of the project that a failed build asked for. The build's own words come first, and are enough if
/// this cannot be told.
fn say_what_was_missed(context: &VerbContext, complaints: &[String]) {
    let project = &context.project;
    let missed =
        Recipes::of_dockerfile(project).and_then(|recipes| failure::missed(project, recipes, complaints));
    for path in missed.unwrap_or_default() {
        context.terminal.warn(&format!(
            "the build asked for {path}, which is not sent: add \"{path}\" to `include` in \
             [workspace.metadata.larder.docker], then run `cargo larder dockerfile`"
        ));
    }
}

/// Tells what the settings lack for an image that builds and starts.
pub(super) fn warn_of_needs(context: &VerbContext, recipes: Recipes) {
    match needs::lacking(&context.project, recipes) {
        Ok(lacking) if lacking.is_empty() => {}
        Ok(lacking) => {
            lacking.reasons().iter().for_each(|reason| context.terminal.warn(reason));
            context
                .terminal
                .step("Next", "`cargo larder init --only docker` shows the settings for it, and writes them");
        }
        Err(error) => context.terminal.warn(&format!("cannot tell what the image needs: {error}")),
    }
}

/// Old files build the right thing, only slower.
pub(super) fn warn_of_stale_files(context: &VerbContext) -> anyhow::Result<()> {
    let folder = docker::context(&context.project)?;
    let recipes = Recipes::of_dockerfile(&context.project)?;
    for name in ["Dockerfile", ".dockerignore"] {
        let path = folder.join(name);
        if !path.exists() {
            bail!("{path} does not exist; run `cargo larder dockerfile`");
        }
    }
    for (name, text) in docker::files(&context.project, recipes)? {
        let path = folder.join(&name);
        if docker::state(&path, &text)? == State::Stale {
            context.terminal.warn(&format!("{path} is stale; run `cargo larder dockerfile`"));
        }
    }
    warn_of_needs(context, recipes);
    if recipes == Recipes::Planned {
        // They are written while the image is built.
        return Ok(());
    }
    match lock::check(&context.project, &larder::Silent) {
        Ok(checked) if checked.findings.is_empty() => {
            checked.refused.iter().for_each(|refused| context.terminal.warn(&refused.text()));
        }
        Ok(_) => context.terminal.warn(
            "the recipes are stale: the image will be right, and building it compiles more than it has to; \
             run `cargo larder lock`",
        ),
        Err(error) => context.terminal.warn(&format!("cannot tell whether the recipes are fresh: {error}")),
    }
    Ok(())
}

fn build(context: &VerbContext, args: &cli::DockerBuild) -> anyhow::Result<Build> {
    refuse_secrets(&args.build_arg)?;
    refuse_nameless_push(args)?;
    let result = if args.push { BuildResult::Registry } else { BuildResult::Engine };
    Ok(Build {
        context: docker::context(&context.project)?.into(),
        tags: args.tag.clone(),
        build_args: with_time(&args.build_arg),
        target: args.stage.clone(),
        platforms: args.platform.clone(),
        cache_from: args.cache_from.clone(),
        cache_to: args.cache_to.clone(),
        secrets: args.secret.clone(),
        ssh: args.ssh.clone(),
        network: args.network.clone(),
        builder: args.builder.clone(),
        result,
        is_bare: false,
    })
}

/// Arguments with a time for the image, unless they have one: an image that tells when it was built is another one each
/// time. `deploy` takes the same, so that it finds the steps of `docker` in an engine's cache; BuildKit gives the time to
/// the folders of `WORKDIR`, and every step after one depends on it.
pub(super) fn with_time(build_args: &[String]) -> Vec<String> {
    const TIME: &str = "SOURCE_DATE_EPOCH=";
    let time = (!build_args.iter().any(|arg| arg.starts_with(TIME))).then(|| format!("{TIME}0"));
    build_args.iter().cloned().chain(time).collect()
}

/// Refuses arguments that would be secrets for everybody to read.
pub(super) fn refuse_secrets(build_args: &[String]) -> anyhow::Result<()> {
    if let Some(name) = build_args.iter().find_map(|arg| secret_name(arg)) {
        bail!("--build-arg {name} would stay readable in the image's history; pass it with --secret instead");
    }
    Ok(())
}

/// The name of an argument that holds what nobody else may see, by its own name or by a password in an address.
fn secret_name(argument: &str) -> Option<&str> {
    let (name, value) = argument.split_once('=').unwrap_or((argument, ""));
    (larder::secret::is_named(name) || larder::secret::is_held_by(value)).then_some(name)
}

/// Steps in cargo's layout, and what they say as it is.
pub(super) fn show(context: &VerbContext, progress: &mut Progress, line: &str) {
    match progress.add(line) {
        Some(Event::Started(step)) if !step.stage.is_empty() => {
            context
                .terminal
                .step("Step", &format!("[{}] {}", step.stage, docker::shortened(&step.instruction)));
        }
        Some(Event::Says(text)) => context.terminal.plain(text),
        // Errors are printed below the steps, without a number.
        None if !line.starts_with('#') && !line.is_empty() => context.terminal.plain(line),
        Some(Event::Started(_) | Event::Ended(_)) | None => {}
    }
}
