//! Target directories on disks that are full or cannot be written, or with something else in the place of Larder's own
//! folder: the build goes on without recipes, what can be freed is freed, and each verb ends with its work done or with
//! one error that names the place.

use std::{fmt::Write as _, path::Path};

use larder_tests::{Outcome, Project, Surroundings, package, skip, soak};

/// A shell's lines in a mount namespace of their own, in a project's folder; `None` if there can be none here.
fn in_namespace(project: &Project, test: &str, script: &str) -> Option<Outcome> {
    let surroundings = Surroundings::get();
    let words = ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"];
    if surroundings.run("unshare".as_ref(), Path::new("/"), &words, &[]).code != 0 {
        skip(test, "no disk can be mounted here");
        return None;
    }
    let binary = surroundings.binary().to_string_lossy().into_owned();
    let words = ["-rm", "sh", "-euc", script];
    Some(surroundings.run("unshare".as_ref(), project.path(), &words, &[("LARDER", &binary)]))
}

fn manifest(itoa: &str) -> String {
    format!("{}\n[dependencies]\nitoa = \"={itoa}\"\nfnv = \"=1.0.7\"\n", package("app", ""))
}

/// Recipes cannot be expanded on a full disk: what they pin stays, and the rest goes.
#[test]
fn what_nothing_needs_goes_from_a_full_disk() {
    const SCRIPT: &str = "rm -rf target/larder; mv target before; mkdir target\n\
        mount -t tmpfs -o size=256m tmpfs target; cp -a before/. target\n\
        dd if=/dev/zero of=target/larder-filler bs=64k 2>/dev/null || true\n\
        dd if=/dev/zero of=target/larder-rest bs=1k 2>/dev/null || true\n\
        code=0; \"$LARDER\" larder gc --only target --older-than 0s --yes --json || code=$?\n\
        rm target/larder-filler target/larder-rest\n\
        [ ! -e target/larder/asking/release/0/Cargo.toml ] || echo \"the disk was not full\"\n\
        ls target/release/.fingerprint | grep -c '^larder-release-' || true\n\
        \"$LARDER\" larder cook --json --store off\n\
        cargo build --release --message-format=json 2>/dev/null | grep -c '\"fresh\":false' || true\n\
        exit $code\n";
    let project = Project::new(&[("Cargo.toml", &manifest("1.0.14")), ("src/main.rs", "fn main() {}\n")]);
    project.cargo(&["build", "--release"]);
    project.write("Cargo.toml", &manifest("1.0.15"));
    project.larder(&["lock"]).ok();
    project.larder(&["cook"]).ok();
    project.cargo(&["build", "--release"]);
    let Some(outcome) = in_namespace(&project, "gc on a full disk", SCRIPT) else { return };
    let outcome = outcome.ok();
    assert!(outcome.stderr.contains("in the recipe of `release` stays"), "{}", outcome.stderr);
    assert!(!outcome.stdout.contains("was not full"), "{}", outcome.stdout);
    let mut told = serde_json::Deserializer::from_str(&outcome.stdout).into_iter::<serde_json::Value>();
    let [cleared, kept, cooked, compiled] = std::array::from_fn(|_| told.next().unwrap().unwrap());
    let freed = |row: &serde_json::Value| row["freed"]["bytes"].as_u64().unwrap();
    assert!(cleared["rows"].as_array().unwrap().iter().map(freed).sum::<u64>() > 0, "{cleared:#}");
    // The recipe's own package is asked for by the recipe alone.
    assert_ne!(kept, 0);
    assert_eq!(cooked["phases"][0]["compiled-external"], 0, "{cooked:#}");
    assert_eq!(compiled, 0);
}

/// How Larder's own folder in a target directory is before each verb.
const STATES: [(&str, &str); 4] = [
    ("a file", "rm -rf target/larder; : >target/larder"),
    (
        "full",
        "rm -rf target/larder; mkdir target/larder; mount -t tmpfs -o size=16k tmpfs target/larder\n\
         dd if=/dev/zero of=target/larder/filler bs=1k 2>/dev/null || true",
    ),
    (
        "for reading",
        "rm -rf target/larder; mkdir target/larder; mount --bind target/larder target/larder\n\
         mount -o remount,ro,bind target/larder",
    ),
    (
        "without records",
        "for name in last-build locked docker-build docker-images; do\n\
           rm -rf target/larder/$name.json; mkdir -p target/larder/$name.json/x\ndone",
    ),
];

/// The verbs that must do their work whatever there is.
const BUILDS: [&str; 6] =
    ["build", "build -- cargo check", "build -- cargo test --no-run", "why", "usage", "why -- cargo build"];

const OTHERS: [&str; 8] = [
    "cook",
    "lock --check",
    "lock",
    "plan",
    "doctor",
    "why --last",
    "gc --only target --older-than 0s --yes",
    "clean dependencies --yes",
];

#[test]
fn the_build_goes_on_whatever_is_in_the_place_of_the_folder() {
    let project = soak::app(0);
    project.larder(&["cook"]).ok();
    for (state, prepare) in STATES {
        let mut script = format!("{prepare}\n");
        for verb in BUILDS.iter().chain(&OTHERS) {
            let _ = write!(
                script,
                "code=0; \"$LARDER\" larder {verb} >out 2>said || code=$?\n\
                 if grep -q panicked said; then code=panic; fi\n\
                 if [ \"$code\" = 1 ] && grep -q 'target/larder' said; then code=named; fi\n\
                 echo \"$code {verb}: $(tr '\\n' ' ' <said)\"\n"
            );
        }
        let Some(outcome) = in_namespace(&project, "a folder that cannot be written", &script) else {
            return;
        };
        let outcome = outcome.ok();
        for (index, line) in outcome.stdout.lines().enumerate() {
            let is_done = line.starts_with("0 ");
            let may_refuse = index >= BUILDS.len() && line.starts_with("named ");
            assert!(is_done || may_refuse, "{state}: {line}");
        }
        assert_eq!(outcome.stdout.lines().count(), BUILDS.len() + OTHERS.len(), "{}", outcome.stdout);
        let first = outcome.stdout.lines().next().unwrap();
        let count = first.matches("the build goes on without all recipes").count();
        assert_eq!(count, usize::from(state != "without records"), "{state}: {first}");
        fs_err::remove_dir_all(project.path().join("target")).unwrap();
        project.larder(&["cook"]).ok();
    }
}

/// The record of what was compiled is in a temporary folder.
#[test]
fn without_a_folder_for_temporary_files_the_build_goes_on() {
    let project = soak::app(0);
    project.larder(&["cook"]).ok();
    let words = ["build", "--", "cargo", "check"];
    let vars = [("TMPDIR", "/dev/null/none")];
    let outcome = Surroundings::get().larder_with(project.path(), &words, &vars).ok();
    assert_eq!(
        outcome.stderr.matches("what the build compiles is not known").count(),
        1,
        "{}",
        outcome.stderr
    );
}
