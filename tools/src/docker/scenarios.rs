//! The fate of an image's layers in a developer's day, on a workspace small enough for every CI run: nothing
//! changes, code changes, a dependency changes. And what must never get into an image.

use std::{
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, ensure};
use larder::{
    docker::client::Client,
    process::{Cmd, Environment, Stderr},
};
use serde_json::Value;

use super::base::{self, Bases};
use crate::{git::git, log::Log};

const MANIFEST: &str = r#"
[workspace]
members = ["service", "shared"]
resolver = "3"

[workspace.metadata.larder]
platforms = ["x86_64-unknown-linux-gnu"]

[workspace.metadata.larder.docker]
volume = "/var/lib/service"
"#;
const SERVICE: &str = r#"
[package]
name = "service"
version = "0.1.0"
edition = "2024"

[dependencies]
cfg-if = "1"
itoa = "=1.0.14"
serde_json = "=1.0.140"
shared = { path = "../shared" }
"#;
const SHARED: &str = "[package]\nname = \"shared\"\nversion = \"0.1.0\"\nedition = \"2024\"\n";
const MAIN: &str = "fn main() {\n    println!(\"{} {}\", shared::word(), serde_json::json!(1));\n}\n";
pub(super) const IMAGE: &str = "larder-scenarios";
/// Stands in every place where a secret could be picked up by mistake.
pub(super) const CANARY: &str = "canary-5f1e9c";

/// A workspace and what builds its image. Output of all builds is collected beside the workspace's folder.
pub(super) struct Fixture<'a> {
    pub(super) dir: &'a Path,
    pub(super) larder: &'a Path,
    pub(super) env: Environment,
    pub(super) words: &'a [String],
}

/// The outcome of one stage.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) run: u64,
    pub(crate) external: u64,
    pub(crate) own: u64,
}

/// Walks through all scenarios.
pub(super) fn run(env: &Environment, larder: &Path, words: &[String], log: &Log) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let dir = scratch.path().join("workspace");
    let mut env = env.clone();
    plant_canaries(&dir, scratch.path(), &mut env)?;
    let fixture = Fixture { dir: &dir, larder, env, words };
    fixture.write_all()?;
    fixture.write_recipes()?;

    let first = fixture.build("first build")?;
    let builder = stage(&first, "builder")?;
    ensure!(builder.external == 0 && builder.own == 2, "first build: {first:#}");
    let nothing = fixture.build("no change")?;
    ensure!(ran(&nothing) == 0, "no change: {nothing:#}");
    fixture.explains("nothing changed since the last build")?;
    without_larder(&fixture)?;

    fixture.write("service/src/main.rs", &MAIN.replace("json!(1)", "json!(2)"))?;
    fixture.explains("service/src/main.rs changed")?;
    let edit = fixture.build("edit of a file")?;
    let (cook, builder) = (stage(&edit, "cook-release")?, stage(&edit, "builder")?);
    ensure!(cook.run == 0 && builder.external == 0 && builder.own > 0, "edit of a file: {edit:#}");

    fixture.write("service/Cargo.toml", &SERVICE.replace("0.1.0", "0.2.0"))?;
    Cmd::new("cargo", &dir, &fixture.env).args(["update", "--workspace", "--quiet"]).output()?;
    fixture.larder(&["lock"])?;
    let version = fixture.build("version bump")?;
    ensure!(stage(&version, "cook-release")?.run == 0, "version bump: {version:#}");
    ensure!(stage(&version, "builder")?.external == 0, "version bump: {version:#}");

    // itoa and serde_json, which stands on it; cfg-if, memchr, ryu and serde stay.
    fixture.write("service/Cargo.toml", &SERVICE.replace("=1.0.14\"", "=1.0.15\""))?;
    fixture.larder(&["lock"])?;
    let bump = fixture.build("bump of a dependency")?;
    let (cook, builder) = (stage(&bump, "cook-release")?, stage(&bump, "builder")?);
    ensure!(cook.external == 2 && builder.external == 0, "bump of a dependency: {bump:#}");
    log.step("Built", "a day of one developer: no external package twice, none in the builder");
    no_canary(&fixture)?;
    log.step("Searched", "layers, history and output for secrets: there are none");
    Ok(())
}

