//! The engine that all peers are built with, and the registry beside it.
//!
//! Both are this benchmark's own and work in its folder. Each peer's builds have data of their own, since one engine
//! runs at a time: an empty builder is one whose data is gone. Nothing here knows what is built.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, ensure};
use larder::{
    docker::{
        client::{Build, Client},
        progress::{Progress, stages},
    },
    process::Environment,
};
use serde::{Deserialize, Serialize};
use xshell::Shell;

use super::peer::{Peer, Workbench};
use crate::{
    docker::{
        base::{self, Bases},
        engine::Engine,
        image_registry::ImageRegistry,
    },
    log::Log,
    setup,
};

/// The engine, the registry and the base images in it.
pub(super) struct Builder<'a> {
    sh: &'a Shell,
    env: &'a Environment,
    log: &'a Log,
    folder: PathBuf,
    /// Stopped while its data is removed or changed.
    engine: Option<Engine>,
    /// Whose data the engine has.
    peer: Peer,
    registry: ImageRegistry,
    bases: Option<Bases>,
    /// The build base with cargo-chef in it.
    chef_base: String,
}

/// The use that a build makes of the registry's cache.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cache {
    /// Nothing: the builder's own is enough.
    Own,
    /// Writes it.
    Exported,
    /// Reads it.
    Imported,
}

/// The outcome of a build.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Built {
    pub(super) seconds: f64,
    /// The processor time of the steps, if the machine tells: other programs' work does not change it.
    pub(super) cpu_seconds: Option<f64>,
    /// Packages from registries that were compiled, each counted once for every half.
    pub(super) external: usize,
    /// Packages of the application, stand-ins for them included.
    pub(super) own: usize,
    /// The bytes that the registry of images sent.
    pub(super) image_bytes: u64,
    /// The bytes that steps received over the network, which is what cargo downloaded; if the machine tells.
    pub(super) crate_bytes: Option<u64>,
}

impl<'a> Builder<'a> {
    pub(super) fn start(
        sh: &'a Shell,
        env: &'a Environment,
        log: &'a Log,
        folder: &Path,
        registry: &Path,
    ) -> anyhow::Result<Self> {
        // Any will do for the base images.
        let peer = Peer::Larder;
        let engine = start_engine(sh, env, log, folder, peer)?;
        let registry = ImageRegistry::start(engine.env(), registry)?;
        Ok(Self {
            sh,
            env,
            log,
            folder: folder.to_owned(),
            engine: Some(engine),
            peer,
            registry,
            bases: None,
            chef_base: String::new(),
        })
    }

    fn client(&self) -> anyhow::Result<Client> {
        let engine = self.engine.as_ref().context("the engine is stopped")?;
        Ok(Client::find(engine.env())?)
    }

    fn cpu_seconds(&self) -> Option<f64> {
        self.engine.as_ref()?.cpu_seconds()
    }

    /// Versions of what builds.
    pub(super) fn describe(&self) -> anyhow::Result<String> {
        let client = self.client()?;
        let buildx = client.cmd().args(["buildx", "version"]).output()?;
        Ok(format!("Docker {}, {}", client.engine_version()?, buildx.trim()))
    }

    /// Sees that the registry has the base images.
    pub(super) fn bases(&mut self, tools: &setup::Tools, chef: &Path) -> anyhow::Result<()> {
        let client = self.client()?;
        let address = self.registry.address();
        let bases = base::ensure_in(address, self.sh, &client, tools, self.log)?;
        let tag = bases.build.rsplit_once(':').map_or("latest", |(_, tag)| tag);
        self.chef_base = format!("{address}/larder-bench-chef:{tag}");
        if client.cmd().args(["pull", "--quiet", &self.chef_base]).output().is_err() {
            base::with_program(&client, &bases.build, chef, &self.chef_base)?;
            client.push(&self.chef_base)?;
        }
        self.bases = Some(bases);
        Ok(())
    }

    /// Goes on with what a peer has built.
    pub(super) fn turn_to(&mut self, peer: Peer) -> anyhow::Result<()> {
        if peer != self.peer || self.engine.is_none() {
            self.engine = None;
            self.engine = Some(start_engine(self.sh, self.env, self.log, &self.folder, peer)?);
            self.peer = peer;
        }
        Ok(())
    }

