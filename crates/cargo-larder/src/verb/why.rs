//! `cargo larder why`: what a build would compile, or did, and why.

use anyhow::bail;
use larder::{
    Report as _,
    cargo::CargoLock,
    docker::{
        self,
        client::Client,
        explain::{BuildRecord, Miss, record_path},
    },
    nix::NixClient,
    sccache::Figures,
    slice::{Refused, Slice, Variant},
    why::{
        self, BuildFolders, CompiledUnit, Explained, LastBuild, Mode, Profiles,
        layers::{self, Moved},
        nix::{self, ChangedDerivation},
        summary::{Section, Tense, chain, summary},
    },
};

use crate::{
    cli,
    context::VerbContext,
    exit::{self, VerbOutcome},
    recorded::{self, Command},
    schema::why::{CompileReasons, ImageMisses, WhenAsked},
    ui::terminal,
};

/// How many lines say what changed.
const LINES: usize = 10;

/// Everything that was found out.
struct Findings {
    tense: Tense,
    builds: Vec<Explained>,
    layers: Vec<Moved>,
    docker: Option<ImageMisses>,
    nix: Option<Vec<ChangedDerivation>>,
    outcome: VerbOutcome,
}

impl Findings {
    fn of_builds(tense: Tense, builds: Vec<Explained>, outcome: VerbOutcome) -> Self {
        Self { tense, builds, layers: Vec::new(), docker: None, nix: None, outcome }
    }
}

pub(crate) fn run(context: &VerbContext, args: &cli::Why) -> anyhow::Result<VerbOutcome> {
    let findings = if args.last {
        last(context)?
    } else if args.command.is_empty() {
        before(context, args)?
    } else {
        with_command(context, args)?
    };
    if args.json {
        terminal::print_json(&CompileReasons {
            asked: if findings.tense == Tense::Was { WhenAsked::After } else { WhenAsked::Before },
            builds: &findings.builds,
            layers: &findings.layers,
            docker: findings.docker.as_ref(),
            nix: findings.nix.as_deref(),
        })?;
    } else if let Some(name) = &args.unit {
        print_units(&findings, name)?;
    } else {
        print(&findings, args.all);
    }
    if let Some(figures) = Figures::ask(&context.project) {
        context.terminal.note(&format!("sccache: {figures}"));
    }
    Ok(findings.outcome)
}

/// The units that the next build of each slice would compile.
fn before(context: &VerbContext, args: &cli::Why) -> anyhow::Result<Findings> {
    let variant = if args.dev { Variant::Dev } else { Variant::Release };
    let slices = context.choose(&args.slices, variant)?;
    let names: Vec<&str> = slices.iter().map(|slice| slice.name.as_str()).collect();
    let layers = layers::moved(&context.project, &names)?;
    let answers = slices.into_iter().map(|slice| (slice.name.to_string(), ask(context, slice)));
    let (builds, refused) = Refused::apart(answers)?;
    let nix = args.nix.as_ref().map(|installable| nix(context, installable)).transpose()?;
    let (docker, outcome) = (docker(context)?, exit::print_refused(&refused));
    Ok(Findings { tense: Tense::Would, builds, layers, docker, nix, outcome })
}

fn ask(context: &VerbContext, slice: &Slice) -> larder::Result<Explained> {
    let project = &context.project;
    context.terminal.step("Asking", &slice.name);
    let place = BuildFolders::of_slice(&project.workspace, slice);
    // A question must not bring a stale Cargo.lock up to date.
    let cargo = project.cargo.clone().with_cargo_lock(CargoLock::Locked);
    let invocation = slice.building(&cargo, &project.workspace)?;
    let call = why::BuildCall {
        cargo: cargo.program(),
        args: &invocation.words(&cargo, []),
        dir: &invocation.dir,
        env: &invocation.environment(&cargo),
        root: &place.root,
        program: &context.process.program,
    };
    let known = LastBuild::profiles(&LastBuild::path(&project.workspace));
    let snapshot = call.snapshot(&place.build)?;
    if snapshot.is_in_use() {
        context.terminal.warn("a build is running: the answer is about a moment in the middle of it");
    }
    let mut answer = why::ask(&snapshot, &call, &known).map_err(|error| error.of_slice(&slice.name))?;
    answer.profiles = Profiles::default();
    Ok(Explained { name: slice.name.to_string(), answer })
}

