//! Damage in the place of a file of Larder's own, however it came there: `lock` and the other verbs put it right, or
//! say one clear error. Nothing hangs, and nothing panics.

use std::{
    os::unix::{fs::symlink, net::UnixListener},
    path::Path,
};

use larder_tests::{Outcome, Project, Surroundings, package};

/// The kind of entry in a place.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Thing {
    NoText,
    Garbage,
    Folder,
    FullFolder,
    Pipe,
    Socket,
    Link,
    Nothing,
}

const THINGS: [Thing; 8] = [
    Thing::NoText,
    Thing::Garbage,
    Thing::Folder,
    Thing::FullFolder,
    Thing::Pipe,
    Thing::Socket,
    Thing::Link,
    Thing::Nothing,
];

impl Thing {
    pub(crate) fn put(self, path: &Path) {
        if path.is_dir() {
            fs_err::remove_dir_all(path).unwrap();
        } else if path.symlink_metadata().is_ok() {
            fs_err::remove_file(path).unwrap();
        }
        fs_err::create_dir_all(path.parent().unwrap()).unwrap();
        match self {
            Self::NoText => fs_err::write(path, b"\xff\xfe\x00larder 2\n").unwrap(),
            Self::Garbage => fs_err::write(path, "<<<<<<< ours\n[[[\n").unwrap(),
            Self::Folder => fs_err::create_dir(path).unwrap(),
            Self::FullFolder => {
                fs_err::create_dir(path).unwrap();
                fs_err::write(path.join("mine"), "mine").unwrap();
            }
            Self::Pipe => {
                let words = [path.to_str().unwrap()];
                Surroundings::get().run("mkfifo".as_ref(), Path::new("/"), &words, &[]).ok();
            }
            Self::Socket => drop(UnixListener::bind(path).unwrap()),
            Self::Link => symlink("/dev/zero", path).unwrap(),
            Self::Nothing => {}
        }
    }
}

fn project() -> Project {
    let manifest = package("app", "") + "\n[dependencies]\nitoa = \"=1.0.15\"\n";
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["lock"]).ok();
    project
}

/// Runs a verb that must end soon.
pub(crate) fn run(project: &Project, line: &str) -> Outcome {
    let surroundings = Surroundings::get();
    let binary = surroundings.binary().to_string_lossy().into_owned();
    let mut words = vec!["60", &binary, "larder"];
    words.extend(line.split(' '));
    surroundings.run("timeout".as_ref(), project.path(), &words, &[])
}

/// Larder's own files in the folder of recipes.
const PLACES: [&str; 3] = ["larder/larder.lock", "larder/expand.awk", "larder/.gitattributes"];

#[test]
fn lock_puts_its_files_right_or_names_them() {
    let project = project();
    for place in PLACES {
        for thing in THINGS {
            thing.put(&project.path().join(place));
            let check = run(&project, "lock --check");
            assert!([1, 3].contains(&check.code), "{place} {thing:?}: {} {}", check.code, check.stderr);
            let lock = run(&project, "lock");
            match thing {
                Thing::FullFolder | Thing::Link => {
                    assert_eq!(lock.code, 1, "{place} {thing:?}: {}", lock.stderr);
                    assert!(lock.stderr.contains(place), "{place} {thing:?}: {}", lock.stderr);
                    assert_eq!(lock.stderr.matches("error: ").count(), 1, "{}", lock.stderr);
                    Thing::Nothing.put(&project.path().join(place));
                    run(&project, "lock").ok();
                }
                _ => drop(lock.ok()),
            }
            run(&project, "lock --check").ok();
        }
    }
}

/// Files that are expanded, and those that are remembered, may be anything.
#[test]
fn what_is_expanded_is_put_right() {
    let project = project();
    for place in ["target/larder/recipes/release/0/Cargo.toml", "target/larder/locked.json"] {
        for thing in [Thing::NoText, Thing::Folder, Thing::Pipe, Thing::Socket, Thing::Link] {
            thing.put(&project.path().join(place));
            for line in ["lock --check", "cook"] {
                let outcome = run(&project, line);
                assert_eq!(outcome.code, 0, "{place} {thing:?} {line}: {}", outcome.stderr);
            }
        }
    }
}

/// Recipes are a cache: plain cargo builds without them, and `cook` has nothing to do.
#[test]
fn a_build_goes_on_without_a_table_that_can_be_read() {
    let project = project();
    let good = project.read("larder/larder.lock");
    let path = project.path().join("larder/larder.lock");
    for text in [
        format!("<<<<<<< ours\n{good}").into_bytes(),
        [b"\xff", good.as_bytes()].concat(),
        good.replace("\nlarder 2\n", "\nlarder 3\n").into_bytes(),
        b"version = 1\n".to_vec(),
    ] {
        fs_err::write(&path, &text).unwrap();
        for words in [&["build"][..], &["build", "--", "cargo", "build", "--release"]] {
            let build = project.larder(words).ok();
            let warning = "warning: the build goes on without recipes: ";
            let line = build.stderr.lines().find(|line| line.starts_with(warning));
            assert!(line.is_some_and(|line| line.contains("larder/larder.lock")), "{}", build.stderr);
        }
        let cook = project.larder(&["cook"]);
        assert!(cook.code == 1 && cook.stderr.contains("larder/larder.lock"), "{cook:?}");
        assert_eq!(fs_err::read(&path).unwrap(), text);
    }
}
