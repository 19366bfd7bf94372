//! A Docker engine to build with: the one that answers, or one of our own.
//!
//! Ours comes from the machine's own packages, or from Debian's development release if buildx is needed. It works
//! in a folder and on a socket of its own, and is stopped with us. It must never touch the machine's own engine or
//! its data.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use larder::{
    docker::client::Client,
    process::{Cmd, Environment, Running},
};
use larder_tests::signals::{self, Signal};
use xshell::Shell;

use crate::{listening::said, log::Log, setup};

/// How long an engine may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// An engine that answers, and the environment in which clients find it.
pub(crate) struct Engine {
    env: Environment,
    /// Ours, stopped when this is dropped.
    own: Option<Own>,
    /// The control group of its builds, if it has one of its own.
    group: Option<PathBuf>,
}

struct Own {
    running: Running,
    /// Two engines in one folder would take each other's socket and containers.
    _lock: fs_err::File,
}

impl Engine {
    /// Finds an engine and a client that builds with it, or installs and starts them if that is possible.
    pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<Self> {
        if answers(env) {
            return Ok(Self { env: env.clone(), own: None, group: None });
        }
        setup::host_packages(sh, env, log, &[("dockerd", "docker.io")])?;
        if Client::find(env)?.engine_version().is_ok() {
            return Ok(Self { env: env.clone(), own: None, group: None });
        }
        let folder = setup::scratch_folder(sh, env, "docker")?;
        Self::start(env, &folder, &[option("data-root", &folder.join("data"))], log)
    }

    /// Starts a current engine for clients with buildx, which works in `folder` and keeps everything in `data`.
    pub(crate) fn current(
        sh: &Shell,
        env: &Environment,
        log: &Log,
        folder: &Path,
        data: &Path,
    ) -> anyhow::Result<Self> {
        let programs = setup::engine::ensure(sh, env, log)?;
        let mut env = env.clone();
        env.put_first([programs.clone()])?;
        let client = folder.join("client");
        let plugin = client.join("cli-plugins/docker-buildx");
        fs_err::create_dir_all(client.join("cli-plugins"))?;
        let _ = fs_err::remove_file(&plugin);
        std::os::unix::fs::symlink(programs.join("docker-buildx"), plugin)?;
        env.set("DOCKER_CONFIG", client);
        env.unset("DOCKER_CONTEXT");
        // The image store that can export every kind of cache.
        let settings = folder.join("engine.json");
        fs_err::write(&settings, "{ \"features\": { \"containerd-snapshotter\": true } }\n")?;
        // A group of its own, so that it can be told what its builds take, whatever other engines do.
        let group = PathBuf::from(format!("larder-{}", std::process::id()));
        let options =
            [option("data-root", data), option("config-file", &settings), option("cgroup-parent", &group)];
        let mut engine = Self::start(&env, folder, &options, log)?;
        engine.group = Some(group);
        Ok(engine)
    }

    /// The environment in which clients find the engine.
    pub(crate) fn env(&self) -> &Environment {
        &self.env
    }

    /// The processor time of the steps of all its builds so far, if the machine tells.
    pub(crate) fn cpu_seconds(&self) -> Option<f64> {
        let group = self.group.as_ref()?.join("buildkit");
        let groups = Path::new("/sys/fs/cgroup");
        let usage = groups.join("cpuacct").join(&group).join("cpuacct.usage");
        if let Ok(text) = fs_err::read_to_string(usage) {
            return Some(parse_number(&text)? / 1e9);
        }
        match fs_err::read_to_string(groups.join(&group).join("cpu.stat")) {
            Ok(text) => {
                let line = text.lines().find_map(|line| line.strip_prefix("usage_usec "));
                Some(parse_number(line?)? / 1e6)
            }
            // The group comes with the first step.
            Err(_) => groups.is_dir().then_some(0.0),
        }
    }

    fn start(env: &Environment, folder: &Path, options: &[String], log: &Log) -> anyhow::Result<Self> {
        let dockerd = env.find_program("dockerd").context("PATH has no dockerd")?;
        fs_err::create_dir_all(folder)?;
        let lock = locked(folder, log)?;
        let (pid, output) = (folder.join("engine.pid"), folder.join("engine.log"));
        // A socket's path may be no longer than some hundred bytes.
        let socket = format!("unix://{}", folder.join("engine.sock").display());
        let _ = fs_err::remove_file(&pid);
        log.step("Starting", &format!("a Docker engine in {}", folder.display()));
        let running = Cmd::new(dockerd, folder, env)
            .arg(format!("--host={socket}"))
            .args([option("exec-root", &folder.join("run")), option("pidfile", &pid)])
            .args(options)
            .spawn_logged(&output)?;
        let mut env = env.clone();
        env.set("DOCKER_HOST", socket);
        let mut own = Own { running, _lock: lock };
        let client = Client::find(&env)?;
        let deadline = Instant::now() + PATIENCE;
        while client.engine_version().is_err() {
            ensure!(
                own.running.try_exit_code()?.is_none(),
                "the Docker engine ended at once: {}",
                said(&output)
            );
            ensure!(Instant::now() < deadline, "the Docker engine does not answer: {}", said(&output));
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(Self { env, own: Some(own), group: None })
    }
}

fn parse_number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// Waits until no other run has an engine in this folder; it is ours until the file is dropped.
fn locked(folder: &Path, log: &Log) -> anyhow::Result<fs_err::File> {
    let file = fs_err::File::create(folder.join("engine.lock"))?;
    if file.file().try_lock().is_err() {
        log.step("Waiting", &format!("for another run that has a Docker engine in {}", folder.display()));
        file.file().lock().with_context(|| format!("cannot lock {}", folder.display()))?;
    }
    Ok(file)
}

/// Whether there is an engine already, and a client that reaches it.
pub(crate) fn answers(env: &Environment) -> bool {
    Client::find(env).is_ok_and(|client| client.engine_version().is_ok())
}

fn option(name: &str, value: &Path) -> String {
    format!("--{name}={}", value.display())
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Some(own) = &mut self.own else { return };
        // Killed at once it would leave mounts and containers behind; after a while it is killed all the same.
        let _ = signals::send(own.running.id(), Signal::TERM);
        let deadline = Instant::now() + PATIENCE;
        while matches!(own.running.try_exit_code(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
