//! Why units are compiled: before a build, without touching anything, and after one.
//!
//! cargo itself is asked, with the very command of the build, in a [`skeleton`] of the build directory and with
//! a compiler that compiles nothing ([`pretend`]). What it says against each unit is read from its log and from
//! the fingerprints it writes there, so no rule of cargo's is repeated here, and what is called fresh is fresh.
//!
//! It must never write into a target directory that a build uses, and never run a build script.

mod causes;
mod compare;
mod fingerprint;
mod last_build;
pub mod layers;
mod lock_lines;
mod log;
pub mod nix;
mod profiles;
pub mod reason;
pub mod skeleton;
pub mod summary;
mod watch;

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml_edit::DocumentMut;

use crate::{
    cargo::command_line::{option_values, subcommand, takes_value},
    error::{Error, Result},
    process::{Cmd, Environment},
    shim::pretend,
    target_dir::profile_folder,
};
use compare::{Comparison, PackageId};
use fingerprint::Fingerprint;
pub use last_build::{Explained, LastBuild};
use lock_lines::LockLines;
use log::{Log, Verdict};
pub use profiles::Profiles;
use reason::Reason;
use skeleton::{Skeleton, Snapshot};
pub use watch::{Mode, Place};
pub(crate) use watch::{Watch, is_left_out};

/// A call of cargo that builds something.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// cargo.
    pub cargo: &'a Path,
    /// Its arguments, with the subcommand.
    pub args: &'a [String],
    /// The working directory.
    pub dir: &'a Path,
    /// The environment.
    pub env: &'a Environment,
    /// The workspace's folder: paths below it are shown relative to it.
    pub root: &'a Path,
    /// The binary that calls [`pretend::run`] when [`pretend::SKELETON_VARIABLE`] is set.
    pub program: &'a Path,
}

/// What a build compiles, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Answer {
    /// How many units the build has.
    pub total: usize,
    /// What is at the bottom of it, the farthest reaching first.
    pub causes: Vec<Cause>,
    /// Every unit that is compiled, and every build script that is run.
    pub units: Vec<Unit>,
    /// The profiles that they are compiled with, for the record.
    #[serde(default, skip_serializing_if = "Profiles::is_empty")]
    pub profiles: Profiles,
}

/// A reason with what follows from it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Cause {
    /// The reason.
    pub reason: Reason,
    /// The reason in words.
    pub text: String,
    /// How many units it is held against.
    pub direct: usize,
    /// How many units are compiled because of it, those included.
    pub units: usize,
    /// Packages, from one that it is held against to the last one that follows.
    pub chain: Vec<String>,
}

/// A unit that is compiled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Unit {
    /// Name and version of its package.
    pub package: String,
    /// What is built, as cargo names its file: `lib-NAME`, `bin-NAME`, `run-build-script-…`.
    pub target: String,
    /// The folder of its platform and profile, below the build directory.
    pub folder: String,
    /// What is held against the unit itself; empty where it only follows.
    pub reasons: Vec<Reason>,
    /// Packages, from the one with a reason to this one.
    pub chain: Vec<String>,
}

impl Unit {
    /// Whether this is the run of a build script and no compilation.
    pub fn is_run(&self) -> bool {
        self.target.starts_with("run-build-script")
    }
}

impl Call<'_> {
    /// The name of the folder of the profile that the call builds with; `None` where only cargo can tell.
    pub fn profile_folder(&self) -> Option<&str> {
        let args = self.args.get(subcommand(self.args)?..)?;
        let name = args.first()?.as_str();
        let default = match name {
            "build" | "b" | "check" | "c" | "run" | "r" | "test" | "t" | "rustc" => "debug",
            "bench" => "release",
            _ => return None,
        };
        let end = args.iter().position(|arg| arg == "--").unwrap_or(args.len());
        if args[..end].iter().any(|arg| arg == "--release" || arg == "-r") {
            return Some("release");
        }
        Some(option_values(args, "--profile").last().map_or(default, |name| profile_folder(name)))
    }

    /// A snapshot of a build directory, as far as the call concerns it.
    ///
    /// # Errors
    /// As [`Snapshot::take`].
    pub fn snapshot(&self, build_dir: &Path) -> Result<Snapshot> {
        Snapshot::take(build_dir, self.profile_folder())
    }
}

