//! `cargo larder init`: bring a workspace up to Larder, showing every change before it is made.

use std::io::{BufRead as _, IsTerminal as _};

use anstyle::Style;
use anyhow::bail;
use larder::{
    Report as _,
    deploy::settings::DeploySettings,
    files::change::Change,
    init::{self, Given, Part, PartChoice, Proposal},
    project::Project,
    recipe::lock,
};

use super::lock::proven;
use crate::{
    cli,
    context::VerbContext,
    exit::{self, VerbOutcome},
    schema,
    ui::{clones, diff, terminal, unused},
};

/// Who decides whether a change is made.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Consent {
    /// The user, change by change.
    Ask,
    /// `--yes`.
    Given,
    /// `--check`, or nobody who could be asked.
    Withheld,
}

/// What became of a part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PartOutcome {
    Fresh,
    Written,
    Needed,
    Declined,
    Skipped,
}

pub(crate) fn run(context: &VerbContext, args: &cli::Init) -> anyhow::Result<VerbOutcome> {
    if args.source.as_ref().is_some_and(|source| !init::is_address(source)) {
        bail!(
            "--source is written into files that are committed: pass a plain address, without user and password"
        );
    }
    let given =
        Given { source: args.source.clone(), sccache: args.sccache.clone(), server: args.server.clone() };
    let consent = consent(args);
    let mut project = context.project.reload()?;
    let mut rows = Vec::new();
    let mut all = Vec::new();
    for (part, asked) in parts(args) {
        let proposal = init::propose(&project, part, asked, &given, &context.terminal)?;
        let done = carry_out(context, args, &project, part, &proposal, consent)?;
        if done == PartOutcome::Written {
            // What comes next is made from what was just written.
            project = project.reload()?;
        }
        rows.push(of_programs(&project, part, &proposal, done));
        all.push((part, done));
    }
    if args.json {
        terminal::print_json(&schema::init::ProposedParts { parts: rows })?;
    }
    unused::warn_of_empty(project.empty_slices().iter().map(String::as_str), context.terminal);
    unused::warn_of_drivers(&project, context.terminal);
    clones::warn_of_ignored(&project, context.terminal);
    let outcomes: Vec<PartOutcome> = all.iter().map(|(_, done)| *done).collect();
    if outcomes.contains(&PartOutcome::Written) {
        advise(context, args, &all);
    }
    match (outcomes.contains(&PartOutcome::Needed), args.check) {
        (true, false) => bail!("nothing was written: not a terminal; pass --yes"),
        (true, true) => Ok(VerbOutcome::Stale),
        (false, _) => Ok(VerbOutcome::Done),
    }
}

fn consent(args: &cli::Init) -> Consent {
    let can_ask = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    match (args.yes, args.check) {
        (true, _) => Consent::Given,
        (_, true) => Consent::Withheld,
        _ if can_ask && !args.json => Consent::Ask,
        _ => Consent::Withheld,
    }
}

/// The parts that were asked for, in their order.
fn parts(args: &cli::Init) -> Vec<(Part, PartChoice)> {
    let mut named = [&args.only[..], &args.with[..]].concat();
    if args.nix {
        named.extend([Part::Nix, Part::Envrc]);
    }
    named.extend(args.sccache.is_some().then_some(Part::Sccache));
    named.extend(args.server.is_some().then_some(Part::Deploy));
    let asked = Part::ALL.into_iter().filter_map(|part| {
        if named.contains(&part) {
            return Some((part, PartChoice::ByName));
        }
        (args.only.is_empty() && part.is_default()).then_some((part, PartChoice::ByDefault))
    });
    asked.collect()
}

