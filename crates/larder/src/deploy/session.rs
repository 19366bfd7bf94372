//! The one connection to a server: a lock that dies with it, the server's sockets forwarded into a folder of our own, and
//! a socket of that folder forwarded to the server.
//!
//! A single `ssh` does all of it, so an sshd that allows one session is enough. It must never ask a question on the
//! terminal, and never let a value into the server's shell but as a quoted word.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use super::{
    address::Address,
    problem::Problem,
    refusal::{PROHIBITED, refusal},
    script,
    settings::{BuildPlace, DeploySettings},
    target::SshServer,
};
use crate::{
    error::{Error, Result},
    files::scratch::Scratch,
    process::{Cmd, Dialogue, Environment, Heard},
};

/// How long a connection may take to come about.
const CONNECTING: Duration = Duration::from_secs(30);
/// A port that nobody has sshd open, and that serves nothing.
const UNUSED_PORT: u16 = 9;
/// How long the server may take for one question.
const ANSWERING: Duration = Duration::from_secs(10);

/// Whether a session changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SessionPurpose {
    /// Holds the lock.
    Change,
    /// Only looks, whoever holds the lock.
    Look,
}

/// A connection; the lock is free when it is dropped.
#[derive(Debug)]
pub(super) struct ServerSession {
    dialogue: Dialogue,
    host: String,
    /// Where the sockets are.
    folder: Scratch,
    /// The server's port that leads back to a socket of ours.
    backward: Option<u16>,
}

/// Whether the server gets a port that leads back to us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backward {
    Wanted,
    Unused,
}

impl ServerSession {
    /// Connects, locks the service if it is to be changed, and checks the engine's socket.
    pub(super) fn open(
        env: &Environment,
        target: &SshServer,
        service: &str,
        settings: &DeploySettings,
        purpose: SessionPurpose,
    ) -> Result<Self> {
        let is_sent = settings.build == BuildPlace::Local && purpose == SessionPurpose::Change;
        let backward = if is_sent { Backward::Wanted } else { Backward::Unused };
        let mut session = Self::connect(env, target, service, settings, purpose, backward)?;
        match session.begin(service) {
            Err(_) if backward == Backward::Wanted && session.refuses_backward() => {
                session = Self::connect(env, target, service, settings, purpose, Backward::Unused)?;
                session.begin(service)?;
            }
            begun => begun?,
        }
        session.backward = allocated(&session.dialogue.errors());
        Ok(session)
    }

    /// Starts `ssh`.
    fn connect(
        env: &Environment,
        target: &SshServer,
        service: &str,
        settings: &DeploySettings,
        purpose: SessionPurpose,
        backward: Backward,
    ) -> Result<Self> {
        let folder = Scratch::new()?;
        let mut words: Vec<String> = OPTIONS.map(str::to_owned).to_vec();
        words.push(format!("-L{}:{}", socket_in(folder.path(), ENGINE), settings.socket));
        for port in settings.ports.iter().chain([&settings.proxy, &UNUSED_PORT]) {
            words.push(format!("-L{}:localhost:{port}", socket_in(folder.path(), &port.to_string())));
        }
        if backward == Backward::Wanted {
            // sshd chooses the port. Layers that come from the engine of this machine may not be compressed.
            words.push(format!("-R127.0.0.1:0:{}", socket_in(folder.path(), BACKWARD)));
            words.push("-oCompression=yes".into());
        }
        words.extend(target.words());
        let purpose = if purpose == SessionPurpose::Look { "look" } else { "change" };
        words.push(script::command(service, purpose, &holder(env), &settings.socket));
        let ssh = env.find_program("ssh").unwrap_or_else(|| PathBuf::from("ssh"));
        let dialogue = Cmd::new(ssh, "/", env).args(words).talk(&folder.path().join("errors"))?;
        dialogue.beat(script::BEAT);
        Ok(Self { dialogue, host: target.to_string(), folder, backward: None })
    }

    /// Whether the connection came to nothing because sshd gives us no port.
    fn refuses_backward(&mut self) -> bool {
        self.dialogue.is_over() && self.dialogue.errors().contains("remote port forwarding failed")
    }

