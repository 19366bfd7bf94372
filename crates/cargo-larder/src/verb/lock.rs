//! `cargo larder lock`: write, refresh or check the recipes.

use std::{collections::BTreeMap, path::Path};

use anstyle::Style;
use larder::{
    Report as _,
    camino::Utf8PathBuf,
    cargo::Cargo,
    docker,
    recipe::{
        lock::{self, Checked, Locking, RecipeFinding},
        lock_file::LockFile,
        locked::{Locked, RecipeChange},
        memory::{self, BeforeLock, Question},
    },
};

use crate::{
    cli::{self, Common},
    context::{StartedProcess, VerbContext},
    exit::{self, VerbOutcome},
    schema::{self, lock::SliceRecipe},
    ui::{
        annotation, clones,
        terminal::{self, Terminal},
        unused::{self, Warned},
    },
};

/// The result of the last time, if nothing has changed since.
pub(crate) fn recalled(
    process: &StartedProcess,
    common: &Common,
    args: &cli::Lock,
) -> anyhow::Result<Option<VerbOutcome>> {
    // Without a cargo there is nothing to ask. The verb itself says that it needs one.
    let Ok(cargo) = Cargo::locate(&process.env) else { return Ok(None) };
    let Some(locked) = memory::recall(&question(process, common, args, cargo.program())) else {
        return Ok(None);
    };
    if args.json {
        let slices = locked.iter().map(SliceRecipe::from).collect();
        if args.check {
            terminal::print_json(&schema::lock::CheckedRecipes { slices, findings: Vec::new() })?;
        } else {
            terminal::print_json(&schema::lock::LockedRecipes { slices, refused: Vec::new() })?;
        }
    }
    let verb = if args.check { "Fresh" } else { "Kept" };
    locked.iter().for_each(|outcome| proven(Terminal::new(common.quiet), verb, outcome));
    Ok(Some(VerbOutcome::Done))
}

fn question<'a>(
    process: &'a StartedProcess,
    common: &'a Common,
    args: &cli::Lock,
    cargo: &'a Path,
) -> Question<'a> {
    Question {
        env: &process.env,
        dir: &process.dir,
        manifest: common.manifest_path.as_deref(),
        target_dir: common.target_dir.as_deref(),
        program: &process.program,
        cargo,
        check: args.check,
        started: process.started,
    }
}

fn question_of<'a>(context: &'a VerbContext, common: &'a Common, args: &cli::Lock) -> Question<'a> {
    question(&context.process, common, args, context.project.cargo.program())
}

/// Everything that the answer will be from, before anybody plans.
fn look(question: &Question<'_>, context: &VerbContext) -> Option<BeforeLock> {
    BeforeLock::look(question, &context.project, docker::made_from(&context.project))
}

/// Remembers an answer without a warning: one with a warning has to be given again.
fn remember(
    context: &VerbContext,
    question: &Question<'_>,
    before: Option<BeforeLock>,
    locked: &[Locked],
    written: &BTreeMap<Utf8PathBuf, String>,
) {
    let Some(before) = before.filter(|_| context.project.broken.is_empty()) else { return };
    if let Err(error) = before.remember(question, locked, written) {
        context.terminal.warn(&format!("the next run will ask cargo again: {error}"));
    }
}

pub(crate) fn run(context: &VerbContext, common: &Common, args: &cli::Lock) -> anyhow::Result<VerbOutcome> {
    if args.check {
        return check(context, common, args);
    }
    let question = question_of(context, common, args);
    let before = look(&question, context);
    let Locking { locked, refused, mut written } = lock::lock(&context.project, &context.terminal)?;
    if args.json {
        let slices = locked.iter().map(SliceRecipe::from).collect();
        let refused = refused.iter().map(Into::into).collect();
        terminal::print_json(&schema::lock::LockedRecipes { slices, refused })?;
    }
    // Beside a refusal, nobody asks for slices of which nothing changed.
    for outcome in locked.iter().filter(|slice| refused.is_empty() || slice.change == RecipeChange::Written) {
        let verb = match outcome.change {
            RecipeChange::Kept => "Kept",
            RecipeChange::Written | RecipeChange::Needed => "Locked",
        };
        proven(context.terminal, verb, outcome);
    }
    // A Dockerfile without the half that is wrong today would not be the project's.
    if (locked.is_empty() && !refused.is_empty()) || !context.project.broken.is_empty() {
        return Ok(exit::print_refused(&refused));
    }
    // A new layer is a new step.
    for path in docker::refresh(&context.project)? {
        context.terminal.step("Wrote", path.as_str());
        written.extend(memory::as_written(&path));
    }
    if warn(context, &locked) == Warned::Nothing && refused.is_empty() {
        remember(context, &question, before, &locked, &written);
    }
    Ok(exit::print_refused(&refused))
}

