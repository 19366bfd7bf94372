//! `gc` takes what nothing needs any more, and nothing else: whatever it deleted, the next build of the checkout
//! compiles nothing again.

use std::{
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::{Duration, Instant},
};

use larder::cargo::messages::Counts;
use larder_tests::{Project, Surroundings, package, write_program};

const BUILD: [&str; 2] = ["build", "--release"];
/// Everything that is not needed, of target folders alone.
const GC: [&str; 6] = ["gc", "--only", "target", "--older-than", "0s", "--yes"];

fn manifest(itoa: &str) -> String {
    format!(
        "{}\n[dependencies]\nitoa = \"={itoa}\"\nfnv = \"=1.0.7\"\nhelper = {{ path = \"helper\" }}\n",
        package("app", "")
    )
}

/// An application with a member of its own, two external packages, and recipes.
fn project() -> Project {
    let project = Project::new(&[
        ("Cargo.toml", &manifest("1.0.15")),
        ("src/main.rs", "fn main() { println!(\"{}\", helper::text()) }\n"),
        ("helper/Cargo.toml", &package("helper", "\n[dependencies]\nitoa = \"1\"\n")),
        ("helper/src/lib.rs", "pub fn text() -> String { itoa::Buffer::new().format(1).to_owned() }\n"),
        (".gitignore", "/target\n"),
    ]);
    project.larder(&["lock"]).ok();
    project
}

fn build(project: &Project, vars: &[(&str, &str)]) -> Counts {
    Surroundings::get().cargo_counts(project.path(), &BUILD, vars)
}

/// Runs `gc` and returns what it says as JSON, after checking that the plan was true.
#[track_caller]
fn gc(project: &Project, args: &[&str]) -> serde_json::Value {
    let before = size(&project.path().join("target"));
    let outcome = project.larder(&[args, &["--json"]].concat()).ok();
    let freed = before - size(&project.path().join("target"));
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).expect("it prints JSON");
    let planned = json["bytes"].as_u64().unwrap();
    assert!(planned.abs_diff(freed) * 20 <= freed, "{planned} planned, {freed} freed: {json:#}");
    json
}

/// Bytes on disk as `du` counts them.
fn size(folder: &Path) -> u64 {
    let folder = folder.to_string_lossy().into_owned();
    let answer = Surroundings::get().run("du".as_ref(), Path::new("/"), &["-s", "-B1", &folder], &[]).ok();
    answer.stdout.split_whitespace().next().and_then(|bytes| bytes.parse().ok()).expect("du prints bytes")
}

/// How many things of a kind went.
fn entries(json: &serde_json::Value, what: &str) -> u64 {
    let rows = json["rows"].as_array().expect("there are rows");
    rows.iter().filter(|row| row["what"] == what).map(|row| row["entries"].as_u64().unwrap()).sum()
}

#[track_caller]
fn assert_warm(project: &Project, vars: &[(&str, &str)]) {
    let counts = build(project, vars);
    assert!(counts.compiled == 0 && counts.fresh > 0, "{counts:?}");
    let outcome = Surroundings::get().larder_with(project.path(), &["cook", "--json"], vars).ok();
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(json["phases"][0]["compiled"], 0, "{json}");
}

/// Cooks and builds, so that everything there is is needed.
fn warm(project: &Project, vars: &[(&str, &str)]) {
    Surroundings::get().larder_with(project.path(), &["cook"], vars).ok();
    build(project, vars);
}

/// A compiler that says that it is another one.
fn other_compiler(folder: &Path) -> String {
    let real = Surroundings::get().env().find_program("rustc").expect("there is a rustc");
    let script = folder.join("rustc");
    let text = format!(
        "#!/bin/sh\nif [ \"$1\" = -vV ]; then \"{0}\" -vV | sed 's/^commit-hash: .*/commit-hash: 0/'; \
         else exec \"{0}\" \"$@\"; fi\n",
        real.display()
    );
    write_program(&script, text);
    script.to_string_lossy().into_owned()
}

