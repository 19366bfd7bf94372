//! `cargo larder deploy`: the project's image on a server.

use std::time::Instant;

use anyhow::bail;
use clap::ValueEnum as _;
use larder::{
    Report as _,
    deploy::{ChangingPart, ComposeReader, Deployment, Done, Release, RolloutPlan, compose},
    docker::{
        self,
        client::{Build, Client},
        progress::{Progress, stages},
    },
    text::columns,
};

use super::docker::{refuse_secrets, show, warn_of_stale_files, why_failed, with_time};
use crate::{
    cli::{self},
    context::VerbContext,
    exit::VerbOutcome,
    schema::{
        self,
        deploy::{Deployed, DeploymentBuild, DeploymentStatus, PlannedDeployment},
    },
    ui::terminal,
};

pub(crate) fn run(context: &VerbContext, args: &cli::Deploy) -> anyhow::Result<VerbOutcome> {
    refuse_secrets(&args.build_arg)?;
    let (project, env) = (&context.project, &context.process.env);
    let (name, part) = subject(context, args);
    if let Some(format) = args.print {
        let reader = match format {
            cli::DeployFormat::Compose => ComposeReader::Compose,
            cli::DeployFormat::Swarm => ComposeReader::Swarm,
        };
        terminal::print(&compose(project, name, reader)?);
        return Ok(VerbOutcome::Done);
    }
    if args.plan || args.status || args.logs {
        let mut deployment = Deployment::look(project, env, name)?;
        return look(context, args, part, &mut deployment);
    }
    let start = Instant::now();
    let mut deployment = Deployment::lock(project, env, name)?;
    say_server(context, &deployment);
    let (done, built) = match &args.rollback {
        Some(release) => (go_back(context, &mut deployment, release)?, None),
        None => bring(context, args, part, &mut deployment)?,
    };
    let seconds = schema::seconds(start.elapsed());
    if args.json {
        let Done { release, image, is_changed, sent } = &done;
        terminal::print_json(&Deployed {
            service: deployment.service(),
            release,
            image,
            changed: *is_changed,
            seconds,
            build: built,
            sent: *sent,
        })?;
        return Ok(VerbOutcome::Done);
    }
    let what = if done.is_changed { "serves" } else { "serves already, nothing changed" };
    terminal::print_line(&format!("release {} {what}, after {seconds:.1} s", done.release));
    Ok(VerbOutcome::Done)
}

/// The deployment and the part. A single word that names no deployment may be the part of the only one.
fn subject<'a>(context: &VerbContext, args: &'a cli::Deploy) -> (Option<&'a str>, ChangingPart) {
    let known = &context.project.settings.deploy;
    let alone = args.name.as_deref().filter(|name| args.part.is_none() && !known.contains_key(*name));
    if let Some(part) = alone.and_then(|word| cli::DeployPart::from_str(word, false).ok()) {
        return (None, part.into());
    }
    (args.name.as_deref(), args.part.map_or(ChangingPart::All, ChangingPart::from))
}

impl From<cli::DeployPart> for ChangingPart {
    fn from(part: cli::DeployPart) -> Self {
        match part {
            cli::DeployPart::All => Self::All,
            cli::DeployPart::Backend => Self::Backend,
            cli::DeployPart::Front => Self::Front,
        }
    }
}

fn say_server(context: &VerbContext, deployment: &Deployment<'_>) {
    let (host, version) = deployment.server();
    context.terminal.step("Connected", &format!("to {host}, which has Docker {version}"));
}

fn look(
    context: &VerbContext,
    args: &cli::Deploy,
    part: ChangingPart,
    deployment: &mut Deployment<'_>,
) -> anyhow::Result<VerbOutcome> {
    if let (true, Some(trouble)) = (args.logs || args.status, deployment.proxy_trouble()) {
        let way = "the newest release that served is taken for the one that serves";
        context.terminal.warn(&format!("{trouble}; {way}"));
    }
    if args.logs {
        return match deployment.logs() {
            Some(cmd) => Ok(VerbOutcome::Child(cmd.exit_code()?)),
            None => bail!("{}: no release serves", deployment.service()),
        };
    }
    if args.status {
        print_status(args, deployment)?;
        return Ok(VerbOutcome::Done);
    }
    let plan = match &args.rollback {
        Some(release) => deployment.plan_back(named(release))?,
        None => deployment.plan(part, &args.build_arg)?,
    };
    say_server(context, deployment);
    print_plan(args, deployment, &plan)?;
    let is_stale = args.check && !plan.steps.is_empty();
    Ok(if is_stale { VerbOutcome::Stale } else { VerbOutcome::Done })
}

