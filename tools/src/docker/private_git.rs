//! A git repository that only one key opens, served over SSH on loopback, and an image whose dependency comes from
//! there: the key's agent is forwarded while cargo works, and the key itself never gets into the build.
//!
//! The server runs in a container, so that nothing of it is installed on the machine.

use std::{
    net::{Ipv4Addr, TcpStream},
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::ensure;
use larder::{
    docker::client::{Build, Client},
    process::{Cmd, Environment, Running},
};
use xshell::Shell;

use super::{
    base::Bases,
    scenarios::{Fixture, commit},
};
use crate::{git::git, listening, log::Log, setup::requirement};

/// How long agent and server may take to start.
const PATIENCE: Duration = Duration::from_secs(20);
const SERVER: &str = "larder-git-server";
/// The only one that it shows, so that clients have no choice of another.
const HOST_KEY: &str = "/etc/ssh/ssh_host_ed25519_key";

/// Walks through it. The server's image is made from the runtime's base.
pub(super) fn run(
    sh: &Shell,
    env: &Environment,
    larder: &Path,
    bases: &Bases,
    log: &Log,
) -> anyhow::Result<()> {
    requirement::ssh(sh, env, log)?;
    let scratch = tempfile::tempdir()?;
    let client = Client::find(env)?;
    make_server(&client, &bases.runtime, scratch.path())?;

    let agent = Agent::start(env, scratch.path())?;
    let commit = repository(&scratch.path().join("secretive"), env)?;
    let server = GitServer::start(&client, scratch.path())?;
    let mut env = env.clone();
    env.set("SSH_AUTH_SOCK", &agent.socket);
    env.set("CARGO_HOME", scratch.path().join("cargo-home"));
    let dir = scratch.path().join("workspace");
    let fixture = Fixture { dir: &dir, larder, env, words: &bases.words() };
    write(&fixture, &server)?;
    fixture.build_opened_by("--ssh=default")?;
    log.step("Built", &format!("with a dependency from a private git repository, at {}", &commit[..7]));
    Ok(())
}

/// An agent with a key of its own.
struct Agent {
    socket: PathBuf,
    _running: Running,
}

impl Agent {
    fn start(env: &Environment, folder: &Path) -> anyhow::Result<Self> {
        let (socket, key) = (folder.join("agent"), folder.join("key"));
        Cmd::new("ssh-keygen", folder, env)
            .args(["-q", "-t", "ed25519", "-N", "", "-f"])
            .arg(&key)
            .output()?;
        let mut running = Cmd::new("ssh-agent", folder, env)
            .args(["-D", "-a"])
            .arg(&socket)
            .spawn_logged(&folder.join("agent.log"))?;
        wait("the SSH agent", || Ok(socket.exists() || running.try_exit_code()?.is_some()))?;
        Cmd::new("ssh-add", folder, env).arg("-q").arg(key).env("SSH_AUTH_SOCK", &socket).output()?;
        Ok(Self { socket, _running: running })
    }
}

/// The package as a repository without a work tree; gives its commit.
fn repository(folder: &Path, env: &Environment) -> anyhow::Result<String> {
    fs_err::create_dir_all(folder.join("src"))?;
    let manifest = "[package]\nname = \"secretive\"\nversion = \"1.0.0\"\nedition = \"2021\"\n";
    fs_err::write(folder.join("Cargo.toml"), manifest)?;
    fs_err::write(folder.join("src/lib.rs"), "pub fn one() -> u32 {\n    1\n}\n")?;
    commit(folder, env)?;
    git(folder, env).args(["clone", "--quiet", "--bare", ".", "../secretive.git"]).output()?;
    Ok(git(folder, env).args(["rev-parse", "HEAD"]).output()?)
}

/// The server's image; from the engine's cache if it was made before.
fn make_server(client: &Client, base: &str, scratch: &Path) -> anyhow::Result<()> {
    let context = scratch.join("server");
    fs_err::create_dir(&context)?;
    // A mirror may be behind, as for the tools; signatures are checked all the same.
    let text = format!(
        "FROM {base}\nRUN apt-get -o Acquire::Check-Valid-Until=false update && apt-get install -y --no-install-recommends git openssh-server \\\n    \
         && mkdir -p /run/sshd && git config --system --add safe.directory '*'\n"
    );
    fs_err::write(context.join("Dockerfile"), text)?;
    let build = Build {
        context,
        tags: vec![SERVER.to_owned()],
        network: Some("host".to_owned()),
        ..Build::default()
    };
    let mut said = Vec::new();
    let code = client
        .build(&build, &scratch.join("server-id"))?
        .each_error_line(|line| said.push(line.to_owned()))?;
    ensure!(code == 0, "cannot make an image with a git server: exit code {code}: {}", said.join("\n"));
    Ok(())
}

/// A container that gives the repository to the key; stopped when dropped.
struct GitServer<'a> {
    client: &'a Client,
    container: String,
    port: u16,
    /// Its public name.
    host_key: String,
}

impl<'a> GitServer<'a> {
    fn start(client: &'a Client, folder: &Path) -> anyhow::Result<Self> {
        let port = listening::free_port()?;
        let mounts = [("secretive.git", "/srv/secretive.git"), ("key.pub", "/authorized")]
            .map(|(from, to)| format!("--volume={}:{to}:ro", folder.join(from).display()));
        let container = client
            .cmd()
            .args(["run", "--rm", "--detach", "--network=host"])
            .args(mounts)
            .args([SERVER, "/usr/sbin/sshd", "-D", "-e", "-p"])
            .arg(port.to_string())
            .args(["-o", "ListenAddress=127.0.0.1", "-o", "AuthorizedKeysFile=/authorized"])
            .args(["-o", "StrictModes=no", "-o", "PasswordAuthentication=no", "-h", HOST_KEY])
            .output()?;
        let mut server =
            Self { client, container: container.trim().to_owned(), port, host_key: String::new() };
        wait("the git server", || Ok(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok()))?;
        let key =
            client.cmd().args(["exec", &server.container, "cat", &format!("{HOST_KEY}.pub")]).output()?;
        // Without the comment, which names a machine.
        server.host_key = key.split(' ').take(2).collect::<Vec<_>>().join(" ");
        Ok(server)
    }
}

impl Drop for GitServer<'_> {
    fn drop(&mut self) {
        // It is removed with its end; if it has ended, there is nothing to do.
        let _ = self.client.cmd().args(["kill", &self.container]).output();
    }
}

fn wait(what: &str, mut is_there: impl FnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let deadline = Instant::now() + PATIENCE;
    while !is_there()? {
        ensure!(Instant::now() < deadline, "{what} does not answer");
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

fn write(fixture: &Fixture<'_>, server: &GitServer<'_>) -> anyhow::Result<()> {
    let port = server.port;
    let manifest = format!(
        "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n\
         secretive = {{ git = \"ssh://root@127.0.0.1:{port}/srv/secretive.git\" }}\n\n\
         [package.metadata.larder.docker]\nssh = true\n"
    );
    fixture.write("Cargo.toml", &manifest)?;
    fixture.write("src/main.rs", "fn main() {\n    println!(\"{}\", secretive::one());\n}\n")?;
    let config = format!("[net.ssh]\nknown-hosts = [\"[127.0.0.1]:{port} {}\"]\n", server.host_key);
    fixture.write(".cargo/config.toml", &config)?;
    Cmd::new("cargo", fixture.dir, &fixture.env).args(["generate-lockfile", "--quiet"]).output()?;
    fixture.write_recipes()
}
