//! The Docker client: which one can build, and the call that does.
//!
//! Everything is asked of the client's own commands. It must never be given a secret's value: builds take
//! secrets from files, by mounts.

use std::path::PathBuf;

use super::disk_usage::Totals;
use crate::{
    error::{Error, Result},
    process::{Cmd, Environment},
};

/// A client that builds with BuildKit.
#[derive(Debug, Clone)]
pub struct Client {
    program: PathBuf,
    kind: ClientKind,
    env: Environment,
}

/// How the client comes by BuildKit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientKind {
    /// The buildx plug-in.
    Buildx,
    /// Built into clients before version 23.
    BuiltIn,
}

/// The build, and where the result and the caches go. Words are BuildKit's own.
#[derive(Debug, Clone, Default)]
pub struct Build {
    /// The folder that is sent.
    pub context: PathBuf,
    /// Names of the image.
    pub tags: Vec<String>,
    /// `NAME=VALUE`.
    pub build_args: Vec<String>,
    /// The stage to stop at.
    pub target: Option<String>,
    /// Platforms, as Docker names them.
    pub platforms: Vec<String>,
    /// Caches to read, as `type=…,…`.
    pub cache_from: Vec<String>,
    /// Caches to write, as `type=…,…`.
    pub cache_to: Vec<String>,
    /// `id=…,src=FILE`.
    pub secrets: Vec<String>,
    /// SSH agents to forward, as `default`.
    pub ssh: Vec<String>,
    /// The network of steps that run.
    pub network: Option<String>,
    /// The builder instance.
    pub builder: Option<String>,
    /// Without attestations, which would give equal inputs different ids.
    pub is_bare: bool,
    /// Where the result goes.
    pub result: BuildResult,
}

/// The destination of a built image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BuildResult {
    /// The engine's own store.
    #[default]
    Engine,
    /// The registry of its tags.
    Registry,
}

impl Client {
    /// Finds a client: one with buildx, else one with BuildKit built in, looking at every `docker` on `PATH`.
    ///
    /// # Errors
    /// [`Error::NoBuildKit`] with what was found.
    pub fn find(env: &Environment) -> Result<Self> {
        let programs = env.find_programs("docker");
        let mut versions = Vec::new();
        for program in &programs {
            if Cmd::new(program, "/", env).args(["buildx", "version"]).output().is_ok() {
                return Ok(Self { program: program.clone(), kind: ClientKind::Buildx, env: env.clone() });
            }
            let version = Cmd::new(program, "/", env).arg("--version").output().unwrap_or_default();
            versions.push((program, version.trim().to_owned()));
        }
        let built_in = versions.iter().find(|(_, version)| (18..23).contains(&major(version)));
        if let Some((program, _)) = built_in {
            let mut env = env.clone();
            env.set("DOCKER_BUILDKIT", "1");
            return Ok(Self { program: (*program).clone(), kind: ClientKind::BuiltIn, env });
        }
        let found = match versions.as_slice() {
            [] => "there is no `docker` on PATH".to_owned(),
            versions => {
                let found = versions.iter().map(|(path, version)| format!("{} is {version}", path.display()));
                format!("{}, without buildx", found.collect::<Vec<_>>().join(", "))
            }
        };
        Err(Error::NoBuildKit { found })
    }

    /// The first client on `PATH`, whatever it builds with: for images that something else builds.
    ///
    /// # Errors
    /// [`Error::NoBuildKit`] if there is none.
    pub fn any(env: &Environment) -> Result<Self> {
        match Self::find(env) {
            Err(error) => match env.find_program("docker") {
                Some(program) => Ok(Self { program, kind: ClientKind::BuiltIn, env: env.clone() }),
                None => Err(error),
            },
            found => found,
        }
    }

    /// The client's path.
    pub fn program(&self) -> &std::path::Path {
        &self.program
    }

    /// How it comes by BuildKit.
    pub fn kind(&self) -> ClientKind {
        self.kind
    }

    /// Any call of the client.
    pub fn cmd(&self) -> Cmd {
        Cmd::new(&self.program, "/", &self.env)
    }

    /// The engine's version.
    ///
    /// # Errors
    /// [`Error::NoEngine`] if none answers.
    pub fn engine_version(&self) -> Result<String> {
        let answer = self.cmd().args(["version", "--format", "{{.Server.Version}}"]).output();
        match answer {
            Ok(version) => Ok(version.trim().to_owned()),
            Err(Error::Failed { stderr, .. }) => {
                Err(Error::NoEngine { reason: stderr.trim().lines().last().unwrap_or_default().to_owned() })
            }
            Err(error) => Err(error),
        }
    }

