//! `cargo larder deploy` to a server that is made on this machine: a release that serves, an edit, nothing changed, going
//! back.

use std::time::{Duration, Instant};

use larder_tests::deploy::{Bench, page_project, set_page, with_slack};

#[test]
fn an_edit_is_live_without_a_failed_request_and_nothing_changed_costs_nothing() {
    let Some(bench) = Bench::start("deploy") else { return };
    let project = page_project("");
    let first = bench.deployed(&project, &[]);
    assert_eq!((bench.page().as_str(), &first["changed"]), ("one", &true.into()));

    // No change.
    let (moment, connections, start) = (bench.now(), bench.connections(), Instant::now());
    let same = bench.deployed(&project, &[]);
    let time = start.elapsed();
    assert_eq!((&same["changed"], &same["release"]), (&false.into(), &first["release"]));
    assert_eq!(same["build"]["run-steps"], 0, "{same}");
    assert_eq!(bench.connections() - connections, 1);
    println!("nothing changed: {time:?}");
    assert!(time < with_slack(Duration::from_secs(3)), "{time:?}");
    let events = bench.events_since(&moment);
    assert!(!events.iter().any(|event| event.starts_with("container")), "{events:?}");

    // An edit, under load.
    set_page(&project, "two");
    let load = bench.visit();
    load.wait_for(20);
    let second = bench.deployed(&project, &[]);
    assert_eq!(bench.page(), "two");
    load.wait_for(400);
    for seen in load.stop() {
        assert!(seen.failed.is_empty() && seen.count >= 400, "{seen:?}");
        assert_eq!(seen.pages, ["one", "two"]);
        assert_eq!(seen.last, "two");
    }
    assert_ne!(second["release"], first["release"]);
}
