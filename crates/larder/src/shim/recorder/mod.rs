//! The recording cargo: a program named `cargo` that a build driver finds first on its `PATH`. It runs the
//! real cargo, counts the units it compiles, and writes one record per call.
//!
//! The driver must not notice: exit codes, error output and everything that is not one of cargo's messages
//! pass through, and a driver that asks for messages of its own gets them. Nor must a build: the real cargo runs in the
//! environment that it would have had without us.

pub mod call;
pub(super) mod environment;
mod output;

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    io::{self, Write},
    path::{Path, PathBuf},
    time::{Instant, SystemTime},
};

use serde::{Deserialize, Serialize};

use super::markers;
pub use super::process::Process;
use crate::{
    cargo::{
        Cargo, aliases,
        command_line::{Work, subcommand, text},
        messages::{Counts, REPORTED},
        shown,
        variables::{digest, digests, may_be_recorded},
    },
    error::{Error, Result},
    files::scratch::Scratch,
    process::{Cmd, Environment},
    why::{self, BuildFolders, Mode, Watch},
};
pub use call::Call;
pub use environment::without_recorder;
use environment::{bin, cargo_of_driver, named_cargo, recorded};
use output::{Messages, count};

/// The file with the recorder's [`RecorderTerms`].
const TERMS: &str = "terms.json";
/// The program that `cargo run` starts the built one with.
const RUNNER: &str = "larder-runner";
/// How programs are named that cargo runs as its subcommands.
const THIRD_PARTY: &str = "cargo-";

/// The facts that a recording cargo has to know. They are no variables, since a build would see those.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct RecorderTerms {
    /// The cargo of those who have none on their `PATH`.
    cargo: PathBuf,
    /// A digest of every variable that the driver was started with, to tell which ones it sets.
    base: BTreeSet<String>,
    /// When calls are explained, and where the workspace builds.
    reasons: Option<(Mode, BuildFolders)>,
}

/// A temporary folder with the recording cargo and its records; gone when dropped.
#[derive(Debug)]
pub struct Recorder {
    dir: Scratch,
    cargo: PathBuf,
    explained: Option<(Mode, BuildFolders)>,
}

impl Recorder {
    /// Prepares a recording cargo. `program` is the binary that calls [`Recording::find`].
    ///
    /// # Errors
    /// When the temporary folder cannot be made.
    pub fn new(program: &Path, cargo: &Path) -> Result<Self> {
        let dir = Scratch::new()?;
        fs_err::create_dir(dir.path().join("calls"))?;
        for link in [bin(dir.path()).join("cargo"), named_cargo(dir.path()), dir.path().join(RUNNER)] {
            stand_in(program, &link)?;
        }
        Ok(Self { dir, cargo: cargo.to_owned(), explained: None })
    }

    /// The same, with every call explained that builds something.
    #[must_use]
    pub fn with_reasons(mut self, mode: Mode, folders: BuildFolders) -> Self {
        self.explained = Some((mode, folders));
        self
    }

    /// The environment in which a driver finds the recording cargo.
    ///
    /// # Errors
    /// When `PATH` cannot be extended; [`Error::NotAnswered`] for a program that did not call
    /// [`answer`](super::answer), which the driver would start as its cargo.
    pub fn environment(&self, env: &Environment) -> Result<Environment> {
        if markers::is_unanswered(env) {
            return Err(Error::NotAnswered);
        }
        let base = digests(&without_recorder(env));
        let terms = RecorderTerms { cargo: self.cargo.clone(), base, reasons: self.explained.clone() };
        fs_err::write(self.dir.path().join(TERMS), serde_json::to_vec(&terms).map_err(io::Error::other)?)?;
        recorded(env, self.dir.path())
    }

    /// A recording cargo that stands for the one this recorder was made with, whatever is on the driver's `PATH`.
    pub fn cargo(&self) -> PathBuf {
        named_cargo(self.dir.path())
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
        files.iter().map(|path| read(path)).collect()
    }
}

