//! Releases that must not serve: whatever is wrong with one, the release before it goes on answering every request.

use larder_tests::{
    Project,
    deploy::{Bench, Fault, page_project, set_fault, set_page, set_patience},
};

/// The reasons for a release that never listens, by how fast the engine finds that out. One that listens is late.
const SILENT: [&str; 2] =
    ["GET /: it closes the connection after 8 s", "GET /: it does not answer in time after 8 s"];

#[test]
fn six_bad_releases_are_refused_and_nobody_notices() {
    let Some(bench) = Bench::start("bad releases") else { return };
    let project = page_project("memory = \"64m\"");
    let good = bench.deployed(&project, &[]);
    let load = bench.visit();
    for fault in Fault::ALL {
        set_fault(&project, fault);
        set_page(&project, &format!("{fault:?}"));
        // The others end long before a good one's patience does.
        set_patience(&project, fault.lasts().then_some(8));
        refused(&bench, &project, fault, good["release"].as_str().unwrap());
    }
    load.wait_for(200);
    for seen in load.stop() {
        assert!(seen.failed.is_empty(), "{seen:?}");
        assert_eq!(seen.pages, ["one"]);
    }
    // Nothing of them is left.
    let status = bench.deployed(&project, &["--status"]);
    assert_eq!(status["releases"].as_array().unwrap().len(), 1, "{status:#}");
    let images = bench.docker(&["images", "--format", "{{.Tag}}", "larder/web"]);
    assert_eq!(images.trim(), good["release"].as_str().unwrap());
    // A good one is taken after all of them.
    set_fault(&project, Fault::None);
    set_patience(&project, None);
    bench.deploy(&project, &[]).ok();
    assert_eq!(bench.page(), "TakesMemory");
}

fn refused(bench: &Bench, project: &Project, fault: Fault, serving: &str) {
    let run = bench.deploy(project, &[]);
    assert_eq!(run.code, 1, "{fault:?}: {}", run.stderr);
    let (reasons, log) = match fault {
        Fault::Exits => (&["it ended with exit code 7"][..], "| cannot start: no configuration"),
        Fault::Deaf => (&SILENT[..], "| release starts: Deaf"),
        Fault::Answers500 => (&["GET / answers 500 after 8 s"][..], "| release starts: Answers500"),
        Fault::Hangs => (&SILENT[1..], "| release starts: Hangs"),
        Fault::Dies => (&["it ended with exit code 7"][..], "| dying after 3 s"),
        Fault::TakesMemory => (&["taking more memory than it may"][..], "| taking memory"),
        Fault::None => unreachable!(),
    };
    let error = run.stderr.split("error: ").nth(1).unwrap_or_default();
    let is_told = reasons.iter().any(|reason| error.contains(reason));
    assert!(is_told && error.contains(log), "{fault:?}: {}", run.stderr);
    assert!(error.contains(&format!("release {serving} serves on")), "{}", run.stderr);
    let lines = error.lines().filter(|line| line.starts_with("  | ")).count();
    assert!(lines <= 20 && (fault != Fault::Exits || lines == 20), "{fault:?}: {lines} lines\n{error}");
    assert_eq!(bench.page(), "one");
}
