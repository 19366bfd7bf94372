//! `cargo xtask bench gc`: one target folder with four generations in it, cleared by `cargo larder gc` and by
//! cargo-sweep in each of its ways; what came free, and what the next builds compile again.
//!
//! The generations are real builds. All but the last are made older by moving the times of their files back, as if
//! they had been left alone since; the last builds touch what they use, as any build does.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use anyhow::{Context as _, ensure};
use larder::{
    cargo::messages::Counts,
    files::disk,
    process::{Cmd, Environment, Stderr},
    text::columns,
};
use serde::Serialize;
use xshell::Shell;

use super::scratch::{self, Scratch};
use crate::{log::Log, setup::programs};

/// The arguments of `cargo xtask bench gc`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    scratch: scratch::Options,
    /// Print the result as JSON.
    #[arg(long)]
    json: bool,
}

/// The builds of the application: what ships, and what is tested.
const BUILDS: [&[&str]; 2] = [&["build", "--release"], &["test", "--no-run"]];

/// One generation: how old it is, what differs in the manifest, and by which compiler.
struct Generation {
    what: &'static str,
    days: u64,
    dependencies: &'static str,
    compiler: Compiler,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Compiler {
    Current,
    /// The same, but under another version: cargo takes its units for those of another toolchain.
    Old,
}

const OLD: &str = "serde_json = \"=1.0.140\"\nregex = \"=1.11.0\"\nanyhow = \"=1.0.97\"\n";
const NEW: &str = "serde_json = \"=1.0.145\"\nregex = \"=1.11.1\"\nanyhow = \"=1.0.97\"\n";
const BRANCH: &str = "serde_json = { version = \"=1.0.145\", features = [\"preserve_order\"] }\nregex = \"=1.11.1\"\n\
                      anyhow = \"=1.0.97\"\n";
const GENERATIONS: [Generation; 4] = [
    Generation { what: "an old toolchain", days: 60, dependencies: OLD, compiler: Compiler::Old },
    Generation { what: "an old Cargo.lock", days: 30, dependencies: OLD, compiler: Compiler::Current },
    Generation { what: "an old branch", days: 10, dependencies: BRANCH, compiler: Compiler::Current },
    Generation { what: "now", days: 0, dependencies: NEW, compiler: Compiler::Current },
];

/// One way to clear, and the builds after it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct ClearingMeasurement {
    way: String,
    bytes_freed: u64,
    compiled_after: usize,
    compiled_external_after: usize,
}

/// Runs the verb.
pub(crate) fn run(sh: &Shell, env: &Environment, log: &Log, args: &Args) -> anyhow::Result<()> {
    let sweep = programs::ensure(sh, env, log, programs::CARGO_SWEEP)?;
    let larder = crate::portfolio::build_larder(sh, env, log)?;
    let scratch = Scratch::new(sh, &args.scratch)?;
    let bench = GcBench { env, log, sweep, larder, dir: scratch.dir().to_owned() };
    let full = bench.fill()?;
    let ways: [(&str, &[&str], ClearingTool); 5] = [
        ("cargo larder gc", &["gc", "--only", "target", "--yes"], ClearingTool::Larder),
        (
            "cargo larder gc --older-than 0s",
            &["gc", "--only", "target", "--older-than", "0s", "--yes"],
            ClearingTool::Larder,
        ),
        ("cargo sweep --time 7", &["sweep", "--time", "7"], ClearingTool::Sweep),
        ("cargo sweep --installed", &["sweep", "--installed"], ClearingTool::Sweep),
        ("cargo sweep --file, stamped before the last builds", &["sweep", "--file"], ClearingTool::Sweep),
    ];
    let mut measured = Vec::new();
    for (way, words, tool) in ways {
        measured.push(bench.measure(way, words, tool)?);
    }
    if args.json {
        let json = serde_json::json!({ "version": 1, "bytes": full, "ways": measured });
        anstream::println!("{}", serde_json::to_string_pretty(&json)?);
    } else {
        anstream::print!("{}", report(full, &measured));
    }
    scratch.close()
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ClearingTool {
    Larder,
    Sweep,
}

struct GcBench<'a> {
    env: &'a Environment,
    log: &'a Log,
    sweep: PathBuf,
    larder: PathBuf,
    dir: PathBuf,
}

