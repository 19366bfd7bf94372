//! The releases that a server tells of, and going back to one of them.

use std::time::{Duration, Instant};

use larder_tests::deploy::{Bench, page_project, set_page, with_slack};

#[test]
fn one_word_goes_back() {
    let Some(bench) = Bench::start("rollback") else { return };
    let project = page_project("keep = 3");
    let mut names = Vec::new();
    for page in ["one", "two", "three", "four"] {
        set_page(&project, page);
        names.push(bench.deployed(&project, &[])["release"].as_str().unwrap().to_owned());
    }
    // The first one was more than was to be kept.
    let status = bench.deployed(&project, &["--status"]);
    let kept: Vec<&str> =
        status["releases"].as_array().unwrap().iter().map(|one| one["release"].as_str().unwrap()).collect();
    assert_eq!(kept, [&names[3], &names[2], &names[1]]);
    assert_eq!(status["live"], names[3].as_str());
    assert_eq!(status["releases"][0]["previous"], names[2].as_str());
    let table = bench.deploy(&project, &["--status"]).ok().stdout;
    assert!(table.lines().nth(1).unwrap().contains("serves"), "{table}");

    // To the one before, without a build.
    let (moment, start) = (bench.now(), Instant::now());
    let load = bench.visit();
    load.wait_for(10);
    let back = bench.deployed(&project, &["--rollback"]);
    let time = start.elapsed();
    assert_eq!((bench.page().as_str(), &back["release"]), ("three", &names[2].as_str().into()));
    println!("going back: {time:?}");
    assert!(time < with_slack(Duration::from_secs(5)), "{time:?}");
    let events = bench.events_since(&moment);
    assert!(
        !events.iter().any(|event| event.starts_with("image") || event.starts_with("builder")),
        "{events:?}"
    );
    for seen in load.stop() {
        assert!(seen.failed.is_empty(), "{seen:?}");
        assert_eq!(seen.pages, ["four", "three"]);
        assert_eq!(seen.last, "three");
    }

    // To one that is named; then its port is the one that serves, so it gets another container.
    let back = bench.deployed(&project, &[&format!("--rollback={}", names[3])]);
    assert_eq!((bench.page().as_str(), &back["release"]), ("four", &names[3].as_str().into()));
    // A run that is killed once that is there loses nothing.
    let to_second = format!("--rollback={}", names[1]);
    bench.kill_run_before(&project, &[&to_second], "start");
    bench.time_to_free_lock();
    let plan = bench.deploy(&project, &["--plan", &to_second]).ok().stdout;
    assert!(!plan.contains("removing"), "{plan}");
    let back = bench.deployed(&project, &[&to_second]);
    assert_eq!((bench.page().as_str(), &back["release"]), ("two", &names[1].as_str().into()));

    // A release that is gone is one error.
    let gone = bench.deploy(&project, &[&format!("--rollback={}", names[0])]);
    assert_eq!(gone.code, 1);
    assert!(gone.stderr.contains(&format!("release {} is not there any more", names[0])), "{}", gone.stderr);
    let images = bench.docker(&["images", "-q", &format!("larder/web:{}", names[2])]);
    bench.docker(&["rmi", "--force", images.trim()]);
    let gone = bench.deploy(&project, &[&format!("--rollback={}", names[2])]);
    assert!(gone.stderr.contains("the image of release"), "{}", gone.stderr);
    assert_eq!(bench.page(), "two");
}

#[test]
fn a_plan_touches_nothing_and_a_lock_names_its_holder() {
    let Some(bench) = Bench::start("plan and lock") else { return };
    let project = page_project("");
    let moment = bench.now();
    let plan = bench.deploy(&project, &["--plan", "--check"]);
    assert_eq!(plan.code, 3, "{}", plan.stderr);
    assert_eq!(
        plan.stdout,
        "no release serves\n\
         \u{20} 1. building the image on the server\n\
         \u{20} 2. creating its container, which has port 8101\n\
         \u{20} 3. starting the release on port 8101\n\
         \u{20} 4. waiting until GET / answers with 200 to 399\n\
         \u{20} 5. watching it for 5 seconds\n\
         \u{20} 6. switching requests to port 8101\n"
    );
    assert_eq!(bench.events_since(&moment), Vec::<String>::new());

    // Two at once.
    let (first, second) = std::thread::scope(|scope| {
        let first = scope.spawn(|| bench.deploy_with(&project, &[], &[("USER", "ann")]));
        bench.wait_for_lock_of("ann");
        (bench.deploy(&project, &[]), first.join().unwrap())
    });
    let (second, first) = (first, second);
    first.ok();
    assert_eq!(second.code, 1);
    assert!(second.stderr.contains("`web` is being deployed by ann on "), "{}", second.stderr);
    assert_eq!(bench.page(), "one");
}