    /// The folder in which the engine keeps its data, on its own machine; `None` if it does not tell.
    pub fn data_root(&self) -> Option<String> {
        let answer = self.cmd().args(["info", "--format", "{{.DockerRootDir}}"]).output().ok()?;
        Some(answer.trim().to_owned()).filter(|root| !root.is_empty())
    }

    /// Takes in an image from an archive; gives its name.
    ///
    /// # Errors
    /// When the engine refuses it, or says something else than its name.
    pub fn load(&self, archive: &std::path::Path) -> Result<String> {
        let cmd = self.cmd().args(["load", "--input"]).arg(archive);
        let answer = cmd.output()?;
        let name = answer.lines().find_map(|line| line.trim().strip_prefix("Loaded image: "));
        name.map(str::to_owned).ok_or_else(|| cmd.unreadable(&format!("{answer:?} names no image")))
    }

    /// Writes an image into an archive.
    ///
    /// # Errors
    /// When the engine does not have it, or the archive cannot be written.
    pub fn save(&self, image: &str, archive: &std::path::Path) -> Result<()> {
        self.cmd().args(["save", "--output"]).arg(archive).arg(image).output().map(drop)
    }

    /// Gives an image another name.
    ///
    /// # Errors
    /// When the engine does not have it, or the name is none.
    pub fn tag(&self, image: &str, name: &str) -> Result<()> {
        self.cmd().args(["tag", image, name]).output().map(drop)
    }

    /// The call that builds, which writes the image's id to `id_file`.
    ///
    /// # Errors
    /// [`Error::NoBuildKit`] for what only buildx can do.
    pub fn build(&self, build: &Build, id_file: &std::path::Path) -> Result<Cmd> {
        let mut cmd = Cmd::new(&self.program, &build.context, &self.env);
        match self.kind {
            ClientKind::Buildx => cmd = cmd.args(["buildx", "build"]),
            ClientKind::BuiltIn => {
                self.require_buildx(build)?;
                cmd = cmd.arg("build");
            }
        }
        cmd = cmd.args(["--progress=plain", "--iidfile"]).arg(id_file);
        let inline = build.cache_to.iter().any(|cache| cache == "type=inline");
        if self.kind == ClientKind::BuiltIn && inline {
            cmd = cmd.arg("--build-arg=BUILDKIT_INLINE_CACHE=1");
        }
        let caches = build.cache_to.iter().filter(|_| self.kind == ClientKind::Buildx);
        let lists = [
            ("tag", &build.tags),
            ("build-arg", &build.build_args),
            ("platform", &build.platforms),
            ("cache-from", &build.cache_from),
            ("secret", &build.secrets),
            ("ssh", &build.ssh),
        ];
        for (name, values) in lists {
            cmd = cmd.args(values.iter().map(|value| format!("--{name}={}", self.cache_word(name, value))));
        }
        cmd = cmd.args(caches.map(|cache| format!("--cache-to={}", with_defaults(cache))));
        cmd = cmd.args(build.target.iter().map(|target| format!("--target={target}")));
        cmd = cmd.args(build.network.iter().map(|network| format!("--network={network}")));
        if build.is_bare && self.kind == ClientKind::Buildx {
            cmd = cmd.args(["--provenance=false", "--sbom=false"]);
        }
        cmd = cmd.args(build.builder.iter().map(|builder| format!("--builder={builder}")));
        if self.kind == ClientKind::Buildx {
            cmd = cmd.arg(if build.result == BuildResult::Registry { "--push" } else { "--load" });
        }
        Ok(cmd.arg("."))
    }

    /// Older clients read an image's inline cache and know no other words for it.
    fn cache_word(&self, option: &str, value: &str) -> String {
        let reference = value.strip_prefix("type=registry,ref=");
        match (option, self.kind, reference) {
            ("cache-from", ClientKind::BuiltIn, Some(reference)) => reference.to_owned(),
            _ => value.to_owned(),
        }
    }

    fn require_buildx(&self, build: &Build) -> Result<()> {
        let other_cache = build.cache_to.iter().any(|cache| cache != "type=inline");
        let needs = [
            (other_cache, "--cache-to with anything but type=inline"),
            (build.builder.is_some(), "--builder"),
            (build.platforms.len() > 1, "several --platform"),
        ];
        match needs.iter().find(|(needed, _)| *needed) {
            Some((_, what)) => {
                let found = format!("{what} takes buildx, and {} has none", self.program.display());
                Err(Error::NoBuildKit { found })
            }
            None => Ok(()),
        }
    }

    /// Pushes an image's tags, for clients that do not push while building.
    ///
    /// # Errors
    /// When the registry refuses.
    pub fn push(&self, tag: &str) -> Result<()> {
        self.cmd().args(["push", "--quiet", tag]).output().map(drop)
    }