    /// Hears what the server says first.
    fn begin(&mut self, service: &str) -> Result<()> {
        let state = self.answer("state", CONNECTING)?;
        let host = self.host.clone();
        match state.split_once(' ').unwrap_or((&state, "")) {
            ("locked" | "look", _) => {}
            ("held", holder) => {
                let holder = if holder.trim().is_empty() { "somebody else" } else { holder.trim() };
                let (service, holder) = (service.to_owned(), holder.to_owned());
                return Err(Problem::Held { host, service, holder }.into());
            }
            _ => {
                let (what, hint) = ("the server has no `flock`".to_owned(), "install util-linux there");
                return Err(Problem::Server { host, what, hint }.into());
            }
        }
        let engine = self.answer("engine", ANSWERING)?;
        let (what, hint) = match engine.split_once(' ').unwrap_or((&engine, "")) {
            ("there", _) => return Ok(()),
            ("denied", who) => (
                format!("the engine's socket is denied {who}"),
                "let the user into the group of the socket (`docker`), or deploy as one who is in it",
            ),
            _ => (
                "there is no Docker engine: its socket does not exist".into(),
                "start the engine there, or set `socket` to where its socket is",
            ),
        };
        Err(Problem::Server { host, what, hint }.into())
    }

    /// The next line, which begins with this word.
    fn answer(&mut self, word: &str, patience: Duration) -> Result<String> {
        let deadline = Instant::now() + patience;
        loop {
            match self.dialogue.hear(deadline.saturating_duration_since(Instant::now())) {
                // A shell's own greeting may come first.
                Heard::Line(line) => {
                    if let Some(rest) = line.strip_prefix(word).and_then(|rest| rest.strip_prefix(' ')) {
                        return Ok(rest.to_owned());
                    }
                }
                Heard::Nothing => {
                    let reason = format!("no answer within {} s", patience.as_secs());
                    let hint = "check the address, and that `ssh` gets there by itself";
                    return Err(Problem::Connection { host: self.host.clone(), reason, hint }.into());
                }
                Heard::End => return Err(self.failure().into()),
            }
        }
    }

    /// Sends a line. If nobody reads it the connection has ended, and ssh knows why.
    fn say(&mut self, line: &str) -> Result<()> {
        self.dialogue.say(line).map_err(|_| Error::from(self.failure()))
    }

    /// Why the connection ended, in ssh's own words.
    fn failure(&mut self) -> Problem {
        // Its last words may still be on their way.
        let deadline = Instant::now() + Duration::from_secs(1);
        while !self.dialogue.is_over() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let said = self.dialogue.errors();
        let (reason, hint) = refusal(&said);
        Problem::Connection { host: self.host.clone(), reason, hint }
    }

    /// Fails if the connection is gone.
    pub(super) fn check(&mut self) -> Result<()> {
        if self.dialogue.is_over() { Err(self.failure().into()) } else { Ok(()) }
    }

    /// Waits until the server answers, and has said all that it had to say before.
    pub(super) fn round_trip(&mut self) -> Result<()> {
        self.say("ping")?;
        self.answer("pong", ANSWERING).map(drop)
    }

    /// The error if sshd does not forward whatever it is asked for. It refuses the engine's socket then in the words of one
    /// at which nothing listens, so it is asked for a port.
    pub(super) fn forwarding_trouble(&mut self) -> Result<Option<Error>> {
        self.port(UNUSED_PORT).listens(|| self.round_trip())?;
        Ok(self.dialogue.errors().contains(PROHIBITED).then(|| {
            let (reason, hint) = refusal(PROHIBITED);
            Problem::Connection { host: self.host.clone(), reason, hint }.into()
        }))
    }

    /// The free space of a folder's disk, in bytes; `None` if the server cannot tell.
    pub(super) fn free_space(&mut self, folder: &str) -> Result<Option<u64>> {
        if !folder.starts_with('/') || folder.contains(char::is_control) {
            return Ok(None);
        }
        self.say(&format!("disk {folder}"))?;
        let answer = self.answer("disk", ANSWERING)?;
        // `df -P`: device, blocks, used, available, …
        let kib = answer.split_whitespace().nth(3).and_then(|kib| kib.parse::<u64>().ok());
        Ok(kib.map(|kib| kib.saturating_mul(1024)))
    }

