//! `lock` and `lock --check` answer from memory as long as nothing has changed that they read, and never longer.

use std::path::Path;

use larder_tests::{Outcome, Project, Surroundings, cargo_home_of_user, package, write_program};

const MAIN: &str = "fn main() {}\n";

/// A workspace below a folder, so that there is something above it.
pub(crate) fn project() -> Project {
    let app =
        package("app", "\n[dependencies]\nitoa = \"=1.0.15\"\nbeside = { path = \"../../../beside\" }\n");
    let project = Project::without_lock(&[
        ("beside/Cargo.toml", &package("beside", "")),
        ("beside/src/lib.rs", ""),
        ("ws/Cargo.toml", "[workspace]\nresolver = \"3\"\nmembers = [\"members/*\"]\n"),
        ("ws/.cargo/config.toml", "include = [\"more.toml\"]\n"),
        ("ws/.cargo/more.toml", "[term]\nquiet = false\n"),
        ("ws/members/app/Cargo.toml", &app),
        ("ws/members/app/src/main.rs", MAIN),
    ]);
    let manifest = ws(&project).join("Cargo.toml");
    project.cargo(&["generate-lockfile", "--quiet", "--manifest-path", &manifest.to_string_lossy()]);
    larder(&project, &["lock"], &[]).ok();
    project
}

pub(crate) fn ws(project: &Project) -> std::path::PathBuf {
    project.path().join("ws")
}

pub(crate) fn larder(project: &Project, args: &[&str], vars: &[(&str, &str)]) -> Outcome {
    Surroundings::get().larder_with(&ws(project), args, vars)
}

/// Whether cargo was asked.
pub(crate) fn asks(outcome: &Outcome) -> bool {
    outcome.stderr.contains("Planning")
}

