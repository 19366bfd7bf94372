//! `clean` by level, and what no clearing ever does: delete elsewhere, beside a build, or without being told to.

use std::path::{Path, PathBuf};

use larder_tests::{Outcome, Project, Surroundings, package};

fn project() -> Project {
    let manifest = format!("{}\n[dependencies]\nitoa = \"=1.0.15\"\n", package("app", ""));
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["lock"]).ok();
    project.larder(&["cook"]).ok();
    project.cargo(&["build", "--release"]);
    project
}

/// Every path below a folder, symlinks not followed.
fn tree(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            if entry.file_type().unwrap().is_dir() {
                open.push(entry.path());
            }
            paths.push(entry.path());
        }
    }
    paths.sort();
    paths
}

fn json(outcome: &Outcome) -> serde_json::Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("no JSON: {outcome:?}"))
}

#[test]
fn without_yes_nothing_is_deleted() {
    let project = project();
    let before = tree(project.path());
    for args in [["clean", "artifacts"], ["clean", "dependencies"], ["clean", "docker"]] {
        let outcome = project.larder(&args).ok();
        if args[1] != "docker" {
            assert!(outcome.stdout.starts_with("cache   place   what goes"), "{}", outcome.stdout);
            assert!(outcome.stderr.contains("nothing was deleted; --yes deletes it"), "{}", outcome.stderr);
        }
    }
    project.larder(&["gc", "--older-than", "0s", "--only", "target"]).ok();
    assert_eq!(tree(project.path()), before);
}

#[test]
fn the_first_level_keeps_dependencies() {
    let project = project();
    let outcome = project.larder(&["clean", "--yes", "--json"]).ok();
    let json = json(&outcome);
    assert_eq!(json["rows"][0]["what"], "the application's own artifacts", "{json:#}");
    assert_eq!(json["rows"][0]["bytes"], json["rows"][0]["freed"]["bytes"], "{json:#}");
    assert!(!project.path().join("target/release/app").exists());
    let counts = Surroundings::get().cargo_counts(project.path(), &["build", "--release"], &[]);
    assert_eq!((counts.compiled, counts.compiled_external, counts.fresh), (1, 0, 1));
    assert!(
        project.larder(&["cook"]).ok().stdout.contains("cook release      0"),
        "the recipe's own unit stays"
    );
}

#[test]
fn the_second_level_leaves_an_empty_folder() {
    let project = project();
    project.larder(&["clean", "dependencies", "--yes"]).ok();
    let target = project.path().join("target");
    let left: Vec<PathBuf> = tree(&target).into_iter().filter(|path| path.is_file()).collect();
    assert!(!left.is_empty() && left.iter().all(|path| is_kept(path)), "{left:?}");
    let again = json(&project.larder(&["clean", "dependencies", "--yes", "--json"]).ok());
    assert_eq!(again["bytes"], 0, "{again:#}");
    project.cargo(&["build", "--release"]);
}

fn is_kept(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    name == "CACHEDIR.TAG"
        || path.ends_with("larder/.lock")
        || (name.starts_with(".cargo-") && name.ends_with("lock"))
}

#[test]
fn folders_that_cargo_did_not_make_are_refused() {
    let project = project();
    for (name, file) in [("mine", "notes.txt"), ("sources", "Cargo.toml")] {
        project.write(&format!("{name}/{file}"), "precious");
    }
    project.write("sources/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    for dir in ["mine", "sources", ".", "src"] {
        for verb in [&["clean", "dependencies"][..], &["gc", "--only", "target"]] {
            let args = [verb, &["--yes", "--target-dir", dir]].concat();
            let outcome = project.larder(&args);
            assert_eq!(outcome.code, 1, "{args:?}: {}", outcome.stderr);
            assert!(outcome.stderr.contains("nothing is deleted there"), "{args:?}: {}", outcome.stderr);
        }
    }
    assert_eq!(project.read("mine/notes.txt"), "precious");
    assert_eq!(project.read("sources/Cargo.toml"), "precious");
    project.larder(&["clean", "dependencies", "--yes", "--target-dir", "none"]).ok();
}

