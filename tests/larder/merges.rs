//! Merges: two branches that each change dependencies go together by git alone, or after one `lock`.

use larder_tests::{Outcome, Project, package, recipes::assert_expanders_agree};

/// Three crates that stand apart, and one with several below it.
const MANIFEST: &str =
    "\n[dependencies]\nfnv = \"1\"\ncfg-if = \"1\"\neither = \"1\"\nserde_json = \"=1.0.140\"\n";

fn update(project: &Project, package: &str, version: &str) {
    project.cargo(&["update", "--quiet", package, "--precise", version]);
}

fn commit(project: &Project) {
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--message=test"]);
}

/// A repository with recipes of older crates.
fn repository() -> Project {
    let project = Project::new(&[
        ("Cargo.toml", &package("app", MANIFEST)),
        ("src/main.rs", "fn main() {}\n"),
        (".gitignore", "/target\n"),
    ]);
    for (package, version) in
        [("fnv", "1.0.6"), ("cfg-if", "1.0.0"), ("either", "1.14.0"), ("itoa", "1.0.13"), ("memchr", "2.7.3")]
    {
        update(&project, package, version);
    }
    project.larder(&["lock"]).ok();
    project.git(&["init", "--quiet", "--initial-branch=main"]);
    commit(&project);
    project
}

/// Two branches with a bump each, and what git makes of them; the work tree is `main` after the merge.
fn merged(project: &Project, ours: (&str, &str), theirs: (&str, &str)) -> Outcome {
    project.git(&["checkout", "--quiet", "-b", "other"]);
    update(project, theirs.0, theirs.1);
    project.larder(&["lock"]).ok();
    commit(project);
    project.git(&["checkout", "--quiet", "main"]);
    update(project, ours.0, ours.1);
    project.larder(&["lock"]).ok();
    commit(project);
    project.try_git(&["merge", "--quiet", "--no-edit", "other"])
}

fn has_conflict(project: &Project, path: &str) -> bool {
    project.read(path).contains("<<<<<<<")
}

/// A bump changes no line that is there, so git needs nobody, for crates next to each other neither.
#[test]
fn bumps_of_different_crates_merge_by_git_alone() {
    for (ours, theirs) in [
        (("fnv", "1.0.7"), ("cfg-if", "1.0.1")),
        (("itoa", "1.0.15"), ("cfg-if", "1.0.1")),
        (("memchr", "2.7.4"), ("cfg-if", "1.0.1")),
        (("memchr", "2.7.4"), ("itoa", "1.0.15")),
        (("either", "1.15.0"), ("fnv", "1.0.7")),
    ] {
        let project = repository();
        let outcome = merged(&project, ours, theirs);
        assert!(!has_conflict(&project, "Cargo.lock"), "{ours:?} {theirs:?}");
        assert!(!has_conflict(&project, "larder/larder.lock"), "{}", project.read("larder/larder.lock"));
        assert_eq!(outcome.code, 0, "{outcome:?}");
        if project.larder(&["lock", "--check"]).code != 0 {
            project.larder(&["lock"]).ok();
        }
        project.larder(&["lock", "--check"]).ok();
        assert_expanders_agree("merges", project.path());
        let table = project.read("larder/larder.lock");
        for (name, version) in [ours, theirs] {
            assert!(table.contains(&format!("\n{name} {version} ")), "{name} {version}: {table}");
        }
    }
}

/// After a merge by text the recipe is either proven or repaired, and a build finds every external unit.
#[test]
fn what_merged_is_exact() {
    let project = repository();
    merged(&project, ("fnv", "1.0.7"), ("cfg-if", "1.0.1"));
    project.assert_exact(&["build", "--release"]);
}

