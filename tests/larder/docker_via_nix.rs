//! `docker --via nix`, with programs that answer as Docker and Nix do. The real ones are in `cargo xtask docker --test`.

use std::path::Path;

use insta::assert_snapshot;
use serde_json::json;

use super::{
    docker::{project, with_programs},
    nix::{value, with_workspace},
};

const FLAKE: &str = "{ outputs = _: { }; }\n";
const TAKES_IN: &str = "case \"$1\" in --version) echo 'Docker version 28.2.2, build x';; buildx) exit 1;; \
                        version) echo 28.2.2;; load) echo 'Loaded image: service:0.1.0';; tag|push) ;; \
                        image) case \"$4\" in *Size*) echo 12000000;; *) echo sha256:1234;; esac;; esac";
/// Says what Nix says, and leaves the result behind.
const NIX: &str = "echo \"service-layer0>    Compiling itoa v1.0.14\" >&2; \
                   echo \"service>    Compiling service v0.1.0 (/build/source/service)\" >&2; \
                   for word; do last=$word; done; echo image > \"$last\"";

#[test]
fn the_image_of_a_flake_is_taken_in() {
    let project = project();
    project.write("flake.nix", FLAKE);
    let programs = [("docker", TAKES_IN), ("nix", NIX)];
    assert_snapshot!(with_programs(&project, &programs, &["--via=nix", "--tag=here"]), @"
    exit code 0
        Building [ROOT] with Nix
    service-layer0>    Compiling itoa v1.0.14
    service>    Compiling service v0.1.0 (/build/source/service)
         Loading the image into the engine
    stage           cached steps  run steps  seconds  external compiled  own compiled
    service                    0          1      0.0                  0             1
    service-layer0             0          1      0.0                  1             0
    ");
    assert!(
        with_programs(&project, &programs, &["--via=nix", "--json"]).contains("\"compiled-external\": 1")
    );
}

#[test]
fn what_building_with_nix_takes() {
    let project = project();
    let docker = ("docker", TAKES_IN);
    assert_snapshot!(with_programs(&project, &[docker], &["--via=nix"]), @"
    exit code 1
    error: cannot build with Nix: there is no `nix` on PATH

    help: install Nix from nixos.org/download, or build without `--via nix`
    ");
    assert_snapshot!(with_programs(&project, &[docker, ("nix", NIX)], &["--via=nix"]), @"
    exit code 1
    error: cannot build with Nix: there is no flake.nix in [ROOT] or in a folder around it

    help: write one: `cargo larder init --only nix` does
    ");
    project.write("flake.nix", FLAKE);
    assert_snapshot!(
        with_programs(&project, &[docker, ("nix", NIX)], &["--via=nix", "--stage=deps"]),
        @"
    exit code 1
    error: --stage is for Dockerfiles; with `--via nix` the flake decides, and only --tag and --push are left
    "
    );
    let fails = "echo 'error: attribute missing' >&2; exit 1";
    assert_snapshot!(with_programs(&project, &[docker, ("nix", fails)], &["--via=nix"]), @"
    exit code 1
        Building [ROOT] with Nix
    error: attribute missing
    ");
}

#[test]
fn an_image_is_set_up_as_for_docker() {
    let portfolio = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/portfolio");
    let config = "builtins.fromJSON (builtins.unsafeDiscardStringContext (builtins.toJSON workspace.packages.image.config))";
    let Some(config) = value("image", &with_workspace(&portfolio, "", config)) else { return };
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["ExposedPorts"], json!({ "3000/tcp": {} }));
    assert_eq!(config["Volumes"], json!({ "/data": {} }));
    for program in [&config["Entrypoint"][0], &config["Healthcheck"]["Test"][1]] {
        let is_server = program.as_str().is_some_and(|path| path.ends_with("-server-0/bin/server"));
        assert!(is_server, "{config:#}");
    }
    assert_eq!(config["Healthcheck"]["Interval"], 10_000_000_000_u64);
    let variables = config["Env"].as_array().unwrap();
    assert!(variables.contains(&json!("DATABASE_URL=sqlite:///data/portfolio.sqlite")), "{config:#}");
    assert!(variables.contains(&json!("LEPTOS_SITE_ADDR=0.0.0.0:3000")), "{config:#}");
}