/// Puts a link to `program` in a place of its own.
fn stand_in(program: &Path, link: &Path) -> Result<()> {
    fs_err::create_dir_all(link.parent().unwrap_or(link))?;
    #[cfg(unix)]
    fs_err::os::unix::fs::symlink(program, link)?;
    #[cfg(not(unix))]
    fs_err::copy(program, link.with_extension("exe"))?;
    Ok(())
}

fn read<T: for<'de> Deserialize<'de>>(path: &Path) -> Result<T> {
    let text = fs_err::read_to_string(path)?;
    serde_json::from_str(&text)
        .map_err(|error| Error::Answer { command: path.display().to_string(), reason: error.to_string() })
}

/// The part of this process for a recorder that something else was started with.
#[derive(Debug)]
pub struct Recording<'a> {
    role: RecordingRole,
    /// The recorder's folder.
    dir: PathBuf,
    terms: RecorderTerms,
    /// The environment without the recorder.
    env: Environment,
    process: Process<'a>,
}

/// Whose place this process takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RecordingRole {
    /// The first cargo on `PATH`.
    Cargo,
    /// The cargo that `CARGO` names.
    NamedCargo,
    /// A driver that cargo runs as a subcommand.
    ThirdParty,
    /// The runner of a program that cargo built.
    Runner,
}

impl<'a> Recording<'a> {
    /// The purpose of the process; `None` if no recorder is in front of it.
    ///
    /// # Errors
    /// When the recorder's folder cannot be read.
    pub fn find(process: Process<'a>) -> Result<Option<Self>> {
        let called = process.args.first().map_or(Path::new(""), Path::new);
        let name = called.file_stem().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
        let recorder = process.env.get(environment::RECORD_VARIABLE).map(PathBuf::from);
        let found = match (recorder, called.parent()) {
            (_, Some(dir)) if name == RUNNER => Some((RecordingRole::Runner, dir.to_owned())),
            (Some(dir), _) if called == named_cargo(&dir) => Some((RecordingRole::NamedCargo, dir)),
            (Some(dir), _) if name == "cargo" => Some((RecordingRole::Cargo, dir)),
            (Some(dir), Some(folder)) if folder == bin(&dir) => Some((RecordingRole::ThirdParty, dir)),
            _ => None,
        };
        let Some((role, dir)) = found else { return Ok(None) };
        let terms = read(&dir.join(TERMS))?;
        Ok(Some(Self { role, dir, terms, env: without_recorder(process.env), process }))
    }

    /// The recorder's folder: its owner ending is the end of what this process is for.
    pub fn folder(&self) -> &Path {
        &self.dir
    }

    /// Does it, and returns the exit code.
    ///
    /// # Errors
    /// When the program cannot be started or the record cannot be written.
    pub fn run(&self, out: &mut dyn Write) -> Result<i32> {
        match self.role {
            RecordingRole::Cargo | RecordingRole::NamedCargo => self.call(out),
            RecordingRole::ThirdParty => {
                let name = Path::new(&self.process.args[0]).file_stem().unwrap_or_default();
                self.hand_over(&self.third_party(&name.to_string_lossy()).unwrap_or_default(), 1)
            }
            RecordingRole::Runner => {
                let program = self.process.args.get(1).map(PathBuf::from).unwrap_or_default();
                self.hand_over(&program, 2)
            }
        }
    }

    /// Becomes the program that would have been started without a recorder, with the words from `first` on. Whatever
    /// cargo it calls is recorded.
    fn hand_over(&self, program: &Path, first: usize) -> Result<i32> {
        let env = recorded(&self.env, &self.dir)?;
        let args = self.process.args.get(first..).unwrap_or_default();
        // The words are the program's own.
        let told = program.display().to_string();
        Cmd::new(program, self.process.dir, &env).args(args).told_as(told).replace()
    }

    /// The program of a subcommand, found as cargo finds it.
    fn third_party(&self, name: &str) -> Option<PathBuf> {
        let home = Cargo::locate(&self.env).ok().and_then(|cargo| cargo.home());
        let at_home = home.map(|home| home.join("bin").join(name)).filter(|file| file.is_file());
        self.env.find_program(name).or(at_home)
    }

