//! `cargo larder doctor`: check the workspace and the machine, and repair what is safe to.

use anstyle::{AnsiColor, Style};
use anyhow::bail;
use larder::{
    docker::{self, State},
    doctor::{self, Check, Facts, Finding, Repair, Topic, Verdict},
    files::change::Change,
    project::Project,
    recipe::{lock, locked},
    text::visible,
};

use super::{init, lock::proven};
use crate::{
    cli,
    context::VerbContext,
    exit::{self, VerbOutcome},
    schema, stored,
    ui::{diff, terminal},
};

type CheckFinding = (&'static Check, Finding);

pub(crate) fn run(context: &VerbContext, args: &cli::Doctor) -> anyhow::Result<VerbOutcome> {
    let chosen = chosen(&args.checks)?;
    let mut found = check(&context.project, context, &chosen);
    let mut repaired = Vec::new();
    if args.fix {
        repaired = repair(context, args, &found)?;
        if !repaired.is_empty() {
            found = check(&context.project.reload()?, context, &chosen);
        }
    }
    if args.json {
        let checks =
            found.iter().map(|(check, finding)| schema::doctor::CheckOutcome::new(check, finding)).collect();
        terminal::print_json(&schema::doctor::Checks { checks, repaired: &repaired })?;
    } else {
        found.iter().for_each(|(check, finding)| print(check, finding));
        summary(&found);
    }
    let worst = found.iter().map(|(_, finding)| finding.verdict).max();
    Ok(if worst == Some(Verdict::Problem) { VerbOutcome::Problem } else { VerbOutcome::Done })
}

fn chosen(names: &[String]) -> anyhow::Result<Vec<&'static Check>> {
    let all = doctor::checks();
    if let Some(unknown) = names.iter().find(|name| !all.iter().any(|check| check.name == **name)) {
        let known: Vec<&str> = all.iter().map(|check| check.name).collect();
        bail!("no check is named `{unknown}`; there are: {}", known.join(", "));
    }
    Ok(all.iter().filter(|check| names.is_empty() || names.iter().any(|name| name == check.name)).collect())
}

fn check(project: &Project, context: &VerbContext, chosen: &[&'static Check]) -> Vec<CheckFinding> {
    let topics: Vec<Topic> = chosen.iter().flat_map(|check| check.needs).copied().collect();
    let mut facts = Facts::gather(project, &topics, &context.terminal);
    if topics.contains(&Topic::Store) {
        facts.store = stored::look(context);
    }
    chosen.iter().map(|check| (*check, check.run(&facts))).collect()
}

/// Makes the safe repairs, each shown first; gives the paths that were written.
fn repair(context: &VerbContext, args: &cli::Doctor, found: &[CheckFinding]) -> anyhow::Result<Vec<String>> {
    let mut project = context.project.reload()?;
    let settings = doctor::changes(&project, found.iter().map(|(_, finding)| finding))?;
    let mut written = write(context, args, &project, &settings)?;
    if !settings.is_empty() {
        project = project.reload()?;
    }
    let findings = found.iter().map(|(_, finding)| finding);
    let about_recipes: Vec<&Finding> =
        findings.filter(|finding| matches!(safe_repair(finding), Some(Repair::Recipes))).collect();
    // Settings that just changed may be part of recipes, and recipes are part of generated files.
    let has_recipes = !matches!(project.recorded(), Ok(None));
    if !about_recipes.is_empty() || (has_recipes && !settings.is_empty()) {
        for finding in about_recipes {
            show(context, args, &format!("larder/: {}", finding.reason));
        }
        let locking = lock::lock(&project, &context.terminal)?;
        // What is refused now is found again below.
        exit::print_refused(&locking.refused);
        let new = locking.locked.iter().filter(|outcome| outcome.change == locked::RecipeChange::Written);
        new.clone().for_each(|outcome| proven(context.terminal, "Locked", outcome));
        // All recipes are in one file.
        written.extend(new.take(1).map(|_| "larder/larder.lock".to_owned()));
        project = project.reload()?;
    }
    let asks_for_files =
        found.iter().any(|(_, finding)| matches!(safe_repair(finding), Some(Repair::Generated)));
    if asks_for_files || !written.is_empty() {
        let stale = stale_files(&project)?;
        written.extend(write(context, args, &project, &stale)?);
    }
    Ok(written)
}

fn safe_repair(finding: &Finding) -> Option<&Repair> {
    finding.fix.as_ref()?.repair.as_ref()
}

fn write(
    context: &VerbContext,
    args: &cli::Doctor,
    project: &Project,
    changes: &[Change],
) -> anyhow::Result<Vec<String>> {
    changes.iter().for_each(|change| show(context, args, &diff::text(project, change)));
    init::write(context, changes)?;
    Ok(changes.iter().map(|change| diff::name(project, change).to_string()).collect())
}

/// With --json, standard output holds the value alone.
fn show(context: &VerbContext, args: &cli::Doctor, diff: &str) {
    if args.json { context.terminal.plain(diff.trim_end()) } else { diff::print(diff) }
}

/// Generated files that are there and stale; none without the recipes that they are made from.
fn stale_files(project: &Project) -> anyhow::Result<Vec<Change>> {
    let folder = docker::context(project)?;
    if !folder.join("Dockerfile").is_file() || !matches!(project.recorded(), Ok(Some(_))) {
        return Ok(Vec::new());
    }
    let mut changes = Vec::new();
    for (name, text) in docker::files(project, docker::Recipes::of_dockerfile(project)?)? {
        let path = folder.join(name);
        if docker::state(&path, &text)? == State::Stale {
            changes.extend(Change::needed(path, text)?);
        }
    }
    Ok(changes)
}

fn word(verdict: Verdict) -> (&'static str, AnsiColor) {
    match verdict {
        Verdict::Ok => ("ok", AnsiColor::Green),
        Verdict::Skipped => ("skipped", AnsiColor::Cyan),
        Verdict::Warning => ("warning", AnsiColor::Yellow),
        Verdict::Problem => ("problem", AnsiColor::Red),
    }
}

fn print(check: &Check, finding: &Finding) {
    const NAME: usize = 18;
    let (word, color) = word(finding.verdict);
    let rest = format!(" {:<NAME$} {}", check.name, visible::line(&finding.reason));
    terminal::print_styled(&[
        (terminal::bold(color), &format!("{word:<8}")),
        (Style::new(), &rest),
        terminal::END,
    ]);
    if let Some(fix) = &finding.fix {
        let safe = if fix.repair.is_some() { " (--fix does it)" } else { "" };
        terminal::print_line(&format!("{:>indent$}{}{safe}", "-> ", fix.command, indent = NAME + 13));
    }
}

fn summary(found: &[CheckFinding]) {
    let verdicts = [Verdict::Ok, Verdict::Warning, Verdict::Problem, Verdict::Skipped];
    let [ok, warnings, problems, skipped] =
        verdicts.map(|verdict| found.iter().filter(|(_, finding)| finding.verdict == verdict).count());
    terminal::print_line("");
    terminal::print_line(&format!(
        "{} checks: {ok} ok, {warnings} warnings, {problems} problems, {skipped} skipped",
        found.len()
    ));
}