    /// The id of an image that the engine has.
    pub fn image_id(&self, image: &str) -> Option<String> {
        let cmd = self.cmd().args(["image", "inspect", "--format", "{{.Id}}", image]);
        cmd.output().ok().map(|id| id.trim().to_owned())
    }

    /// The digest that a registry has for an image: of the list of its platforms, if it has several.
    ///
    /// # Errors
    /// [`Error::NoBuildKit`] without buildx; otherwise if the registry does not know the image or cannot be reached.
    pub fn digest(&self, image: &str) -> Result<String> {
        if self.kind != ClientKind::Buildx {
            let found = format!("asking a registry takes buildx, and {} has none", self.program.display());
            return Err(Error::NoBuildKit { found });
        }
        // As JSON: for `{{.Manifest.Digest}}` older versions print a page for people.
        let words = ["buildx", "imagetools", "inspect", "--format", "{{json .Manifest}}"];
        let cmd = self.cmd().args(words).arg(image);
        let Manifest { digest } =
            serde_json::from_str(&cmd.output()?).map_err(|error| cmd.unreadable(&error))?;
        let hex = digest.strip_prefix("sha256:").unwrap_or_default();
        if hex.len() != 64 || !hex.chars().all(|c| c.is_ascii_hexdigit()) {
            return Err(cmd.unreadable(&format!("{digest:?} is no digest")));
        }
        Ok(digest)
    }

    /// Whether the engine's build cache holds nothing at all, as after it was pruned; `None` if it cannot tell.
    pub fn is_cache_empty(&self) -> Option<bool> {
        Totals::ask(self.cmd()).ok()?.build_cache_records.map(|count| count == 0)
    }

    /// An image's size in bytes.
    ///
    /// # Errors
    /// When the engine does not have it.
    pub fn image_size(&self, image: &str) -> Result<u64> {
        let cmd = self.cmd().args(["image", "inspect", "--format", "{{.Size}}", image]);
        let answer = cmd.output()?;
        answer.trim().parse().map_err(|_| cmd.unreadable(&format!("{answer:?} is no size")))
    }
}

/// The description of a manifest, as `imagetools inspect` prints it.
#[derive(serde::Deserialize)]
struct Manifest {
    digest: String,
}

/// The options that every cache is exported with, unless it says otherwise.
///
/// One that only holds the last stage's layers would miss the very ones that are worth most. Layers are unpacked on
/// one core each, and zstd takes a fraction of gzip's time for it; the stores of GitHub and of clouds compress in
/// their own way, inline is what images are compressed with, and Docker's older media types know no zstd.
fn with_defaults(cache: &str) -> String {
    let kind = cache.split(',').find_map(|word| word.strip_prefix("type=")).unwrap_or_default();
    let mut words = cache.to_owned();
    if matches!(kind, "registry" | "local" | "gha" | "s3" | "azblob") && !has_option(cache, "mode=") {
        words.push_str(",mode=max");
    }
    if matches!(kind, "registry" | "local")
        && !has_option(cache, "compression=")
        && !has_option(cache, "oci-mediatypes=false")
    {
        words.push_str(",compression=zstd");
    }
    words
}

fn has_option(cache: &str, start: &str) -> bool {
    cache.split(',').any(|word| word.starts_with(start))
}

/// The major version in `Docker version 20.10.24, build …`. `semver` refuses those of 18 and 19, such as `19.03.15`.
fn major(version: &str) -> u32 {
    let digits = version.trim_start_matches(|c: char| !c.is_ascii_digit());
    digits.split('.').next().and_then(|major| major.parse().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caches_hold_every_stage_in_zstd_unless_told_otherwise() {
        assert_eq!(with_defaults("type=registry,ref=r/c"), "type=registry,ref=r/c,mode=max,compression=zstd");
        assert_eq!(
            with_defaults("type=local,dest=d,mode=min"),
            "type=local,dest=d,mode=min,compression=zstd"
        );
        assert_eq!(
            with_defaults("ref=r/c,type=registry,compression=gzip"),
            "ref=r/c,type=registry,compression=gzip,mode=max"
        );
        assert_eq!(with_defaults("type=gha"), "type=gha,mode=max");
        assert_eq!(with_defaults("type=inline"), "type=inline");
    }

    #[test]
    fn versions_are_read_from_what_clients_say() {
        assert_eq!(major("Docker version 20.10.24+dfsg1, build 297e128"), 20);
        assert_eq!(major("Docker version 19.03.15, build 99e3ed8919"), 19);
        assert_eq!(major("Docker version 28.2.2, build e6534b4"), 28);
        assert_eq!(major(""), 0);
    }
}
