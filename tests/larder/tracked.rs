//! The files that `lock` writes reach every clone, whatever git ignores; others in `larder/` are the user's and stay;
//! and the form before the table becomes one in a single `lock`.

use std::fmt::Write as _;

use larder_tests::{GitRepository, Project, package};

const MAIN: &str = "fn main() {}\n";

fn manifest() -> String {
    package("app", "\n[dependencies]\nitoa = \"=1.0.15\"\n")
}

fn names(project: &Project) -> Vec<String> {
    project.recipes().iter().map(|(path, _)| path.to_string_lossy().into_owned()).collect()
}

#[test]
fn a_clone_has_everything_that_lock_wrote() {
    for ignored in [
        "Cargo.lock\n.cargo\ntarget\n*.lock\n",
        "*\n!*.rs\n!Cargo.*\n!*/\n",
        ".*\n*.awk\nCargo.lock\ntarget/\n",
        // The hidden one of the files alone.
        ".*\n!.gitignore\n!.cargo\n/target\n",
        "/target\n",
    ] {
        let repository = GitRepository::new(&[
            ("Cargo.toml", &manifest()),
            ("src/main.rs", MAIN),
            (".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"x\"]\n"),
            (".gitignore", ignored),
        ]);
        let project = repository.project();
        project.cargo(&["generate-lockfile", "--quiet"]);
        project.larder(&["lock"]).ok();
        repository.commit();
        let clone = repository.clone_of();
        assert_eq!(clone.recipes(), project.recipes(), "{ignored:?}");
        assert_eq!(clone.expanded(), project.expanded(), "{ignored:?}");
        for file in ["larder/larder.lock", "larder/expand.awk", "larder/.gitattributes"] {
            assert!(clone.path().join(file).is_file(), "{file}: {ignored:?}");
        }
        project.larder(&["lock", "--check"]).ok();
    }
}

/// A `.gitignore` of the user's is theirs.
#[test]
fn an_ignore_file_of_the_users_is_left_alone() {
    for (text, ignored) in
        [("*.lock\n", "git ignores larder:"), (".*\n!.gitignore\n", "git ignores larder/.gitattributes:")]
    {
        let project =
            Project::new(&[("Cargo.toml", &manifest()), ("src/main.rs", MAIN), ("larder/.gitignore", text)]);
        project.git(&["init", "--quiet"]);
        let outcome = project.larder(&["lock"]).ok();
        assert_eq!(project.read("larder/.gitignore"), text);
        assert!(outcome.stderr.contains(ignored), "{}", outcome.stderr);
    }
}

