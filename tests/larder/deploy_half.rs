//! `cargo larder deploy backend`: only if the front half stays as it is.

use larder_tests::deploy::{Bench, halves_project};

#[test]
fn a_half_is_brought_if_the_other_one_stays() {
    let Some(bench) = Bench::start("halves") else { return };
    let project = halves_project();
    let first = bench.deploy(&project, &["backend"]);
    assert!(first.code == 1 && first.stderr.contains("whose front half could stay"), "{}", first.stderr);
    bench.deploy(&project, &["web", "all"]).ok();
    assert_eq!(bench.page(), "one");

    // An edit of the server.
    project.write("server/page.txt", "two");
    let front = bench.deploy(&project, &["front", "--plan"]);
    assert_eq!(front.code, 3, "{}", front.stderr);
    assert!(front.stderr.contains("the server half would not stay"), "{}", front.stderr);
    assert!(front.stderr.contains("server/page.txt"), "{}", front.stderr);
    bench.deploy(&project, &["backend"]).ok();
    assert_eq!(bench.page(), "two");

    // One of a member that both have.
    project.write("server/page.txt", "three");
    project.write("shared/src/lib.rs", "// Edited.\n");
    let moment = bench.now();
    let refused = bench.deploy(&project, &["web", "backend"]);
    assert_eq!(refused.code, 3, "{}", refused.stderr);
    let named: Vec<&str> =
        refused.stderr.lines().filter(|line| line.starts_with("  ") && !line.contains("Connected")).collect();
    assert_eq!(named, ["  shared/src/lib.rs"], "{}", refused.stderr);
    assert_eq!((bench.page().as_str(), bench.events_since(&moment)), ("two", Vec::new()));

    // A new file of the front half.
    project.write("shared/src/lib.rs", "");
    project.write("front/src/extra.txt", "");
    let refused = bench.deploy(&project, &["backend", "--plan"]);
    assert!(refused.code == 3 && refused.stderr.contains("  front/src/extra.txt"), "{}", refused.stderr);
    let plan = bench.deploy(&project, &["front", "--plan"]);
    assert_eq!(plan.code, 3, "the page is edited still: {}", plan.stderr);
    project.write("server/page.txt", "two");
    bench.deploy(&project, &["front", "--plan"]).ok();
}
