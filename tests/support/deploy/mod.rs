//! A server to deploy to, made on this machine: sshd, a Docker engine and a Caddy in namespaces of their own, so that
//! nothing of the machine's own is seen or changed and no port can be taken.
//!
//! All of it ends with the first process of the namespaces. It must never listen anywhere but on the loopback in there.

mod load;
mod machine;
mod page;
mod waiting;
mod watch;

use std::{
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, Instant},
};

use larder::process::{Cmd, Dialogue, Environment, Heard};
use serde_json::Value;
use tempfile::TempDir;

use self::machine::{prepared, with_system_folders};
pub use self::{
    load::{Load, Seen},
    machine::{programs, set_docker_client},
    page::{Fault, halves_project, page_project, set_fault, set_page, set_patience},
    waiting::wait_for,
};
use crate::{Outcome, Project, Surroundings, skip};

/// How long the server may take to start: a machine that does much else has no time for an engine.
const STARTING: Duration = Duration::from_mins(10);
/// The programs that the bench is made of.
const PROGRAMS: [&str; 11] = [
    "dockerd",
    "docker",
    "containerd",
    "runc",
    "iptables",
    "sshd",
    "caddy",
    "ssh",
    "ssh-keygen",
    "unshare",
    "nsenter",
];

/// The differences from the usual server.
#[derive(Debug, Clone, Copy, Default)]
pub struct Server {
    /// More lines for sshd's configuration.
    pub sshd_options: &'static str,
    /// The size of the engine's disk, as `mount` takes it.
    pub disk: &'static str,
    /// The network it is in.
    pub network: Network,
}

/// The network of a server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Network {
    /// One of its own, which leads nowhere.
    #[default]
    Own,
    /// The machine's, for builds that download; its ports are taken on the machine's loopback.
    Machines,
}

/// A running server.
pub struct Bench {
    folder: TempDir,
    env: Environment,
    /// The first process in the namespaces.
    process: u32,
    /// Ended last.
    _server: Mutex<Dialogue>,
}

/// A goal of the product's as a test can hold it: other work on the machine may slow everything.
#[must_use]
pub fn with_slack(goal: Duration) -> Duration {
    goal * 10
}

impl Bench {
    /// Starts a server, or says why it cannot be.
    ///
    /// # Panics
    /// When the programs are there and do not start.
    pub fn start(test: &str) -> Option<Self> {
        Self::start_with(test, &Server::default())
    }

    /// The same for another server than most.
    ///
    /// # Panics
    /// When the programs are there and do not start.
    pub fn start_with(test: &str, wanted: &Server) -> Option<Self> {
        let env = programs();
        let missing: Vec<&str> =
            PROGRAMS.into_iter().filter(|name| env.find_program(name).is_none()).collect();
        if !missing.is_empty() {
            skip(test, &format!("PATH has no {}: `cargo xtask test` gets them", missing.join(", no ")));
            return None;
        }
        if !rustix::process::geteuid().is_root() {
            skip(test, "namespaces and an engine take root");
            return None;
        }
        Some(Self::serving(env, wanted))
    }

    /// The same with programs from another environment than the tests'; it is known to be possible.
    ///
    /// # Panics
    /// When the server does not start.
    pub fn start_in(env: &Environment, wanted: &Server) -> Self {
        Self::serving(with_system_folders(env), wanted)
    }

    fn serving(env: Environment, wanted: &Server) -> Self {
        let folder =
            tempfile::Builder::new().prefix("larder-bench-").tempdir_in("/var/tmp").expect("a folder");
        let env = prepared(folder.path(), env);
        let server = serve(folder.path(), &env, wanted);
        let process = first_process(server.id());
        let bench = Self { folder, env, process, _server: Mutex::new(server) };
        bench.wait();
        bench
    }

    /// A call of a program that reaches the server by its network, and has its keys.
    #[must_use]
    pub fn command(&self, program: &Path, folder: &Path) -> Cmd {
        Cmd::new("nsenter", folder, &self.env)
            .arg(format!("--net=/proc/{}/ns/net", self.process))
            .arg(program)
    }

    /// Gives the server's engine the images of an archive.
    pub fn load(&self, archive: &Path) {
        self.docker(&["load", "--quiet", "--input", &archive.display().to_string()]);
    }

    /// A path in the bench's folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The environment in which the server is reached: `ssh` with keys of the bench's own.
    pub fn env(&self) -> &Environment {
        &self.env
    }