impl GcBench<'_> {
    fn target(&self) -> PathBuf {
        self.dir.join("target")
    }

    /// A folder outside of the workspace, which keeps the full target folder for each way to start from.
    fn saved(&self) -> PathBuf {
        self.dir.join("saved")
    }

    fn cmd(&self, program: impl Into<PathBuf>, args: &[&str]) -> Cmd {
        let mut env = self.env.clone();
        for name in ["CARGO_TARGET_DIR", "RUSTFLAGS", "RUSTC", "RUSTUP_TOOLCHAIN", "CARGO"] {
            env.unset(name);
        }
        Cmd::new(program, &self.dir, &env).args(args.iter().copied())
    }

    /// Builds all generations; returns the size of the folder.
    fn fill(&self) -> anyhow::Result<u64> {
        let _ = fs_err::remove_dir_all(self.target());
        let _ = fs_err::remove_dir_all(self.saved());
        fs_err::create_dir_all(self.dir.join("src"))?;
        let main = "fn main() { println!(\"{:?} {}\", regex::Regex::new(\"a\"), serde_json::json!(1)) }\n";
        fs_err::write(self.dir.join("src/main.rs"), main)?;
        let other = self.other_compiler()?;
        for generation in &GENERATIONS {
            self.log.step("Building", generation.what);
            let manifest = format!(
                "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n{}",
                generation.dependencies
            );
            fs_err::write(self.dir.join("Cargo.toml"), manifest)?;
            self.cmd("cargo", &["generate-lockfile", "--quiet"]).run()?;
            let compiler = (generation.compiler == Compiler::Old).then_some(other.as_path());
            self.builds(compiler)?;
            if generation.days > 0 {
                age(&self.target(), Duration::from_hours(24) * u32::try_from(generation.days)?)?;
            }
        }
        self.cmd(&self.larder, &["larder", "lock", "--quiet"]).run()?;
        self.cmd(&self.larder, &["larder", "cook", "--quiet"]).output()?;
        // The stamp is the time of a file; builds after it have to be later even on a coarse clock.
        self.cmd(&self.sweep, &["sweep", "--stamp"]).output()?;
        std::thread::sleep(Duration::from_millis(1100));
        let counts = self.builds(None)?;
        ensure!(counts.compiled == 0, "the last builds are not repeatable: {counts:?}");
        copy(&self.target(), &self.saved())?;
        size(&self.target())
    }

    fn builds(&self, compiler: Option<&Path>) -> anyhow::Result<Counts> {
        let mut all = Counts::default();
        for build in BUILDS {
            let mut cmd = self.cmd("cargo", build).arg("--message-format=json-render-diagnostics");
            if let Some(compiler) = compiler {
                cmd = cmd.env("RUSTC", compiler);
            }
            let code = cmd.each_line(Stderr::Dropped, |line| {
                all.add(line);
            })?;
            ensure!(code == 0, "`{}` ended with exit code {code}", cmd.line());
        }
        Ok(all)
    }

    /// A compiler that says that it is of another commit.
    fn other_compiler(&self) -> anyhow::Result<PathBuf> {
        let real = self.env.find_program("rustc").context("PATH has no rustc")?;
        let script = self.dir.join("old-rustc");
        let text = format!(
            "#!/bin/sh\nif [ \"$1\" = -vV ]; then \"{0}\" -vV | sed 's/^commit-hash: .*/commit-hash: 0/'; \
             else exec \"{0}\" \"$@\"; fi\n",
            real.display()
        );
        fs_err::write(&script, text)?;
        fs_err::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755))?;
        Ok(script)
    }

    fn measure(&self, way: &str, words: &[&str], tool: ClearingTool) -> anyhow::Result<ClearingMeasurement> {
        self.log.step("Clearing", way);
        fs_err::remove_dir_all(self.target())?;
        copy(&self.saved(), &self.target())?;
        let before = size(&self.target())?;
        match tool {
            ClearingTool::Larder => self.cmd(&self.larder, &[&["larder"], words].concat()).output()?,
            ClearingTool::Sweep => self.cmd(&self.sweep, words).output()?,
        };
        let after = size(&self.target())?;
        let counts = self.builds(None)?;
        Ok(ClearingMeasurement {
            way: way.to_owned(),
            bytes_freed: before.saturating_sub(after),
            compiled_after: counts.compiled,
            compiled_external_after: counts.compiled_external,
        })
    }
}

