//! The archive of a release as its users get it: cargo-binstall takes it from a server on this machine, and refuses it if
//! a byte of it or its signature is another one.
//!
//! The key that signs is made for the moment. The words that sign are those of the release workflow, and the words that
//! say where archives are those of the published manifest.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use larder::process::{Cmd, Environment, Running, Stderr};
use toml_edit::{DocumentMut, Item, Table, value};
use xshell::Shell;

use super::{MANIFEST, PACKAGE, TAG, WORKFLOW};
use crate::{
    listening,
    log::Log,
    setup::{self, programs},
};

/// How long the server may take to start.
const PATIENCE: Duration = Duration::from_secs(20);

/// Everything that the trials share.
struct Shop<'a> {
    env: &'a Environment,
    binstall: PathBuf,
    /// The folder of archives and signatures.
    archives: PathBuf,
    /// The folder of the manifest, of the server's certificate and of what is installed.
    folder: &'a Path,
    certificate: PathBuf,
}

/// Signs the archives of a folder, serves them, and installs.
pub(super) fn try_out(sh: &Shell, env: &Environment, log: &Log, archives: &Path) -> anyhow::Result<()> {
    let binstall = programs::ensure(sh, env, log, programs::CARGO_BINSTALL)?;
    setup::host_packages(sh, env, log, &[("minisign", "minisign")])?;
    let caddy = setup::deploy::ensure(sh, env, log)?.join("caddy");
    let scratch = tempfile::tempdir()?;
    let folder = scratch.path();
    let served = folder.join(format!("served/releases/download/{TAG}"));
    fs_err::create_dir_all(&served)?;
    for entry in fs_err::read_dir(archives)? {
        let path = entry?.path();
        if path.extension().is_some_and(|ending| ending == "gz") {
            fs_err::copy(&path, served.join(path.file_name().context("a file has a name")?))?;
        }
    }
    let key = signed(env, folder, &served)?;
    let (_server, address) = serve(env, &caddy, folder)?;
    write_manifest(&folder.join("package"), &address, &key)?;
    let certificate = folder.join("caddy/pki/authorities/local/root.crt");
    let shop = Shop { env, binstall, archives: served, folder, certificate };
    shop.sells()?;
    log.step("Installed", &format!("{PACKAGE} with cargo-binstall, which found its signature right"));
    shop.refuses()?;
    log.step("Refused", "an archive with another byte, one with another's signature, and one without");
    Ok(())
}

/// Signs as the workflow does, with a new key; gives its public half.
fn signed(env: &Environment, folder: &Path, archives: &Path) -> anyhow::Result<String> {
    let words = WORKFLOW.lines().map(str::trim).find(|line| line.starts_with("minisign -S "));
    let words = words.context("the workflow of releases signs nothing")?;
    let (key, public) = (folder.join("key"), folder.join("key.pub"));
    Cmd::new("minisign", folder, env)
        .args(["-G", "-W", "-f", "-s"])
        .arg(&key)
        .arg("-p")
        .arg(&public)
        .output()?;
    let script = format!("for file in *.tar.gz; do {words}; done");
    Cmd::new("/bin/sh", archives, env)
        .env("RUNNER_TEMP", folder)
        .env("GITHUB_REF_NAME", TAG)
        .args(["-euc", &script])
        .output()?;
    let text = fs_err::read_to_string(public)?;
    Ok(text.lines().nth(1).context("minisign wrote no key")?.to_owned())
}

/// A server with a certificate of its own authority: cargo-binstall asks nobody without one.
fn serve(env: &Environment, caddy: &Path, folder: &Path) -> anyhow::Result<(Running, String)> {
    let port = listening::free_port()?;
    let config = format!(
        "{{\n\tadmin off\n\tauto_https disable_redirects\n\tskip_install_trust\n}}\n\
         https://localhost:{port} {{\n\tbind 127.0.0.1\n\ttls internal\n\troot * {}\n\tfile_server\n}}\n",
        folder.join("served").display()
    );
    fs_err::write(folder.join("Caddyfile"), config)?;
    let log = folder.join("caddy.log");
    let mut running = Cmd::new(caddy, folder, env)
        .env("XDG_DATA_HOME", folder)
        .env("XDG_CONFIG_HOME", folder)
        .args(["run", "--config", "Caddyfile", "--adapter", "caddyfile"])
        .spawn_logged(&log)?;
    listening::wait("caddy", &mut running, port, &log, PATIENCE)?;
    Ok((running, format!("https://localhost:{port}")))
}

