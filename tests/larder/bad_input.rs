//! Bad input gets one clear error that names the file or command and what to do, the documented exit code,
//! and leaves the old recipe as it was.

use insta::assert_snapshot;
use larder_tests::{Project, Surroundings, write_program};

const MANIFEST: &str =
    "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nitoa = \"1\"\n";
const MAIN: &str = "fn main() {}\n";

fn app() -> Project {
    Project::new(&[("Cargo.toml", MANIFEST), ("src/main.rs", MAIN)])
}

/// The workspace after `lock`, then changed; the old recipe must survive the failure.
#[track_caller]
fn failure_after(change: impl Fn(&Project), args: &[&str]) -> String {
    let project = app();
    project.larder(&["lock"]).ok();
    let before = project.recipes();
    change(&project);
    let outcome = project.larder(args);
    assert_ne!(outcome.code, 0, "{outcome:?}");
    assert_eq!(project.recipes(), before, "the old recipe is untouched");
    assert!(!project.has_leftovers());
    outcome.failure(project.path())
}

#[test]
fn outside_a_workspace() {
    let project = Project::without_lock(&[("README.md", "nothing here\n")]);
    assert_snapshot!(project.larder(&["lock"]).failure(project.path()), @"
    exit code 1
    error: no readable cargo workspace at [ROOT]
    error: could not find `Cargo.toml` in `[ROOT]` or any parent directory

    help: run inside a cargo workspace or pass --manifest-path
    ");
}

#[test]
fn without_a_cargo_lock() {
    let project = Project::without_lock(&[("Cargo.toml", MANIFEST), ("src/main.rs", MAIN)]);
    assert_snapshot!(project.larder(&["lock"]).failure(project.path()), @"
    exit code 1
    error: [ROOT]/Cargo.lock does not exist

    help: run `cargo generate-lockfile`, and commit the file
    ");
}

#[test]
fn without_a_recipe() {
    let project = app();
    assert_snapshot!(project.larder(&["cook"]).failure(project.path()), @"
    exit code 1
    error: [ROOT]/larder/larder.lock does not exist

    help: run `cargo larder lock`
    ");
}

#[test]
fn malformed_manifest() {
    let failure = failure_after(|project| project.write("Cargo.toml", "[package]\nname = \n"), &["lock"]);
    assert_snapshot!(failure, @"
    exit code 1
    error: no readable cargo workspace at [ROOT]
    error: string values must be quoted, expected literal string
     --> Cargo.toml:2:8
      |
    2 | name =
      |        ^

    help: fix the file that cargo names
    ");
}

#[test]
fn malformed_cargo_configuration() {
    let failure = failure_after(|project| project.write(".cargo/config.toml", "[build\n"), &["lock"]);
    assert_snapshot!(failure, @"
    exit code 1
    error: no readable cargo workspace at [ROOT]
    error: failed to parse manifest at `[ROOT]/Cargo.toml`

    Caused by:
      could not load Cargo configuration

    Caused by:
      could not parse TOML configuration in `[ROOT]/.cargo/config.toml`

    Caused by:
      TOML parse error at line 1, column 7
        |
      1 | [build
        |       ^
      unclosed table, expected `]`

    help: fix the file that cargo names
    ");
}

#[test]
fn malformed_toolchain_file() {
    let failure = failure_after(
        |project| project.write("rust-toolchain.toml", "[toolchain]\nchannel = 1 2\n"),
        &["plan"],
    );
    assert!(failure.contains("rust-toolchain.toml"), "{failure}");
}

#[test]
fn misspelt_settings() {
    let text = format!("{MANIFEST}\n[package.metadata.larder]\nslice = 1\n");
    let failure = failure_after(|project| project.write("Cargo.toml", &text), &["lock"]);
    assert_snapshot!(failure, @"
    exit code 1
    error: [ROOT]/Cargo.toml: metadata.larder: unknown field `slice`, expected one of `find`, `platforms`, `max-layers`, `docker`, `store`, `deploy`, `slices`
    ");
}

#[test]
fn a_slice_that_cargo_refuses() {
    let text =
        format!("{MANIFEST}\n[package.metadata.larder.slices.odd]\nargs = [\"build\", \"--bin=none\"]\n");
    let failure = failure_after(|project| project.write("Cargo.toml", &text), &["lock"]);
    assert_snapshot!(failure, @"
    exit code 1
        Planning odd, release
         Proving release (external units: 1 on x86_64-unknown-linux-gnu)
    error: slice `odd`: cargo cannot plan `cargo build --bin=none --target-dir=[ROOT]/target --unit-graph -Zunstable-options --color=never`
    error: no bin target named `none` in default-run packages
    help: available bin targets:
        app

    help: fix the manifest, or the slice's `args`, and try again
    ");
}

#[test]
fn a_table_edited_by_hand() {
    let project = app();
    project.larder(&["lock"]).ok();
    let good = project.read("larder/larder.lock");
    project.write("larder/larder.lock", &good.replace("\nitoa 1", "\n# mine\nitoa 1"));
    assert_snapshot!(project.larder(&["cook"]).failure(project.path()), @"
    exit code 1
    error: [ROOT]/larder/larder.lock line 9: a package's line has three parts between |

    help: run `cargo larder lock` to write it anew
    ");
    assert_snapshot!(project.larder(&["lock", "--check"]).failure(project.path()), @"
    exit code 1
    error: [ROOT]/larder/larder.lock line 9: a package's line has three parts between |

    help: run `cargo larder lock` to write it anew
    ");
    project.larder(&["lock"]).ok();
    assert_eq!(project.read("larder/larder.lock"), good);
    project.larder(&["lock", "--check"]).ok();
}

/// A table that is well-formed and says something else is found by the proof.
#[test]
fn another_feature_or_checksum_in_the_table() {
    let project = app();
    project.larder(&["lock"]).ok();
    let good = project.read("larder/larder.lock");
    let sum = good.lines().find_map(|line| line.strip_prefix("itoa ")?.rsplit(' ').next()).unwrap();
    for bad in [good.replace(" | t | ", " | t:no-panic | "), good.replace(sum, &sum.replace(['1', '2'], "3"))]
    {
        assert_ne!(bad, good);
        project.write("larder/larder.lock", &bad);
        let check = project.larder(&["lock", "--check"]);
        assert!(check.code == 3 && check.stderr.contains("itoa"), "{check:?}");
        assert_eq!(project.read("larder/larder.lock"), bad, "--check writes nothing");
        project.larder(&["lock"]).ok();
        assert_eq!(project.read("larder/larder.lock"), good);
    }
}

/// The other files of the folder are Larder's as well; git's attributes may have more lines.
#[test]
fn an_expander_edited_by_hand() {
    let project = app();
    project.larder(&["lock"]).ok();
    let (expander, attributes) = ("larder/expand.awk", "larder/.gitattributes");
    let (program, own) = (project.read(expander), project.read(attributes));
    let mine = "larder.lock merge=mine\n";
    for (path, edited, put_right) in [
        (expander, program.clone() + "# mine\n", program.clone()),
        (attributes, mine.to_owned(), format!("{own}{mine}")),
    ] {
        project.write(path, &edited);
        let check = project.larder(&["lock", "--check"]);
        assert!(check.code == 3 && check.stderr.contains(path), "{check:?}");
        project.larder(&["lock"]).ok();
        assert_eq!(project.read(path), put_right);
        project.larder(&["lock", "--check"]).ok();
    }
    let _ = fs_err::remove_file(project.path().join("larder/expand.awk"));
    assert_eq!(project.larder(&["lock", "--check"]).code, 3);
    project.larder(&["lock"]).ok();
    project.larder(&["lock", "--check"]).ok();
}

#[test]
fn a_recipe_of_a_newer_larder() {
    let newer = "larder 3\nanything else\n";
    let project = app();
    project.write("larder/larder.lock", newer);
    assert_snapshot!(project.larder(&["lock"]).failure(project.path()), @"
    exit code 1
    error: [ROOT]/larder/larder.lock has version 3; this larder reads up to version 2

    help: update larder
    ");
    assert_eq!(project.read("larder/larder.lock"), newer);
}

#[test]
fn an_unknown_slice() {
    assert_snapshot!(failure_after(|_| (), &["cook", "nope"]), @"
    exit code 1
    error: no slice named `nope`; there are: release
    ");
}

#[test]
fn an_unknown_unit_graph_version() {
    let failure = with_fake_cargo(r#"echo '{"version":7,"units":{}}'"#);
    assert_snapshot!(failure, @"
    exit code 1
        Planning release
    error: cargo printed unit graph version 7; this larder reads version 1 (`cargo build --release --target-dir=[ROOT]/target --unit-graph -Zunstable-options --color=never`)

    help: update larder, or use the toolchain it was tested with
    ");
}

#[test]
fn a_unit_graph_that_is_none() {
    let failure = with_fake_cargo("echo surprise");
    assert_snapshot!(failure, @"
    exit code 1
        Planning release
    error: cannot read the answer of `cargo build --release --target-dir=[ROOT]/target --unit-graph -Zunstable-options --color=never`: unit graph: expected value at line 1 column 1
    ");
}

/// Locks with a cargo that answers a unit graph query with a script.
fn with_fake_cargo(script: &str) -> String {
    let project = app();
    let surroundings = Surroundings::get();
    let real = surroundings.env().find_program("cargo").expect("cargo is on PATH");
    let text = format!(
        "#!/bin/sh\ncase \"$*\" in *--unit-graph*) {script};; *) exec '{}' \"$@\";; esac\n",
        real.display()
    );
    let fake = project.path().join("bin/cargo");
    write_program(&fake, text);
    let fake = fake.to_string_lossy().into_owned();
    surroundings.larder_with(project.path(), &["lock"], &[("CARGO", &fake)]).failure(project.path())
}

#[test]
fn a_missing_target() {
    let text = format!(
        "{MANIFEST}\n[package.metadata.larder.slices.odd]\nargs = [\"build\", \"--release\", \"--target=sparc64-unknown-linux-gnu\"]\n"
    );
    let project = Project::new(&[("Cargo.toml", &text), ("src/main.rs", MAIN)]);
    project.larder(&["lock"]).ok();
    let failure = project.larder(&["cook", "odd"]).failure(project.path());
    let rustc = Surroundings::get().env().find_program("rustc").expect("rustc is on PATH");
    assert_snapshot!(failure.replace(&*rustc.to_string_lossy(), "[RUSTC]"), @"
    exit code 1
    error: slice `odd` needs target `sparc64-unknown-linux-gnu`, which `[RUSTC]` has no standard library for

    help: run `rustup target add sparc64-unknown-linux-gnu`, or use a toolchain that has it
    ");
}

#[test]
fn a_missing_toolchain() {
    let project = app();
    let vars = [("CARGO", "/no/such/cargo")];
    let outcome = Surroundings::get().larder_with(project.path(), &["lock"], &vars);
    assert_snapshot!(outcome.failure(project.path()), @"
    exit code 1
    error: cannot start `cargo metadata --no-deps --format-version 1 --color never`: No such file or directory (os error 2)

    help: install the program, or put it on PATH
    ");
}

/// Root ignores permission bits, so the read-only checkout is a read-only bind mount if that is possible.
#[test]
fn a_read_only_checkout() {
    let project = app();
    let surroundings = Surroundings::get();
    let dir = project.path().to_string_lossy().into_owned();
    let script =
        "mount --bind \"$1\" \"$1\" && mount -o remount,bind,ro \"$1\" && cd \"$1\" && shift && exec \"$@\"";
    let binary = surroundings.binary().to_string_lossy().into_owned();
    let args = ["-rm", "sh", "-c", script, "sh", &dir, &binary, "larder", "lock"];
    let outcome = surroundings.run("unshare".as_ref(), project.path(), &args, &[]);
    if outcome.stderr.contains("unshare:") || outcome.stderr.contains("mount:") {
        larder_tests::skip("a read-only checkout", &outcome.stderr);
        return;
    }
    assert!(!project.has_leftovers());
    let failure = outcome.failure(project.path());
    assert_snapshot!(failure, @"
    exit code 1
        Planning release
    error: failed to create directory `[ROOT]/target`: Read-only file system (os error 30)

    help: make the workspace writable, or run this where it is
    ");
}
