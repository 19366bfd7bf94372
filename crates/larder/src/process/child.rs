//! Children that end with their parent, however that ends: Linux sends a signal to whoever asked for it, which only the
//! child itself can do. So our own binary is started in its place, asks, and becomes the program.
//!
//! It must never change anything else of the program: arguments, environment, working directory and streams are its own.

use std::{
    ffi::{OsStr, OsString},
    io,
    path::Path,
    process::Command,
};

use super::environment::Environment;

/// The name by which our own binary is called to become another program.
const NAME: &str = "larder-child";

/// A command that runs `program` by way of the launcher, if there is one and the program is there: if not, starting it
/// fails as it should.
pub(super) fn command(program: &Path, env: &Environment) -> Command {
    #[expect(clippy::disallowed_methods, reason = "this module is part of the home of process spawning")]
    let plain = || Command::new(program);
    let Some(launcher) = env.launcher().filter(|_| can_start(program, env)) else {
        return plain();
    };
    #[expect(clippy::disallowed_methods, reason = "this module is part of the home of process spawning")]
    let mut command = Command::new(launcher);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::arg0(&mut command, NAME);
    command.arg(std::process::id().to_string()).arg(program);
    command
}

/// Whether the launcher can start a program; it is for Linux alone.
fn can_start(program: &Path, env: &Environment) -> bool {
    #[cfg(target_os = "linux")]
    return is_there(program, env);
    #[cfg(not(target_os = "linux"))]
    {
        let _ = (program, env);
        false
    }
}

#[cfg(target_os = "linux")]
fn is_there(program: &Path, env: &Environment) -> bool {
    let found = match program.to_str() {
        Some(name) if !name.contains('/') => env.find_program(name),
        _ => Some(program.to_owned()),
    };
    found.is_some_and(|file| file.is_file() && rustix::fs::access(&file, rustix::fs::Access::EXEC_OK).is_ok())
}

/// Becomes the program that a command is for; `None` if this process was started for something else.
pub fn launched(args: &[OsString]) -> Option<io::Error> {
    let [name, parent, program, words @ ..] = args else { return None };
    if name != NAME {
        return None;
    }
    Some(end_with(parent).and_then(|()| become_program(program, words)).err().unwrap_or_else(not_replaced))
}

fn become_program(program: &OsStr, words: &[OsString]) -> io::Result<()> {
    #[expect(clippy::disallowed_methods, reason = "this module is part of the home of process spawning")]
    let mut command = Command::new(program);
    #[cfg(unix)]
    return Err(std::os::unix::process::CommandExt::exec(command.args(words)));
    #[cfg(not(unix))]
    command.args(words).status().map(drop)
}

fn not_replaced() -> io::Error {
    io::Error::other("the program ended")
}

/// Asks for a signal at the end of the parent, which may have come already.
#[cfg_attr(not(target_os = "linux"), expect(clippy::unnecessary_wraps, reason = "Linux can refuse"))]
fn end_with(parent: &OsStr) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?;
        let now = rustix::process::getppid().map(|pid| pid.as_raw_nonzero().to_string());
        if now.is_none_or(|now| parent != now.as_str()) {
            return Err(io::Error::other("whoever started it is gone"));
        }
    }
    let _ = parent;
    Ok(())
}
