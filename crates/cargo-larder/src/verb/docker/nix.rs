//! `cargo larder docker --via nix`: the flake builds the image, and the engine takes it in.

use std::time::Instant;

use anyhow::bail;
use larder::{
    Report as _,
    docker::{client::Client, images, progress::Stage},
    nix::{DerivationProgress, Nix},
};

use super::any_builder::{refuse_nameless_push, warn_unrecorded};
use crate::{
    cli,
    context::VerbContext,
    exit::VerbOutcome,
    ui::image::{BuiltImage, print},
};

/// The image's name among the flake's packages.
const PACKAGE: &str = "image";

pub(crate) fn run(context: &VerbContext, args: &cli::DockerBuild) -> anyhow::Result<VerbOutcome> {
    if let Some(word) = only_for_dockerfiles(args) {
        bail!(
            "{word} is for Dockerfiles; with `--via nix` the flake decides, and only --tag and --push are left"
        );
    }
    refuse_nameless_push(args)?;
    let env = &context.process.env;
    let nix = Nix::find(env, context.project.workspace.root())?;
    // Asked before minutes are spent on an image that nobody takes.
    let client = Client::any(env)?;
    client.engine_version()?;
    let scratch = larder::files::scratch::Scratch::new()?;
    let link = scratch.path().join(PACKAGE);
    context.terminal.step("Building", &format!("{} with Nix", nix.flake().display()));
    let start = Instant::now();
    let mut progress = DerivationProgress::default();
    let code = nix.build(PACKAGE, &link).each_error_line(|line| {
        if progress.add(line) {
            context.terminal.plain(line);
        }
    })?;
    if code != 0 {
        return Ok(VerbOutcome::Child(code));
    }
    context.terminal.step("Loading", "the image into the engine");
    let name = client.load(&link)?;
    for tag in &args.tag {
        client.tag(&name, tag)?;
        if args.push {
            context.terminal.step("Pushing", tag);
            client.push(tag)?;
        }
    }
    let size = client.image_size(&name).ok();
    let id = client.image_id(&name).unwrap_or(name);
    warn_unrecorded(context, images::add(&context.project.workspace, &id));
    print(args, &BuiltImage { id, size, time: start.elapsed() }, &stages(&progress), &[])?;
    Ok(VerbOutcome::Done)
}

/// An argument that says something about how a Dockerfile is built.
fn only_for_dockerfiles(args: &cli::DockerBuild) -> Option<&'static str> {
    let given = [
        ("--stage", args.stage.is_some()),
        ("--platform", !args.platform.is_empty()),
        ("--build-arg", !args.build_arg.is_empty()),
        ("--cache-from", !args.cache_from.is_empty()),
        ("--cache-to", !args.cache_to.is_empty()),
        ("--secret", !args.secret.is_empty()),
        ("--ssh", !args.ssh.is_empty()),
        ("--network", args.network.is_some()),
        ("--builder", args.builder.is_some()),
    ];
    given.into_iter().find(|(_, is_given)| *is_given).map(|(word, _)| word)
}

/// A derivation is what a stage is in a Dockerfile. Those that Nix had already are not in its log.
fn stages(progress: &DerivationProgress) -> Vec<Stage> {
    let stages = progress.derivations().map(|(name, derivation)| Stage {
        name: name.to_owned(),
        run: 1,
        compiled_external: derivation.external,
        compiled_local: derivation.local,
        ..Stage::default()
    });
    stages.collect()
}