#[test]
fn what_is_needed_stays() {
    let project = project();
    warm(&project, &[]);
    for args in [["test", "--no-run"], ["check", "--all-targets"]] {
        project.cargo(&args);
    }
    let json: serde_json::Value =
        serde_json::from_str(&project.larder(&[&GC[..], &["--json"]].concat()).ok().stdout).unwrap();
    assert_eq!(json["rows"].as_array().unwrap().len(), 0, "{json:#}");
    assert_warm(&project, &[]);
    for args in [["test", "--no-run"], ["check", "--all-targets"]] {
        let counts = Surroundings::get().cargo_counts(project.path(), &args, &[]);
        assert_eq!(counts.compiled, 0, "{args:?}");
    }
}

#[test]
fn units_of_an_old_toolchain_go() {
    let project = project();
    let other = tempfile::tempdir().unwrap();
    let rustc = other_compiler(other.path());
    warm(&project, &[("RUSTC", &rustc)]);
    warm(&project, &[]);
    let json = gc(&project, &GC);
    // Two external units, two local ones and the recipe's own.
    assert_eq!(entries(&json, "units of other toolchains"), 5, "{json:#}");
    assert_warm(&project, &[]);
    assert_eq!(gc_again(&project), 0);
}

/// How many bytes a second run plans.
fn gc_again(project: &Project) -> u64 {
    let outcome = project.larder(&[&GC[..], &["--json"]].concat()).ok();
    let json: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
    json["bytes"].as_u64().unwrap()
}

/// A repository on `main`, with a branch `feature` that has another version of a dependency; both are built.
fn two_branches() -> Project {
    let project = project();
    on_a_branch(&project);
    project.write("Cargo.toml", &manifest("1.0.14"));
    project.cargo(&["generate-lockfile", "--quiet"]);
    project.larder(&["lock"]).ok();
    warm(&project, &[]);
    commit(&project, "feature");
    project.git(&["checkout", "--quiet", "main"]);
    warm(&project, &[]);
    project
}

/// Makes a repository of a project, on a branch `feature`.
fn on_a_branch(project: &Project) {
    project.git(&["init", "--quiet", "--initial-branch=main"]);
    commit(project, "main");
    project.git(&["checkout", "--quiet", "-b", "feature"]);
}

fn commit(project: &Project, message: &str) {
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--allow-empty", "--message", message]);
}

#[test]
fn units_of_another_branch_go_unless_they_are_young_or_kept() {
    let project = two_branches();
    // Young enough by default.
    let young = project.larder(&["gc", "--only", "target", "--yes", "--json"]).ok();
    assert!(young.stdout.contains("\"bytes\": 0"), "{}", young.stdout);
    let mut kept = GC.to_vec();
    kept.push("--keep-branches");
    let json = gc(&project, &kept);
    // The application and the helper of the other branch; no recipe builds them.
    assert_eq!(entries(&json, "old generations of units"), 2, "{json:#}");
    project.git(&["checkout", "--quiet", "feature"]);
    assert_eq!(build(&project, &[]).compiled_external, 0);
    project.git(&["checkout", "--quiet", "main"]);
    // Compiled again, main's are the last build's for sure: reading alone need not leave a trace.
    for path in ["src/main.rs", "helper/src/lib.rs"] {
        project.write(path, &format!("{}\n", project.read(path)));
    }
    warm(&project, &[]);
    let json = gc(&project, &GC);
    // Once more these, and the other version of the dependency with the recipe that built it.
    assert_eq!(entries(&json, "old generations of units"), 4, "{json:#}");
    assert_warm(&project, &[]);
    project.git(&["checkout", "--quiet", "feature"]);
    assert_eq!(build(&project, &[]).compiled_external, 1);
}

