//! Whatever stops `lock` half-way, killed at any moment or a full disk, the old recipes or the new ones are
//! there, never a mix.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use larder::process::Cmd;
use larder_tests::{
    Project, Surroundings,
    soak::{app, manifest},
};

/// The committed files, without what a killed run left half-written: nothing reads it, and the next run deletes it.
fn committed(project: &Project) -> Vec<(PathBuf, String)> {
    project.recipes().into_iter().filter(|(path, _)| !is_leftover(path)).collect()
}

fn is_leftover(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(".larder-"))
}

/// Starts `lock` and kills it after a while, its cargo queries left alone, as a crash would.
fn kill_after(project: &Project, delay: Duration) {
    let surroundings = Surroundings::get();
    let log = tempfile::NamedTempFile::new().unwrap();
    let lock = Cmd::new(surroundings.binary(), project.path(), surroundings.env()).args(["larder", "lock"]);
    let running = lock.spawn_logged(log.path()).unwrap();
    std::thread::sleep(delay);
    // Dropping kills with SIGKILL and waits.
    drop(running);
}

#[test]
fn killed_at_any_moment_the_old_or_the_new_recipe_is_there() {
    const MOMENTS: u32 = 200;
    let project = app(0);
    let known = [0, 1].map(|number| recipes_of(&project, number));
    assert_ne!(known[0], known[1]);
    let start = std::time::Instant::now();
    recipes_of(&project, 0);
    let mut whole = start.elapsed();
    let mut finished = 0;
    for moment in 0..MOMENTS {
        let before = committed(&project);
        let wanted = u32::from(before == known[0]);
        project.write("Cargo.toml", &manifest(wanted));
        // Moments are spread over the whole run and a little more, and closer together at its end, where the
        // folders are exchanged.
        let share = 1.1 * (f64::from(moment) / f64::from(MOMENTS)).sqrt();
        kill_after(&project, whole.mul_f64(share));
        let after = committed(&project);
        assert!(known.contains(&after), "a mix after {share} of {whole:?}: {after:#?}");
        finished += u32::from(after != before);
        // A machine that became busier takes longer for the whole.
        if after == before && share > 1.0 {
            whole = whole.mul_f64(1.1);
        }
    }
    assert!(finished > 0 && finished < MOMENTS, "{finished} of {MOMENTS} runs were done before the kill");
    assert_eq!(recipes_of(&project, 0), known[0]);
    assert!(!project.has_leftovers());
}

/// Locks one of the manifests, and gives what is to be committed.
fn recipes_of(project: &Project, number: u32) -> Vec<(PathBuf, String)> {
    project.write("Cargo.toml", &manifest(number));
    project.larder(&["lock"]).ok();
    committed(project)
}

#[test]
fn what_a_killed_run_left_goes_even_where_nothing_changed() {
    let project = app(0);
    project.larder(&["lock"]).ok();
    project.write("larder/.larder-new-killed", "");
    assert!(project.has_leftovers());
    let outcome = project.larder(&["lock"]).ok();
    assert!(outcome.stderr.contains("Kept"), "{}", outcome.stderr);
    assert!(!project.has_leftovers());
}

/// In a mount namespace of its own, with a folder on a disk of 256 KiB.
const ON_A_SMALL_DISK: &str = r#"
set -eu
mount -t tmpfs -o size=256k tmpfs disk
cp -r Cargo.toml Cargo.lock src larder disk
cd disk
sed -i 's/opt-level = 1/opt-level = 2/' Cargo.toml
head -c 1M /dev/zero > filler 2>/dev/null || true
if "$1" larder lock; then echo "lock succeeded"; else echo "exit code $?"; fi
diff -r ../larder larder && echo "the old recipe"
ls -A
rm filler
"$1" larder lock
"$1" larder lock --check
"#;

#[test]
fn a_full_disk_leaves_the_old_recipe() {
    let project = app(0);
    let surroundings = Surroundings::get();
    fs_err::create_dir(project.path().join("disk")).unwrap();
    let binary = surroundings.binary().to_string_lossy().into_owned();
    let args = ["-rm", "sh", "-c", ON_A_SMALL_DISK, "sh", &binary];
    let target = tempfile::tempdir().unwrap();
    let target = target.path().to_string_lossy().into_owned();
    let vars = [("CARGO_TARGET_DIR", target.as_str())];
    let outcome = surroundings.run("unshare".as_ref(), project.path(), &args, &vars);
    if outcome.stderr.contains("unshare:") || outcome.stderr.contains("mount:") {
        larder_tests::skip("a full disk", &outcome.stderr);
        return;
    }
    assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
    let expected = "exit code 1\nthe old recipe\nCargo.lock\nCargo.toml\nfiller\nlarder\nsrc\ntarget\n";
    assert_eq!(outcome.stdout, expected, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("No space left on device"), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("help: free some disk space"), "{}", outcome.stderr);
}