/// The published manifest as far as cargo-binstall reads it, with what comes with the first release: the repository's
/// address, and the key.
fn write_manifest(folder: &Path, repository: &str, key: &str) -> anyhow::Result<()> {
    let published: DocumentMut = MANIFEST.parse()?;
    let mut package = Table::new();
    for (name, text) in [
        ("name", PACKAGE),
        ("version", env!("CARGO_PKG_VERSION")),
        ("edition", "2024"),
        ("repository", repository),
    ] {
        package.insert(name, value(text));
    }
    package.insert("metadata", published["package"]["metadata"].clone());
    let mut signing = Table::new();
    signing.insert("algorithm", value("minisign"));
    signing.insert("pubkey", value(key));
    package["metadata"]["binstall"]["signing"] = Item::Table(signing);
    let mut manifest = DocumentMut::new();
    manifest.insert("package", Item::Table(package));
    // Programs are found by their files.
    fs_err::create_dir_all(folder.join("src"))?;
    fs_err::write(folder.join("src/main.rs"), "fn main() {}\n")?;
    fs_err::write(folder.join("Cargo.toml"), manifest.to_string())?;
    Ok(())
}

impl Shop<'_> {
    /// Installs into an empty folder; the program, or what was said.
    fn install(&self) -> anyhow::Result<Result<PathBuf, String>> {
        let to = self.folder.join("installed");
        let _ = fs_err::remove_dir_all(&to);
        fs_err::create_dir_all(&to)?;
        // What it says is on both streams.
        let cmd = Cmd::new("/bin/sh", self.folder, self.env)
            .env("CARGO_HOME", self.folder.join("home"))
            .args(["-c", "exec \"$0\" \"$@\" 2>&1"])
            .arg(&self.binstall)
            .args(["--no-confirm", "--disable-telemetry", "--only-signed", "--strategies=crate-meta-data"])
            .args(["--manifest-path".as_ref(), self.folder.join("package").as_os_str()])
            .args(["--root-certificates".as_ref(), self.certificate.as_os_str()])
            .args(["--install-path".as_ref(), to.as_os_str()])
            .arg(PACKAGE);
        let mut said = String::new();
        let code = cmd.each_line(Stderr::Terminal, |line| {
            said.push_str(line);
            said.push('\n');
        })?;
        let program = to.join(PACKAGE);
        Ok(if code == 0 && program.is_file() { Ok(program) } else { Err(said) })
    }

    fn sells(&self) -> anyhow::Result<()> {
        let program =
            self.install()?.map_err(|said| anyhow::anyhow!("cargo-binstall does not install: {said}"))?;
        let version = Cmd::new(program, self.folder, self.env).args(["larder", "--version"]).output()?;
        ensure!(version.contains(env!("CARGO_PKG_VERSION")), "what was installed says {version:?}");
        Ok(())
    }

    /// Nothing is installed that the key did not sign.
    fn refuses(&self) -> anyhow::Result<()> {
        let archive = self.archive("gz")?;
        let signature = self.archive("sig")?;
        let (bytes, right) = (fs_err::read(&archive)?, fs_err::read(&signature)?);
        let mut other = bytes.clone();
        // The system in gzip's head, which no reader looks at: only the signature can tell.
        other[9] ^= 1;
        fs_err::write(&archive, &other)?;
        self.is_refused("another byte", "signature")?;
        fs_err::write(&archive, &bytes)?;

        let stranger = self.folder.join("stranger");
        fs_err::create_dir_all(&stranger)?;
        signed(self.env, &stranger, &self.archives)?;
        self.is_refused("another key's signature", "signature")?;

        fs_err::remove_file(&signature)?;
        self.is_refused("no signature", ".gz.sig")?;
        fs_err::write(&signature, right)?;
        self.sells()
    }

    fn is_refused(&self, why: &str, word: &str) -> anyhow::Result<()> {
        let Err(said) = self.install()? else { anyhow::bail!("an archive with {why} is installed") };
        ensure!(
            said.to_lowercase().contains(word),
            "an archive with {why} is refused for another reason: {said}"
        );
        Ok(())
    }

    fn archive(&self, ending: &str) -> anyhow::Result<PathBuf> {
        let paths = fs_err::read_dir(&self.archives)?.filter_map(|entry| Some(entry.ok()?.path()));
        let mut found = paths.filter(|path| path.extension().is_some_and(|its| its == ending));
        found.next().with_context(|| format!("there is no .{ending} file"))
    }
}
