//! `cargo larder dockerfile`: write or check the generated Dockerfile and `.dockerignore`.

use anyhow::bail;
use larder::{
    Report as _,
    camino::Utf8Path,
    cargo::Network,
    docker::{self, Generated, Recipes, State, client::Client, pin},
};

use crate::{
    cli,
    context::VerbContext,
    exit::VerbOutcome,
    schema::docker::{FileOutcome, Files, Written},
    ui::terminal,
};

pub(crate) fn run(context: &mut VerbContext, args: &cli::Dockerfile) -> anyhow::Result<VerbOutcome> {
    if args.pin {
        pin_bases(context)?;
        context.reload()?;
    }
    generate(context, args)
}

/// Writes the digests of the base images into the settings, and says which of them are new.
fn pin_bases(context: &VerbContext) -> anyhow::Result<()> {
    let project = &context.project;
    if project.cargo.network() == Network::Offline {
        bail!("--pin asks registries, so it cannot go with --offline");
    }
    let pinned = pin::ask(&project.settings.docker, &Client::find(&context.process.env)?)?;
    for pin in &pinned {
        let outcome = if pin.before == pin.now { "Kept" } else { "Pinned" };
        context.terminal.step(outcome, &format!("{} = {:?}", pin.setting, pin.now));
    }
    Ok(pin::write(&project.workspace, &pinned)?)
}

fn generate(context: &VerbContext, args: &cli::Dockerfile) -> anyhow::Result<VerbOutcome> {
    let root = context.project.workspace.root();
    let folder = docker::context(&context.project)?;
    let mut outcome = VerbOutcome::Done;
    let recipes = match (args.no_committed_recipe, args.check) {
        (true, _) => Recipes::Planned,
        // What is there is held against its own kind.
        (false, true) => Recipes::of_dockerfile(&context.project)?,
        (false, false) => Recipes::Committed,
    };
    let Generated { files, undecided } = docker::generated(&context.project, recipes)?;
    if let Some(undecided) = undecided {
        context.terminal.warn(&undecided);
    }
    if args.print {
        let text = files.get(Utf8Path::new("Dockerfile")).map_or("", String::as_str);
        terminal::print_data(text.as_bytes())?;
        return Ok(outcome);
    }
    let mut found = Vec::new();
    for (name, text) in files {
        let path = folder.join(name);
        let state = docker::state(&path, &text)?;
        // Before anything is written: an allow-list beside somebody's own Dockerfile would break its build.
        if state == State::Foreign {
            bail!(
                "{path} was not generated from these recipes; move it away, or copy what you need from `cargo larder dockerfile --print`"
            );
        }
        found.push((path, text, state == State::Stale));
    }
    let mut listed = Vec::new();
    for (path, text, is_stale) in found {
        let state = match (is_stale, args.check) {
            (false, _) => {
                context.terminal.step("Fresh", path.as_str());
                FileOutcome::Fresh
            }
            (true, true) => {
                context.terminal.warn(&format!("stale: {path}; run `cargo larder dockerfile`"));
                outcome = VerbOutcome::Stale;
                FileOutcome::Stale
            }
            (true, false) => {
                docker::write(&path, &text)?;
                context.terminal.step("Wrote", path.as_str());
                FileOutcome::Written
            }
        };
        listed.push((path, state));
    }
    for path in docker::unshared(&context.project) {
        context.terminal.warn(&format!(
            "git does not track {path}: it is left out, since no clone has it; `git add {path}`, then run `cargo larder dockerfile`"
        ));
    }
    super::docker::warn_of_needs(context, recipes);
    if args.json {
        let files = listed.iter().map(|(path, outcome)| Written {
            path: path.strip_prefix(root).unwrap_or(path),
            outcome: *outcome,
        });
        terminal::print_json(&Files { files: files.collect() })?;
    }
    Ok(outcome)
}