fn carry_out(
    context: &VerbContext,
    args: &cli::Init,
    project: &Project,
    part: Part,
    proposal: &Proposal,
    consent: Consent,
) -> anyhow::Result<PartOutcome> {
    let terminal = context.terminal;
    let (shown, question) = match proposal {
        Proposal::Fresh => {
            if part.is_told_if_fresh() {
                terminal.step("Fresh", part.name());
            }
            return Ok(PartOutcome::Fresh);
        }
        Proposal::Skipped(why) => {
            terminal.step("Skipped", &format!("{}: {why}", part.name()));
            return Ok(PartOutcome::Skipped);
        }
        Proposal::Files(changes) => {
            let diffs: Vec<String> = changes.iter().map(|change| diff::text(project, change)).collect();
            (diffs.concat(), format!("{}: write this?", part.name()))
        }
        Proposal::Recipes(reasons) => {
            let lines: Vec<String> = reasons.iter().map(|reason| format!("larder/: {reason}\n")).collect();
            (lines.concat(), "recipes: write them?".to_owned())
        }
    };
    // With --json, the diffs are in the value.
    if !args.json {
        diff::print(&shown);
    }
    match consent {
        Consent::Withheld => return Ok(PartOutcome::Needed),
        Consent::Ask if !ask(&question)? => return Ok(PartOutcome::Declined),
        Consent::Ask | Consent::Given => {}
    }
    match proposal {
        Proposal::Recipes(_) => {
            let locking = lock::lock(project, &terminal)?;
            locking.locked.iter().for_each(|outcome| proven(terminal, "Locked", outcome));
            if exit::print_refused(&locking.refused) == VerbOutcome::Failed && locking.locked.is_empty() {
                bail!("there are no recipes, so nothing that builds on them is written");
            }
        }
        Proposal::Files(changes) => write(context, changes)?,
        Proposal::Fresh | Proposal::Skipped(_) => {}
    }
    Ok(PartOutcome::Written)
}

pub(super) fn write(context: &VerbContext, changes: &[Change]) -> anyhow::Result<()> {
    for change in changes {
        change.apply(context.project.workspace.root())?;
        context.terminal.step("Wrote", change.path.as_str());
    }
    Ok(())
}

/// Enter means yes; the end of input means no.
fn ask(question: &str) -> anyhow::Result<bool> {
    terminal::say(&[(Style::new(), &format!("{question} [Y/n] "))]);
    let mut answer = String::new();
    if std::io::stdin().lock().read_line(&mut answer)? == 0 {
        return Ok(false);
    }
    Ok(matches!(answer.trim().to_lowercase().as_str(), "" | "y" | "yes"))
}

fn advise(context: &VerbContext, args: &cli::Init, all: &[(Part, PartOutcome)]) {
    let written: Vec<Part> =
        all.iter().filter(|(_, done)| *done == PartOutcome::Written).map(|(part, _)| *part).collect();
    context.terminal.step("Next", "commit what was written; `cargo larder build` builds with it");
    if written.contains(&Part::Nix) {
        context.terminal.step("Next", "`git add flake.nix larder`: a flake sees only what git knows");
    }
    if written.contains(&Part::Nix) && args.source.is_none() {
        context.terminal.step("Next", "set Larder's URL in flake.nix, or pass --source");
    }
    if written.contains(&Part::Deploy) {
        advise_to_deploy(context, args);
    }
    if written.contains(&Part::MergeDriver) {
        context.terminal.step("Next", &format!("in each clone: `{}`", init::merge_driver::COMMAND));
    }
    if (written.contains(&Part::Ci) || written.contains(&Part::Refresh)) && args.source.is_none() {
        context.terminal.step(
            "Next",
            "set LARDER_GIT, a variable of the repository on GitHub, to the address of Larder; --source does",
        );
    }
}

fn advise_to_deploy(context: &VerbContext, args: &cli::Init) {
    let known = context.project.settings.deploy.values().next().map(|settings| settings.to.as_str());
    match known.or(args.server.as_deref()) {
        Some(to) => context.terminal.step(
            "Next",
            &format!(
                "start the proxy, in deploy/: `SITE=… docker {} compose up --detach --build`; \
                 then `cargo larder deploy --plan`",
                DeploySettings::option(to)
            ),
        ),
        None => context.terminal.step("Next", "name the server, with `--server ssh://USER@HOST`"),
    }
}

/// A part, for programs.
fn of_programs(
    project: &Project,
    part: Part,
    proposal: &Proposal,
    done: PartOutcome,
) -> schema::init::Proposed {
    let outcome = match done {
        PartOutcome::Fresh => "fresh",
        PartOutcome::Written => "written",
        PartOutcome::Needed => "needed",
        PartOutcome::Declined => "declined",
        PartOutcome::Skipped => "skipped",
    };
    let (reason, files) = match proposal {
        Proposal::Fresh => (None, None),
        Proposal::Skipped(why) => (Some(why.clone()), None),
        Proposal::Recipes(reasons) => (Some(reasons.join("; ")), None),
        Proposal::Files(changes) => {
            let files = changes.iter().map(|change| diff::of_programs(project, change)).collect();
            (None, Some(files))
        }
    };
    schema::init::Proposed { part: part.name(), outcome, reason, files }
}