    /// Has the server start this container again if the connection ends; an empty name has it start none.
    pub(super) fn guard(&mut self, container: &str) -> Result<()> {
        self.say(&format!("guard {container}"))?;
        let answer = self.answer("guard", ANSWERING)?;
        Ok(guarded(&answer, &self.host)?)
    }

    /// The engine's address for clients.
    pub(super) fn engine(&self) -> String {
        format!("unix://{}", self.folder.path().join(ENGINE).display())
    }

    /// A port of the server's loopback.
    pub(super) fn port(&self, port: u16) -> Address {
        Address { socket: self.folder.path().join(port.to_string()), port }
    }

    /// The port of the server's loopback that leads to [`ServerSession::backward_socket`], if there is one.
    pub(super) fn backward(&self) -> Option<u16> {
        self.backward
    }

    /// Our end of that port.
    pub(super) fn backward_socket(&self) -> PathBuf {
        self.folder.path().join(BACKWARD)
    }

    /// The folder for files of this run, for nobody else's eyes.
    pub(super) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The server's name.
    pub(super) fn host(&self) -> &str {
        &self.host
    }
}

/// Fails if the server answers that it can guard nothing.
fn guarded(answer: &str, host: &str) -> std::result::Result<(), Problem> {
    if answer != "none" {
        return Ok(());
    }
    let what = "there is no `docker` on the PATH of a command that ssh starts, so nothing could start the old release \
                again if the connection broke"
        .to_owned();
    let hint = "install the Docker client there, or link it into a folder of that PATH, such as `/usr/bin`";
    Err(Problem::Server { host: host.to_owned(), what, hint })
}

fn socket_in(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

/// The engine's socket in our folder.
const ENGINE: &str = "engine";
/// The socket that the server's port leads to.
const BACKWARD: &str = "backward";

/// Nothing may be asked, nothing of the user's own may run in the place of the script, nothing may be shared with
/// other connections, and a dead one is noticed.
const OPTIONS: [&str; 13] = [
    "-T",
    "-oRemoteCommand=none",
    "-oBatchMode=yes",
    "-oControlMaster=no",
    "-oControlPath=none",
    "-oExitOnForwardFailure=yes",
    "-oClearAllForwardings=no",
    "-oForwardAgent=no",
    "-oConnectTimeout=15",
    "-oServerAliveInterval=5",
    "-oServerAliveCountMax=3",
    "-oStreamLocalBindMask=0177",
    "-oLogLevel=INFO",
];

/// The port that sshd chose, in ssh's words: `Allocated port 40001 for remote forward to …`.
fn allocated(said: &str) -> Option<u16> {
    let rest = said.lines().find_map(|line| line.trim().strip_prefix("Allocated port "))?;
    rest.split(' ').next()?.parse().ok()
}

/// Who deploys, for others who would like to.
fn holder(env: &Environment) -> String {
    let user = env.get_str("USER").or_else(|| env.get_str("LOGNAME")).unwrap_or("somebody");
    #[cfg(unix)]
    let machine = rustix::system::uname().nodename().to_string_lossy().into_owned();
    #[cfg(not(unix))]
    let machine = env.get_str("COMPUTERNAME").unwrap_or("a machine");
    let now = humantime::format_rfc3339_seconds(std::time::SystemTime::now());
    let text = format!("{user} on {machine} since {now}");
    text.chars().filter(|c| c.is_ascii_graphic() || *c == ' ').collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_is_the_one_that_sshd_chose() {
        let said = "Warning: x\r\nAllocated port 40001 for remote forward to /tmp/a/backward:-2\r\n";
        assert_eq!(allocated(said), Some(40001));
        assert_eq!(allocated("Warning: remote port forwarding failed for listen port 0"), None);
    }

    #[test]
    fn a_server_that_can_guard_nothing_is_an_error() {
        assert!(guarded("set", "h").is_ok());
        let said = guarded("none", "h").unwrap_err().to_string();
        assert!(
            said.starts_with("h: there is no `docker` on the PATH of a command that ssh starts"),
            "{said}"
        );
    }

    #[test]
    fn a_holder_is_plain_text() {
        let env = Environment::new([("USER", "an\u{1b}[2Ja`x`\n")]);
        let holder = holder(&env);
        assert!(holder.starts_with("an[2Ja`x` on ") && !holder.contains('\n'), "{holder}");
    }
}