/// Both bump the same crate: `Cargo.lock` is the user's to solve, the table is Larder's.
#[test]
fn conflict_markers_are_repaired_and_layers_stay() {
    let project = repository();
    let first = project.expanded();
    let outcome = merged(&project, ("itoa", "1.0.15"), ("itoa", "1.0.14"));
    assert!(outcome.code != 0 && has_conflict(&project, "larder/larder.lock"), "{outcome:?}");
    for verb in ["cook", "plan", "lock"] {
        let outcome = project.larder(&[verb]);
        assert_ne!(outcome.code, 0, "{verb}: {outcome:?}");
    }
    assert!(has_conflict(&project, "larder/larder.lock"), "`Cargo.lock` is not solved yet");
    project.git(&["checkout", "--ours", "Cargo.lock"]);
    let outcome = project.larder(&["cook"]);
    assert!(outcome.code == 1 && outcome.stderr.contains("conflict markers"), "{outcome:?}");
    let check = project.larder(&["lock", "--check"]);
    assert!(check.code != 0 && check.stderr.contains("conflict markers"), "{check:?}");
    project.larder(&["lock"]).ok();
    assert_eq!(
        project.read("larder/larder.lock"),
        project.try_git(&["show", "main:larder/larder.lock"]).stdout
    );
    assert_eq!(project.layers("release"), 2, "those of the branch that was merged into");
    let expanded = project.expanded();
    for (path, text) in first {
        assert_eq!(expanded[&path], text, "{path}");
    }
    project.larder(&["lock", "--check"]).ok();
}

/// A repository can name a driver, and only a clone can say what it runs.
#[test]
fn a_merge_driver_leaves_no_markers_in_the_table() {
    let project = repository();
    let said = project.larder(&["init", "--yes", "--only", "merge-driver"]).ok().stderr;
    let command = said.split("`git config ").nth(1).and_then(|rest| rest.split('`').next());
    let words: Vec<&str> = command.expect("it says how").split('\'').map(str::trim).collect();
    let [name, driver, ""] = words[..] else { panic!("{words:?}") };
    let (name, key) = name.split_once(' ').unwrap_or((name, ""));
    assert_eq!((name, key), ("merge.larder.driver", ""));
    commit(&project);
    merged(&project, ("itoa", "1.0.15"), ("itoa", "1.0.14"));
    assert!(has_conflict(&project, "larder/larder.lock"), "the clone has not said anything");
    project.git(&["merge", "--abort"]);

    project.git(&["config", name, driver]);
    assert_ne!(project.try_git(&["merge", "--quiet", "--no-edit", "other"]).code, 0);
    assert!(has_conflict(&project, "Cargo.lock") && !has_conflict(&project, "larder/larder.lock"));
    project.git(&["checkout", "--theirs", "Cargo.lock"]);
    project.larder(&["lock"]).ok();
    project.larder(&["lock", "--check"]).ok();
    assert!(project.read("larder/larder.lock").contains("\nitoa 1.0.14 "));
    project.git(&["add", "--all"]);
    assert!(project.try_git(&["status", "--porcelain"]).stdout.lines().all(|line| !line.starts_with('U')));
    commit(&project);
    project.assert_exact(&["build", "--release"]);
}

/// Windows, and an editor that ends lines in its own way.
#[test]
fn a_checkout_with_other_line_ends_is_repaired() {
    let project = repository();
    update(&project, "fnv", "1.0.7");
    project.larder(&["lock"]).ok();
    let good = project.read("larder/larder.lock");
    assert_eq!(project.layers("release"), 2);
    project.write("larder/larder.lock", &good.replace('\n', "\r\n"));
    let outcome = project.larder(&["cook"]);
    assert!(outcome.code == 1 && outcome.stderr.contains("CR LF"), "{outcome:?}");
    project.larder(&["lock"]).ok();
    assert_eq!(project.read("larder/larder.lock"), good);
    // git itself leaves the line ends of the folder alone.
    commit(&project);
    fs_err::remove_file(project.path().join("larder/larder.lock")).unwrap();
    project.git(&["-c", "core.autocrlf=true", "checkout", "--", "larder"]);
    assert_eq!(project.read("larder/larder.lock"), good);
}
