//! `cargo larder why`: what a build would compile, or did, and why.

use anyhow::bail;
use larder::{
    Report as _,
    backend::docker::{
        self,
        client::Client,
        explain::{Miss, Record, record_path},
    },
    slice::{Slice, Variant, environment},
    why::{
        self, Explained, LastBuild, Mode, Place, Unit,
        layers::{self, Moved},
        summary::{Section, Tense, chain, summary},
    },
};
use serde_json::json;

use super::{
    print_json,
    recorded::{self, Command},
};
use crate::{cli, context::Context, exit::Outcome};

/// How many lines say what changed.
const LINES: usize = 10;

/// Everything that was found out.
struct Findings {
    tense: Tense,
    builds: Vec<Explained>,
    layers: Vec<Moved>,
    docker: Option<Vec<Miss>>,
    outcome: Outcome,
}

pub(crate) fn run(context: &Context, args: &cli::Why) -> anyhow::Result<Outcome> {
    let findings = if args.last {
        last(context)?
    } else if args.command.is_empty() {
        before(context, args)?
    } else {
        with_command(context, args)?
    };
    if args.json {
        let tense = if findings.tense == Tense::Was { "after" } else { "before" };
        print_json(&json!({
            "version": 1, "asked": tense, "builds": findings.builds, "layers": findings.layers,
            "docker": findings.docker,
        }))?;
    } else if let Some(name) = &args.unit {
        print_units(&findings, name)?;
    } else {
        print(&findings, args.all);
    }
    Ok(findings.outcome)
}

/// What the next build of each slice would compile.
fn before(context: &Context, args: &cli::Why) -> anyhow::Result<Findings> {
    let variant = if args.dev { Variant::Dev } else { Variant::Release };
    let slices = context.choose(&args.slices, variant)?;
    let names: Vec<&str> = slices.iter().map(|slice| slice.name.as_str()).collect();
    let layers = layers::moved(&context.project, &names)?;
    let builds = slices.into_iter().map(|slice| ask(context, slice)).collect::<anyhow::Result<_>>()?;
    Ok(Findings { tense: Tense::Would, builds, layers, docker: docker(context)?, outcome: Outcome::Done })
}

fn ask(context: &Context, slice: &Slice) -> anyhow::Result<Explained> {
    let project = &context.project;
    context.terminal.step("Asking", &slice.name);
    let mut env = context.process.env.clone();
    for (name, value) in environment::of_slice(&project.cargo, &project.workspace, slice)?.iter() {
        env.set(name, value);
    }
    let place = Place::of_slice(&project.workspace, slice);
    let call = why::Call {
        cargo: project.cargo.program(),
        args: &slice.args_with(project.cargo.words().map(str::to_owned)),
        dir: &place.root,
        env: &env,
        root: &place.root,
        program: &context.process.program,
    };
    let answer = why::ask(&call.snapshot(&place.build)?, &call)?;
    Ok(Explained { name: slice.name.clone(), answer })
}

/// What a command compiled, or would.
fn with_command(context: &Context, args: &cli::Why) -> anyhow::Result<Findings> {
    let (mode, tense) =
        if args.dry_run { (Mode::Instead, Tense::Would) } else { (Mode::After, Tense::Was) };
    let recorder = recorded::explaining(context, mode)?;
    let command = Command::of_user(context, &args.command);
    context.terminal.step(if args.dry_run { "Asking" } else { "Running" }, &command.line());
    let code = command.run(&recorder)?;
    let calls = recorder.calls()?;
    let builds: Vec<Explained> = calls.iter().filter_map(Explained::of_call).collect();
    if calls.is_empty() {
        context.terminal.warn("no call of cargo was seen");
    } else if builds.is_empty() && !args.dry_run {
        context.terminal.step("Fresh", "nothing was compiled");
    }
    let outcome = if code == 0 || args.dry_run { Outcome::Done } else { Outcome::Child(code) };
    if !args.dry_run {
        keep(context, builds.clone());
    }
    Ok(Findings { tense, builds, layers: Vec::new(), docker: None, outcome })
}