/// Nothing is guessed about a call with words that Larder does not ask cargo about.
#[test]
fn tests_of_another_branch_stay_as_well() {
    let project = project();
    on_a_branch(&project);
    let tests = "\n[dev-dependencies]\nryu = \"1\"\n\n[package.metadata.larder.slices]\n\
        tests = { args = [\"test\", \"--release\", \"--no-run\", \"--ignore-rust-version\"] }\n";
    project.write("Cargo.toml", &(manifest("1.0.15") + tests));
    project.cargo(&["generate-lockfile", "--quiet"]);
    project.larder(&["lock"]).ok();
    project.larder(&["cook", "tests"]).ok();
    let table = project.read("larder/larder.lock");
    let cook = "\"cook\":[\"test\",\"--no-run\"";
    assert!(table.contains(cook), "{table}");
    let keeping = [&GC[..], &["--keep-branches"]].concat();
    for (word, told) in [("--no-run", 0), ("--frozen", 1)] {
        project.write("larder/larder.lock", &table.replace(cook, &cook.replace("--no-run", word)));
        commit(&project, word);
        project.git(&["checkout", "--quiet", "main"]);
        let outcome = project.larder(&keeping).ok();
        // Refused for no other word, and so asked about if it is not told.
        let stays = "every unit of `tests` of branch refs/heads/feature stays: ";
        let frozen = format!("{stays}no plain build has the word \"--frozen\"");
        for text in [stays, frozen.as_str()] {
            assert_eq!(outcome.stderr.matches(text).count(), told, "{}", outcome.stderr);
        }
        assert!(is_built(&project, "ryu"), "{word}: {}", outcome.stdout);
        project.git(&["checkout", "--quiet", "feature"]);
    }
    project.git(&["checkout", "--quiet", "main"]);
    project.larder(&GC).ok();
    assert!(!is_built(&project, "ryu"));
}

/// Whether there are units of a package.
fn is_built(project: &Project, package: &str) -> bool {
    let folder = larder::target_dir::read(&project.path().join("target")).unwrap();
    folder.units.iter().any(|unit| unit.package == package)
}

#[test]
fn a_folder_that_is_shared_keeps_what_others_built() {
    let (one, other) = (project(), project());
    other.write("Cargo.toml", &manifest("1.0.14"));
    other.cargo(&["generate-lockfile", "--quiet"]);
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().join("shared").to_string_lossy().into_owned();
    let vars = [("CARGO_TARGET_DIR", folder.as_str())];
    for project in [&other, &one] {
        build(project, &vars);
    }
    let named = [&GC[..], &["--target-dir", &folder]].concat();
    let gc = Surroundings::get().larder_with(one.path(), &named, &vars).ok();
    assert!(gc.stdout.starts_with("nothing to delete"), "{}", gc.stdout);
    for project in [&other, &one] {
        assert_eq!(build(project, &vars).compiled_external, 0);
    }
}

#[test]
fn what_was_cooked_and_not_built_yet_stays() {
    let project = project();
    project.larder(&["cook"]).ok();
    assert_eq!(gc_again(&project), 0);
    assert_eq!(build(&project, &[]).compiled_external, 0);
}

#[test]
fn the_layout_by_unit_is_cleared_alike() {
    // The switch is one of nightly's, so that cargo is made to believe that it is one.
    let layout = larder_tests::machine::NEW_LAYOUT;
    let project = project();
    let other = tempfile::tempdir().unwrap();
    let rustc = other_compiler(other.path());
    warm(&project, &[layout[0], layout[1], ("RUSTC", &rustc)]);
    if project.path().join("target/release/.fingerprint").exists() {
        larder_tests::skip("the layout by unit", "this cargo does not know it");
        return;
    }
    warm(&project, &layout);
    let outcome = Surroundings::get().larder_with(project.path(), &[&GC[..], &["--json"]].concat(), &layout);
    let json: serde_json::Value = serde_json::from_str(&outcome.ok().stdout).unwrap();
    assert_eq!(entries(&json, "units of other toolchains"), 5, "{json:#}");
    assert_warm(&project, &layout);
}

