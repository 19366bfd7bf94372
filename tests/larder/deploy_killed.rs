//! A client that is killed after each step: a release serves all the time, the lock is free at once, and the next run goes
//! on from there.

use std::time::Duration;

use larder_tests::deploy::{Bench, Server, page_project, set_page, with_slack};

#[test]
fn a_killed_client_leaves_nothing_behind() {
    let Some(bench) = Bench::start("killed") else { return };
    let project = page_project("");
    bench.deploy(&project, &[]).ok();
    let load = bench.visit();
    let mut serving = "one".to_owned();
    // Each run has to put in order what the one before left, to get as far as it does.
    for verb in
        ["Connected", "Building", "Creating", "Starting", "Waiting", "Watching", "Switching", "Draining"]
    {
        set_page(&project, verb);
        bench.kill_at(&project, verb);
        let free = bench.time_to_free_lock();
        println!("{verb}: the lock is free after {free:?}");
        assert!(free < with_slack(Duration::from_secs(1)), "{verb}: {free:?}");
        let page = bench.page();
        assert!([serving.as_str(), verb].contains(&page.as_str()), "{verb}: {page}");
        serving = page;
    }
    set_page(&project, "last");
    bench.deploy(&project, &[]).ok();
    assert_eq!(bench.page(), "last");
    for seen in load.stop() {
        assert!(seen.failed.is_empty(), "{seen:?}");
    }
    let running = bench.docker(&["ps", "-q"]);
    assert_eq!(running.lines().count(), 1, "{running}");
}

#[test]
fn an_sshd_that_allows_one_session_is_enough() {
    let wanted = Server { sshd_options: "MaxSessions 1\nMaxStartups 2", ..Server::default() };
    let Some(bench) = Bench::start_with("sshd's limits", &wanted) else { return };
    let project = page_project("");
    bench.deploy(&project, &[]).ok();
    set_page(&project, "two");
    bench.deploy(&project, &[]).ok();
    assert_eq!((bench.page().as_str(), bench.connections()), ("two", 2));
}
