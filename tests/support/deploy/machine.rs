//! The machine that deploys to the bench: its programs, and an `ssh` with keys of the bench's own.

use std::path::{Path, PathBuf};

use larder::process::{Cmd, Environment};

use crate::{Surroundings, write_program};

/// The environment in which the bench's programs are found.
#[must_use]
pub fn programs() -> Environment {
    with_system_folders(Surroundings::get().env())
}

/// Programs of system administration are in folders that not everybody's PATH has.
pub(super) fn with_system_folders(env: &Environment) -> Environment {
    let mut env = env.clone();
    let path = env.get("PATH").unwrap_or_default().to_owned();
    let system = ["/usr/local/sbin", "/usr/sbin", "/sbin"].map(PathBuf::from);
    // An engine with buildx, which other tests shall not find.
    let engine = env.get("LARDER_TEST_ENGINE").map(PathBuf::from);
    let folders = engine.into_iter().chain(std::env::split_paths(&path)).chain(system);
    let folders: Vec<PathBuf> = folders.collect();
    env.set("PATH", std::env::join_paths(folders).expect("a PATH"));
    env
}

/// Keys, configurations, and an environment whose `ssh` uses them.
pub(super) fn prepared(bench: &Path, mut env: Environment) -> Environment {
    for name in ["host_key", "user_key"] {
        let file = bench.join(name);
        let words = ["-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f"];
        Cmd::new("ssh-keygen", bench, &env).args(words).arg(file).run().expect("a key");
    }
    let host_key = fs_err::read_to_string(bench.join("host_key.pub")).expect("a key");
    fs_err::write(bench.join("known_hosts"), format!("[127.0.0.1]:2222 {host_key}")).expect("a file");
    let config = format!(
        "Host portfolio.example\n  HostName 127.0.0.1\n  Port 2222\n  User root\nHost *\n  IdentityFile {bench}/user_key\n  IdentitiesOnly yes\n  UserKnownHostsFile {bench}/known_hosts\n  \
         GlobalKnownHostsFile /dev/null\n  StrictHostKeyChecking yes\n",
        bench = bench.display()
    );
    fs_err::write(bench.join("ssh_config"), config).expect("a file");
    // The user's own configuration must not matter, and there is no variable for another one.
    let ssh = env.find_program("ssh").expect("ssh");
    let wrapper = format!("#!/bin/sh\nexec {} -F {}/ssh_config \"$@\"\n", ssh.display(), bench.display());
    write_program(bench.join("bin/ssh"), wrapper);
    fs_err::write(
        bench.join("Caddyfile"),
        format!(
            "{{\n\tadmin localhost:2019\n\tauto_https off\n}}\n:80 {{\n\tbind unix/{}|0666\n\t\
             reverse_proxy localhost:8101 localhost:8102 {{\n\t\tlb_policy round_robin\n\t\t\
             lb_try_duration 5s\n\t\tlb_try_interval 50ms\n\t}}\n}}\n",
            bench.join("site.sock").display()
        ),
    )
    .expect("a file");
    env.put_first([bench.join("bin")]).expect("a PATH");
    set_docker_client(bench, &mut env);
    env
}

/// Gives Docker's client a configuration in a folder, with the plug-ins that are on `PATH` and no engine of the machine.
///
/// # Panics
/// If the folder cannot be written.
pub fn set_docker_client(folder: &Path, env: &mut Environment) {
    let plugins = folder.join("client/cli-plugins");
    fs_err::create_dir_all(&plugins).expect("a folder");
    for plugin in ["docker-buildx", "docker-compose"] {
        if let Some(program) = env.find_program(plugin) {
            std::os::unix::fs::symlink(program, plugins.join(plugin)).expect("a link");
        }
    }
    env.set("DOCKER_CONFIG", folder.join("client"));
    for name in ["DOCKER_HOST", "DOCKER_CONTEXT"] {
        env.unset(name);
    }
}