#[test]
fn nothing_new_is_answered_from_memory() {
    let project = project();
    for args in
        [&["lock"][..], &["lock", "--check"], &["lock", "--check", "--locked"], &["lock", "--offline"]]
    {
        let outcome = larder(&project, args, &[]).ok();
        assert!(!asks(&outcome), "{args:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("release: 1 of 1 external units proven"), "{}", outcome.stderr);
    }
    let json = larder(&project, &["lock", "--check", "--json"], &[]).ok();
    let json: serde_json::Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!((&json["version"], &json["slices"][0]["change"]), (&1.into(), &"kept".into()));
    // In another terminal.
    let terminal = [("WINDOWID", "7"), ("SSH_TTY", "/dev/pts/7"), ("TERM_SESSION_ID", "7")];
    assert!(!asks(&larder(&project, &["lock"], &terminal).ok()));
    // From a member's folder, and by the manifest.
    let member = ws(&project).join("members/app");
    assert!(!asks(&Surroundings::get().larder(&member, &["lock", "--check"]).ok()));
    let manifest = ["lock", "--check", "--manifest-path", "ws/Cargo.toml"];
    assert!(!asks(&Surroundings::get().larder(project.path(), &manifest).ok()));
    // Sources are nobody's business here.
    project.write("ws/members/app/src/main.rs", "fn main() { println!(); }\n");
    assert!(!asks(&larder(&project, &["lock", "--check"], &[])));
}

/// Everything that can change an answer, or that another answer would need.
#[test]
fn whatever_changed_is_noticed() {
    let files: [(&str, &str); 16] = [
        (
            "ws/Cargo.toml",
            "[workspace]\nresolver = \"3\"\nmembers = [\"members/*\"]\n\n[profile.release]\nopt-level = 1\n",
        ),
        ("ws/members/app/Cargo.toml", "+\n[features]\nmore = []\n"),
        ("beside/Cargo.toml", "+\n[features]\nmore = []\n"),
        ("ws/Cargo.lock", "+\n"),
        ("ws/.cargo/more.toml", "[build]\nrustflags = [\"--cfg\", \"more\"]\n"),
        ("ws/.cargo/config", "[build]\njobs = 1\n"),
        (".cargo/config.toml", "[build]\njobs = 1\n"),
        ("rust-toolchain", "stable\n"),
        ("ws/members/app/src/bin/other.rs", MAIN),
        ("ws/members/app/tests/more.rs", ""),
        ("ws/members/app/build.rs", MAIN),
        (
            "ws/members/new/Cargo.toml",
            "[package]\nname = \"new\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[lib]\npath = \"lib.rs\"\n",
        ),
        ("ws/larder/larder.lock", "+\n"),
        ("ws/larder/expand.awk", "+# more\n"),
        ("ws/larder/.gitattributes", ""),
        ("home/config.toml", "[build]\njobs = 1\n"),
    ];
    let project = project();
    let home = project.path().join("home");
    fs_err::create_dir(&home).unwrap();
    let home = home.to_string_lossy().into_owned();
    let vars = [("LARDER_TEST_HOME", home.as_str())];
    for (path, text) in files {
        let file = project.path().join(path);
        let before = fs_err::read_to_string(&file).ok();
        let remembered = fs_err::read_to_string(ws(&project).join("target/larder/locked.json")).unwrap();
        let with_home: &[(&str, &str)] =
            if path.starts_with("home") { &[("CARGO_HOME", &home)] } else { &[] };
        if !with_home.is_empty() {
            // Another home is a change by itself; what matters is what lies in it.
            check(&project, with_home);
        }
        let new =
            text.strip_prefix('+').map_or(text.to_owned(), |more| before.clone().unwrap_or_default() + more);
        project.write(path, &new);
        assert!(
            asks(&check(&project, with_home)) || check(&project, with_home).code != 0,
            "{path} was not noticed"
        );
        match before {
            Some(before) => project.write(path, &before),
            None => remove(&file, project.path()),
        }
        project.write("ws/target/larder/locked.json", &remembered);
        assert!(!asks(&check(&project, &[])), "{path}: the old state is not known any more");
    }
    for (name, value) in [("RUSTFLAGS", "--cfg x"), ("CARGO_PROFILE_RELEASE_DEBUG", "1"), vars[0]] {
        assert!(asks(&check(&project, &[(name, value)])), "{name} was not noticed");
    }
    let elsewhere = project.path().join("elsewhere");
    let target_dir = format!("--target-dir={}", elsewhere.display());
    assert!(asks(&larder(&project, &["lock", "--check", &target_dir], &[])));
}

fn check(project: &Project, vars: &[(&str, &str)]) -> Outcome {
    larder(project, &["lock", "--check"], vars)
}

/// Files that the configuration names, there or not yet; packages and programs in the place of others.
#[test]
fn whatever_the_configuration_names_is_noticed() {
    let project = project();
    // One more package, so that something external is left if this one is overridden.
    let app = project.read("ws/members/app/Cargo.toml").replace("itoa =", "fnv = \"=1.0.7\"\nitoa =");
    project.write("ws/members/app/Cargo.toml", &app);
    let manifest = ws(&project).join("Cargo.toml");
    project.cargo(&["generate-lockfile", "--quiet", "--manifest-path", &manifest.to_string_lossy()]);
    let root = project.path().to_string_lossy().into_owned();
    let home = project.path().join("home");
    let real = cargo_home_of_user(Surroundings::get().env()).unwrap();
    fs_err::create_dir(&home).unwrap();
    std::os::unix::fs::symlink(real.join("registry"), home.join("registry")).unwrap();
    let mirror = fs_err::read_to_string(real.join("config.toml")).unwrap_or_default();
    let sysroot = ["--print", "sysroot"];
    let sysroot = Surroundings::get().run(Path::new("rustc"), project.path(), &sysroot, &[]).ok().stdout;
    for (path, text) in [
        ("home/config.toml", format!("include = [{{ path = \"own.toml\", optional = true }}]\n{mirror}")),
        ("ws/.cargo/more.toml", "include = [{ path = \"../later.toml\", optional = true }]\n".into()),
        (
            "ws/.cargo/config.toml",
            "include = [\"more.toml\"]\npaths = [\"../instead\"]\n\n[build]\nrustc = \"../rustc.sh\"\n\
             rustflags = [\"-Clink-arg=-Tlayout.x\"]\n"
                .into(),
        ),
        ("instead/Cargo.toml", package("fnv", "").replace("0.1.0", "1.0.7")),
        ("instead/src/lib.rs", String::new()),
        ("ws/layout.x", String::new()),
    ] {
        project.write(path, &text);
    }
    let rustc = format!("#!/bin/sh\nexec {}/bin/rustc \"$@\"\n", sysroot.trim());
    write_program(project.path().join("rustc.sh"), rustc);
    let vars = [("CARGO_HOME", home.to_str().unwrap())];
    larder(&project, &["lock"], &vars).ok();
    let remembered = project.read("ws/target/larder/locked.json");
    for (path, text) in [
        ("home/own.toml", "[build]\njobs = 1\n"),
        ("ws/later.toml", "[build]\njobs = 1\n"),
        ("instead/Cargo.toml", "+\n[features]\nmore = []\n"),
        ("instead/build.rs", MAIN),
        ("rustc.sh", "+# another one\n"),
        ("ws/layout.x", "+SECTIONS {}\n"),
        // The last one, since its folder stays.
        ("instead/deep/Cargo.toml", &package("deep", "")),
    ] {
        assert!(!asks(&larder(&project, &["lock", "--check"], &vars).ok()), "before {path} in {root}");
        let file = project.path().join(path);
        let before = fs_err::read_to_string(&file).ok();
        let time = fs_err::metadata(&file).and_then(|facts| facts.modified()).ok();
        let new = text.strip_prefix('+').map(|more| before.clone().unwrap_or_default() + more);
        project.write(path, &new.unwrap_or_else(|| text.to_owned()));
        let outcome = larder(&project, &["lock", "--check"], &vars);
        assert!(asks(&outcome) || outcome.code != 0, "{path} was not noticed: {}", outcome.stderr);
        match before {
            Some(before) => project.write(path, &before),
            None => fs_err::remove_file(&file).unwrap(),
        }
        if let Some(time) = time {
            fs_err::File::options().write(true).open(&file).unwrap().set_modified(time).unwrap();
        }
        project.write("ws/target/larder/locked.json", &remembered);
    }
}

/// Recipes that git was told to ignore since are written so that clones have them, by the next `lock`.
#[test]
fn what_git_ignores_is_noticed() {
    let project = project();
    project.write(".gitignore", "target\n");
    project.git(&["init", "--quiet"]);
    project.git(&["add", "ws/Cargo.toml"]);
    larder(&project, &["lock"], &[]).ok();
    for (path, text, undo) in [
        (".gitignore", "target\n*.lock\n", Some("target\n")),
        (".git/info/exclude", "larder\n", Some("")),
        ("ws/.gitignore", "*.awk\n", None),
    ] {
        assert!(!asks(&larder(&project, &["lock"], &[]).ok()), "before {path}");
        project.write(path, text);
        let outcome = larder(&project, &["lock"], &[]).ok();
        assert!(asks(&outcome), "{path}: {}", outcome.stderr);
        let shown = project.path().join("ws/larder/.gitignore");
        assert!(shown.is_file(), "{path}");
        fs_err::remove_file(shown).unwrap();
        match undo {
            Some(undo) => project.write(path, undo),
            None => fs_err::remove_file(project.path().join(path)).unwrap(),
        }
        larder(&project, &["lock"], &[]).ok();
    }
    // Configuration above the workspace counts once every clone has it.
    project.write(".cargo/config.toml", "[build]\nrustflags = [\"--cfg\", \"above\"]\n");
    larder(&project, &["lock"], &[]).ok();
    assert!(!asks(&larder(&project, &["lock"], &[]).ok()));
    project.git(&["add", ".cargo/config.toml"]);
    assert!(asks(&larder(&project, &["lock"], &[]).ok()));
    // So does a toolchain file.
    project.write("rust-toolchain", "stable\n");
    larder(&project, &["lock"], &[]).ok();
    assert!(!project.read("ws/larder/larder.lock").contains("toolchain \"stable\""));
    assert!(!asks(&larder(&project, &["lock"], &[]).ok()));
    project.git(&["add", "rust-toolchain"]);
    assert!(asks(&larder(&project, &["lock"], &[]).ok()));
    assert!(project.read("ws/larder/larder.lock").contains("toolchain \"stable\""));
}

/// A workspace of its own in a folder of this one has nothing to do with it.
#[test]
fn an_answer_is_the_workspaces_own() {
    let project = project();
    project.write("ws/own/Cargo.toml", &package("own", "\n[workspace]\n"));
    project.write("ws/own/src/main.rs", MAIN);
    let outcome = Surroundings::get().larder(&ws(&project).join("own"), &["lock", "--check"]);
    assert!(outcome.code != 0 && !outcome.stderr.contains("Fresh"), "{outcome:?}");
    // A memory that somebody made up is none.
    project.write("ws/target/larder/locked.json", "{\"version\": 1}");
    assert!(asks(&larder(&project, &["lock", "--check"], &[]).ok()));
}

fn remove(file: &Path, top: &Path) {
    fs_err::remove_file(file).unwrap();
    for folder in file.ancestors().skip(1).take_while(|folder| *folder != top) {
        if fs_err::remove_dir(folder).is_err() {
            break;
        }
    }
}