/// What the last build compiled that was recorded.
fn last(context: &Context) -> anyhow::Result<Findings> {
    let path = LastBuild::path(&context.project.workspace);
    let Some(record) = LastBuild::read(&path)? else {
        bail!(
            "{path} does not exist: no build was recorded; build with `cargo larder build` or \
             `cargo larder why -- CMD`"
        );
    };
    let builds = record.builds;
    Ok(Findings { tense: Tense::Was, builds, layers: Vec::new(), docker: None, outcome: Outcome::Done })
}

/// Writes the record of a build. A fault costs the record, never the build.
pub(super) fn keep(context: &Context, builds: Vec<Explained>) {
    let path = LastBuild::path(&context.project.workspace);
    if let Err(error) = LastBuild::new(builds).write(&path) {
        context.terminal.warn(&format!("cannot record why this was compiled: {error}"));
    }
}

/// The steps that the next build of the image would run; `None` where none was recorded.
fn docker(context: &Context) -> anyhow::Result<Option<Vec<Miss>>> {
    let Some(before) = Record::read(&record_path(&context.project))? else { return Ok(None) };
    let client = Client::find(&context.process.env).ok();
    let image_id = |image: &str| client.as_ref().and_then(|client| client.image_id(image));
    Ok(Some(Record::of(&context.project, &[], image_id)?.misses(&before)))
}

fn print(findings: &Findings, all: bool) {
    let sections = sections(findings);
    let limit = if all { usize::MAX } else { LINES };
    summary(&sections, limit).iter().for_each(|line| anstream::println!("{line}"));
    if all {
        for build in findings.builds.iter().filter(|build| !build.answer.units.is_empty()) {
            anstream::println!("\nunits of {}:", build.name);
            build.answer.units.iter().for_each(print_unit);
        }
    }
}

fn sections(findings: &Findings) -> Vec<Section> {
    let answers = findings.builds.iter();
    let mut sections: Vec<Section> =
        answers.map(|build| Section::of_answer(&build.name, &build.answer, findings.tense)).collect();
    if !findings.layers.is_empty() {
        let head = "recipes: Cargo.lock has moved on; run `cargo larder lock`".to_owned();
        let lines =
            findings.layers.iter().map(|moved| format!("{}: {}", moved.slice, moved.words())).collect();
        sections.push(Section { head, lines });
    }
    if let Some(misses) = &findings.docker {
        let head = match misses.len() {
            0 => "docker: every step would come from the cache that has it".to_owned(),
            count => format!("docker: {count} steps would run"),
        };
        sections.push(Section { head, lines: misses.iter().map(step).collect() });
    }
    sections
}

fn step(miss: &Miss) -> String {
    let more = miss.reasons.len().saturating_sub(2);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let reasons: Vec<&str> = miss.reasons.iter().take(2).map(String::as_str).collect();
    format!("[{}] {}: {}{more}", miss.stage, docker::shortened(&miss.instruction), reasons.join("; "))
}

fn print_units(findings: &Findings, name: &str) -> anyhow::Result<()> {
    let is_meant = |unit: &&Unit| {
        let package = unit.package.split(' ').next().unwrap_or_default();
        package == name || unit.target == name || unit.target.split_once('-').is_some_and(|(_, own)| own == name)
    };
    let mut found = false;
    for build in &findings.builds {
        for unit in build.answer.units.iter().filter(is_meant) {
            if !found {
                anstream::println!("units of {}:", build.name);
            }
            found = true;
            print_unit(unit);
        }
    }
    if !found {
        bail!("no unit of `{name}` is built; `--all` lists those that are");
    }
    Ok(())
}

fn print_unit(unit: &Unit) {
    anstream::println!("  {} {} ({})", unit.package, unit.target, unit.folder);
    unit.reasons.iter().for_each(|reason| anstream::println!("    {}", reason.words()));
    if unit.reasons.is_empty() {
        anstream::println!("    follows: {}", chain(&unit.chain));
    }
}
