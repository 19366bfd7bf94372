//! Base images by digest, as Docker's own client tells them of Debian's registry.

use larder::docker::client::Client;
use larder_store::digest::Digest;
use larder_tests::{
    Project, Surroundings,
    deploy::{programs, set_docker_client},
    package, skip,
};

use crate::{registries::registry, servers::Server};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";

/// Gives the registry an image of no layers whose configuration is `config`; the digest of its manifest.
fn put_image(server: &Server, repository: &str, tag: &str, config: &[u8]) -> String {
    let uploads = server.address(&format!("/v2/{repository}/blobs/uploads/"));
    let started = ureq::post(&uploads).send_empty().unwrap();
    let place = started.headers()["location"].to_str().unwrap();
    let digest = Digest::hash(config);
    ureq::put(format!("{place}&digest=sha256:{digest}"))
        .header("content-type", "application/octet-stream")
        .send(config)
        .unwrap();
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{{"mediaType":"application/vnd.oci.image.config.v1+json","digest":"sha256:{digest}","size":{}}},"layers":[]}}"#,
        config.len()
    );
    let address = server.address(&format!("/v2/{repository}/manifests/{tag}"));
    ureq::put(&address).header("content-type", OCI).send(&manifest).unwrap();
    format!("sha256:{}", Digest::hash(manifest.as_bytes()))
}

fn config(level: u32) -> Vec<u8> {
    format!(
        r#"{{"architecture":"amd64","os":"linux","rootfs":{{"type":"layers","diff_ids":[]}},"config":{{"Labels":{{"level":"{level}"}}}}}}"#
    )
    .into_bytes()
}

#[test]
fn pinned_base_images_are_those_that_the_tags_name_now() {
    let test = "base images by digest";
    let folder = tempfile::tempdir().unwrap();
    let mut env = programs();
    set_docker_client(folder.path(), &mut env);
    if Client::find(&env).is_err() {
        return skip(test, "neither PATH nor LARDER_TEST_ENGINE has docker with buildx");
    }
    let vars = ["PATH", "DOCKER_CONFIG"].map(|name| (name, env.get_str(name).unwrap()));
    let around = Surroundings::get();
    let Some(server) = registry(test, "") else { return };
    let host = format!("127.0.0.1:{}", server.port);
    let (build, runtime) = (format!("{host}/bases/rust:1"), format!("{host}/bases/debian:slim"));
    let manifest = format!(
        "{}\n# The images of our own registry.\n[package.metadata.larder.docker]\nbuild-base = \"{build}\" # with everything\n\
         runtime-base = \"{runtime}\"\n",
        package("app", "")
    );
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["lock"]).ok();
    let pin =
        |more: &[&str]| around.larder_with(project.path(), &[&["dockerfile", "--pin"], more].concat(), &vars);
    let rust = put_image(&server, "bases/rust", "1", &config(1));
    let debian = put_image(&server, "bases/debian", "slim", &config(2));
    let outcome = pin(&[]).ok();
    assert!(outcome.stderr.contains("Pinned build-base"), "{}", outcome.stderr);
    let dockerfile = project.read("Dockerfile");
    for pinned in [format!("{build}@{rust}"), format!("{runtime}@{debian}")] {
        assert!(dockerfile.contains(&format!("={pinned}\n")), "{pinned}: {dockerfile}");
        assert!(project.read("Cargo.toml").contains(&format!("\"{pinned}\"")));
    }
    assert!(project.read("Cargo.toml").contains("# with everything\n"));
    project.larder(&["dockerfile", "--check"]).ok();
    project.larder(&["lock", "--check"]).ok();

    // The tag moves: only the next `--pin` follows it.
    let newer = put_image(&server, "bases/rust", "1", &config(3));
    project.larder(&["dockerfile", "--check"]).ok();
    let outcome = pin(&[]).ok();
    assert!(outcome.stderr.contains("Kept runtime-base"), "{}", outcome.stderr);
    assert!(project.read("Dockerfile").contains(&newer) && !project.read("Dockerfile").contains(&rust));

    // A tag that is gone changes nothing.
    let before = project.read("Cargo.toml");
    project.write("Cargo.toml", &before.replace("debian:slim", "debian:gone"));
    let outcome = pin(&[]);
    assert!(outcome.code != 0 && outcome.stderr.contains("bases/debian:gone"), "{}", outcome.stderr);
    assert_eq!(project.read("Cargo.toml"), before.replace("debian:slim", "debian:gone"));
    let outcome = pin(&["--offline"]);
    assert!(outcome.code != 0 && outcome.stderr.contains("--offline"), "{}", outcome.stderr);
}
