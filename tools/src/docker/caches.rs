//! Tests that take a current engine and buildx: a registry's cache that reaches an empty builder, what such a cache
//! must not hold, and a disk that is full in the middle of a build.
//!
//! Both engines here are started for this and work in folders of their own; the second one's data is on a small
//! file system in memory.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use larder::{
    docker::client::Client,
    process::{Cmd, Environment},
};
use xshell::Shell;

use super::{
    base::{self, Bases},
    engine::Engine,
    image_registry::ImageRegistry,
    scenarios::{Fixture, files_with_canary, no_canary, plant_canaries, stage},
};
use crate::{log::Log, setup};

/// Room for an engine and a small base image, and for little else.
const SMALL_DISK: &str = "size=700m";

/// Walks through both.
pub(super) fn run(sh: &Shell, env: &Environment, larder: &Path, log: &Log) -> anyhow::Result<()> {
    let folder = setup::scratch_folder(sh, env, "docker-current")?;
    let engine = Engine::current(sh, env, log, &folder, &folder.join("data"))?;
    let registry = ImageRegistry::start(engine.env(), &folder.join("registry"))?;
    let tools = setup::ensure(sh, env, log)?;
    let client = Client::find(engine.env())?;
    let bases = base::ensure_in(registry.address(), sh, &client, &tools, log)?;
    registry_cache(engine.env(), larder, &bases, &registry, log)?;
    lint(&client, &sh.current_dir(), &bases, log)?;
    drop(engine);
    full_disk(sh, env, larder, &bases.runtime, log)
}

/// Docker's own look at a generated Dockerfile, which fails if it has something to say.
fn lint(client: &Client, folder: &Path, bases: &Bases, log: &Log) -> anyhow::Result<()> {
    let check = client.cmd().args(["buildx", "build", "--check"]);
    check.args(bases.words()).arg(folder).output().context("Docker finds fault with a Dockerfile")?;
    log.step("Checked", &format!("{}: Docker finds nothing", folder.join("Dockerfile").display()));
    Ok(())
}

/// One builder exports, is emptied, and gets everything back but what changed.
fn registry_cache(
    env: &Environment,
    larder: &Path,
    bases: &Bases,
    registry: &ImageRegistry,
    log: &Log,
) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let dir = scratch.path().join("workspace");
    let mut env = env.clone();
    plant_canaries(&dir, scratch.path(), &mut env)?;
    let client = Client::find(&env)?;
    let words = bases.words();
    let fixture = Fixture { dir: &dir, larder, env, words: &words };
    fixture.write_all()?;
    fixture.write_recipes()?;

    lint(&client, &dir, bases, log)?;
    let reference = format!("type=registry,ref={}/cache", registry.address());
    let first = fixture.build_with("export of the cache", &[format!("--cache-to={reference}")])?;
    ensure!(stage(&first, "cook-release")?.external > 0, "the first build cooks nothing: {first:#}");
    // Layers as they are, so that whatever is in them is found.
    let exported = scratch.path().join("cache");
    let local = format!(
        "--cache-to=type=local,dest={},compression=uncompressed,force-compression=true",
        exported.display()
    );
    fixture.build_with("export to a folder", &[local])?;
    let found = files_with_canary(&exported, &fixture.env)?;
    ensure!(found.with.is_none(), "the exported cache holds a secret: {:?}", found.with);
    log.step("Searched", &format!("{} files of an exported cache for secrets: there are none", found.files));

    client.cmd().args(["buildx", "prune", "--all", "--force"]).output()?;
    fixture.write("service/src/main.rs", "fn main() {\n    println!(\"{}\", shared::word());\n}\n")?;
    let before = registry.pulled()?;
    let edit = fixture.build_with("an empty builder", &[format!("--cache-from={reference}")])?;
    let (cook, builder) = (stage(&edit, "cook-release")?, stage(&edit, "builder")?);
    ensure!(cook.run == 0 && cook.external == 0, "an empty builder with a cache cooks: {edit:#}");
    ensure!(builder.external == 0 && builder.own > 0, "an empty builder with a cache: {edit:#}");
    let pulled = registry.pulled()? - before;
    ensure!(pulled > 0, "nothing was pulled: the builder was not empty");
    no_canary(&fixture)?;
    log.step(
        "Built",
        &format!("an edit on an empty builder: no dependency, {} KB of cache pulled", pulled / 1000),
    );
    Ok(())
}

/// The disk runs full in a step, and there is one error that says so.
fn full_disk(sh: &Shell, env: &Environment, larder: &Path, base: &str, log: &Log) -> anyhow::Result<()> {
    let folder = setup::scratch_folder(sh, env, "docker-full")?;
    let Some(disk) = SmallDisk::mount(env, folder.join("data"))? else {
        return super::skipped(env, log, "the full disk", "no file system in memory can be mounted here");
    };
    let kept = setup::scratch_folder(sh, env, "docker-current")?;
    let engine = Engine::current(sh, env, log, &folder, &disk.0)?;
    let registry = ImageRegistry::start(engine.env(), &kept.join("registry"))?;
    // The registry has another port than a moment ago.
    let name = base.split_once('/').map_or(base, |(_, name)| name);
    let scratch = tempfile::tempdir()?;
    let dir = scratch.path().join("workspace");
    let fixture = Fixture { dir: &dir, larder, env: engine.env().clone(), words: &[] };
    fixture.write_all()?;
    fixture.larder(&["lock"])?;
    let step = "RUN head --bytes=1G /dev/zero > /full";
    fixture.write("Dockerfile", &format!("FROM {}/{name} AS builder\n{step}\n", registry.address()))?;
    fixture.write(".dockerignore", "target\n")?;
    let error = fixture.build("a full disk").err().context("1 GB went onto a disk of 700 MB")?.to_string();
    let expected =
        ["the disk of the Docker engine is full", &disk.0.to_string_lossy(), "docker builder prune"];
    let missing = expected.iter().find(|part| !error.contains(*part));
    ensure!(missing.is_none(), "the error does not say {missing:?}: {error}");
    log.step("Filled", "the engine's disk: one error, which says where and what to do");
    Ok(())
}

/// A file system in memory; gone when this is dropped.
struct SmallDisk(PathBuf, Environment);

impl SmallDisk {
    fn mount(env: &Environment, folder: PathBuf) -> anyhow::Result<Option<Self>> {
        fs_err::create_dir_all(&folder)?;
        let mount = Cmd::new("mount", "/", env).args(["-t", "tmpfs", "-o", SMALL_DISK, "tmpfs"]).arg(&folder);
        Ok(mount.output().is_ok().then(|| Self(folder, env.clone())))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Cmd::new("umount", "/", &self.1).args(["--recursive"]).arg(&self.0).output();
    }
}
