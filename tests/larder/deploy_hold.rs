//! A volume with one replica: two releases never run at once, and the proxy holds requests meanwhile.

use std::time::Duration;

use larder_tests::deploy::{Bench, Fault, Life, page_project, set_fault, set_page, with_slack};

const VOLUME: &str = "patience = 10\n[package.metadata.larder.docker]\nvolume = \"/data\"";

#[test]
fn two_releases_never_share_a_volume_and_no_page_is_lost() {
    let Some(bench) = Bench::start("hold") else { return };
    let project = page_project(VOLUME);
    let moment = bench.now();
    bench.deploy(&project, &[]).ok();
    set_page(&project, "two");
    let load = bench.visit();
    load.wait_for(20);
    let taken = bench.now();
    bench.deploy(&project, &[]).ok();
    let lives = bench.lives_since(&taken);
    load.wait_for(400);
    let [gets, posts] = load.stop();
    assert!(gets.failed.is_empty() && gets.count >= 400, "{gets:?}");
    assert_eq!(gets.pages, ["one", "two"]);
    println!("POST: {} of {} failed", posts.failed.len(), posts.count);
    let [(end, Life::IsEnded), (_, Life::Ends), (start, Life::Starts)] = lives[..] else {
        panic!("{lives:?}")
    };
    let gap = Duration::from_secs_f64(start - end);
    assert!(
        gets.slowest < gap + with_slack(Duration::from_millis(500)),
        "{:?} with a gap of {gap:?}",
        gets.slowest
    );

    // A bad one ends before the old one starts again.
    set_fault(&project, Fault::Deaf);
    set_page(&project, "three");
    let refused = bench.deploy(&project, &[]);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert_eq!(bench.page(), "two");
    set_fault(&project, Fault::Dies);
    let refused = bench.deploy(&project, &[]);
    assert!(refused.stderr.contains("is refused: it ended"), "{}", refused.stderr);
    assert_eq!(bench.page(), "two");
    bench.deploy(&project, &["--rollback"]).ok();
    assert_eq!(bench.page(), "one");
    bench.assert_one_at_once(&moment);
}

#[test]
fn the_server_starts_the_old_release_again_if_the_client_vanishes_meanwhile() {
    let Some(bench) = Bench::start("killed while holding") else { return };
    let project = page_project(VOLUME);
    let moment = bench.now();
    bench.deploy(&project, &[]).ok();
    let mut serving = "one".to_owned();
    for verb in ["Holding", "Draining", "Starting", "Waiting", "Switching"] {
        set_page(&project, verb);
        bench.kill_at(&project, verb);
        // The server may have to stop and start a release first.
        let free = bench.time_to_free_lock();
        serving = bench.wait_for_page(&[&serving, verb]);
        println!("{verb}: the lock is free after {free:?}");
        assert!(free < with_slack(Duration::from_secs(3)), "{verb}: {free:?}");
    }
    set_page(&project, "last");
    bench.deploy(&project, &[]).ok();
    assert_eq!(bench.page(), "last");
    bench.assert_one_at_once(&moment);
}
