//! Where an image is built: on the server, or on another machine's engine. Either way it is the same image.

use std::io::{Read as _, Write as _};

use larder_tests::{
    Project,
    deploy::{Bench, Server, page_project, set_page},
};

/// The most that a deployment may send beside layers.
const TALK: u64 = 64 << 10;

fn build_here(project: &Project) {
    let manifest = project.read("Cargo.toml").replace("health = \"/\"", "health = \"/\"\nbuild = \"local\"");
    project.write("Cargo.toml", &manifest);
}

/// Bytes that nothing makes shorter.
fn noise(length: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    fs_err::File::open("/dev/urandom").unwrap().take(length).read_to_end(&mut bytes).unwrap();
    bytes
}

#[test]
fn two_engines_build_the_same_image_and_one_can_send_it_to_the_other() {
    let closed = Server { sshd_options: "AllowTcpForwarding local", ..Server::default() };
    let benches = (Bench::start("build places"), Bench::start_with("build places", &closed));
    let (Some(server), Some(laptop)) = benches else { return };
    let project = page_project("");
    fs_err::write(project.path().join("site/pkg.wasm"), noise(8 << 20)).unwrap();
    let there = server.deployed(&project, &[]);
    let here = laptop.deployed(&project, &[]);
    assert_eq!(there["image"], here["image"]);

    build_here(&project);
    set_page(&project, "two");
    let engine = format!("unix://{}", laptop.path("engine.sock").display());
    let local = [("DOCKER_HOST", engine.as_str())];
    let moment = server.now();
    let run = server.deploy_with(&project, &["--json"], &local).ok();
    assert!(!run.stderr.contains("as a whole"), "{}", run.stderr);
    assert_eq!(server.page(), "two");
    let events = server.events_since(&moment);
    assert!(!events.iter().any(|event| event.starts_with("builder")), "{events:?}");

    // An edit of the server: the front is neither built nor sent.
    let layer = 2 << 20;
    let path = project.path().join("server");
    fs_err::OpenOptions::new().append(true).open(&path).unwrap().write_all(&noise(layer)).unwrap();
    let before = server.received();
    let run = server.deploy_with(&project, &["--json"], &local).ok();
    let (received, size) = (server.received() - before, fs_err::metadata(&path).unwrap().len());
    println!("sent for a server of {size} bytes: {received}");
    assert!((layer..size + TALK).contains(&received), "{received} bytes for {size}\n{}", run.stderr);
    let done: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert!(done["sent"]["bytes"].as_u64().unwrap() < size + TALK, "{done}");
    assert!(done["sent"]["size"].as_u64().unwrap() > size + (8 << 20), "{done}");
    // Releases do not pile up here.
    let left = laptop.docker(&["images", "--format", "{{.Repository}}:{{.Tag}}"]);
    assert_eq!(left.lines().count(), 1, "{left}");
    assert!(!server.docker(&["images", "--digests"]).contains("127.0.0.1"));

    // The other way round there is an sshd that gives no port.
    let engine = format!("unix://{}", server.path("engine.sock").display());
    let run = laptop.deploy_with(&project, &[], &[("DOCKER_HOST", &engine)]).ok();
    assert!(run.stderr.contains("as a whole: sshd on 127.0.0.1 forbids remote forwarding"), "{}", run.stderr);
    assert_eq!(laptop.page(), "two");

    // An edit is taken back to what the server builds itself, which is the same.
    project.write("Cargo.toml", &project.read("Cargo.toml").replace("\nbuild = \"local\"", ""));
    assert_eq!(server.deployed(&project, &[])["changed"], false);
}