/// Asks cargo what a call would compile, given a snapshot of its build directory. `known` are the profiles of
/// builds before.
///
/// # Errors
/// When cargo cannot be started or refuses the call.
pub fn ask(snapshot: &Snapshot, call: &Call<'_>, known: &Profiles) -> Result<Answer> {
    let skeleton = &Skeleton::of(snapshot)?;
    let mut log = Log::default();
    let cmd = command(skeleton, call)?;
    let code = cmd.each_error_line(|line| log.add(line))?;
    if code != 0 {
        return Err(Error::Failed {
            command: cmd.line(),
            status: format!("exit code {code}"),
            code: None,
            stderr: log.said.join("\n"),
        });
    }
    let after = log.units.iter().map(|unit| Fingerprint::read(skeleton.path(), &unit.file));
    let after: Vec<Option<Fingerprint>> = after.collect::<Result<_>>()?;
    let mut own = Profiles::default();
    after.iter().flatten().for_each(|unit| own.learn(skeleton.path(), unit));
    let mut profiles = known.clone();
    profiles.extend(own.clone());
    let comparison = Comparison {
        skeleton,
        profiles: &profiles,
        lock: &LockLines::read(&call.root.join("Cargo.lock")),
        root: call.root,
        toolchain: Reason::Toolchain { old: compiler(skeleton.real()), new: compiler(skeleton.path()) },
    };
    let reasons = log.units.iter().zip(&after).map(|(unit, after)| comparison.reasons(unit, after.as_ref()));
    Ok(Answer { profiles: own, ..causes::answer(&log, &after, reasons.collect(), skeleton) })
}

/// The call in the skeleton. Settings go by arguments, since a build script may look at variables.
fn command(skeleton: &Skeleton, call: &Call<'_>) -> Result<Cmd> {
    let path = |path: &Path| toml_edit::Value::from(path.display().to_string()).to_string();
    let mut words = vec![
        format!("--target-dir={}", skeleton.path().display()),
        format!("--config=build.build-dir={}", path(skeleton.path())),
        format!("--config=build.rustc-wrapper={}", path(call.program)),
    ];
    if has_artifact_dir(call) {
        // cargo copies final artifacts there, and those of the skeleton are empty.
        words.push(format!("--config=build.artifact-dir={}", path(&skeleton.path().join("artifacts"))));
    }
    let mut cmd = Cmd::new(call.cargo, call.dir, call.env)
        .args(compiling(call.args, &words)?)
        .env("CARGO_LOG", log::FILTER)
        .env(pretend::SKELETON_VARIABLE, skeleton.path())
        .env(pretend::PROGRAM_VARIABLE, call.program);
    if call.env.get("RUSTC_WRAPPER").is_some() {
        cmd = cmd.env("RUSTC_WRAPPER", call.program);
    }
    if call.env.get("RUST_BACKTRACE").is_some() {
        // cargo would log one for every unit that was never built.
        cmd = cmd.env("RUST_LIB_BACKTRACE", "0");
    }
    Ok(cmd)
}

/// Whether a call's configuration has cargo copy final artifacts into a folder of the user's. The setting is unstable,
/// and a cargo that does not take it would refuse another one, too.
fn has_artifact_dir(call: &Call<'_>) -> bool {
    let keys = ["artifact-dir", "out-dir"];
    let is_named = |word: &&str| keys.iter().any(|key| word.contains(key));
    let variables = ["CARGO_BUILD_ARTIFACT_DIR", "CARGO_BUILD_OUT_DIR"];
    let folders = call.dir.ancestors().map(|folder| folder.join(".cargo"));
    let folders = folders.chain(call.env.get("CARGO_HOME").map(|home| call.dir.join(home)));
    let mut files = folders.flat_map(|folder| ["config.toml", "config"].map(|name| folder.join(name)));
    let is_set_in = |path: PathBuf| {
        let document = fs_err::read_to_string(path).ok()?.parse::<DocumentMut>().ok()?;
        document.get("build").map(|build| keys.iter().any(|key| build.get(key).is_some()))
    };
    option_values(call.args, "--config").iter().any(is_named)
        || variables.iter().any(|name| call.env.get(name).is_some())
        || files.any(|path| is_set_in(path) == Some(true))
}