    /// The cargo that would have been called without a recorder.
    fn cargo(&self) -> PathBuf {
        let own = match self.role {
            RecordingRole::NamedCargo => cargo_of_driver(self.process.env),
            _ => self.env.find_program("cargo"),
        };
        own.unwrap_or_else(|| self.terms.cargo.clone())
    }

    /// Runs the real cargo and records the call.
    fn call(&self, out: &mut dyn Write) -> Result<i32> {
        let (dir, env) = (self.process.dir, &self.env);
        let cargo = self.cargo();
        let words = aliases::without_aliases(&cargo, &self.process.args[1..], dir, env);
        let args = text(&words);
        let mut call = Call {
            args: shown::of_cargo(&args),
            dir: dir.to_owned(),
            code: 0,
            seconds: 0.0,
            counts: Counts::default(),
            env: self.driver_env(),
            why: None,
        };
        let asked =
            why::BuildCall { cargo: &cargo, args: &args, dir, env, root: dir, program: self.process.program };
        let reasons = self.terms.reasons.as_ref();
        let begun = self.refuse_unknown(&args).and_then(|()| Watch::begin(asked, reasons));
        let (watch, instead) = match begun {
            Ok(Some(watch)) if watch.mode == Mode::Instead => (None, Some(watch.answer())),
            Ok(watch) => (watch, None),
            Err(error) => (None, Some(Err(error))),
        };
        if let Some(answer) = instead {
            call.code = i32::from(answer.is_err());
            let told = answer.map(|answer| call.why = Some(answer));
            self.write(&call)?;
            return told.map(|()| 0);
        }
        if why::is_left_out(reasons, &args) {
            self.write(&call)?;
            return Ok(0);
        }
        let start = Instant::now();
        let wanted = Messages::read(&args);
        let cmd = self.real_call(&cargo, words, &args, wanted)?;
        let ended = count(&cmd, wanted, &mut call.counts, out);
        call.code = *ended.as_ref().unwrap_or(&1);
        call.seconds = start.elapsed().as_secs_f64();
        // A call whose messages are somebody else's may have compiled anything.
        let compiled = call.counts.compiled > 0 || call.code != 0 || wanted == Messages::None;
        call.why = watch.filter(|_| compiled).and_then(|watch| watch.answer().ok());
        let written = self.write(&call);
        // A record that only explains costs no build; one that somebody asked for must not be missing.
        if reasons.is_none() {
            written?;
        }
        ended
    }

    /// Refuses a subcommand without a program while calls are explained instead of made: an alias that only cargo
    /// finds, in an included file or behind `--config`, may run anything.
    fn refuse_unknown(&self, args: &[String]) -> Result<()> {
        let Work::ThirdParty(name) = Work::parse(args) else { return Ok(()) };
        let program = format!("{THIRD_PARTY}{name}");
        if !why::is_instead(self.terms.reasons.as_ref()) || self.third_party(&program).is_some() {
            return Ok(());
        }
        let reason = format!("`cargo {name}` was not run: {program} is not on PATH, and no alias is known");
        Err(Error::Io(io::Error::other(reason)))
    }

    /// The call without a recorder, but for what reaches no build: messages, and drivers that are recorded again.
    /// `args` are the words as text.
    fn real_call(
        &self,
        cargo: &Path,
        mut words: Vec<OsString>,
        args: &[String],
        wanted: Messages,
    ) -> Result<Cmd> {
        let mut env = self.env.clone();
        match Work::parse(args) {
            Work::Own => {}
            Work::Run => {
                let runner = self.dir.join(RUNNER);
                let more = aliases::runner_words(cargo, args, self.process.dir, &env, &runner);
                let at = subcommand(args).map_or(0, |at| at + 1);
                words.splice(at..at, more.into_iter().flatten().map(OsString::from));
            }
            Work::ThirdParty(name) => {
                let name = format!("{THIRD_PARTY}{name}");
                if self.third_party(&name).is_some() {
                    let link = bin(&self.dir).join(name);
                    if !link.exists() {
                        stand_in(self.process.program, &link)?;
                    }
                    env = recorded(&env, &self.dir)?;
                }
            }
        }
        if let Messages::Added { at } = wanted {
            words.insert(at, REPORTED.into());
        }
        let told = format!("cargo {}", shown::line(&shown::of_cargo(args)));
        Ok(Cmd::new(cargo, self.process.dir, &env).args(words).told_as(told))
    }