/// Copies a folder with hard links and times as they are. The original is read without a trace: by the time of
/// last access things are judged here.
fn copy(from: &Path, to: &Path) -> anyhow::Result<()> {
    let mut copies: HashMap<disk::FileId, PathBuf> = HashMap::new();
    let mut open = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = open.pop() {
        fs_err::create_dir(&to)?;
        for entry in fs_err::read_dir(from)? {
            let entry = entry?;
            let (path, copy) = (entry.path(), to.join(entry.file_name()));
            let facts = disk::FileFacts::read(&path)?;
            if facts.kind == disk::EntryKind::Folder {
                open.push((path, copy));
            } else if let Some(first) = copies.get(&facts.id) {
                fs_err::hard_link(first, copy)?;
            } else {
                fs_err::write(&copy, disk::read_untouched(&path)?)?;
                set_times(&copy, facts.modified, facts.accessed)?;
                fs_err::set_permissions(&copy, entry.metadata()?.permissions())?;
                copies.insert(facts.id, copy);
            }
        }
    }
    Ok(())
}

fn set_times(path: &Path, modified: SystemTime, accessed: SystemTime) -> anyhow::Result<()> {
    let times = std::fs::FileTimes::new().set_modified(modified).set_accessed(accessed);
    Ok(fs_err::OpenOptions::new().write(true).open(path)?.file().set_times(times)?)
}

fn size(folder: &Path) -> anyhow::Result<u64> {
    let (tallies, problems) = disk::walk(&[folder.to_owned()], Vec::new, |all, entry| all.push(entry.facts));
    ensure!(problems.is_empty(), "{}", problems.join(", "));
    let mut tally = disk::Tally::default();
    for facts in tallies.into_iter().flatten() {
        tally.add(facts.size, facts.id, facts.links);
    }
    Ok(tally.total().on_disk)
}

/// Moves the times of everything in a folder back.
fn age(folder: &Path, by: Duration) -> anyhow::Result<()> {
    let mut open = vec![folder.to_owned()];
    let mut seen = HashSet::new();
    while let Some(folder) = open.pop() {
        for entry in fs_err::read_dir(folder)? {
            let path = entry?.path();
            let facts = disk::FileFacts::read(&path)?;
            match facts.kind {
                disk::EntryKind::Folder => open.push(path),
                disk::EntryKind::File if seen.insert(facts.id) => {
                    set_times(&path, facts.modified - by, facts.accessed - by)?;
                }
                disk::EntryKind::File | disk::EntryKind::Link => {}
            }
        }
    }
    Ok(())
}

fn report(full: u64, measured: &[ClearingMeasurement]) -> String {
    let rows: Vec<_> = measured.iter().map(ClearingMeasurement::cells).collect();
    let head = ["<way", "freed", "compiled afterwards", "of them external"];
    format!("{} in four generations\n{}", columns::bytes(full), columns::text(head, &rows))
}

impl ClearingMeasurement {
    fn cells(&self) -> [String; 4] {
        [
            self.way.clone(),
            columns::bytes(self.bytes_freed),
            self.compiled_after.to_string(),
            self.compiled_external_after.to_string(),
        ]
    }
}