/// The arguments of a call that compiles the same and runs nothing, with more words of cargo's. Those come last,
/// since the last of several settings is the one that counts.
fn compiling(args: &[String], more: &[String]) -> Result<Vec<String>> {
    let Some(at) = subcommand(args) else {
        let reason = format!("`cargo {}` builds nothing", args.join(" "));
        return Err(Error::Io(std::io::Error::other(reason)));
    };
    let is_run = matches!(args[at].as_str(), "run" | "r");
    let (name, no_run) = match args[at].as_str() {
        _ if is_run => ("build", None),
        "test" | "t" | "bench" => (args[at].as_str(), Some("--no-run".to_owned())),
        other => (other, None),
    };
    let mut words: Vec<String> = args[..at].to_vec();
    words.push(name.to_owned());
    let own = &args[at + 1..];
    let end = own.iter().position(|word| word == "--").unwrap_or(own.len());
    let mut rest = own[..end].iter();
    while let Some(word) = rest.next() {
        let option = word.split_once('=').map_or(word.as_str(), |(option, _)| option);
        match option {
            "--no-run" => {}
            "--target-dir" | "--message-format" | "--artifact-dir" | "--out-dir" => {
                if option == word {
                    rest.next();
                }
            }
            // The first word for the program that `cargo run` starts.
            _ if is_run && !word.starts_with('-') => break,
            _ => {
                words.push(word.to_owned());
                if takes_value(word) {
                    words.extend(rest.next().cloned());
                }
            }
        }
    }
    words.extend(no_run);
    words.extend(more.iter().cloned());
    // What follows is the program's, but for `cargo rustc`, where it is the compiler's.
    if name == "rustc" {
        words.extend(own[end..].iter().cloned());
    }
    Ok(words)
}

/// The compiler that a build directory was last used with, in its own words; cargo keeps them there.
fn compiler(build_dir: &Path) -> Option<String> {
    let text = fs_err::read_to_string(build_dir.join(".rustc_info.json")).ok()?;
    let info: serde_json::Value = serde_json::from_str(&text).ok()?;
    let mut answers =
        info.get("outputs")?.as_object()?.values().filter_map(|answer| answer["stdout"].as_str());
    let version = answers.find(|answer| answer.starts_with("rustc "))?;
    version.lines().next().map(str::to_owned)
}

/// A unit of the log in the answer's terms.
fn unit(prepared: &log::Prepared, skeleton: &Skeleton, reasons: Vec<Reason>, chain: Vec<String>) -> Unit {
    let name = prepared.file.strip_prefix(skeleton.path()).unwrap_or(&prepared.file);
    let folder = fingerprint::folder(name).unwrap_or_default();
    Unit {
        package: PackageId::parse(&prepared.package).to_string(),
        target: name.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        folder: folder.display().to_string(),
        reasons,
        chain,
    }
}

fn is_dirty(prepared: &log::Prepared) -> bool {
    prepared.verdict != Verdict::Fresh
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(line: &str) -> String {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        compiling(&words, &["--x".to_owned()]).map_or_else(|error| error.to_string(), |words| words.join(" "))
    }

    #[test]
    fn nothing_is_run_and_the_target_directory_is_replaced() {
        assert_eq!(told("run --bin a --target-dir b -- --release"), "build --bin a --x");
        assert_eq!(told("test --message-format=json -p a"), "test -p a --no-run --x");
        assert_eq!(
            told("--color always rustc -- -Copt-level=1"),
            "--color always rustc --x -- -Copt-level=1"
        );
        assert_eq!(told("--version"), "`cargo --version` builds nothing");
        // A program's own words need no `--`, and a word given twice is refused by cargo.
        assert_eq!(told("run --bin a serve --release"), "build --bin a --x");
        assert_eq!(told("test --no-run name"), "test name --no-run --x");
        assert_eq!(told("build --artifact-dir a --out-dir=b -r"), "build -r --x");
    }
}
