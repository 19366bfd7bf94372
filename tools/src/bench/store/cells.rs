//! The values that are measured of one build of a project.

use std::{
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::ensure;
use larder::process::{Cmd, Environment};
use larder_tests::files_server::{FilesServer, Speed};
use serde_json::Value;

use super::{Build, Cell, peers::CompilerCache, processor, project::ProjectSource};
use crate::log::Log;

/// 50 Mbit/s.
const SLOW: Speed = Speed::Bytes(50_000_000 / 8);
/// A remote that its machine does not have is a new store each time.
const LARDER: &str = "larder";

/// One build of a project, in a folder of its own.
pub(super) struct StoreBench<'a> {
    pub(super) source: &'a ProjectSource,
    pub(super) build: Build,
    pub(super) larder: &'a Path,
    pub(super) peers: &'a [CompilerCache],
    pub(super) dir: &'a Path,
    pub(super) rounds: usize,
    pub(super) log: &'a Log,
}

impl StoreBench<'_> {
    /// All cells, in the order in which they were measured.
    pub(super) fn measure(&self) -> anyhow::Result<Vec<Cell>> {
        let origin = self.dir.join("origin");
        self.source.repository(&origin, self.larder)?;
        let mut cells = self.cold(&origin)?;
        for round in 0..self.rounds.max(1) {
            cells.extend(self.warm(round)?);
        }
        cells.extend(self.elsewhere(&origin)?);
        cells.extend(self.remote(&origin)?);
        Ok(cells)
    }

    /// From nothing: without a store, storing, and with each peer.
    fn cold(&self, origin: &Path) -> anyhow::Result<Vec<Cell>> {
        let env = self.env("store");
        let place = self.clone("without")?;
        let without = self.cook("cold", &place, &env, &["--store", "off"])?;
        // By itself, since two compilations differ by more than storing takes.
        let elsewhere = self.env("another store");
        let alone = self.cook("storing alone", &place, &elsewhere, &["--store", "write"])?;
        let storing = self.cook("cold, storing", origin, &env, &["--store", "write"])?;
        // The next commit is one of the application's files, which is no business of cooking.
        let next = self.cook("next commit", origin, &env, &["--store", "write"])?;
        let mut cells = vec![without, storing, next, alone];
        for peer in self.peers {
            cells.push(self.peer(peer, "cold, storing", &self.clone(peer.name)?)?);
        }
        Ok(cells)
    }

    /// In a fresh clone and in a second worktree; with each peer in a fresh clone.
    fn warm(&self, round: usize) -> anyhow::Result<Vec<Cell>> {
        let env = self.env("store");
        let clone = self.cook("fresh clone", &self.clone(&format!("clone-{round}"))?, &env, &[])?;
        let tree = self.worktree(&format!("worktree-{round}"))?;
        let worktree = self.cook("second worktree", &tree, &env, &[])?;
        let mut cells = vec![clone, worktree];
        for peer in self.peers {
            let place = self.clone(&format!("{}-{round}", peer.name))?;
            cells.push(self.peer(peer, "fresh clone", &place)?);
            fs_err::remove_dir_all(place)?;
        }
        Ok(cells)
    }

    /// Under another `CARGO_HOME`, and with other flags, with which nothing may be used.
    fn elsewhere(&self, origin: &Path) -> anyhow::Result<Vec<Cell>> {
        let home = larder_tests::cargo_home(self.source.env())?;
        let mut env = self.env("store");
        env.set("CARGO_HOME", home.path());
        // Downloading is not what is measured.
        Cmd::new("cargo", origin, &env).args(["fetch", "--quiet", "--locked"]).output()?;
        let mut cells = vec![self.cook("another CARGO_HOME", &self.clone("home")?, &env, &[])?];
        for peer in self.peers {
            let place = self.clone(&format!("{}-home", peer.name))?;
            cells.push(self.peer_in(peer, "another CARGO_HOME", &place, &env)?);
        }
        let mut other = self.env("store");
        other.set("RUSTFLAGS", "--cfg=other_flags");
        cells.push(self.cook("other flags", &self.clone("flags")?, &other, &["--store", "read"])?);
        Ok(cells)
    }

    /// On a machine with nothing, from a server.
    fn remote(&self, origin: &Path) -> anyhow::Result<Vec<Cell>> {
        let (folder, key) = (self.dir.join("pushed"), self.dir.join("key"));
        fs_err::create_dir_all(&folder)?;
        let env = self.env("store");
        let public = self.larder(origin, &env, &["store", "keygen", &key.to_string_lossy()])?;
        settings(origin, &folder.to_string_lossy(), public.trim())?;
        let push = ["store", "push", "--quiet", "--allow-untrusted", "--key", &key.to_string_lossy()];
        let words = [push.as_slice(), self.build.words()].concat();
        self.larder(origin, &env, &words)?;
        let mut cells = Vec::new();
        for (what, speed) in [("remote", Speed::Full), ("remote, 50 Mbit/s", SLOW)] {
            let server = FilesServer::start(&folder, speed)?;
            let place = self.clone(&what.replace(|letter: char| !letter.is_alphanumeric(), "-"))?;
            settings(&place, &server.address, public.trim())?;
            let mut cell = self.cook(what, &place, &self.env(&format!("store of {what}")), &[])?;
            cell.bytes = Some(server.sent());
            cells.push(cell);
        }
        Ok(cells)
    }

    /// With a store of this name.
    fn env(&self, store: &str) -> Environment {
        let mut env = self.source.env().clone();
        env.set("LARDER_STORE_DIR", self.dir.join(store));
        env.unset("CI");
        env
    }

    fn clone(&self, name: &str) -> anyhow::Result<PathBuf> {
        self.git(&["clone", "--quiet", "origin", name])?;
        Ok(self.dir.join(name))
    }

    fn worktree(&self, name: &str) -> anyhow::Result<PathBuf> {
        self.git(&["-C", "origin", "worktree", "add", "--quiet", "--detach", &format!("../{name}")])?;
        Ok(self.dir.join(name))
    }

    fn git(&self, words: &[&str]) -> anyhow::Result<()> {
        Cmd::new("git", self.dir, self.source.env()).args(words.iter().copied()).output()?;
        Ok(())
    }

    fn larder(&self, dir: &Path, env: &Environment, words: &[&str]) -> anyhow::Result<String> {
        Ok(Cmd::new(self.larder, dir, env).arg("larder").args(words.iter().copied()).output()?)
    }

    fn cook(
        &self,
        what: &'static str,
        dir: &Path,
        env: &Environment,
        words: &[&str],
    ) -> anyhow::Result<Cell> {
        self.log.step("Cooking", &format!("{}, {}: {what}", self.source.name, self.build.variant()));
        let words = [&["cook", "--json", "--quiet"], self.build.words(), words].concat();
        let (start, before) = (Instant::now(), processor::seconds()?);
        let told = self.larder(dir, env, &words)?;
        let seconds = start.elapsed().as_secs_f64();
        processor::wait_for_all()?;
        let processor_seconds = processor::seconds()? - before;
        let told: Value = serde_json::from_str(&told)?;
        let [restored, compiled] = ["restored", "compiled-external"].map(|field| {
            let phases = told["phases"].as_array().into_iter().flatten();
            Some(phases.filter_map(|phase| phase[field].as_u64()).sum())
        });
        Ok(Cell { seconds, processor_seconds, restored, compiled, ..self.cell(LARDER, what) })
    }

    fn peer(&self, peer: &CompilerCache, what: &'static str, dir: &Path) -> anyhow::Result<Cell> {
        self.peer_in(peer, what, dir, self.source.env())
    }

    fn peer_in(
        &self,
        peer: &CompilerCache,
        what: &'static str,
        dir: &Path,
        env: &Environment,
    ) -> anyhow::Result<Cell> {
        let name = peer.name;
        self.log.step("Cooking", &format!("{}, {}: {what}, {name}", self.source.name, self.build.variant()));
        let home = self.dir.join(format!("home of {name}"));
        fs_err::create_dir_all(&home)?;
        let (start, before) = (Instant::now(), processor::seconds()?);
        let artifacts = peer.cook(dir, env, &home, self.build.variant())?;
        let seconds = start.elapsed().as_secs_f64();
        peer.stop(dir, env, &home)?;
        processor::wait_for_all()?;
        let processor_seconds = processor::seconds()? - before;
        ensure!(artifacts > 0, "the run is void: {name} built nothing");
        Ok(Cell { seconds, processor_seconds, ..self.cell(name, what) })
    }

    /// A cell that nothing is known of yet.
    fn cell(&self, tool: &'static str, what: &'static str) -> Cell {
        Cell {
            project: self.source.name.clone(),
            build: self.build,
            tool,
            what,
            seconds: 0.0,
            processor_seconds: 0.0,
            restored: None,
            compiled: None,
            bytes: None,
        }
    }
}

/// Names a remote in the manifest of a checkout.
fn settings(checkout: &Path, remote: &str, public: &str) -> anyhow::Result<()> {
    let path = checkout.join("Cargo.toml");
    let mut manifest: toml_edit::DocumentMut = fs_err::read_to_string(&path)?.parse()?;
    let kind = if manifest.contains_key("workspace") { "workspace" } else { "package" };
    let mut store = toml_edit::InlineTable::new();
    store.insert("remote", remote.into());
    store.insert("keys", toml_edit::Array::from_iter([public]).into());
    let table = toml_edit::Item::Table(toml_edit::Table::new());
    let metadata = manifest[kind].as_table_mut().map(|kind| kind.entry("metadata").or_insert(table));
    if let Some(metadata) = metadata {
        metadata["larder"]["store"] = toml_edit::value(store);
    }
    Ok(fs_err::write(path, manifest.to_string())?)
}
