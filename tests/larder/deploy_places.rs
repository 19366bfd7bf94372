//! Where an image is built: on the server, or on another machine's engine. Either way it is the same image.

use larder_tests::deploy::{Bench, page_project, set_page};

#[test]
fn two_engines_build_the_same_image_and_one_can_send_it_to_the_other() {
    let (Some(server), Some(laptop)) = (Bench::start("build places"), Bench::start("build places")) else {
        return;
    };
    let project = page_project("");
    let there = server.deployed(&project, &[]);
    let here = laptop.deployed(&project, &[]);
    assert_eq!(there["image"], here["image"]);

    let manifest = project.read("Cargo.toml").replace("health = \"/\"", "health = \"/\"\nbuild = \"local\"");
    project.write("Cargo.toml", &manifest);
    set_page(&project, "two");
    let engine = format!("unix://{}", laptop.path("engine.sock").display());
    let moment = server.now();
    let run = server.deploy_with(&project, &["--json"], &[("DOCKER_HOST", &engine)]).ok();
    assert!(run.stderr.contains("Sending"), "{}", run.stderr);
    assert_eq!(server.page(), "two");
    let events = server.events_since(&moment);
    assert!(!events.iter().any(|event| event.starts_with("builder")), "{events:?}");
    // An edit is taken back to what the server builds itself, which is the same.
    project.write("Cargo.toml", &manifest.replace("\nbuild = \"local\"", ""));
    assert_eq!(server.deployed(&project, &[])["changed"], false);
}