/// A setting of a repository's may point to another project's builds, or to cargo's own downloads.
#[test]
fn a_folder_outside_of_the_workspace_has_to_be_named() {
    let project = project();
    let elsewhere = project.path().join("elsewhere");
    project.cargo(&["build", "--quiet", "--target-dir", "elsewhere"]);
    let inner = project.path().join("inner");
    for (path, text) in [
        ("inner/Cargo.toml", package("inner", "\n[workspace]\n")),
        ("inner/src/main.rs", "fn main() {}\n".to_owned()),
        ("inner/.cargo/config.toml", "[build]\ntarget-dir = \"../elsewhere\"\n".to_owned()),
    ] {
        project.write(path, &text);
    }
    let surroundings = Surroundings::get();
    surroundings.run(Path::new("cargo"), &inner, &["generate-lockfile", "--quiet"], &[]).ok();
    for verb in [&["clean", "everything"][..], &["clean", "artifacts"], &["gc", "--only", "target"]] {
        let outcome = surroundings.larder(&inner, &[verb, &["--yes"]].concat());
        assert_eq!(outcome.code, 1, "{verb:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("was not named with --target-dir"), "{}", outcome.stderr);
        assert!(elsewhere.join("debug/app").exists(), "{verb:?}");
    }
    let named = ["clean", "dependencies", "--yes", "--target-dir", "../elsewhere"];
    surroundings.larder(&inner, &named).ok();
    assert!(!elsewhere.join("debug/app").exists());
}

/// As cargo-leptos does, whose front half may be the first to build.
#[test]
fn a_folder_that_a_build_below_it_made_is_cleaned() {
    let project = project();
    let _ = fs_err::remove_dir_all(project.path().join("target"));
    project.cargo(&["build", "--release", "--target-dir", "target/front"]);
    project.cargo(&["build", "--release"]);
    assert!(!project.path().join("target/CACHEDIR.TAG").exists());
    project.larder(&["gc", "--only", "target", "--yes"]).ok();
    project.larder(&["clean", "dependencies", "--yes"]).ok();
    assert!(!project.path().join("target/release/app").exists());
}

/// cargo builds into a folder that is there already, and leaves no tag in it: whatever else is in it is somebody's.
#[test]
fn a_folder_that_cargo_only_built_into_keeps_what_is_in_it() {
    let project = project();
    project.write("shared/notes.txt", "precious");
    project.cargo(&["build", "--release", "--target-dir", "shared"]);
    assert!(project.path().join("shared/release/app").exists());
    for verb in [&["clean", "dependencies"][..], &["gc", "--only", "target"]] {
        let outcome = project.larder(&[verb, &["--yes", "--target-dir", "shared"]].concat());
        assert_eq!(outcome.code, 1, "{verb:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("lacks cargo's CACHEDIR.TAG"), "{verb:?}: {}", outcome.stderr);
    }
    assert_eq!(project.read("shared/notes.txt"), "precious");
    // A user who knows that it holds builds alone says so with the tag, as the hint tells.
    let tag = fs_err::read(project.path().join("target/CACHEDIR.TAG")).unwrap();
    fs_err::write(project.path().join("shared/CACHEDIR.TAG"), tag).unwrap();
    project.larder(&["clean", "dependencies", "--yes", "--target-dir", "shared"]).ok();
    assert!(!project.path().join("shared/release/app").exists());
}

/// One slice that builds into a folder of somebody's own.
#[test]
fn a_folder_that_is_refused_keeps_no_other_from_being_cleared() {
    let project = project();
    let slices = "[package.metadata.larder.slices]\nrelease = { args = [\"build\", \"--release\"] }\n\
        odd = { args = [\"build\", \"--target-dir=mine\"] }\n";
    project.write("Cargo.toml", &format!("{}\n{slices}", project.read("Cargo.toml")));
    project.write("mine/notes.txt", "precious");
    let app = project.path().join("target/release/app");
    for (verb, is_cleared) in [(&["gc", "--only", "target"][..], false), (&["clean", "artifacts"], true)] {
        for more in [&[][..], &["--yes"]] {
            let outcome = project.larder(&[verb, more].concat());
            assert_eq!(outcome.code, 1, "{verb:?}: {}", outcome.stderr);
            assert!(outcome.stderr.contains("nothing is deleted there"), "{verb:?}: {}", outcome.stderr);
        }
        assert_eq!(app.exists(), !is_cleared, "{verb:?}");
    }
    assert_eq!(project.read("mine/notes.txt"), "precious");
}

/// Whatever is in the places of cargo's records, nothing waits for it or reads all of it.
#[test]
fn pipes_and_holes_in_a_target_directory_are_not_read() {
    let project = project();
    let hash = "0123456789abcdef";
    let folder = project.path().join(format!("target/release/.fingerprint/odd-{hash}"));
    fs_err::create_dir_all(&folder).unwrap();
    for name in ["lib-odd.json", "lib-odd", "dep-lib-odd"] {
        make_pipe(&project, &folder.join(name));
    }
    for name in
        ["target/larder/last-build.json", "target/larder/docker-images.json", "target/tmp/CACHEDIR.TAG"]
    {
        let path = project.path().join(name);
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        let _ = fs_err::remove_file(&path);
        make_pipe(&project, &path);
    }
    let hole = fs_err::File::create(folder.join("lib-hole.json")).unwrap();
    hole.set_len(1 << 40).unwrap();
    let surroundings = Surroundings::get();
    let larder = surroundings.binary().to_string_lossy().into_owned();
    for line in
        ["usage", "gc --only target", "clean artifacts", "why --last", "doctor", "clean dependencies --yes"]
    {
        let words: Vec<&str> = ["60", &larder, "larder"].into_iter().chain(line.split(' ')).collect();
        let outcome = surroundings.run(Path::new("timeout"), project.path(), &words, &[]);
        assert_ne!(outcome.code, 124, "{line} waits");
    }
    assert!(!folder.exists());
}

fn make_pipe(project: &Project, path: &Path) {
    let path = path.to_string_lossy().into_owned();
    Surroundings::get().run(Path::new("mkfifo"), project.path(), &[&path], &[]).ok();
}

#[test]
fn symlinks_are_deleted_and_not_followed() {
    let project = project();
    let outside = tempfile::tempdir().unwrap();
    fs_err::write(outside.path().join("precious"), "file").unwrap();
    let target = project.path().join("target");
    for place in ["link", "release/build/link", "release/deps/liblink-0123456789abcdef.rlib"] {
        std::os::unix::fs::symlink(outside.path(), target.join(place)).unwrap();
    }
    project.larder(&["clean", "--yes"]).ok();
    project.larder(&["clean", "dependencies", "--yes"]).ok();
    assert!(outside.path().join("precious").exists());
    assert!(target.join("link").symlink_metadata().is_err());
    assert!(target.join("release/deps").symlink_metadata().is_err());
}

/// In a mount namespace of its own, with a folder from elsewhere mounted in the target folder: of the same
/// file system, so that only the mount itself tells.
const WITH_A_MOUNT: &str = r#"
set -eu
mkdir -p target/release/build/mounted
mount --bind precious target/release/build/mounted
if "$1" larder clean dependencies --yes; then echo "succeeded"; else echo "exit code $?"; fi
find target | sort
"#;

#[test]
fn mounts_are_not_crossed_and_everything_else_goes() {
    let project = project();
    project.write("precious/file", "text");
    let surroundings = Surroundings::get();
    let binary = surroundings.binary().to_string_lossy().into_owned();
    let args = ["-rm", "sh", "-c", WITH_A_MOUNT, "sh", &binary];
    let outcome = surroundings.run("unshare".as_ref(), project.path(), &args, &[]);
    if outcome.stderr.contains("unshare:") || outcome.stderr.contains("mount:") {
        larder_tests::skip("a mount in the target folder", &outcome.stderr);
        return;
    }
    assert_eq!(project.read("precious/file"), "text");
    let left = "target\ntarget/CACHEDIR.TAG\ntarget/larder\ntarget/larder/.lock\ntarget/release\n";
    assert!(outcome.stdout.contains("exit code 1"), "{}{}", outcome.stdout, outcome.stderr);
    assert!(outcome.stdout.contains(left) && !outcome.stdout.contains("deps"), "{}", outcome.stdout);
    let why = "release/build/mounted: it is on another mount, and mounts are not crossed";
    assert!(outcome.stderr.contains(why), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("error: could not delete 1 of the items above"), "{}", outcome.stderr);
}

#[test]
fn a_folder_that_a_build_holds_is_left_alone() {
    let project = project();
    let slow = "fn main() { std::thread::sleep(std::time::Duration::from_secs(4)) }\n";
    project.write("build.rs", slow);
    let surroundings = Surroundings::get();
    let cargo =
        larder::process::Cmd::new("cargo", project.path(), surroundings.env()).args(["build", "--release"]);
    let mut build = cargo.spawn_logged(&project.path().join("log")).unwrap();
    let script =
        || tree(&project.path().join("target/release/build")).iter().any(|path| path.ends_with("out"));
    while !script() {
        assert!(build.try_exit_code().unwrap().is_none(), "{}", project.read("log"));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let outcome = project.larder(&["clean", "--yes", "--json"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("stay: ") && outcome.stderr.contains(" is locked by a running build"),
        "{}",
        outcome.stderr
    );
    assert_eq!(json(&outcome)["rows"][0]["freed"]["bytes"], 0);
    let outcome = project.larder(&["clean", "dependencies", "--yes", "--wait", "60s"]).ok();
    assert!(outcome.stderr.contains("Waiting for the build that locked "), "{}", outcome.stderr);
    assert_eq!(build.wait().unwrap(), 0, "{}", project.read("log"));
}
