//! A volume with one replica: two releases never run at once, and the proxy holds requests meanwhile.

use std::time::Duration;

use larder_tests::{
    Project,
    deploy::{Bench, Fault, Life, page_project, set_fault, set_page, set_patience, with_slack},
};

const VOLUME: &str = "[package.metadata.larder.docker]\nvolume = \"/data\"";

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
    assert_eq!(gets.last, "two");
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
    set_patience(&project, Some(8));
    let refused = bench.deploy(&project, &[]);
    set_patience(&project, None);
    assert_eq!(refused.code, 1, "{}", refused.stderr);
    assert_eq!(bench.page(), "two");
    set_fault(&project, Fault::Dies);
    let refused = bench.deploy(&project, &[]);
    assert!(refused.stderr.contains("is refused: it ended"), "{}", refused.stderr);
    assert_eq!(bench.page(), "two");
    bench.deploy(&project, &["--rollback"]).ok();
    assert_eq!(bench.page(), "one");

    // A refusal of the engine's client is known before anything is stopped.
    project.write("bad.env", "=nothing\n");
    let manifest = project.read("Cargo.toml");
    let health = "health = \"/\"";
    project.write("Cargo.toml", &manifest.replace(health, &format!("{health}\nenv-file = \"bad.env\"")));
    let taken = bench.now();
    let refused = bench.deploy(&project, &[]);
    assert!(refused.code == 1 && refused.stderr.contains("=nothing"), "{}", refused.stderr);
    let lives = bench.lives_since(&taken);
    assert!(lives.is_empty(), "{lives:?}");
    bench.assert_one_at_once(&moment, 0);
}

#[test]
fn the_server_starts_the_old_release_again_if_the_client_vanishes_meanwhile() {
    let Some(bench) = Bench::start("killed while holding") else { return };
    let project = page_project(VOLUME);
    bench.deploy(&project, &[]).ok();
    let mut serving = "one".to_owned();
    for verb in ["Creating", "Holding", "Draining", "Starting", "Waiting", "Watching", "Switching"] {
        serving = killed(&bench, &project, &serving, verb, Bench::kill_at);
    }
    // Both halves of writing down that a release serves.
    for command in ["update", "rename"] {
        serving = killed(&bench, &project, &serving, command, Bench::kill_before);
    }
    // A client whose network is lost closes nothing.
    set_page(&project, "frozen");
    let client = bench.freeze_at(&project, "Watching");
    assert_eq!(bench.wait_for_page(&["frozen"]), "frozen");
    assert_eq!(bench.wait_for_page(&[&serving]), serving);
    bench.time_to_free_lock();
    drop(client);
    set_page(&project, "last");
    let moment = bench.now();
    bench.deploy(&project, &[]).ok();
    assert_eq!(bench.page(), "last");
    bench.assert_one_at_once(&moment, 1);
}

/// Brings a page and is killed there: that or the page before is served, and never two releases ran. Gives the page.
fn killed(
    bench: &Bench,
    project: &Project,
    serving: &str,
    place: &str,
    kill: fn(&Bench, &Project, &str),
) -> String {
    // An engine remembers no more than its last 256 events.
    let moment = bench.now();
    set_page(project, place);
    kill(bench, project, place);
    // The server may have to stop and start a release first.
    let free = bench.time_to_free_lock();
    println!("{place}: the lock is free after {free:?}");
    assert!(free < with_slack(Duration::from_secs(3)), "{place}: {free:?}");
    let page = bench.wait_for_page(&[serving, place]);
    bench.assert_one_at_once(&moment, 1);
    page
}
