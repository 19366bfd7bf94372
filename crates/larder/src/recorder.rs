//! The recording cargo: a program named `cargo` that a build driver finds first on its `PATH`. It runs the
//! real cargo, counts the units it compiles, and writes one record per call.
//!
//! The driver must not notice: exit codes, error output and everything that is not one of cargo's messages
//! pass through, and a driver that asks for messages of its own gets them.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Instant, SystemTime},
};

use serde::{Deserialize, Serialize};

use crate::{
    backend::messages::Counts,
    error::{Error, Result},
    plan::key::ContentHasher,
    process::{Cmd, Environment, Stderr},
    why::{self, Answer, Mode, Place, Watch},
};

/// The folder that records go to; its presence makes the binary a recording cargo.
pub const RECORD_VARIABLE: &str = "LARDER_RECORD";
/// The real cargo.
const CARGO_VARIABLE: &str = "LARDER_RECORD_CARGO";
/// A digest of every variable that the driver was started with, to tell which ones it sets.
const BASE_VARIABLE: &str = "LARDER_RECORD_BASE";

/// One call of cargo that a driver made.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct Call {
    /// cargo's arguments.
    pub args: Vec<String>,
    /// The working directory.
    pub dir: PathBuf,
    /// How it ended.
    pub code: i32,
    /// Wall-clock time.
    pub seconds: f64,
    /// What it compiled.
    pub counts: Counts,
    /// What the driver set in its environment and may reach a compiler; never a variable named like a secret.
    #[serde(default)]
    pub env: BTreeMap<String, String>,
    /// Why it compiled what it did, where that was asked for and something was compiled.
    #[serde(default)]
    pub why: Option<Answer>,
}

impl Call {
    /// The arguments from the subcommand on, up to a `--`.
    pub fn cargo_args(&self) -> &[String] {
        let start = subcommand(&self.args).unwrap_or(self.args.len());
        let end = self.args.iter().position(|arg| arg == "--").unwrap_or(self.args.len());
        &self.args[start..end.max(start)]
    }

    /// The subcommand, as it was spelt.
    pub fn subcommand(&self) -> Option<&str> {
        self.cargo_args().first().map(String::as_str)
    }
}

/// A temporary folder with the recording cargo and its records; gone when dropped.
#[derive(Debug)]
pub struct Recorder {
    dir: tempfile::TempDir,
    cargo: PathBuf,
    explained: Option<(Mode, Place)>,
}

impl Recorder {
    /// Prepares a recording cargo. `program` is the binary that [`run`]s when [`RECORD_VARIABLE`] is set.
    ///
    /// # Errors
    /// When the temporary folder cannot be made.
    pub fn new(program: &Path, cargo: &Path) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("larder-record-").tempdir()?;
        fs_err::create_dir(dir.path().join("bin"))?;
        fs_err::create_dir(dir.path().join("calls"))?;
        let link = dir.path().join("bin/cargo");
        #[cfg(unix)]
        fs_err::os::unix::fs::symlink(program, link)?;
        #[cfg(not(unix))]
        fs_err::copy(program, link.with_extension("exe"))?;
        Ok(Self { dir, cargo: cargo.to_owned(), explained: None })
    }

    /// The same, with every call explained that builds something.
    #[must_use]
    pub fn with_reasons(mut self, mode: Mode, place: Place) -> Self {
        self.explained = Some((mode, place));
        self
    }

    /// The environment in which a driver finds the recording cargo.
    ///
    /// # Errors
    /// When `PATH` cannot be extended.
    pub fn environment(&self, env: &Environment) -> Result<Environment> {
        let bin = self.dir.path().join("bin");
        let mut env = env.clone();
        let path = env.get("PATH").unwrap_or_default().to_owned();
        let folders = std::iter::once(bin.clone()).chain(std::env::split_paths(&path));
        let path = std::env::join_paths(folders).map_err(|error| Error::Io(io::Error::other(error)))?;
        env.set("PATH", path);
        // cargo hands this variable on to its subcommands, which may call it instead of `cargo`.
        env.set("CARGO", bin.join("cargo"));
        env.set(RECORD_VARIABLE, self.dir.path().join("calls"));
        env.set(CARGO_VARIABLE, &self.cargo);
        if let Some((mode, place)) = &self.explained {
            why::variables(*mode, place)?.into_iter().for_each(|(name, value)| env.set(name, value));
        }
        env.set(BASE_VARIABLE, base_names(&env));
        Ok(env)
    }

    /// The calls recorded so far, in the order in which they ended.
    ///
    /// # Errors
    /// When a record cannot be read.
    pub fn calls(&self) -> Result<Vec<Call>> {
        let mut files: Vec<PathBuf> = fs_err::read_dir(self.dir.path().join("calls"))?
            .map(|entry| Ok(entry?.path()))
            .collect::<io::Result<_>>()?;
        files.sort();
        let read = |path: &PathBuf| {
            let text = fs_err::read_to_string(path)?;
            serde_json::from_str(&text).map_err(|error| Error::Answer {
                command: path.display().to_string(),
                reason: error.to_string(),
            })
        };
        files.iter().map(read).collect()
    }
}

