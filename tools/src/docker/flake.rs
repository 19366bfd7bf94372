//! An image that a flake builds, with the real Nix and a real engine that takes it in.
//!
//! The flake needs nothing but Nix itself: its image is an archive that lies beside it. The build of one with nixpkgs
//! is the business of the tests of `nix/`.

use std::path::Path;

use anyhow::ensure;
use larder::{
    docker::client::{Build, Client},
    process::{Cmd, Environment},
};
use serde_json::Value;
use xshell::Shell;

use super::scenarios::Fixture;
use crate::{log::Log, setup::requirement};

const IMAGE: &str = "larder-flake:1";
const TAG: &str = "larder-by-way-of-nix";
/// For a machine whose Nix has never been set up; no more is read from outside than the flake.
const SETTINGS: &str = "build-users-group =\nsandbox = false\nsubstituters =\n";

/// Builds it and takes it in.
pub(super) fn run(sh: &Shell, env: &Environment, larder: &Path, log: &Log) -> anyhow::Result<()> {
    if let Err(why) = requirement::nix(sh, env, log) {
        return super::skipped(env, log, "images by way of Nix", &format!("{why:#}"));
    }
    let scratch = tempfile::tempdir()?;
    let dir = scratch.path().join("workspace");
    let mut env = env.clone();
    env.set("NIX_CONFIG", SETTINGS);
    let client = Client::find(&env)?;
    let fixture = Fixture { dir: &dir, larder, env: env.clone(), words: &[] };
    fixture.write_all()?;
    archive(&client, &dir)?;
    let system = format!("{}-linux", std::env::consts::ARCH);
    let flake = format!(
        "{{ outputs = _: {{ packages.{system}.image = derivation {{ name = \"image\"; system = \"{system}\"; \
         builder = \"/bin/sh\"; PATH = \"/usr/bin:/bin\"; \
         args = [ \"-c\" \"cat ${{./image.tar}} > $out; echo '   Compiling itoa v1.0.14'\" ]; }}; }}; }}\n"
    );
    fixture.write("flake.nix", &flake)?;
    let words = ["larder", "docker", "--via=nix", "--json", "--quiet", "--tag", TAG];
    let answer: Value = serde_json::from_str(&Cmd::new(larder, &dir, &env).args(words).output()?)?;
    let (taken, named) = (client.image_id(IMAGE), client.image_id(TAG));
    ensure!(taken.is_some() && taken == named, "the flake's image is not the one that is tagged: {answer:#}");
    ensure!(answer["image"].as_str() == named.as_deref(), "another image is reported: {answer:#}");
    client.cmd().args(["image", "rm", IMAGE, TAG]).output()?;
    log.step("Loaded", "an image that a flake built");
    Ok(())
}

/// Puts an image's archive into the folder; the engine forgets the image.
fn archive(client: &Client, dir: &Path) -> anyhow::Result<()> {
    let scratch = tempfile::tempdir()?;
    fs_err::write(scratch.path().join("Dockerfile"), "FROM scratch\nCOPY file /file\n")?;
    fs_err::write(scratch.path().join("file"), "x")?;
    let build =
        Build { context: scratch.path().to_owned(), tags: vec![IMAGE.to_owned()], ..Build::default() };
    let code = client.build(&build, &scratch.path().join("id"))?.each_error_line(|_| {})?;
    ensure!(code == 0, "cannot build an image of one file: exit code {code}");
    client.cmd().args(["save", "--output"]).arg(dir.join("image.tar")).arg(IMAGE).output()?;
    client.cmd().args(["image", "rm", IMAGE]).output()?;
    Ok(())
}