#[test]
fn a_budget_takes_what_was_used_longest_ago() {
    let project = two_branches();
    let within = project.larder(&["gc", "--only", "target", "--max-size", "1GiB", "--json"]).ok();
    assert!(within.stdout.contains("\"bytes\": 0"), "{}", within.stdout);
    let budget = size(&project.path().join("target")) - 1;
    let budget = format!("{budget}B");
    let json = gc(&project, &["gc", "--only", "target", "--max-size", &budget, "--yes"]);
    assert!(entries(&json, "old generations of units") > 0, "{json:#}");
    assert_warm(&project, &[]);
    // Nothing that is needed goes, however small the budget.
    let outcome = project.larder(&["gc", "--only", "target", "--max-size", "1KiB", "--yes"]).ok();
    assert!(outcome.stderr.contains("more than the budget is in use, and stays"), "{}", outcome.stderr);
    assert_warm(&project, &[]);
}

#[test]
fn killed_at_any_moment_no_unit_is_taken_for_fresh_that_is_not() {
    const MOMENTS: u32 = 12;
    let project = two_branches();
    let surroundings = Surroundings::get();
    let start = Instant::now();
    project.larder(&GC[..5]).ok();
    let planning = start.elapsed();
    for moment in 0..MOMENTS {
        project.git(&["checkout", "--quiet", "feature"]);
        warm(&project, &[]);
        project.git(&["checkout", "--quiet", "main"]);
        let mut args = vec!["larder"];
        args.extend(GC);
        let log = tempfile::NamedTempFile::new().unwrap();
        let gc =
            larder::process::Cmd::new(surroundings.binary(), project.path(), surroundings.env()).args(args);
        let running = gc.spawn_logged(log.path()).unwrap();
        std::thread::sleep(planning.mul_f64(0.8 + 0.5 * f64::from(moment) / f64::from(MOMENTS)));
        drop(running);
        assert_warm(&project, &[]);
        project.git(&["checkout", "--quiet", "feature"]);
        // Whatever is left of the branch, cargo builds the rest; the program shows that it is whole.
        build(&project, &[]);
        surroundings.run(&project.path().join("target/release/app"), project.path(), &[], &[]).ok();
    }
}

#[test]
fn builds_beside_gc_never_fail_and_stay_warm() {
    let project = project();
    let other = tempfile::tempdir().unwrap();
    let rustc = other_compiler(other.path());
    warm(&project, &[]);
    let in_full = larder_tests::is_full();
    let end = Instant::now() + Duration::from_secs(if in_full { 60 } else { 10 });
    let done = AtomicBool::new(false);
    let (collected, deleted, built) = std::thread::scope(|scope| {
        let collector = scope.spawn(|| collect(&project, &done));
        let mut built = 0;
        while Instant::now() < end {
            // Garbage of another compiler, then a change of the application: only that is compiled.
            Surroundings::get().cargo_counts(project.path(), &BUILD, &[("RUSTC", &rustc)]);
            project.write(
                "src/main.rs",
                &format!("fn main() {{ println!(\"{{}} {built}\", helper::text()) }}\n"),
            );
            let counts = build(&project, &[]);
            assert_eq!(counts.compiled_external, 0, "{counts:?}");
            built += 1;
        }
        done.store(true, Ordering::Relaxed);
        let (collected, deleted) = collector.join().unwrap();
        (collected, deleted, built)
    });
    assert!(collected > 1 && deleted > 0 && built > 1, "{collected} {deleted} {built}");
    assert_warm(&project, &[]);
}

/// Collects until told to stop; returns how often, and how many things went.
fn collect(project: &Project, done: &AtomicBool) -> (u32, u64) {
    let (mut collected, mut deleted) = (0, 0);
    while !done.load(Ordering::Relaxed) {
        // Every other run waits for builds, the rest leaves the folder to them.
        let wait: &[&str] = if collected % 2 == 0 { &["--wait", "30s"] } else { &[] };
        let outcome = project.larder(&[&GC[..], &["--json"], wait].concat());
        assert!(
            outcome.code == 0 || outcome.stderr.contains("is locked by a running build"),
            "{}",
            outcome.stderr
        );
        let json: serde_json::Value = serde_json::from_str(&outcome.stdout).unwrap();
        let freed = json["rows"].as_array().unwrap().iter();
        deleted += freed.filter(|row| row["freed"]["bytes"].as_u64() > Some(0)).count() as u64;
        collected += 1;
    }
    (collected, deleted)
}

