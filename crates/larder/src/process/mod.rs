//! The only module that starts programs.
//!
//! Every command gets its whole environment and its working directory as values, so nothing is inherited
//! by accident, and every error names the command. It must never interpret what a program prints.

mod child;
mod dialogue;
mod environment;
mod group;
mod pieces;

use std::{
    ffi::OsString,
    ops::ControlFlow,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use crate::{
    error::{Error, Result},
    secret,
};
pub use child::launched;
pub use dialogue::{Dialogue, Heard};
pub use environment::Environment;
use group::Group;
use pieces::{Lines, pieces};

/// The destination of a command's standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stderr {
    /// To the user's terminal, so that a long build shows its progress.
    Terminal,
    /// Nowhere.
    Dropped,
}

/// A program with its arguments, working directory and environment.
#[derive(Debug, Clone)]
pub struct Cmd {
    program: PathBuf,
    args: Vec<OsString>,
    dir: PathBuf,
    env: Environment,
    /// How it is told of, if not by its words.
    told: Option<String>,
}

impl Cmd {
    /// A command without arguments.
    pub fn new(program: impl Into<PathBuf>, dir: impl Into<PathBuf>, env: &Environment) -> Self {
        Self { program: program.into(), args: Vec::new(), dir: dir.into(), env: env.clone(), told: None }
    }

