//! A Docker engine to build with: the one that answers, or one of our own.
//!
//! Ours comes from the machine's own packages, works in a folder of the tools cache and on a socket of its own,
//! and is stopped with us. It must never touch the machine's own engine or its data.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context as _, ensure};
use larder::{
    backend::docker::client::Client,
    process::{Cmd, Environment, Running},
};
use xshell::Shell;

use crate::{log::Log, setup};

/// How long an engine may take to start.
const PATIENCE: Duration = Duration::from_secs(30);

/// An engine that answers, and the environment in which clients find it.
pub(crate) struct Engine {
    env: Environment,
    /// Ours, stopped when this is dropped.
    own: Option<Own>,
}

struct Own {
    running: Running,
    env: Environment,
}

impl Engine {
    /// Finds an engine and a client that builds with it, or installs and starts them where that is possible.
    pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<Self> {
        if Client::find(env).is_ok_and(|client| client.engine_version().is_ok()) {
            return Ok(Self { env: env.clone(), own: None });
        }
        setup::host_packages(sh, env, log, &[("dockerd", "docker.io")])?;
        if Client::find(env)?.engine_version().is_ok() {
            return Ok(Self { env: env.clone(), own: None });
        }
        Self::start(env, &setup::scratch_folder(sh, env, "docker")?, log)
    }

    /// The environment in which clients find the engine.
    pub(crate) fn env(&self) -> &Environment {
        &self.env
    }

    fn start(env: &Environment, folder: &Path, log: &Log) -> anyhow::Result<Self> {
        let dockerd = env.find_program("dockerd").context("PATH has no dockerd")?;
        fs_err::create_dir_all(folder)?;
        let file = |name: &str| -> PathBuf { folder.join(name) };
        let option = |name: &str, value: PathBuf| format!("--{name}={}", value.display());
        // A socket's path may be no longer than some hundred bytes.
        let socket = format!("unix://{}", file("engine.sock").display());
        let _ = fs_err::remove_file(file("engine.pid"));
        log.step("Starting", &format!("a Docker engine in {}", folder.display()));
        let running = Cmd::new(dockerd, folder, env)
            .arg(format!("--host={socket}"))
            .args([option("data-root", file("data")), option("exec-root", file("run"))])
            .arg(option("pidfile", file("engine.pid")))
            .spawn_logged(&file("engine.log"))?;
        let mut env = env.clone();
        env.set("DOCKER_HOST", socket);
        let mut own = Own { running, env: env.clone() };
        let client = Client::find(&env)?;
        let deadline = Instant::now() + PATIENCE;
        while client.engine_version().is_err() {
            let said = || fs_err::read_to_string(file("engine.log")).unwrap_or_default();
            ensure!(own.running.try_exit_code()?.is_none(), "the Docker engine ended at once: {}", said());
            ensure!(Instant::now() < deadline, "the Docker engine does not answer: {}", said());
            std::thread::sleep(Duration::from_millis(100));
        }
        Ok(Self { env, own: Some(own) })
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        let Some(own) = &mut self.own else { return };
        // Killed at once it would leave mounts and containers behind; after a while it is killed all the same.
        let pid = own.running.id().to_string();
        let _ = Cmd::new("/bin/kill", "/", &own.env).args(["-TERM", &pid]).output();
        let deadline = Instant::now() + PATIENCE;
        while matches!(own.running.try_exit_code(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