/// Nobody has looked at what another branch says, and a question about it is no build of it.
#[test]
fn what_another_branch_names_is_not_run() {
    let project = two_branches();
    let outside = tempfile::tempdir().unwrap();
    let (ran, program) = (outside.path().join("ran"), outside.path().join("program"));
    write_program(&program, format!("#!/bin/sh\necho \"$0 $*\" >> {}\nexit 1\n", ran.display()));
    let program = program.display().to_string();
    project.git(&["checkout", "--quiet", "feature"]);
    let lock = project.read("larder/larder.lock");
    let config = format!("[build]\nrustc = {program:?}\nrustc-wrapper = {program:?}\n");
    project.write("larder/.cargo/config.toml", &config);
    let setting = format!("\"--config=build.rustc=\\\"{program}\\\"\",");
    let hostile = lock.replace("\"cook\":[", &format!("\"cook\":[{setting}"));
    let hostile = hostile.replace("\"args\":[", &format!("\"args\":[{setting}"));
    let first = hostile.find("\nslice ").unwrap();
    let hostile = format!("{}\nshared build.rustc = {program:?}{}", &hostile[..first], &hostile[first..]);
    let hostile = hostile.replacen("\nconfig a", &format!("\nenv a RUSTC {program:?}\nconfig a"), 1);
    let hostiles = ["\"--config=build.rustc", "\nshared build.rustc = ", "\nenv a RUSTC "];
    assert!(hostiles.iter().all(|word| hostile.contains(word)), "{hostile}");
    project.write("larder/larder.lock", &hostile);
    // Larder takes the table for one of its own.
    assert!(larder_tests::recipes::by_larder(project.path()).is_ok(), "{hostile}");
    project.write("larder/larder.lock", &hostile);
    project.git(&["add", "--all"]);
    project.git(&["commit", "--quiet", "--message=hostile"]);
    project.git(&["checkout", "--quiet", "main"]);
    // And what a repository's own configuration has git run for looking.
    project.git(&["config", "core.fsmonitor", &program]);
    // Filters are for files that git compares, such as one that is newer than its index.
    project.git(&["config", "filter.x.clean", &program]);
    project.git(&["config", "filter.x.required", "true"]);
    project.write(".git/info/attributes", "* filter=x\n");
    project.write("src/main.rs", &project.read("src/main.rs"));
    // cargo and rustup obey what lies in a temporary folder that everybody can write to, if they run below it.
    let temporary = tempfile::tempdir().unwrap();
    fs_err::create_dir(temporary.path().join(".cargo")).unwrap();
    fs_err::write(temporary.path().join(".cargo/config.toml"), &config).unwrap();
    let toolchain = outside.path().join("toolchain");
    fs_err::create_dir_all(toolchain.join("bin")).unwrap();
    for name in ["cargo", "rustc"] {
        std::os::unix::fs::symlink(&program, toolchain.join("bin").join(name)).unwrap();
    }
    let text = format!("[toolchain]\npath = {:?}\n", toolchain.display().to_string());
    fs_err::write(temporary.path().join("rust-toolchain.toml"), text).unwrap();
    let vars = [("TMPDIR", temporary.path().to_str().unwrap())];
    let surroundings = Surroundings::get();
    let keeping = ["gc", "--only", "target", "--keep-branches"];
    let outcome = surroundings.larder_with(project.path(), &keeping, &vars);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    // cargo was asked about the recipes, and answered.
    for text in ["is not known", " stays: "] {
        assert!(!outcome.stderr.contains(text), "{}", outcome.stderr);
    }
    for verb in ["doctor", "dockerfile", "init", "lock"] {
        surroundings.larder_with(project.path(), &[verb], &vars);
    }
    assert!(!ran.exists(), "{}", fs_err::read_to_string(&ran).unwrap());
    // git itself would have.
    for words in [&["status"][..], &["-c", "core.fsmonitor=false", "status"]] {
        surroundings.run("git".as_ref(), project.path(), words, &[]);
        assert!(ran.exists(), "{words:?}");
        fs_err::remove_file(&ran).unwrap();
    }
}