    /// Takes everything away that was ever built or pulled for a peer, and turns to it.
    pub(super) fn empty(&mut self, peer: Peer) -> anyhow::Result<()> {
        self.engine = None;
        let data = data(&self.folder, peer);
        if data.exists() {
            fs_err::remove_dir_all(data)?;
        }
        self.turn_to(peer)
    }

    /// Gets the base images, which are the same for all peers and no part of a first build.
    pub(super) fn pull_bases(&self) -> anyhow::Result<()> {
        let bases = self.bases.as_ref().context("there are no base images yet")?;
        let client = self.client()?;
        for image in [&bases.build, &bases.runtime, &self.chef_base] {
            client.cmd().args(["pull", "--quiet", image]).output()?;
        }
        Ok(())
    }

    /// Builds what the peer's folder holds, and measures it; the output goes to a file of the scenario's name.
    pub(super) fn build(&self, bench: &Workbench<'_>, name: &str, cache: Cache) -> anyhow::Result<Built> {
        let client = self.client()?;
        let scratch = tempfile::tempdir()?;
        let build = self.words(bench, name, cache)?;
        let mut output = String::new();
        let mut progress = Progress::default();
        let (pulled, before, cpu) = (self.registry.pulled()?, received(), self.cpu_seconds());
        let start = Instant::now();
        let code = client.build(&build, &scratch.path().join("id"))?.each_error_line(|line| {
            let _ = writeln!(output, "{line}");
            progress.add(line);
        })?;
        let seconds = start.elapsed().as_secs_f64();
        let logs = self.folder.join("logs");
        fs_err::create_dir_all(&logs)?;
        let log = logs.join(format!("{}, {}.log", bench.peer.name(), name.replace(':', "")));
        fs_err::write(&log, output)?;
        ensure!(code == 0, "the build ended with exit code {code}: see {}", log.display());
        let stages = stages(progress.steps());
        Ok(Built {
            seconds,
            cpu_seconds: self.cpu_seconds().zip(cpu).map(|(after, before)| after - before),
            external: stages.iter().map(|stage| stage.compiled_external).sum(),
            own: stages.iter().map(|stage| stage.compiled_local).sum(),
            image_bytes: self.registry.pulled()? - pulled,
            crate_bytes: received().zip(before).map(|(after, before)| after.saturating_sub(before)),
        })
    }

    fn words(&self, bench: &Workbench<'_>, name: &str, cache: Cache) -> anyhow::Result<Build> {
        let bases = self.bases.as_ref().context("there are no base images yet")?;
        let build_base = if bench.peer == Peer::Chef { &self.chef_base } else { &bases.build };
        let reference = format!(
            "type=registry,ref={}/cache-{}-{}",
            self.registry.address(),
            bench.sample.name,
            bench.peer.name()
        );
        let (cache_from, cache_to) = match cache {
            Cache::Own => (Vec::new(), Vec::new()),
            Cache::Exported => (Vec::new(), vec![reference]),
            Cache::Imported => (vec![reference], Vec::new()),
        };
        Ok(Build {
            context: bench.tree(),
            // Names of their own, so that nobody clears an earlier image away while its layers are being used.
            tags: vec![format!("larder-bench-{}:{}", bench.peer.name(), name.replace([' ', ',', ':'], "-"))],
            build_args: vec![format!("BUILD_BASE={build_base}"), format!("RUNTIME_BASE={}", bases.runtime)],
            cache_from,
            cache_to,
            ..Build::default()
        })
    }
}

fn start_engine(
    sh: &Shell,
    env: &Environment,
    log: &Log,
    folder: &Path,
    peer: Peer,
) -> anyhow::Result<Engine> {
    Engine::current(sh, env, log, &folder.join("engine"), &data(folder, peer))
}

fn data(folder: &Path, peer: Peer) -> PathBuf {
    folder.join("engine").join(format!("data-{}", peer.name()))
}

/// The bytes that containers have received over the bridge that engines make for them: crates, packages, indexes.
/// Another engine that ends may take the bridge away, and its containers' bytes are counted as well.
fn received() -> Option<u64> {
    let text = fs_err::read_to_string("/sys/class/net/docker0/statistics/tx_bytes").ok()?;
    text.trim().parse().ok()
}