    /// Adds one argument.
    #[must_use]
    pub fn arg(mut self, arg: impl Into<OsString>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: Into<OsString>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.args.extend(args.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable.
    #[must_use]
    pub fn env(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.env.set(name, value);
        self
    }

    /// Has errors tell of it by this line: its words are a user's, and not all of them for everybody.
    #[must_use]
    pub fn told_as(mut self, line: String) -> Self {
        self.told = Some(line);
        self
    }

    /// The command line as a user would type it, with the program's base name, and without values that nobody else may
    /// see.
    pub fn line(&self) -> String {
        if let Some(told) = &self.told {
            return told.clone();
        }
        let name = self.program.file_name().unwrap_or(self.program.as_os_str());
        let args: Vec<String> = self.args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect();
        let mut words = vec![quoted(&name.to_string_lossy())];
        for (arg, told) in args.iter().zip(secret::without_values(&args)) {
            words.push(if *arg == told { quoted(arg) } else { told });
        }
        words.join(" ")
    }

    /// Runs to the end and returns standard output.
    ///
    /// # Errors
    /// When the program cannot be started, fails, or prints something that is not UTF-8.
    pub fn output(&self) -> Result<String> {
        let output =
            self.command().stdin(Stdio::null()).output().map_err(|source| self.start_error(source))?;
        if !output.status.success() {
            return Err(self.failure(output.status, String::from_utf8_lossy(&output.stderr).into_owned()));
        }
        String::from_utf8(output.stdout)
            .map_err(|error| Error::Answer { command: self.line(), reason: error.to_string() })
    }

    /// Like [`output`](Self::output) for a program that may wait for something that never comes: it is ended when
    /// the time is over.
    ///
    /// # Errors
    /// As [`output`](Self::output), and when there was no answer in time.
    pub fn output_within(&self, patience: Duration) -> Result<String> {
        let (stdout, stderr) = (tempfile::NamedTempFile::new()?, tempfile::NamedTempFile::new()?);
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(stdout.reopen()?).stderr(stderr.reopen()?);
        let child = command.spawn().map_err(|source| self.start_error(source))?;
        let mut running = Running { child };
        let deadline = Instant::now() + patience;
        let status = loop {
            if let Some(status) = running.child.try_wait()? {
                break status;
            }
            if Instant::now() > deadline {
                let status = format!("no answer within {} s", patience.as_secs());
                return Err(Error::Failed {
                    command: self.line(),
                    status,
                    code: None,
                    stderr: String::new(),
                });
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        if !status.success() {
            let said = fs_err::read(stderr.path())?;
            return Err(self.failure(status, String::from_utf8_lossy(&said).into_owned()));
        }
        Ok(fs_err::read_to_string(stdout.path())?)
    }

    /// Runs to the end on the user's terminal.
    ///
    /// # Errors
    /// When the program cannot be started or fails.
    pub fn run(&self) -> Result<()> {
        let status = self.command().status().map_err(|source| self.start_error(source))?;
        if status.success() { Ok(()) } else { Err(self.failure(status, String::new())) }
    }

    /// Runs to the end on the user's terminal and returns the exit code (128 + signal after a signal).
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn exit_code(&self) -> Result<i32> {
        let status = self.command().status().map_err(|source| self.start_error(source))?;
        Ok(code_of(status))
    }

    /// Becomes the program, so that signals and the terminal are its own; if that cannot be, runs it to the end.
    ///
    /// # Errors
    /// When the program cannot be started.
    pub fn replace(&self) -> Result<i32> {
        #[cfg(unix)]
        {
            #[expect(clippy::disallowed_methods, reason = "this module is the home of process spawning")]
            let command = Command::new(&self.program);
            Err(self.start_error(std::os::unix::process::CommandExt::exec(&mut self.prepared(command))))
        }
        #[cfg(not(unix))]
        self.exit_code()
    }

    /// Runs to the end, handing pieces of standard output on as they come, until there are no more or no more are
    /// wanted; returns the exit code.
    ///
    /// # Errors
    /// When the program cannot be started or its output cannot be read.
    pub fn each_piece(&self, stderr: Stderr, on_piece: impl FnMut(&[u8]) -> ControlFlow<()>) -> Result<i32> {
        let mut command = self.command();
        command.stdout(Stdio::piped()).stderr(Stdio::from(stderr));
        let mut child = command.spawn().map_err(|source| self.start_error(source))?;
        if let Some(stdout) = child.stdout.take() {
            pieces(stdout, on_piece)?;
        }
        Ok(code_of(child.wait()?))
    }

    /// Runs to the end, handing each line of standard output on as it comes; returns the exit code.
    ///
    /// # Errors
    /// When the program cannot be started or its output cannot be read.
    pub fn each_line(&self, stderr: Stderr, mut on_line: impl FnMut(&str)) -> Result<i32> {
        let mut lines = Lines::default();
        let code = self.each_piece(stderr, |piece| lines.take(piece, &mut on_line))?;
        lines.finish(&mut on_line);
        Ok(code)
    }

    /// Runs to the end, handing each line of standard error on as it comes; returns the exit code. For programs
    /// that report there and print nothing else.
    ///
    /// # Errors
    /// When the program cannot be started or its output cannot be read.
    pub fn each_error_line(&self, on_line: impl FnMut(&str)) -> Result<i32> {
        self.each_line_of_errors(Stdio::null(), on_line)
    }

    /// The same for programs whose standard output goes where this one's does.
    ///
    /// # Errors
    /// As [`each_error_line`](Self::each_error_line).
    pub fn run_with_errors(&self, on_line: impl FnMut(&str)) -> Result<i32> {
        self.each_line_of_errors(Stdio::inherit(), on_line)
    }

    fn each_line_of_errors(&self, stdout: Stdio, mut on_line: impl FnMut(&str)) -> Result<i32> {
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped());
        let mut child = command.spawn().map_err(|source| self.start_error(source))?;
        let mut lines = Lines::default();
        if let Some(stderr) = child.stderr.take() {
            pieces(stderr, |piece| lines.take(piece, &mut on_line))?;
        }
        lines.finish(&mut on_line);
        Ok(code_of(child.wait()?))
    }

    /// Runs until `is_enough` says so or to the end, and ends it then with all that it started. Its output is dropped.
    ///
    /// # Errors
    /// When the program cannot be started, or something of it does not end.
    pub fn run_until(&self, mut is_enough: impl FnMut() -> bool) -> Result<()> {
        let mut command = self.command();
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let mut group = Group::spawn(&mut command).map_err(|source| self.start_error(source))?;
        while !group.is_over()? && !is_enough() {
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(group.end()?)
    }

    /// Starts the program with its output going to `log`, for servers that the caller stops again.
    ///
    /// # Errors
    /// When the program cannot be started or the log cannot be written.
    pub fn spawn_logged(&self, log: &Path) -> Result<Running> {
        let file = fs_err::File::create(log)?.into_file();
        let child = self
            .command()
            .stdin(Stdio::null())
            .stdout(file.try_clone()?)
            .stderr(file)
            .spawn()
            .map_err(|source| self.start_error(source))?;
        Ok(Running { child })
    }

    /// Starts the program for a dialogue; its standard error goes to the file `errors`.
    ///
    /// # Errors
    /// When the program cannot be started or the file cannot be written.
    pub fn talk(&self, errors: &Path) -> Result<Dialogue> {
        let stderr = fs_err::File::create(errors)?.into_file();
        let mut command = self.command();
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(stderr);
        let child = command.spawn().map_err(|source| self.start_error(source))?;
        Ok(Dialogue::with(child, errors))
    }

    /// The typed error for an answer that has another form than it should.
    pub fn unreadable(&self, reason: &dyn std::fmt::Display) -> Error {
        Error::Answer { command: self.line(), reason: reason.to_string() }
    }

    /// The typed error for a program that ended badly.
    pub fn exit_error(&self, code: i32) -> Error {
        Error::Failed {
            command: self.line(),
            status: format!("exit code {code}"),
            code: Some(code),
            stderr: String::new(),
        }
    }

    fn command(&self) -> Command {
        self.prepared(child::command(&self.program, &self.env))
    }

    fn prepared(&self, mut command: Command) -> Command {
        command.args(&self.args).current_dir(&self.dir).env_clear().envs(&self.env.vars);
        command
    }

    fn start_error(&self, source: std::io::Error) -> Error {
        if source.kind() == std::io::ErrorKind::NotFound && !self.dir.is_dir() {
            // The operating system reports a missing working directory as a missing program.
            let missing = format!("the working directory {} does not exist", self.dir.display());
            return Error::Start { command: self.line(), source: std::io::Error::other(missing) };
        }
        Error::Start { command: self.line(), source }
    }

    fn failure(&self, status: ExitStatus, stderr: String) -> Error {
        Error::Failed {
            command: self.line(),
            status: status.to_string(),
            code: Some(code_of(status)),
            stderr,
        }
    }
}

impl From<Stderr> for Stdio {
    fn from(stderr: Stderr) -> Self {
        match stderr {
            Stderr::Terminal => Self::inherit(),
            Stderr::Dropped => Self::null(),
        }
    }
}

/// A started program, killed when it is dropped.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

impl Running {
    /// The process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the end and returns the exit code.
    ///
    /// # Errors
    /// When the operating system cannot tell.
    pub fn wait(&mut self) -> Result<i32> {
        Ok(code_of(self.child.wait()?))
    }

    /// The exit code if the program has ended already.
    ///
    /// # Errors
    /// When the operating system cannot tell.
    pub fn try_exit_code(&mut self) -> Result<Option<i32>> {
        Ok(self.child.try_wait()?.map(code_of))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if the program has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn code_of(status: ExitStatus) -> i32 {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return 128 + signal;
    }
    status.code().unwrap_or(1)
}

/// Quotes a word for a POSIX shell.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=/.,:@+%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn sh(script: &str) -> Cmd {
        Cmd::new("/bin/sh", "/", &Environment::default()).args(["-c", script])
    }

    #[test]
    fn errors_name_the_command_and_the_tail_of_its_output() {
        let error = sh("echo no such thing >&2; exit 3").output().unwrap_err();
        assert_eq!(
            error.to_string(),
            "`sh -c 'echo no such thing >&2; exit 3'` failed (exit status: 3)\nno such thing"
        );
    }

    #[test]
    fn errors_hold_no_secret_of_a_command_or_of_what_it_said() {
        let script = "echo \"no host in https://me:canary@x/\" >&2; exit 3";
        let cmd = Cmd::new("/bin/sh", "/", &Environment::default()).args(["-c", script, "--token", "canary"]);
        let told = "`sh -c (hidden) --token (hidden)` failed (exit status: 3)\nno host in (hidden)";
        assert_eq!(cmd.output().unwrap_err().to_string(), told);
        let absent =
            Cmd::new("/no/such", "/", &Environment::default()).arg("canary").told_as("such -- …".into());
        assert!(absent.output().unwrap_err().to_string().starts_with("cannot start `such -- …`: "));
    }

    #[test]
    fn a_program_that_waits_for_ever_is_ended() {
        let error = sh("exec sleep 60").output_within(Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains("no answer within 0 s"), "{error}");
        assert_eq!(sh("echo a; echo b >&2").output_within(Duration::from_mins(1)).unwrap(), "a\n");
        let error = sh("echo b >&2; exit 3").output_within(Duration::from_mins(1)).unwrap_err();
        assert!(error.to_string().ends_with("\nb"), "{error}");
    }

    #[test]
    fn lines_go_both_ways_and_the_end_is_heard() {
        let folder = tempfile::tempdir().unwrap();
        let talker = sh("echo ready; read -r line; echo \"heard $line\"; echo problem >&2");
        let mut dialogue = talker.talk(&folder.path().join("errors")).unwrap();
        let minute = Duration::from_mins(1);
        assert_eq!(dialogue.hear(minute), Heard::Line("ready".into()));
        assert_eq!(dialogue.hear(Duration::from_millis(10)), Heard::Nothing);
        dialogue.say("you").unwrap();
        assert_eq!(dialogue.hear(minute), Heard::Line("heard you".into()));
        assert_eq!(dialogue.hear(minute), Heard::End);
        assert_eq!(dialogue.errors(), "problem\n");
    }

    #[test]
    fn nothing_is_inherited() {
        assert_eq!(sh("echo ${HOME-unset}").output().unwrap(), "unset\n");
        assert_eq!(sh("echo $A").env("A", "1").output().unwrap(), "1\n");
    }

    #[test]
    fn a_missing_directory_is_not_called_a_missing_program() {
        let error = Cmd::new("/bin/sh", "/no/such/dir", &Environment::default()).output().unwrap_err();
        assert!(error.to_string().contains("working directory /no/such/dir does not exist"), "{error}");
    }

    #[test]
    fn lines_arrive_and_the_code_is_returned() {
        let mut lines = Vec::new();
        let code = sh("echo a; echo b; exit 7").each_line(Stderr::Dropped, |l| lines.push(l.to_owned()));
        assert_eq!((code.unwrap(), lines), (7, vec!["a".to_owned(), "b".to_owned()]));
    }
}
