//! A current Docker engine, a client with buildx and Compose, and an image registry, from Debian's development release.
//!
//! The machine's own release may be too old for registry caches. Like every tool, they are unpacked into the tools
//! folder and started from there; nothing is installed but what relocating takes and `iptables`.

use std::path::{Path, PathBuf};

use larder::process::Environment;
use xshell::Shell;

use super::{
    apt::Apt,
    debian::{self, Wanted},
    exec::Exec,
    folder::Folder,
    tools::cleaned,
};
use crate::log::Log;

/// What it takes of the machine's own packages, each program with its package, whoever filled the tools folder.
pub(super) const HOST_PACKAGES: [(&str, &str); 1] = [("iptables", "iptables")];
const NAME: &str = "docker";
const PACKAGES: [&str; 5] = ["docker.io", "docker-cli", "docker-buildx", "docker-compose", "docker-registry"];
/// Names for PATH, and the files behind them.
const PROGRAMS: [(&str, &str); 9] = [
    ("containerd", "usr/bin/containerd"),
    ("containerd-shim-runc-v2", "usr/bin/containerd-shim-runc-v2"),
    ("docker", "usr/bin/docker"),
    ("docker-buildx", "usr/libexec/docker/cli-plugins/docker-buildx"),
    ("docker-compose", "usr/libexec/docker/cli-plugins/docker-compose"),
    ("docker-proxy", "usr/sbin/docker-proxy"),
    ("docker-registry", "usr/bin/docker-registry"),
    ("dockerd", "usr/sbin/dockerd"),
    ("runc", "usr/sbin/runc"),
];

/// The folder of these programs; they are got if they are not there yet.
pub(crate) fn ensure(sh: &Shell, env: &Environment, log: &Log) -> anyhow::Result<PathBuf> {
    super::host_packages(sh, env, log, &HOST_PACKAGES)?;
    let folder = Folder::new(env, &sh.current_dir())?;
    let tree = folder.debian_tree(NAME);
    if let Some(programs) = kept(&tree) {
        return Ok(programs);
    }
    let exec = Exec { sh, env: folder.hidden_from(cleaned(env)), log };
    anyhow::ensure!(
        debian::is_possible(&exec),
        "a current Docker engine can be got from Debian's packages only; start one, and see that `docker` has buildx"
    );
    let _lock = folder.lock(log)?;
    if let Some(programs) = kept(&tree) {
        return Ok(programs);
    }
    debian::prepare(&exec)?;
    let apt = Apt::update(&exec, &folder.apt(), &folder.tmp("archives"))?;
    let packages = PACKAGES.map(str::to_owned).to_vec();
    let wanted = Wanted { name: NAME, packages, later: tree.clone() };
    wanted.get(&exec, &folder, &apt, |_| {
        Ok(PROGRAMS.map(|(name, file)| (name, PathBuf::from(file))).to_vec())
    })?;
    Ok(tree.join("bin"))
}

/// The folder of a tree that has every program: one of an older set-up has fewer.
fn kept(tree: &Path) -> Option<PathBuf> {
    let programs = debian::kept(tree)?;
    PROGRAMS.iter().all(|(name, _)| programs.join(name).is_file()).then_some(programs)
}