/// What a command compiled, or would.
fn with_command(context: &VerbContext, args: &cli::Why) -> anyhow::Result<Findings> {
    let (mode, tense) = if args.dry_run { (Mode::Instead, Tense::Would) } else { (Mode::After, Tense::Was) };
    let recorder = recorded::explaining(context, mode)?;
    let command = Command::of_user(context, &args.command);
    context.terminal.step(if args.dry_run { "Asking" } else { "Running" }, &command.line());
    let code = command.run(&recorder)?;
    let calls = recorder.calls()?;
    let mut builds: Vec<Explained> = calls.iter().filter_map(Explained::of_call).collect();
    let is_refused = args.dry_run && calls.iter().any(|call| call.code != 0);
    if is_refused && builds.is_empty() {
        bail!("cargo refuses a call of `{}`", command.line());
    }
    for call in calls.iter().filter(|call| args.dry_run && call.is_unexplained()) {
        let name = call.subcommand().unwrap_or_default();
        context
            .terminal
            .warn(&format!("`cargo {name}` was left out: cargo cannot tell what it would compile"));
    }
    if calls.is_empty() {
        context.terminal.warn("no call of cargo was seen");
    } else if builds.is_empty() && !args.dry_run {
        context.terminal.step("Fresh", "nothing was compiled");
    }
    // A command that was kept from building may well miss what it builds; a call that is refused is another matter.
    let is_done = if args.dry_run { !is_refused } else { code == 0 };
    let outcome = if is_done { VerbOutcome::Done } else { VerbOutcome::Child(code.max(1)) };
    if !args.dry_run {
        keep(context, builds.clone());
    }
    builds.iter_mut().for_each(|build| build.answer.profiles = Profiles::default());
    Ok(Findings::of_builds(tense, builds, outcome))
}

/// The recorded units of the last build.
fn last(context: &VerbContext) -> anyhow::Result<Findings> {
    let path = LastBuild::path(&context.project.workspace);
    let Some(record) = context.or_absent(LastBuild::read(&path)) else {
        bail!(
            "no build was recorded in {path}; build with `cargo larder build` or \
             `cargo larder why -- CMD`"
        );
    };
    Ok(Findings::of_builds(Tense::Was, record.builds, VerbOutcome::Done))
}

/// Writes the record of a build. A fault costs the record, never the build.
pub(super) fn keep(context: &VerbContext, builds: Vec<Explained>) {
    let path = LastBuild::path(&context.project.workspace);
    if let Err(error) = LastBuild::new(builds, LastBuild::profiles(&path)).write(&path) {
        context.terminal.warn(&format!("cannot record why this was compiled: {error}"));
    }
}

/// The steps that the next build of the image would run, with the arguments of the last one; `None` if none was
/// recorded.
fn docker(context: &VerbContext) -> anyhow::Result<Option<ImageMisses>> {
    let Some(before) = context.or_absent(BuildRecord::read(&record_path(&context.project))) else {
        return Ok(None);
    };
    let client = Client::find(&context.process.env).ok();
    let image_id = |image: &str| client.as_ref().and_then(|client| client.image_id(image));
    let misses = BuildRecord::gather(&context.project, before.build_args(), image_id)?.misses(&before);
    Ok(Some(ImageMisses { misses, cache_empty: client.as_ref().and_then(Client::is_cache_empty) }))
}