/// A program of the user's that has the name of Larder's.
#[test]
fn a_program_of_the_users_is_not_written_over() {
    let project = Project::new(&[("Cargo.toml", &manifest()), ("src/main.rs", MAIN)]);
    project.write("larder/expand.awk", "{ print }\n");
    let outcome = project.larder(&["lock"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("larder/expand.awk: this file is not Larder's"), "{}", outcome.stderr);
    assert_eq!(names(&project), ["larder/expand.awk"]);
    assert_eq!(project.read("larder/expand.awk"), "{ print }\n");
}

#[test]
fn no_file_is_named_as_cargo_names_its_own() {
    let project = Project::new(&[("Cargo.toml", &manifest()), ("src/main.rs", MAIN)]);
    project.larder(&["lock"]).ok();
    assert_eq!(names(&project), ["larder/.gitattributes", "larder/expand.awk", "larder/larder.lock"]);
}

/// Its own files are text that merges, whatever a pattern says elsewhere; those of the user's are what they are, to the
/// byte.
#[test]
fn attributes_are_of_larders_own_files_alone() {
    const PICTURE: &[u8] = b"\x89PNG\r\n\x1a\n\x00\r\n";
    let own = ["larder/larder.lock", "larder/expand.awk", "larder/.gitattributes"];
    let mine = ["larder/logo.png", "larder/run.bat", "larder/src/lib.rs", "larder/deep/larder.lock"];
    let repository = GitRepository::new(&[
        ("Cargo.toml", &manifest()),
        ("src/main.rs", MAIN),
        (".gitignore", "/target\n"),
        (".gitattributes", "*.lock binary\n*.awk binary\n"),
    ]);
    let project = repository.project();
    project.cargo(&["generate-lockfile", "--quiet"]);
    for path in mine {
        project.write(path, "");
        fs_err::write(project.path().join(path), PICTURE).unwrap();
    }
    project.write("larder/.gitattributes", "* linguist-generated eol=lf\n");
    project.larder(&["lock"]).ok();
    for path in own {
        let said = project.git(&["check-attr", "--all", "--", path]).stdout;
        for attribute in ["linguist-generated: set", "eol: lf", "text: set", "diff: set", "merge: set"] {
            assert!(said.contains(attribute), "{path}: {attribute}: {said}");
        }
    }
    for path in mine {
        let said = project.git(&["check-attr", "--all", "--", path]).stdout;
        assert!(!said.contains("linguist-generated") && !said.contains("eol"), "{path}: {said}");
    }
    repository.commit();
    let clone = repository.clone_of();
    for path in mine {
        assert_eq!(fs_err::read(clone.path().join(path)).unwrap(), PICTURE, "{path}");
    }
    // The line of `init --with merge-driver`.
    let attributes = project.read("larder/.gitattributes");
    project.write("larder/.gitattributes", &format!("larder.lock merge=larder\n{attributes}"));
    project.larder(&["lock"]).ok();
    let said = project.git(&["check-attr", "merge", "--", "larder/larder.lock"]).stdout;
    assert!(said.contains("merge: larder"), "{said}");
    project.larder(&["lock", "--check"]).ok();
}

#[test]
fn files_of_the_users_are_never_deleted() {
    let mine = [
        "larder/notes.md",
        "larder/release/notes.md",
        "larder/config.toml",
        "larder/release/0/mine.txt",
        "larder/.larder-todo.md",
    ];
    let project = Project::new(&[("Cargo.toml", &manifest()), ("src/main.rs", MAIN)]);
    for path in mine {
        project.write(path, "mine\n");
    }
    for change in ["", "\n[profile.release]\nopt-level = 1\n"] {
        project.write("Cargo.toml", &(manifest() + change));
        project.larder(&["lock"]).ok();
        project.larder(&["lock", "--check"]).ok();
        project.larder(&["cook"]).ok();
        assert!(mine.iter().all(|path| project.read(path) == "mine\n"), "{change}");
    }
}

/// Files of a layer with their digests, as Larder wrote them before the table.
const OLD: [(&str, &str, &str); 3] = [
    (
        ".cargo/config.toml",
        "# Generated by `cargo larder lock`.\n[build]\ntarget-dir = \"../../../target\"\n",
        "2288d76f2bf24c7688b86a306eebba88bdf6c2b004cc1aac6c545b83bb7b5c46",
    ),
    (
        "build.rs",
        "//! Does nothing; it makes cargo build the dependencies of build scripts.\nfn main() {}\n",
        "7f10cbf477b9b1f3477f1b01a088cab094c347023e0aca986fc0f75a4e7b6f4e",
    ),
    (
        "src/lib.rs",
        "//! Empty on purpose: only the dependencies matter.\n#![no_std]\n",
        "d0ef63d9fd0fba53e31f5d325acf932bb8f550d5b64ea308b6fbd7abebf7d2ab",
    ),
];

/// A project in that form, in which the user has changed a file and added others since.
pub(crate) fn in_the_old_form() -> Project {
    let project = Project::new(&[("Cargo.toml", &manifest()), ("src/main.rs", MAIN)]);
    let mut lock = "# Generated by `cargo larder lock`; commit it with the folders beside it.\nversion = 1\n\
        platforms = [\n    \"x86_64-unknown-linux-gnu\",\n]\n\n[[slice]]\nname = \"release\"\norigin = \"cargo\"\n\
        variant = \"release\"\nargs = [\n    \"build\",\n    \"--release\",\n]\ntarget-dir = \"target\"\n\
        cook = [\n    \"build\",\n    \"--release\",\n]\n\n[[slice.layer]]\ndigest = \"0\"\n\n\
        [slice.layer.units]\nx86_64-unknown-linux-gnu = 1\n\n[slice.layer.files]\n"
        .to_owned();
    for (path, text, digest) in OLD {
        project.write(&format!("larder/release/0/{path}"), text);
        let _ = writeln!(lock, "\"{path}\" = \"{digest}\"");
    }
    project.write("larder/larder.lock", &lock);
    project.write("larder/release/0/src/lib.rs", "//! Mine.\n");
    project.write("larder/release/0/notes.md", "mine\n");
    project.write("larder/release/1/notes.md", "mine\n");
    project
}

#[test]
fn the_old_form_is_migrated_in_one_step() {
    let project = in_the_old_form();
    let outcome = project.larder(&["lock"]).ok();
    assert_eq!(outcome.stderr.matches("Migrated").count(), 1, "{}", outcome.stderr);
    assert_eq!(
        names(&project),
        [
            "larder/.gitattributes",
            "larder/expand.awk",
            "larder/larder.lock",
            "larder/release/0/notes.md",
            "larder/release/0/src/lib.rs",
            "larder/release/1/notes.md",
        ]
    );
    assert_eq!(project.read("larder/release/0/src/lib.rs"), "//! Mine.\n");
    let again = project.larder(&["lock"]).ok();
    assert!(!again.stderr.contains("Migrated"), "{}", again.stderr);
    project.assert_exact(&["build", "--release"]);
}

/// One line that says what to do, and nothing is changed.
#[test]
fn every_verb_names_the_old_form() {
    let project = in_the_old_form();
    let before = project.recipes();
    let verbs: [&[&str]; 7] = [
        &["cook"],
        &["plan"],
        &["why"],
        &["gc"],
        &["lock", "--check"],
        &["dockerfile", "--print"],
        &["init", "--check"],
    ];
    for verb in verbs {
        let outcome = project.larder(verb);
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert_ne!(outcome.code, 0, "{verb:?}: {said}");
        let about = said.lines().filter(|line| line.contains("larder.lock is of an older form"));
        assert_eq!(about.count(), 1, "{verb:?}: {said}");
        assert!(said.contains("cargo larder lock"), "{verb:?}: {said}");
        assert_eq!(project.recipes(), before, "{verb:?}");
    }
    // Plain cargo builds without recipes, so this verb does.
    let built = project.larder(&["build"]);
    assert_eq!(built.code, 0, "{}", built.stderr);
    assert_eq!(built.stderr.matches("larder.lock is of an older form").count(), 1, "{}", built.stderr);
    assert_eq!(project.recipes(), before);
}

/// A lock file of the old form that names files outside of its folders removes none of them.
#[test]
fn a_hostile_old_form_removes_nothing_outside() {
    let project = in_the_old_form();
    let (_, text, digest) = OLD[1];
    project.write("outside.rs", text);
    let outside = project.path().join("outside.rs");
    let more = format!("\"../../../outside.rs\" = \"{digest}\"\n\"{}\" = \"{digest}\"\n", outside.display());
    project.write("larder/larder.lock", &(project.read("larder/larder.lock") + &more));
    project.larder(&["lock"]).ok();
    assert_eq!(project.read("outside.rs"), text);
    assert!(!project.path().join("larder/release/0/build.rs").exists());
}