    fn wait(&self) {
        let deadline = Instant::now() + STARTING;
        while !self.is_up() {
            assert!(
                Instant::now() < deadline,
                "the server does not start: {}\n{}\n{}",
                self.log("engine.log"),
                self.log("caddy.log"),
                self.log("sshd.log")
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn is_up(&self) -> bool {
        let engine = self.try_docker(&["version", "--format", "{{.Server.Version}}"]).is_some();
        engine
            && self.log("sshd.log").contains("Server listening on")
            && self.path("site.sock").exists()
            && self.administration_answers()
    }

    /// Whether Caddy can be told what to do. It is told what it does already, which changes nothing.
    fn administration_answers(&self) -> bool {
        let words = ["reload", "--adapter", "caddyfile", "--config"];
        let caddy = self.command(Path::new("caddy"), self.folder.path());
        caddy.args(words).arg(self.path("Caddyfile")).output().is_ok()
    }

    fn log(&self, name: &str) -> String {
        fs_err::read_to_string(self.path(name)).unwrap_or_default()
    }

    /// Runs `cargo larder deploy WORDS`.
    pub fn deploy(&self, project: &Project, words: &[&str]) -> Outcome {
        self.deploy_with(project, words, &[])
    }

    /// The same with more variables.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn deploy_with(&self, project: &Project, words: &[&str], vars: &[(&str, &str)]) -> Outcome {
        let surroundings = Surroundings::get();
        let net = format!("--net=/proc/{}/ns/net", self.process);
        let binary = surroundings.binary().to_str().expect("UTF-8");
        let all = [&[net.as_str(), binary, "larder", "deploy"], words].concat();
        let mut env: Vec<(&str, &str)> = self
            .env
            .iter()
            .map(|(name, value)| (name.to_str().expect("UTF-8"), value.to_str().expect("UTF-8")))
            .collect();
        env.extend(vars);
        surroundings.run(Path::new("nsenter"), project.path(), &all, &env)
    }

    /// `cargo larder deploy WORDS`, which must succeed, with what it prints as JSON.
    ///
    /// # Panics
    /// If it fails.
    pub fn deployed(&self, project: &Project, words: &[&str]) -> Value {
        let run = self.deploy(project, &[&["--json"], words].concat()).ok();
        serde_json::from_str(&run.stdout).expect("JSON")
    }

    /// Asks the server's engine, past SSH.
    ///
    /// # Panics
    /// When it refuses.
    pub fn docker(&self, words: &[&str]) -> String {
        self.try_docker(words).unwrap_or_else(|| panic!("docker {words:?} fails"))
    }

    /// The same; `None` if it refuses.
    pub fn try_docker(&self, words: &[&str]) -> Option<String> {
        let docker = self.env.find_program("docker")?;
        let host = format!("unix://{}", self.path("engine.sock").display());
        Cmd::new(docker, "/", &self.env).env("DOCKER_HOST", host).args(words.iter().copied()).output().ok()
    }

    /// All that the engine did since a moment that [`Bench::now`] gave, one event a line.
    pub fn events_since(&self, moment: &str) -> Vec<String> {
        self.formatted_events(moment, "{{.Type}} {{.Action}} {{.Actor.Attributes.name}}")
    }

    /// When containers started and ended since a moment, in seconds.
    ///
    /// # Panics
    /// When the engine gives no times.
    pub fn lives_since(&self, moment: &str) -> Vec<(f64, Life)> {
        let format = "{{.Type}} {{.Action}} {{.TimeNano}}";
        let told = self.formatted_events(moment, format);
        told.iter().filter_map(|event| Life::read(event)).collect()
    }

    /// Fails if two containers ran at the same time since this moment, at which so many did.
    ///
    /// # Panics
    /// If they did.
    pub fn assert_one_at_once(&self, moment: &str, mut running: i32) {
        for (_, life) in self.lives_since(moment) {
            running += match life {
                Life::Starts => 1,
                Life::Ends => -1,
                Life::IsEnded => 0,
            };
            assert!((0..=1).contains(&running), "{running} run at once");
        }
    }

    fn formatted_events(&self, moment: &str, format: &str) -> Vec<String> {
        let now = self.now();
        let all = self.docker(&["events", "--since", moment, "--until", &now, "--format", format]);
        all.lines().map(str::to_owned).collect()
    }

    /// The moment in the engine's words.
    ///
    /// # Panics
    /// When the clock is before 1970.
    pub fn now(&self) -> String {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a time");
        format!("{}.{:09}", now.as_secs(), now.subsec_nanos())
    }

    /// How many connections sshd has let in so far.
    ///
    /// # Panics
    /// When it wrote no log.
    pub fn connections(&self) -> usize {
        let log = fs_err::read_to_string(self.path("sshd.log")).expect("a log");
        log.lines().filter(|line| line.contains("Accepted publickey")).count()
    }

    /// How many bytes sshd has got from its clients since this was asked first.
    ///
    /// # Panics
    /// When the kernel counts none.
    pub fn received(&self) -> u64 {
        const RULE: [&str; 7] = ["INPUT", "--protocol", "tcp", "--dport", "2222", "--jump", "ACCEPT"];
        if self.iptables(&[&["--check"], &RULE[..]].concat()).is_none() {
            self.iptables(&[&["--insert"], &RULE[..]].concat()).expect("a rule");
        }
        let listed =
            self.iptables(&["--list", "INPUT", "--numeric", "--verbose", "--exact"]).expect("counters");
        let line = listed.lines().find(|line| line.contains("dpt:2222")).expect("the rule");
        line.split_whitespace().nth(1).and_then(|bytes| bytes.parse().ok()).expect("a number")
    }

    fn iptables(&self, words: &[&str]) -> Option<String> {
        let nsenter = self.env.find_program("nsenter")?;
        let net = format!("--net=/proc/{}/ns/net", self.process);
        Cmd::new(nsenter, "/", &self.env)
            .arg(net)
            .args(["iptables", "--wait"])
            .args(words.iter().copied())
            .output()
            .ok()
    }

    /// A page of the site, as its visitors get it.
    pub fn page(&self) -> String {
        match load::ask(&self.path("site.sock"), "GET") {
            Ok(text) => text,
            Err(reason) => format!("no page: {reason}"),
        }
    }

    /// Everywhere that a secret is seen while `work` runs, and in the texts that it gives.
    pub fn watch_for(&self, secret: &str, work: impl FnOnce() -> Vec<String>) -> Vec<String> {
        watch::during(secret, self.folder.path(), work)
    }

    /// Leaves less room on the engine's disk than a deployment takes.
    ///
    /// # Panics
    /// When it cannot be filled.
    pub fn fill_disk(&self) {
        let nsenter = self.env.find_program("nsenter").expect("nsenter");
        let file = self.path("data/filling");
        Cmd::new(nsenter, "/", &self.env)
            .arg(format!("--mount=/proc/{}/ns/mnt", self.process))
            .args(["fallocate", "--length", "500M"])
            .arg(file)
            .run()
            .expect("it is filled");
    }

    /// Visitors, until they are stopped.
    pub fn visit(&self) -> Load {
        Load::start(self.path("site.sock"))
    }
}

/// An event of a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Life {
    /// It runs.
    Starts,
    /// It is told to end, and takes no more requests.
    IsEnded,
    /// It does not any more.
    Ends,
}

impl Life {
    /// Reads an event of the engine's with its time in nanoseconds, and gives that in seconds.
    fn read(event: &str) -> Option<(f64, Self)> {
        let rest = event.strip_prefix("container ")?;
        let (action, time) = rest.rsplit_once(' ')?;
        let life = match action {
            "start" => Self::Starts,
            "die" => Self::Ends,
            action if action.starts_with("kill") => Self::IsEnded,
            _ => return None,
        };
        Some((time.parse::<f64>().expect("a time") / 1e9, life))
    }
}

fn serve(bench: &Path, env: &Environment, wanted: &Server) -> Dialogue {
    let script = bench.join("server.sh");
    fs_err::write(&script, include_str!("server.sh")).expect("a file");
    let sshd = env.find_program("sshd").expect("sshd");
    // sshd starts itself again by its own path.
    let sshd = fs_err::canonicalize(sshd).expect("its path");
    let unshare = env.find_program("unshare").expect("unshare");
    let words = ["--mount", "--pid", "--fork", "--kill-child", "--mount-proc"];
    let server = Cmd::new(unshare, bench, env)
        .args(words)
        .args((wanted.network == Network::Own).then_some("--net"))
        .arg("sh")
        .arg(script)
        .arg(bench)
        .arg(sshd)
        .arg(wanted.sshd_options)
        .arg(wanted.disk)
        .talk(&bench.join("server.log"))
        .expect("unshare");
    let first = server.hear(STARTING);
    assert_eq!(first, Heard::Line("ready".into()), "{}", server.errors());
    server
}

/// The process that `unshare` started.
fn first_process(unshare: u32) -> u32 {
    let children = format!("/proc/{unshare}/task/{unshare}/children");
    let text = fs_err::read_to_string(children).expect("its children");
    text.split_whitespace().next().and_then(|id| id.parse().ok()).expect("a child")
}