/// The derivations that Nix would build.
fn nix(context: &VerbContext, installable: &str) -> anyhow::Result<Vec<ChangedDerivation>> {
    let dir = &context.process.dir;
    let Some(client) = NixClient::find(&context.process.env) else {
        bail!("PATH has no nix: install it, see nixos.org/download, or leave --nix out");
    };
    let link = dir.join("result");
    if !link.is_symlink() {
        bail!(
            "{} does not exist: there is no earlier build to compare with; run `nix build`",
            link.display()
        );
    }
    context.terminal.step("Evaluating", installable);
    Ok(nix::misses(&client, dir, &link, installable)?)
}

fn print(findings: &Findings, all: bool) {
    let sections = sections(findings);
    let limit = if all { usize::MAX } else { LINES };
    summary(&sections, limit).iter().for_each(|line| terminal::print_line(line));
    if all {
        for build in findings.builds.iter().filter(|build| !build.answer.units.is_empty()) {
            terminal::print_line("");
            terminal::print_line(&format!("units of {}:", build.name));
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
    sections.extend(findings.docker.as_ref().map(image_section));
    sections.extend(findings.nix.as_deref().map(nix_section));
    if sections.is_empty() {
        sections.push(Section { head: "nothing was built: every unit was fresh".into(), lines: Vec::new() });
    }
    sections
}

/// Steps that only follow are counted, not told.
fn image_section(image: &ImageMisses) -> Section {
    let misses = &image.misses;
    let mut lines: Vec<String> = misses.iter().filter(|miss| !miss.follows).map(step).collect();
    let head = match misses.len() {
        _ if image.cache_empty == Some(true) => {
            lines.insert(0, "the engine's build cache is empty, as after `docker builder prune`".into());
            "docker: every step would run".to_owned()
        }
        0 => "docker: nothing changed, every step would come from the cache that has it".to_owned(),
        1 => "docker: 1 step would run".to_owned(),
        count => format!("docker: {count} steps would run"),
    };
    Section { head, lines }
}

fn step(miss: &Miss) -> String {
    const SHOWN: usize = 2;
    let more = miss.reasons.len().saturating_sub(SHOWN);
    let more = if more > 0 { format!("; and {more} more") } else { String::new() };
    let reasons: Vec<&str> = miss.reasons.iter().take(SHOWN).map(String::as_str).collect();
    format!("[{}] {}: {}{more}", miss.stage, docker::shortened(&miss.instruction), reasons.join("; "))
}

fn nix_section(derivations: &[ChangedDerivation]) -> Section {
    let line =
        |derivation: &ChangedDerivation| format!("{}: {}", derivation.name, derivation.reasons.join("; "));
    let head = match derivations.len() {
        0 => "nix: nothing changed since `result` was built".to_owned(),
        1 => "nix: 1 derivation would be built".to_owned(),
        count => format!("nix: {count} derivations would be built"),
    };
    let own = derivations.iter().filter(|derivation| !derivation.reasons.is_empty());
    Section { head, lines: own.map(line).collect() }
}

fn print_units(findings: &Findings, name: &str) -> anyhow::Result<()> {
    let mut found = false;
    for build in &findings.builds {
        let mut units = build.answer.units.iter().filter(|unit| is_meant(unit, name)).peekable();
        if units.peek().is_some() {
            terminal::print_line(&format!("units of {}:", build.name));
            found = true;
        }
        units.for_each(print_unit);
    }
    if !found {
        bail!("no unit of `{name}` is built; `--all` lists those that are");
    }
    Ok(())
}

fn is_meant(unit: &CompiledUnit, name: &str) -> bool {
    let package = unit.package.split(' ').next().unwrap_or_default();
    package == name || unit.target == name || unit.target.split_once('-').is_some_and(|(_, own)| own == name)
}

fn print_unit(unit: &CompiledUnit) {
    terminal::print_line(&format!("  {} {} ({})", unit.package, unit.target, unit.folder));
    unit.reasons.iter().for_each(|reason| terminal::print_line(&format!("    {}", reason.words())));
    if unit.reasons.is_empty() {
        terminal::print_line(&format!("    follows: {}", chain(&unit.chain)));
    }
}