fn check(context: &VerbContext, common: &Common, args: &cli::Lock) -> anyhow::Result<VerbOutcome> {
    let question = question_of(context, common, args);
    let before = look(&question, context);
    let Checked { outcomes, findings, refused } = lock::check(&context.project, &context.terminal)?;
    if args.json {
        let slices = outcomes.iter().map(SliceRecipe::from).collect();
        let refused: Vec<RecipeFinding> = refused.iter().map(RecipeFinding::from).collect();
        let findings = findings.iter().chain(&refused).map(Into::into).collect();
        terminal::print_json(&schema::lock::CheckedRecipes { slices, findings })?;
    }
    if findings.is_empty() {
        outcomes.iter().for_each(|outcome| proven(context.terminal, "Fresh", outcome));
    }
    // More than packages that moved is no bump, whatever the branch is called.
    let is_forgiven = args.warn && findings.iter().all(RecipeFinding::is_of_packages);
    if !findings.is_empty() {
        warn_of_findings(context, &findings, is_forgiven);
    }
    if warn(context, &outcomes) == Warned::Nothing && findings.is_empty() && refused.is_empty() {
        remember(context, &question, before, &outcomes, &BTreeMap::new());
    }
    match exit::print_refused(&refused) {
        VerbOutcome::Done if !findings.is_empty() && !is_forgiven => Ok(VerbOutcome::Stale),
        outcome => Ok(outcome),
    }
}

/// Says what `lock` would change: as a note of the CI if that is to be all, since nobody reads the log of a step that
/// succeeds.
fn warn_of_findings(context: &VerbContext, findings: &[RecipeFinding], is_forgiven: bool) {
    let said = |finding: &RecipeFinding| format!("{}: {}", finding.kind(), finding.reason());
    let mut lines: Vec<String> = findings.iter().map(said).collect();
    lines.push("run `cargo larder lock` and commit larder/".to_owned());
    let table = LockFile::path(&context.project.workspace.larder_dir());
    let env = &context.process.env;
    let title = "Stale recipes";
    match is_forgiven.then(|| annotation::warning(env, table.as_std_path(), title, &lines)).flatten() {
        Some(annotation) => terminal::say(&[(Style::new(), &annotation), terminal::END]),
        None => lines.iter().for_each(|line| context.terminal.warn(line)),
    }
}

/// Says what is not wrong, and may be of no use.
fn warn(context: &VerbContext, locked: &[Locked]) -> Warned {
    let empty = locked.iter().filter(|locked| locked.is_empty()).map(|locked| locked.slice.as_str());
    let said = [
        unused::warn_of_empty(empty, context.terminal),
        unused::warn_of_drivers(&context.project, context.terminal),
        clones::warn_of_ignored(&context.project, context.terminal),
    ];
    if said.contains(&Warned::Something) { Warned::Something } else { Warned::Nothing }
}

pub(super) fn proven(terminal: Terminal, verb: &str, outcome: &Locked) {
    let Locked { slice, units, tainted, .. } = outcome;
    let proven = if let [units] = units.values().collect::<Vec<_>>()[..] {
        format!("{units} of {units} external units proven")
    } else {
        let on = units.iter().map(|(platform, units)| format!("{units} on {platform}"));
        format!("all external units proven: {}", on.collect::<Vec<_>>().join(", "))
    };
    terminal.step(verb, &format!("{slice}: {proven}"));
    if !tainted.is_empty() {
        terminal.step("Tainted", &format!("{slice}: built with the application: {}", tainted.join(", ")));
    }
}
