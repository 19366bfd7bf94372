//! A registry on loopback that asks for a token, and an image whose dependency comes from there: the token is
//! mounted while cargo works, and is nowhere afterwards.

use std::{
    io::{BufRead, BufReader, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use anyhow::Context as _;
use larder::process::{Cmd, Environment};

use super::scenarios::{CANARY, Fixture, no_canary};
use crate::log::Log;

/// Answers GET with the files of a folder, to those who show the token; stopped when dropped.
struct Registry {
    addr: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Registry {
    fn start(folder: PathBuf) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let addr = listener.local_addr()?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if stopped.load(Ordering::Relaxed) {
                    return;
                }
                // A client that hangs up early gets no answer.
                let _ = answer(stream, &folder);
            }
        });
        Ok(Self { addr, stop, thread: Some(thread) })
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        // Wakes the thread up.
        let _ = TcpStream::connect(self.addr);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn answer(mut stream: TcpStream, folder: &Path) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    let mut allowed = false;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        let header = line.to_ascii_lowercase();
        allowed |= header.starts_with("authorization:") && line.contains(CANARY);
    }
    let path = request.split(' ').nth(1).unwrap_or("/").trim_start_matches('/');
    let file = (!path.contains("..")).then(|| fs_err::read(folder.join(path)).ok()).flatten();
    let (status, body) = match (allowed, file) {
        (false, _) => ("401 Unauthorized", Vec::new()),
        (true, None) => ("404 Not Found", Vec::new()),
        (true, Some(body)) => ("200 OK", body),
    };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len())?;
    stream.write_all(&body)
}

/// Publishes one package into the folder: its archive and its line of the index.
fn publish(folder: &Path, env: &Environment) -> anyhow::Result<()> {
    let source = tempfile::tempdir()?;
    fs_err::create_dir(source.path().join("src"))?;
    let manifest = "[package]\nname = \"secretive\"\nversion = \"1.0.0\"\nedition = \"2021\"\n\
                    description = \"x\"\nlicense = \"MIT\"\n";
    fs_err::write(source.path().join("Cargo.toml"), manifest)?;
    fs_err::write(source.path().join("src/lib.rs"), "pub fn one() -> u32 {\n    1\n}\n")?;
    Cmd::new("cargo", source.path(), env)
        .args(["package", "--no-verify", "--allow-dirty", "--quiet", "--target-dir=target"])
        .output()?;
    let archive = source.path().join("target/package/secretive-1.0.0.crate");
    let sum = Cmd::new("sha256sum", source.path(), env).arg(&archive).output()?;
    let sum = sum.split(' ').next().context("sha256sum says nothing")?.to_owned();
    let line = serde_json::json!({
        "name": "secretive", "vers": "1.0.0", "deps": [], "cksum": sum, "features": {}, "yanked": false,
    });
    let entry = folder.join("index/se/cr");
    fs_err::create_dir_all(&entry)?;
    fs_err::write(entry.join("secretive"), format!("{line}\n"))?;
    fs_err::create_dir_all(folder.join("crates"))?;
    fs_err::copy(archive, folder.join("crates/secretive-1.0.0.crate"))?;
    Ok(())
}

/// Walks through it.
pub(super) fn run(env: &Environment, larder: &Path, words: &[String], log: &Log) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let served = scratch.path().join("served");
    publish(&served, env)?;
    let registry = Registry::start(served.clone())?;
    let address = format!("http://{}", registry.addr);
    let config = serde_json::json!({
        "dl": format!("{address}/crates/{{crate}}-{{version}}.crate"), "auth-required": true,
    });
    fs_err::write(served.join("index/config.json"), config.to_string())?;
    let index = format!("sparse+{address}/index/");

    let home = scratch.path().join("cargo-home");
    fs_err::create_dir(&home)?;
    let credentials = home.join("credentials.toml");
    fs_err::write(&credentials, format!("[registries.private]\ntoken = \"{CANARY}\"\n"))?;
    let mut env = env.clone();
    env.set("CARGO_HOME", &home);
    let dir = scratch.path().join("workspace");
    let fixture = Fixture { dir: &dir, larder, env, words };
    write(&fixture, &index)?;
    fixture.build_opened_by(&format!("--secret=id=registry,src={}", credentials.display()))?;
    no_canary(&fixture)?;
    log.step(
        "Built",
        "with a dependency from a registry that asks for a token, which is nowhere to be found",
    );
    Ok(())
}

fn write(fixture: &Fixture<'_>, index: &str) -> anyhow::Result<()> {
    let manifest = "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\n\
                    secretive = { version = \"1\", registry = \"private\" }\n\n\
                    [package.metadata.larder.docker]\nsecrets = { registry = \"/cargo/credentials.toml\" }\n";
    fixture.write("Cargo.toml", manifest)?;
    fixture.write("src/main.rs", "fn main() {\n    println!(\"{}\", secretive::one());\n}\n")?;
    let config = format!(
        "[registries.private]\nindex = \"{index}\"\n\n\
         [registry]\nglobal-credential-providers = [\"cargo:token\"]\n"
    );
    fixture.write(".cargo/config.toml", &config)?;
    Cmd::new("cargo", fixture.dir, &fixture.env).args(["generate-lockfile", "--quiet"]).output()?;
    fixture.write_recipes()
}