    fn write(&self, call: &Call) -> Result<()> {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let name = format!("{:020}-{}.json", now.as_nanos(), std::process::id());
        let json = serde_json::to_string(call).map_err(io::Error::other)?;
        Ok(fs_err::write(self.dir.join("calls").join(name), json)?)
    }

    /// The variables that the driver set or changed and that may reach a compiler. Secrets are never among them,
    /// nor what every program sets for itself.
    fn driver_env(&self) -> BTreeMap<String, String> {
        let set = self.env.iter().filter_map(|(name, value)| Some((name.to_str()?, value.to_str()?)));
        set.filter(|(name, value)| {
            !self.terms.base.contains(&digest(name, value)) && may_be_recorded(name, value)
        })
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn run_as_cargo(recorder: &Recorder, env: &Environment, program: &Path, words: &[&str]) -> Result<i32> {
        let args: Vec<OsString> =
            std::iter::once("cargo").chain(words.iter().copied()).map(OsString::from).collect();
        let dir = recorder.dir.path();
        let recording = Recording::find(Process { env, dir, program, args: &args })?;
        recording.expect("the recorder is in front").run(&mut Vec::new())
    }

    fn script(dir: &Path, text: &str) -> PathBuf {
        let cargo = dir.join("cargo");
        fs_err::write(&cargo, text).unwrap();
        fs_err::set_permissions(&cargo, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        cargo
    }

    #[test]
    fn only_what_the_driver_sets_is_recorded_and_no_secret() {
        let dir = tempfile::tempdir().unwrap();
        let cargo = script(dir.path(), "#!/bin/sh\n");
        let path = dir.path().to_str().unwrap();
        let started =
            Environment::new([("HOME", "/home"), ("LANG", "C"), ("API_TOKEN", "a"), ("PATH", path)]);
        let recorder = Recorder::new(&cargo, &cargo).unwrap();
        let mut env = recorder.environment(&started).unwrap();
        for (name, value) in [
            ("LANG", "en"),
            ("SITE", "x"),
            ("MY_PASS", "p"),
            ("PROXY", "http://a:b@c"),
            ("API_TOKEN", "b"),
            ("MY_KEY", "c"),
            ("CARGO_HOME", "d"),
        ] {
            env.set(name, value);
        }
        run_as_cargo(&recorder, &env, &cargo, &["-vV"]).unwrap();
        let set: Vec<String> = recorder.calls().unwrap().remove(0).env.into_keys().collect();
        assert_eq!(set, ["LANG", "SITE"]);
    }

    #[test]
    fn a_call_that_cannot_be_explained_is_not_made_instead() {
        let dir = tempfile::tempdir().unwrap();
        let built = dir.path().join("built");
        let text = format!("#!/bin/sh\n[ \"$1\" != metadata ] && touch {}\nexit 1\n", built.display());
        let cargo = script(dir.path(), &text);
        let elsewhere = PathBuf::from("/elsewhere");
        let place = BuildFolders { root: elsewhere.clone(), target: elsewhere.clone(), build: elsewhere };
        let recorder = Recorder::new(&cargo, &cargo).unwrap().with_reasons(Mode::Instead, place);
        let path = format!("{}:/usr/bin:/bin", dir.path().display());
        let env = recorder.environment(&Environment::new([("PATH", path.as_str())])).unwrap();
        for words in [&["build"][..], &["unknown"], &["--config", "alias.x='build'", "x"]] {
            let result = run_as_cargo(&recorder, &env, &cargo, words);
            assert!(result.is_err() && !built.exists(), "{words:?} {result:?}");
        }
        assert!(recorder.calls().unwrap().iter().all(|call| call.code == 1));
    }
}