/// A build by others, who have the workspace from git, and Docker: the same files, so everything is there already.
fn without_larder(fixture: &Fixture<'_>) -> anyhow::Result<()> {
    // Secrets that lie about are committed as well; `.dockerignore` keeps them out of the build.
    commit(fixture.dir, &fixture.env)?;
    git(fixture.dir, &fixture.env).args(["clone", "--quiet", ".", "../clone"]).output()?;
    fs_err::remove_dir_all(fixture.dir.join(".git"))?;
    let clone = fixture.dir.join("../clone");
    let client = Client::find(&fixture.env)?;
    let name = format!("{IMAGE}-clone");
    let build = Cmd::new(client.program(), &clone, &fixture.env)
        .env("DOCKER_BUILDKIT", "1")
        .args(["build", "--quiet", "--tag", &name]);
    build.clone().args(fixture.words).arg(".").output()?;
    let said = client.cmd().args(["run", "--rm", &name]).output()?;
    ensure!(said == "one 1\n", "the image of a plain clone says {said:?}");
    let expected = layers(&client, IMAGE)?;
    ensure!(
        layers(&client, &name)? == expected,
        "a plain clone gives other layers than `cargo larder docker`"
    );
    // As on another machine, later.
    build.arg("--no-cache").args(fixture.words).arg(".").output()?;
    ensure!(
        layers(&client, &name)? == expected,
        "built once more from the same files, the layers are others"
    );
    Ok(())
}

fn layers(client: &Client, image: &str) -> anyhow::Result<String> {
    Ok(client.cmd().args(["image", "inspect", "--format", "{{.RootFS.Layers}}", image]).output()?)
}

/// Makes a repository of a folder and commits all that is in it.
pub(super) fn commit(dir: &Path, env: &Environment) -> anyhow::Result<()> {
    let steps: [&[&str]; 3] = [&["init", "--quiet"], &["add", "."], &["commit", "--quiet", "--message=all"]];
    for step in steps {
        git(dir, env).args(step).output()?;
    }
    Ok(())
}

/// Secrets as careless people have them lying about.
pub(super) fn plant_canaries(dir: &Path, home: &Path, env: &mut Environment) -> anyhow::Result<()> {
    fs_err::create_dir_all(dir)?;
    env.set("DEPLOY_TOKEN", CANARY);
    env.set("CARGO_REGISTRIES_PRIVATE_TOKEN", CANARY);
    fs_err::write(dir.join(".env"), format!("PASSWORD={CANARY}\n"))?;
    fs_err::create_dir_all(dir.join(".cargo"))?;
    fs_err::write(dir.join(".cargo/credentials.toml"), format!("[registry]\ntoken = \"{CANARY}\"\n"))?;
    // The time keeps what an earlier run built out of this one: equal files give equal layers.
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    let config = format!(
        "[env]\nNOW = \"{now}\"\n\n\
         [registries.private]\nindex = \"sparse+http://127.0.0.1:1/\"\ntoken = \"{CANARY}\"\n"
    );
    fs_err::write(dir.join(".cargo/config.toml"), config)?;
    fs_err::create_dir_all(dir.join("service"))?;
    fs_err::write(dir.join("service/.env"), format!("PASSWORD={CANARY}\n"))?;
    fs_err::write(home.join(".netrc"), format!("machine example login x password {CANARY}\n"))?;
    Ok(())
}

/// Looks through everything that others could get to see.
pub(super) fn no_canary(fixture: &Fixture<'_>) -> anyhow::Result<()> {
    let client = Client::find(&fixture.env)?;
    let history = client.cmd().args(["history", "--no-trunc", IMAGE]).output()?;
    ensure!(!history.contains(CANARY), "the image's history holds a secret");
    let output = fs_err::read_to_string(fixture.dir.join("../output.log"))?;
    ensure!(!output.is_empty() && !output.contains(CANARY), "the builds' output holds a secret");
    let scratch = tempfile::tempdir()?;
    let archive = scratch.path().join("image.tar");
    client.cmd().args(["save", "--output"]).arg(&archive).arg(IMAGE).output()?;
    let parts = scratch.path().join("image");
    fs_err::create_dir(&parts)?;
    let tar = Cmd::new("tar", &parts, &fixture.env);
    tar.args(["--extract", "--file"]).arg(&archive).output()?;
    let found = files_with_canary(&parts, &fixture.env)?;
    ensure!(found.with.is_none(), "the image holds a secret: {:?}", found.with);
    Ok(())
}

