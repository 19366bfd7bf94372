//! Releases without a page that tells of their health: the image's check decides, or else whether they listen.

use larder_tests::deploy::{Bench, Fault, page_project, set_fault, set_page, set_patience};

#[test]
fn an_images_own_check_is_run_at_once_and_listening_is_seen_without_one() {
    let Some(bench) = Bench::start("health check") else { return };
    let project = page_project("");
    project.write("Cargo.toml", &project.read("Cargo.toml").replace("health = \"/\"\n", ""));
    let plain = project.read("Dockerfile");
    // The engine itself would run it for the first time after an hour.
    project.write("Dockerfile", &format!("{plain}HEALTHCHECK --interval=1h CMD [\"/server\", \"check\"]\n"));
    bench.deploy(&project, &[]).ok();
    assert_eq!(bench.page(), "one");

    set_patience(&project, Some(8));
    set_fault(&project, Fault::Answers500);
    let refused = bench.deploy(&project, &[]);
    let said = "its health check fails: the page answers HTTP/1.1 500 Internal Server Error after 8 s";
    assert!(refused.code == 1 && refused.stderr.contains(said), "{}", refused.stderr);

    project.write("Dockerfile", &plain);
    set_fault(&project, Fault::Deaf);
    let refused = bench.deploy(&project, &[]);
    let said = "it takes no connections after 8 s";
    assert!(refused.code == 1 && refused.stderr.contains(said), "{}", refused.stderr);
    assert_eq!(bench.page(), "one");

    set_patience(&project, None);
    set_fault(&project, Fault::None);
    set_page(&project, "two");
    bench.deploy(&project, &[]).ok();
    assert_eq!(bench.page(), "two");
}
