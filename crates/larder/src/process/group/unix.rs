//! A process group, which the program leads.
//!
//! It must never send a signal to a group whose leader was waited for: another one can have its id.

use std::{
    io,
    process::{Child, Command},
    time::{Duration, Instant},
};

/// How long processes that were killed may take to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A started program with its children, killed when it is dropped.
pub(in super::super) struct Group {
    leader: Child,
}

impl Group {
    pub(in super::super) fn spawn(command: &mut Command) -> io::Result<Self> {
        std::os::unix::process::CommandExt::process_group(command, 0);
        Ok(Self { leader: command.spawn()? })
    }

    /// Whether the program itself has ended. It is not waited for, so that its id stays its own.
    pub(in super::super) fn is_over(&self) -> io::Result<bool> {
        use rustix::process::{WaitId, WaitIdOptions, waitid};
        let Some(id) = self.id() else { return Ok(true) };
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(id), options)?.is_some())
    }

    /// Ends all of it, and waits until nothing of it is left.
    pub(in super::super) fn end(&mut self) -> io::Result<()> {
        self.kill();
        self.leader.wait()?;
        let deadline = Instant::now() + PATIENCE;
        while self.is_alive() {
            if Instant::now() > deadline {
                return Err(io::Error::other("a process that was killed does not end"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    fn id(&self) -> Option<rustix::process::Pid> {
        i32::try_from(self.leader.id()).ok().and_then(rustix::process::Pid::from_raw)
    }

    /// Whether a process of the group can still do something. One that has ended and that nobody waits for cannot.
    fn is_alive(&self) -> bool {
        #[cfg(target_os = "linux")]
        return fs_err::read_dir("/proc").is_ok_and(|processes| {
            processes.flatten().any(|process| is_alive_in(&process.path().join("stat"), self.leader.id()))
        });
        #[cfg(not(target_os = "linux"))]
        return self.id().is_some_and(|id| rustix::process::test_kill_process_group(id).is_ok());
    }

    /// Before the leader was waited for, so that no other group can have its id.
    fn kill(&mut self) {
        if let Some(id) = self.id() {
            let _ = rustix::process::kill_process_group(id, rustix::process::Signal::KILL);
        }
        let _ = self.leader.kill();
    }
}

/// Whether Linux's line on a process says that it is of the group and has not ended:
/// `<id> (<name>) <state> <parent> <group> …`, and the name may hold anything.
#[cfg(target_os = "linux")]
fn is_alive_in(stat: &std::path::Path, group: u32) -> bool {
    let text = fs_err::read(stat).unwrap_or_default();
    let text = String::from_utf8_lossy(&text);
    let mut fields = text.rsplit(") ").next().unwrap_or_default().split(' ');
    let (state, of) = (fields.next(), fields.nth(1));
    of.and_then(|of| of.parse().ok()) == Some(group) && !matches!(state, Some("Z" | "X"))
}

impl Drop for Group {
    fn drop(&mut self) {
        // `end` has waited for the leader already; then both are nothing.
        if self.is_over().is_ok_and(|is_over| !is_over) {
            self.kill();
        }
        let _ = self.leader.wait();
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "this module is part of the home of process spawning")]
    fn nothing_of_it_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new("sh");
        let script = "(while :; do date > new; mv new written; sleep 0.01; done) & sleep 60";
        let mut group = Group::spawn(command.args(["-c", script]).current_dir(folder.path())).unwrap();
        let written = folder.path().join("written");
        while !written.exists() {
            assert!(!group.is_over().unwrap());
            std::thread::sleep(Duration::from_millis(5));
        }
        group.end().unwrap();
        assert!(!group.is_alive());
        fs_err::remove_file(&written).unwrap();
        std::thread::sleep(Duration::from_millis(50));
        assert!(!written.exists());
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "this module is part of the home of process spawning")]
    fn a_program_that_ended_is_over() {
        let mut group = Group::spawn(&mut Command::new("true")).unwrap();
        while !group.is_over().unwrap() {
            std::thread::sleep(Duration::from_millis(5));
        }
        group.end().unwrap();
    }
}
