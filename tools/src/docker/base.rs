//! Base images if no registry can be reached: made from Debian's packages and from the tools that set-up has
//! built already, and imported into the engine.
//!
//! An image's name says what is in it, so one that is there is used.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use larder::{
    docker::client::{Build, Client},
    process::Cmd,
};
use sha2::{Digest as _, Sha256};
use xshell::Shell;

use crate::{log::Log, setup};

/// The two images that the example's Dockerfile takes.
pub(crate) struct Bases {
    pub(crate) build: String,
    pub(crate) runtime: String,
}

impl Bases {
    /// The build arguments that name them.
    pub(crate) fn words(&self) -> Vec<String> {
        vec![
            format!("--build-arg=BUILD_BASE={}", self.build),
            format!("--build-arg=RUNTIME_BASE={}", self.runtime),
        ]
    }
}

/// The packages that compiling both halves takes.
const BUILD: [&str; 10] = [
    "binaryen",
    "ca-certificates",
    "cargo",
    "dart-sass",
    "gcc",
    "libc6-dev",
    "libstd-rust-dev-wasm32",
    "lld",
    "mold",
    "rustc",
];
/// The packages that `rust:1-slim` has beside Rust, which here is Debian's.
const SLIM: [&str; 5] = ["ca-certificates", "cargo", "gcc", "libc6-dev", "rustc"];
/// The packages for the server, which takes nothing but the C library that every Debian has.
const RUNTIME: [&str; 1] = ["ca-certificates"];
/// Raised when images of an older xtask would not do any more.
const FORMAT: u32 = 3;
/// A mirror may be older than Debian allows its lists to be, and debootstrap does not mind either.
const OLD_MIRROR: (&str, &str) =
    ("etc/apt/apt.conf.d/90larder-old-mirror", "Acquire::Check-Valid-Until \"false\";\n");
/// The certificates that the machine trusts; a proxy in front of the registries may have a certificate of its own.
const CERTIFICATES: &str = "etc/ssl/certs/ca-certificates.crt";

/// Finds or makes both images.
pub(crate) fn ensure(sh: &Shell, client: &Client, tools: &setup::Tools, log: &Log) -> anyhow::Result<Bases> {
    let env = tools.environment();
    let maker = Maker { sh, client, env: &env, log };
    let programs = maker.programs()?;
    Ok(Bases {
        build: maker.image("larder-base-build", &BUILD, &programs)?,
        runtime: maker.image("larder-base-runtime", &RUNTIME, &[])?,
    })
}

/// Finds or makes images as poor as the ones that generated Dockerfiles name.
pub(crate) fn slim(
    sh: &Shell,
    client: &Client,
    env: &larder::process::Environment,
    log: &Log,
) -> anyhow::Result<Bases> {
    let maker = Maker { sh, client, env, log };
    Ok(Bases {
        build: maker.image("larder-base-slim", &SLIM, &[])?,
        runtime: maker.image("larder-base-runtime", &RUNTIME, &[])?,
    })
}

/// The same in a registry, so that an engine that has nothing can pull them; those that are there already are used.
pub(crate) fn ensure_in(
    registry: &str,
    sh: &Shell,
    client: &Client,
    tools: &setup::Tools,
    log: &Log,
) -> anyhow::Result<Bases> {
    let env = tools.environment();
    let maker = Maker { sh, client, env: &env, log };
    let programs = maker.programs()?;
    Ok(Bases {
        build: maker.image_in(registry, "larder-base-build", &BUILD, &programs)?,
        runtime: maker.image_in(registry, "larder-base-runtime", &RUNTIME, &[])?,
    })
}

/// An image with one program more, which is found on its PATH.
pub(crate) fn with_program(client: &Client, image: &str, program: &Path, name: &str) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let file = program.file_name().context("a program has a name")?;
    fs_err::copy(program, scratch.path().join(file))?;
    let text = format!("FROM {image}\nCOPY {} /usr/local/bin/\n", file.display());
    fs_err::write(scratch.path().join("Dockerfile"), text)?;
    let build = Build { context: scratch.path().to_owned(), tags: vec![name.to_owned()], ..Build::default() };
    let code = client.build(&build, &scratch.path().join("id"))?.each_error_line(|_| {})?;
    anyhow::ensure!(code == 0, "cannot put {} into an image: exit code {code}", file.display());
    Ok(())
}