/// The release that is named; without a name it is the one before.
fn named(release: &str) -> Option<&str> {
    Some(release).filter(|release| !release.is_empty())
}

fn go_back(context: &VerbContext, deployment: &mut Deployment<'_>, release: &str) -> anyhow::Result<Done> {
    let release = named(release);
    let plan = deployment.plan_back(release)?;
    Ok(deployment.run_back(&plan, release, &context.terminal)?)
}

/// Builds and lets the result serve; also tells of the build.
fn bring(
    context: &VerbContext,
    args: &cli::Deploy,
    part: ChangingPart,
    deployment: &mut Deployment<'_>,
) -> anyhow::Result<(Done, Option<DeploymentBuild>)> {
    let plan = deployment.plan(part, &args.build_arg)?;
    if !plan.is_unchanged {
        warn_of_stale_files(context)?;
    }
    let untagged = Build {
        context: docker::context(&context.project)?.into(),
        build_args: with_time(&args.build_arg),
        secrets: args.secret.clone(),
        platforms: vec![deployment.platform()],
        is_bare: true,
        ..Build::default()
    };
    let mut progress = Progress::default();
    let done = deployment.run(
        &plan,
        &mut |client, tag| {
            let build = Build { tags: vec![tag.to_owned()], ..untagged.clone() };
            build_image(context, client, &build, &mut progress)
        },
        &context.terminal,
    )?;
    let stages = stages(progress.steps());
    let (run, cached) =
        stages.iter().fold((0, 0), |(run, cached), stage| (run + stage.run, cached + stage.cached));
    Ok((done, Some(DeploymentBuild { run_steps: run, cached_steps: cached, stages })))
}

fn build_image(
    context: &VerbContext,
    client: &Client,
    build: &Build,
    progress: &mut Progress,
) -> larder::Result<String> {
    let scratch = larder::files::scratch::Scratch::new()?;
    let id_file = scratch.path().join("image");
    let cmd = client.build(build, &id_file)?;
    let code = cmd.each_error_line(|line| show(context, progress, line))?;
    if code == 0 {
        return Ok(fs_err::read_to_string(&id_file)?.trim().to_owned());
    }
    Err(why_failed(context, client, progress).unwrap_or_else(|| cmd.exit_error(code)))
}

fn print_plan(args: &cli::Deploy, deployment: &Deployment<'_>, plan: &RolloutPlan) -> anyhow::Result<()> {
    if args.json {
        return terminal::print_json(&PlannedDeployment {
            service: deployment.service(),
            live: plan.live.as_ref(),
            unchanged: plan.is_unchanged,
            turn: plan.turn,
            steps: &plan.steps,
        });
    }
    match &plan.live {
        Some(live) => terminal::print_line(&format!("release {} serves", live.labels.release)),
        None => terminal::print_line("no release serves"),
    }
    if plan.steps.is_empty() {
        terminal::print_line("nothing changed: nothing would be done");
    }
    for (index, step) in plan.steps.iter().enumerate() {
        let (verb, object) = (step.verb(), step.object());
        terminal::print_line(&format!("{:>3}. {} {object}", index + 1, verb.to_lowercase()));
    }
    Ok(())
}

fn print_status(args: &cli::Deploy, deployment: &Deployment<'_>) -> anyhow::Result<()> {
    let (live, releases) = (deployment.live(), deployment.releases());
    if args.json {
        return terminal::print_json(&DeploymentStatus {
            service: deployment.service(),
            live: live.map(|live| live.labels.release.as_str()),
            releases,
        });
    }
    let rows: Vec<_> = releases.iter().map(|release| row(release, live)).collect();
    terminal::print(&columns::text(["<release", "<state", "<commit", "<time"], &rows));
    Ok(())
}

fn row(release: &Release, live: Option<&Release>) -> [String; 4] {
    let is_live = live == Some(release);
    let state = match (is_live, release.is_running) {
        // It ends again and again.
        _ if release.is_restarting() => "restarts",
        (true, _) => "serves",
        (false, true) => "runs",
        (false, false) => "kept",
    };
    let commit = release.labels.commit.as_deref().unwrap_or("none");
    let short: String = commit.chars().take(12).collect();
    [release.labels.release.clone(), state.to_owned(), short, release.labels.time.clone()]
}