/// Runs the real cargo and records the call; returns its exit code. `program` is this binary.
///
/// # Errors
/// When the real cargo cannot be started or the record cannot be written.
pub fn run(
    env: &Environment,
    dir: &Path,
    program: &Path,
    args: &[String],
    out: &mut dyn Write,
) -> Result<i32> {
    let cargo = env.get(CARGO_VARIABLE).map_or_else(|| PathBuf::from("cargo"), PathBuf::from);
    let mut call = Call {
        args: args.to_vec(),
        dir: dir.to_owned(),
        code: 0,
        seconds: 0.0,
        counts: Counts::default(),
        env: driver_env(env),
        why: None,
    };
    let (watch, instead) = match Watch::begin(why::Call { cargo: &cargo, args, dir, env, root: dir, program })
    {
        Ok(Some(watch)) if watch.mode == Mode::Instead => (None, Some(watch.answer())),
        Ok(watch) => (watch, None),
        Err(error) => (None, Some(Err(error))),
    };
    if let Some(answer) = instead {
        call.code = i32::from(answer.is_err());
        let told = answer.map(|answer| call.why = Some(answer));
        write(env, &call)?;
        return told.map(|()| 0);
    }
    let start = Instant::now();
    let wanted = Messages::of(args);
    let mut words = args.to_vec();
    if let Messages::Added { at } = wanted {
        words.insert(at, "--message-format=json-render-diagnostics".into());
    }
    let cmd = Cmd::new(&cargo, dir, env).args(&words);
    if why::is_left_out(env, args) {
        write(env, &call)?;
        return Ok(0);
    }
    call.code = if wanted == Messages::None {
        cmd.exit_code()?
    } else {
        let mut is_over = false;
        cmd.each_line(Stderr::Terminal, |line| {
            // What follows comes from a program that cargo runs, such as a test.
            let is_message = !is_over && call.counts.add(line);
            is_over |= is_message && line.contains(r#""reason":"build-finished""#);
            if !is_message || wanted == Messages::Drivers {
                // A driver that closed its end has lost interest in the output, not in the build.
                let _ = writeln!(out, "{line}");
            }
        })?
    };
    call.seconds = start.elapsed().as_secs_f64();
    // A call whose messages are somebody else's may have compiled anything.
    let compiled = call.counts.compiled > 0 || call.code != 0 || wanted == Messages::None;
    call.why = watch.filter(|_| compiled).and_then(|watch| watch.answer().ok());
    write(env, &call)?;
    Ok(call.code)
}

fn write(env: &Environment, call: &Call) -> Result<()> {
    let Some(folder) = env.get(RECORD_VARIABLE) else { return Ok(()) };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let name = format!("{:020}-{}.json", now.as_nanos(), std::process::id());
    let json = serde_json::to_string(call).map_err(|error| Error::Io(io::Error::other(error)))?;
    Ok(fs_err::write(Path::new(folder).join(name), json)?)
}

/// One digest per variable, so that values, which may be secret, are in no variable and no file.
fn base_names(env: &Environment) -> String {
    let digests = env.iter().map(|(name, value)| digest(&name.to_string_lossy(), &value.to_string_lossy()));
    digests.collect::<Vec<_>>().join(" ")
}

fn digest(name: &str, value: &str) -> String {
    let mut hasher = ContentHasher::new("larder variable 1");
    hasher.string(name);
    hasher.string(value);
    hasher.finish_hex()[..16].to_owned()
}

/// The variables that the driver set or changed and that may reach a compiler. Secrets are never among them,
/// nor what every program sets for itself.
fn driver_env(env: &Environment) -> BTreeMap<String, String> {
    let base: BTreeSet<&str> = env.get_str(BASE_VARIABLE).unwrap_or_default().split(' ').collect();
    let set = env.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
    set.filter(|(name, value)| !base.contains(digest(name, value).as_str()) && may_be_recorded(name))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn may_be_recorded(name: &str) -> bool {
    let own = [
        "PATH",
        "PWD",
        "OLDPWD",
        "SHLVL",
        "_",
        "LD_LIBRARY_PATH",
        "MAKEFLAGS",
        "MFLAGS",
        "MAKELEVEL",
        "CARGO",
        "COLOR",
        "EDITOR",
        "INIT_CWD",
        "NODE",
    ];
    let families = ["LARDER_RECORD", "CARGO_", "RUSTUP_", "RUST_RECURSION", "npm_", "MAKE_TERM"];
    let is_setting = SETTINGS.contains(&name) || name.starts_with(PROFILE_SETTINGS) || is_flags(name);
    is_setting
        || (!own.contains(&name)
            && !families.iter().any(|family| name.starts_with(family))
            && !is_secret(name))
}

/// cargo's own settings that a driver may give by way of the environment instead of as arguments.
const SETTINGS: [&str; 3] = [BUILD_TARGET, TARGET_DIR, BUILD_TARGET_DIR];
/// The `--target` of calls that name none.
pub(crate) const BUILD_TARGET: &str = "CARGO_BUILD_TARGET";
/// The `--target-dir` of calls that name none.
pub(crate) const TARGET_DIR: &str = "CARGO_TARGET_DIR";
/// The same by its other name.
pub(crate) const BUILD_TARGET_DIR: &str = "CARGO_BUILD_TARGET_DIR";
/// Keys of profiles.
const PROFILE_SETTINGS: &str = "CARGO_PROFILE_";

/// Whether a variable holds flags by another name than `RUSTFLAGS`.
pub(crate) fn is_flags(name: &str) -> bool {
    let of_target = name.starts_with("CARGO_TARGET_") && name.ends_with("_RUSTFLAGS");
    of_target || ["CARGO_BUILD_RUSTFLAGS", "CARGO_ENCODED_RUSTFLAGS"].contains(&name)
}

/// Whether a variable is named like something that nobody else may see.
pub fn is_secret(name: &str) -> bool {
    let words = ["TOKEN", "SECRET", "PASSWORD", "PASSWD", "CREDENTIAL", "KEY"];
    let upper = name.to_ascii_uppercase();
    words.iter().any(|word| upper.contains(word))
}

/// Who asked for cargo's JSON messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Messages {
    /// Nobody: the call compiles nothing, or wants another format.
    None,
    /// The driver.
    Drivers,
    /// We do; the index is where our argument goes.
    Added { at: usize },
}

impl Messages {
    fn of(args: &[String]) -> Self {
        let Some(at) = subcommand(args) else { return Self::None };
        let builds = ["build", "b", "check", "c", "test", "t", "run", "r", "bench", "clippy", "rustc"];
        let formats = crate::slice::option_values(args, "--message-format");
        match formats.first() {
            Some(format) if format.contains("json") => Self::Drivers,
            None if builds.contains(&args[at].as_str()) => Self::Added { at: at + 1 },
            _ => Self::None,
        }
    }
}

/// The index of the subcommand among cargo's arguments.
pub(crate) fn subcommand(args: &[String]) -> Option<usize> {
    let takes_value = ["--color", "--config", "-C", "-Z"];
    let mut index = 0;
    while let Some(arg) = args.get(index) {
        if takes_value.contains(&arg.as_str()) {
            index += 2;
        } else if arg.starts_with('-') || arg.starts_with('+') {
            index += 1;
        } else {
            return Some(index);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(line: &str) -> Messages {
        Messages::of(&line.split(' ').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn only_what_the_driver_sets_is_recorded_and_no_secret() {
        let started = Environment::new([("HOME", "/home"), ("LANG", "C"), ("API_TOKEN", "a")]);
        let mut env = started.clone();
        env.set(BASE_VARIABLE, base_names(&started));
        for (name, value) in
            [("LANG", "en"), ("SITE", "x"), ("API_TOKEN", "b"), ("MY_KEY", "c"), ("CARGO_HOME", "d")]
        {
            env.set(name, value);
        }
        let set: Vec<String> = driver_env(&env).into_keys().collect();
        assert_eq!(set, ["LANG", "SITE"]);
    }

    #[test]
    fn a_call_that_cannot_be_explained_is_not_made_instead() {
        let dir = tempfile::tempdir().unwrap();
        let cargo = dir.path().join("cargo.sh");
        let script = "#!/bin/sh\n[ \"$1\" != metadata ] && touch built\nexit 1\n";
        fs_err::write(&cargo, script).unwrap();
        fs_err::set_permissions(&cargo, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut env = Environment::new([("PATH", "/usr/bin:/bin")]);
        env.set(RECORD_VARIABLE, dir.path());
        env.set(CARGO_VARIABLE, &cargo);
        let elsewhere = || PathBuf::from("/elsewhere");
        let place = Place { root: elsewhere(), target: elsewhere(), build: elsewhere() };
        let variables = why::variables(Mode::Instead, &place).unwrap();
        variables.into_iter().for_each(|(name, value)| env.set(name, value));
        let result = run(&env, dir.path(), &cargo, &["build".to_owned()], &mut Vec::new());
        assert!(result.is_err() && !dir.path().join("built").exists(), "{result:?}");
    }

    #[test]
    fn only_builds_without_a_format_of_their_own_are_changed() {
        assert_eq!(messages("build --release"), Messages::Added { at: 1 });
        assert_eq!(messages("--color always build"), Messages::Added { at: 3 });
        assert_eq!(messages("build --message-format=json"), Messages::Drivers);
        assert_eq!(messages("build --message-format short"), Messages::None);
        assert_eq!(messages("metadata --format-version 1"), Messages::None);
        assert_eq!(messages("-vV"), Messages::None);
    }
}