/// The outcome of a search for the canary.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Found {
    /// How many files were looked through.
    pub(super) files: usize,
    /// One that holds it.
    pub(super) with: Option<PathBuf>,
}

/// Looks through every file below a folder. Some engines keep layers compressed, in which nothing would be found; such
/// files are unpacked in their place.
pub(super) fn files_with_canary(folder: &Path, env: &Environment) -> anyhow::Result<Found> {
    let mut found = Found { files: 0, with: None };
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        // The whole list first, since unpacking makes new files here.
        for entry in fs_err::read_dir(folder)?.collect::<Result<Vec<_>, _>>()? {
            if entry.file_type()?.is_dir() {
                open.push(entry.path());
                continue;
            }
            found.files += 1;
            if unpacked(&entry.path(), env)?.windows(CANARY.len()).any(|window| window == CANARY.as_bytes()) {
                found.with = Some(entry.path());
            }
        }
    }
    ensure!(found.files > 0, "there is nothing to look through");
    Ok(found)
}

/// A file's bytes, unpacked if they are packed.
fn unpacked(path: &Path, env: &Environment) -> anyhow::Result<Vec<u8>> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
    let bytes = fs_err::read(path)?;
    ensure!(!bytes.starts_with(&ZSTD), "{} is packed with zstd, which is not looked into", path.display());
    if !bytes.starts_with(&GZIP) {
        return Ok(bytes);
    }
    let packed = path.with_extension("gz");
    fs_err::rename(path, &packed)?;
    Cmd::new("gzip", "/", env).arg("--decompress").arg(&packed).output()?;
    let unpacked = packed.with_extension("");
    let bytes = fs_err::read(&unpacked)?;
    ensure!(!bytes.starts_with(&GZIP), "{} is packed twice", path.display());
    Ok(bytes)
}

/// Without recipes in the workspace: what the planner writes is good for as long as it comes out the same.
pub(super) fn planner(env: &Environment, larder: &Path, bases: &Bases, log: &Log) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    let dir = scratch.path().join("workspace");
    let client = Client::find(env)?;
    let name = "larder-base-planner";
    base::with_program(&client, &bases.build, larder, name)?;
    let words = Bases { build: name.to_owned(), runtime: bases.runtime.clone() }.words();
    let fixture = Fixture { dir: &dir, larder, env: env.clone(), words: &words };
    fixture.write_all()?;
    // The layers of an earlier run are out of the way.
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos();
    fixture.write(".cargo/config.toml", &format!("[env]\nNOW = \"{now}\"\n"))?;
    fixture.larder(&["dockerfile", "--no-committed-recipe"])?;
    ensure!(!dir.join("larder").exists(), "the fixture has recipes all the same");
    let first = fixture.build("first build with a planner")?;
    let (cook, builder) = (stage(&first, "cook-release")?, stage(&first, "builder")?);
    ensure!(cook.external > 0 && builder.external == 0 && builder.own == 2, "with a planner: {first:#}");
    fixture.write("service/src/main.rs", &MAIN.replace("json!(1)", "json!(2)"))?;
    let edit = fixture.build("edit of a file with a planner")?;
    let (planner, cook) = (stage(&edit, "planner")?, stage(&edit, "cook-release")?);
    let builder = stage(&edit, "builder")?;
    ensure!(planner.run > 0 && cook.run == 0 && cook.external == 0, "edit with a planner: {edit:#}");
    ensure!(builder.external == 0 && builder.own > 0, "edit with a planner: {edit:#}");
    log.step(
        "Built",
        "without committed recipes: after an edit the planner runs, and nothing is cooked again",
    );
    Ok(())
}