struct Maker<'a> {
    sh: &'a Shell,
    client: &'a Client,
    env: &'a larder::process::Environment,
    log: &'a Log,
}

impl Maker<'_> {
    /// The programs that the example's Dockerfile takes of the tools, so that it need not build them.
    fn programs(&self) -> anyhow::Result<[PathBuf; 2]> {
        let program =
            |name: &str| self.env.find_program(name).with_context(|| format!("set-up gave no {name}"));
        Ok([program("cargo-leptos")?, program("wasm-bindgen")?])
    }

    fn image_in(
        &self,
        registry: &str,
        name: &str,
        packages: &[&str],
        programs: &[PathBuf],
    ) -> anyhow::Result<String> {
        let there = format!("{registry}/{name}:{}", self.version(packages, programs)?);
        if self.client.cmd().args(["pull", "--quiet", &there]).output().is_err() {
            let image = self.image(name, packages, programs)?;
            self.client.cmd().args(["tag", &image, &there]).output()?;
            self.log.step("Pushing", &there);
            self.client.push(&there)?;
        }
        Ok(there)
    }

    fn image(&self, name: &str, packages: &[&str], programs: &[PathBuf]) -> anyhow::Result<String> {
        let image = format!("{name}:{}", self.version(packages, programs)?);
        if self.client.image_size(&image).is_ok() {
            return Ok(image);
        }
        setup::host_packages(self.sh, self.env, self.log, &[("debootstrap", "debootstrap")])?;
        self.log.step("Making", &format!("{image} from Debian's packages: a minute or two"));
        // Its parent's folders are made by root, and nobody else shall meet them half-finished.
        let scratch = tempfile::Builder::new().prefix("larder-base-").tempdir()?;
        let root = scratch.path().join("root");
        let (suite, mirror) = setup::debian_sid()?;
        Cmd::new("debootstrap", scratch.path(), self.env)
            .args(["--variant=minbase".to_owned(), format!("--include={}", packages.join(",")), suite])
            .arg(&root)
            .arg(mirror)
            .output()?;
        for program in programs {
            let name = program.file_name().context("a program has a name")?;
            fs_err::copy(program, root.join("usr/local/bin").join(name))?;
        }
        if packages.contains(&"lld") {
            // rustc links WASM with a program of this name, which Debian's rustc does not bring.
            std::os::unix::fs::symlink("/usr/bin/lld", root.join("usr/local/bin/rust-lld"))?;
        }
        fs_err::write(root.join(OLD_MIRROR.0), OLD_MIRROR.1)?;
        let trusted = Path::new("/").join(CERTIFICATES);
        if trusted.is_file() {
            fs_err::copy(trusted, root.join(CERTIFICATES))?;
        }
        for rest in ["var/cache/apt/archives", "var/lib/apt/lists"] {
            fs_err::remove_dir_all(root.join(rest))?;
            fs_err::create_dir_all(root.join(rest).join("partial"))?;
        }
        let archive = scratch.path().join("root.tar");
        Cmd::new("tar", scratch.path(), self.env)
            .args(["--directory"])
            .arg(&root)
            .arg("--create")
            .arg("--file")
            .arg(&archive)
            .arg(".")
            .output()?;
        self.client.cmd().arg("import").arg(&archive).arg(&image).output()?;
        Ok(image)
    }

    /// A short digest of everything that decides what is in the image, Debian's state of the day apart.
    fn version(&self, packages: &[&str], programs: &[PathBuf]) -> anyhow::Result<String> {
        let mut text = format!("{FORMAT} {}", packages.join(" "));
        for program in programs {
            let version = Cmd::new(program, "/", self.env).arg("--version").output()?;
            text.push_str(version.trim());
        }
        let start = Sha256::digest(text).first_chunk().copied().unwrap_or_default();
        Ok(format!("{:016x}", u64::from_be_bytes(start)))
    }
}