impl Fixture<'_> {
    /// Writes everything but recipes.
    pub(super) fn write_all(&self) -> anyhow::Result<()> {
        self.write("Cargo.toml", MANIFEST)?;
        self.write("service/Cargo.toml", SERVICE)?;
        self.write("service/src/main.rs", MAIN)?;
        self.write("shared/Cargo.toml", SHARED)?;
        self.write("shared/src/lib.rs", "pub fn word() -> &'static str {\n    \"one\"\n}\n")?;
        Cmd::new("cargo", self.dir, &self.env).args(["generate-lockfile", "--quiet"]).output()?;
        Ok(())
    }

    pub(super) fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let path = self.dir.join(path);
        fs_err::create_dir_all(path.parent().context("files are in a folder")?)?;
        Ok(fs_err::write(path, text)?)
    }

    pub(super) fn larder(&self, args: &[&str]) -> anyhow::Result<String> {
        Ok(Cmd::new(self.larder, self.dir, &self.env).arg("larder").args(args).output()?)
    }

    /// Writes what the image is built from.
    pub(super) fn write_recipes(&self) -> anyhow::Result<()> {
        self.larder(&["lock"])?;
        self.larder(&["dockerfile"])?;
        Ok(())
    }

    /// Builds the one dependency from a place that a mount opens: refused without the mount, cooked with it.
    pub(super) fn build_opened_by(&self, mount: &str) -> anyhow::Result<()> {
        // The engine's own network is not ours.
        let network = "--network=host".to_owned();
        let refused = self.build_with("without the mount", std::slice::from_ref(&network));
        ensure!(refused.is_err(), "the dependency is open to everybody, without {mount}");
        let built = self.build_with("with the mount", &[network, mount.to_owned()])?;
        let (cook, builder) = (stage(&built, "cook-release")?, stage(&built, "builder")?);
        ensure!(cook.external == 1 && builder.external == 0, "with {mount}: {built:#}");
        Ok(())
    }

    pub(super) fn build(&self, name: &str) -> anyhow::Result<Value> {
        self.build_with(name, &[])
    }

    /// A build with words more.
    pub(super) fn build_with(&self, name: &str, more: &[String]) -> anyhow::Result<Value> {
        let log = self.dir.join("../output.log");
        let script = "\"$@\" 2>> \"$0\"";
        let cmd = Cmd::new("/bin/sh", self.dir, &self.env)
            .args(["-c", script])
            .arg(&log)
            .arg(self.larder)
            .args(["larder", "docker", "--json", "--tag", IMAGE])
            .args(self.words)
            .args(more);
        let mut json = String::new();
        let code = cmd.each_line(Stderr::Terminal, |line| json.push_str(line))?;
        let said = || fs_err::read_to_string(&log).unwrap_or_default();
        ensure!(code == 0, "{name}: `cargo larder docker` ended with exit code {code}: {}", said());
        Ok(serde_json::from_str(&json)?)
    }

    fn explains(&self, expected: &str) -> anyhow::Result<()> {
        let mut args = vec!["docker", "explain"];
        args.extend(self.words.iter().map(String::as_str));
        let told = self.larder(&args)?;
        ensure!(told.contains(expected), "`docker explain` does not say {expected:?}: {told}");
        Ok(())
    }
}

pub(crate) fn stage(answer: &Value, name: &str) -> anyhow::Result<Stage> {
    let stages = answer["stages"].as_array().context("there are no stages")?;
    let stage = stages.iter().find(|stage| stage["name"] == name);
    let stage = stage.with_context(|| format!("there is no stage {name}: {answer:#}"))?;
    let [run, external, own] =
        ["run", "compiled-external", "compiled-local"].map(|field| stage[field].as_u64().unwrap_or_default());
    Ok(Stage { run, external, own })
}

fn ran(answer: &Value) -> u64 {
    let stages = answer["stages"].as_array();
    stages.into_iter().flatten().filter_map(|stage| stage["run"].as_u64()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_in_packed_layers() {
        let env = Environment::default();
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("blobs/sha256");
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(folder.join("1234"), "nothing\n".repeat(100)).unwrap();
        let found = files_with_canary(dir.path(), &env).unwrap();
        assert_eq!(found, Found { files: 1, with: None });
        let layer = folder.join("5678");
        fs_err::write(&layer, format!("{}{CANARY}", "x".repeat(1000))).unwrap();
        Cmd::new("gzip", "/", &env).arg(&layer).output().unwrap();
        fs_err::rename(folder.join("5678.gz"), &layer).unwrap();
        assert!(!fs_err::read(&layer).unwrap().windows(CANARY.len()).any(|bytes| bytes == CANARY.as_bytes()));
        let found = files_with_canary(dir.path(), &env).unwrap();
        assert_eq!(found, Found { files: 2, with: Some(layer) });
    }
}
