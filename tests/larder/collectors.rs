//! Caches that belong to other programs: planned from what those say, cleared by them alone, and a row with the
//! reason if they are not there.

use std::path::{Path, PathBuf};

use larder_tests::{Outcome, Project, Surroundings, package, write_program};
use serde_json::Value;

fn project() -> Project {
    Project::new(&[("Cargo.toml", &package("app", "")), ("src/main.rs", "fn main() {}\n")])
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|_| panic!("no JSON: {outcome:?}"))
}

/// A folder with links to programs, for a `PATH` that has nothing else.
fn only(programs: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for program in programs {
        let real = Surroundings::get().env().find_program(program).expect("it is on PATH");
        std::os::unix::fs::symlink(real, folder.path().join(program)).unwrap();
    }
    folder
}

fn script(folder: &Path, name: &str, text: &str) {
    write_program(folder.join(name), format!("#!/bin/sh\n{text}"));
}

#[test]
fn a_cache_without_its_program_says_so() {
    let project = project();
    let path = only(&["cargo", "rustc"]);
    let path = path.path().to_string_lossy().into_owned();
    let vars = [("PATH", path.as_str())];
    let args = ["gc", "--only", "target,docker,nix"];
    let outcome = Surroundings::get().larder_with(project.path(), &args, &vars).ok();
    assert!(outcome.stdout.contains("docker is not looked at: no Docker client here"), "{}", outcome.stdout);
    assert!(
        outcome.stdout.contains("nix is not looked at: PATH has no nix-collect-garbage"),
        "{}",
        outcome.stdout
    );
    let args = ["gc", "--only", "docker,nix", "--json", "--yes"];
    let json = json(&Surroundings::get().larder_with(project.path(), &args, &vars).ok());
    assert_eq!(json["bytes"], 0);
    let missing: Vec<&str> =
        json["rows"].as_array().unwrap().iter().filter_map(|row| row["missing"].as_str()).collect();
    assert_eq!(missing.len(), 2, "{json:#}");
}

/// A client that answers as Docker does, and writes down what it was asked.
const DOCKER: &str = r#"
echo "$@" >> "$(dirname "$0")/calls"
case "$*" in
"buildx version") echo github.com/docker/buildx v0.13.1 ;;
"version --format"*) echo 26.1.5 ;;
"system df"*)
    old='{"Size":"1.5GB","LastUsedSince":"2 weeks ago","InUse":"false","Shared":"false"},'
    young='{"Size":"500MB","LastUsedSince":"3 hours ago","InUse":"false","Shared":"false"},'
    used='{"Size":"250MB","LastUsedSince":"2 weeks ago","InUse":"true","Shared":"false"}'
    case "$(grep -c prune "$(dirname "$0")/calls")" in
    0) echo "[$old $young $used]" ;;
    1) echo "[$young $used]" ;;
    *) echo "[$used]" ;;
    esac ;;
"builder prune"*until=604800s*) echo "Total reclaimed space: 1.5GB" ;;
"builder prune"*) echo "Total reclaimed space: 2GB" ;;
*) exit 1 ;;
esac
"#;

#[test]
fn docker_prunes_its_build_cache_and_nothing_else() {
    let project = project();
    let path = only(&["cargo", "rustc", "sh", "dirname", "grep"]);
    script(path.path(), "docker", DOCKER);
    let folder = path.path().to_string_lossy().into_owned();
    let vars = [("PATH", folder.as_str())];
    // 2.25 GB down to 800 MB at most: the record of two weeks goes.
    let budget = told(&project, &vars, "gc --only docker --max-size 1GB --json");
    assert_eq!(budget["bytes"], 1_500_000_000_u64, "{budget:#}");
    // Down to 400 MB: the younger record goes as well.
    let smaller = told(&project, &vars, "gc --only docker --max-size 500MB --json");
    assert_eq!(smaller["bytes"], 2_000_000_000_u64, "{smaller:#}");
    // A budget that is nearly kept takes no less than the age does.
    let kept = told(&project, &vars, "gc --only docker --older-than 1h --max-size 2.2GB --json");
    assert_eq!(kept["bytes"], 2_000_000_000_u64, "{kept:#}");
    // The layers that a build uses stay, and are more than this.
    let args = ["gc", "--only", "docker", "--max-size", "100MB"];
    let over = Surroundings::get().larder_with(project.path(), &args, &vars).ok();
    assert!(over.stderr.contains("more than the budget is in use, and stays"), "{}", over.stderr);
    let planned = told(&project, &vars, "gc --only docker --json");
    assert_eq!(planned["bytes"], 1_500_000_000_u64, "{planned:#}");
    let asked = calls(path.path());
    assert!(!asked.contains("prune"), "{asked}");
    let done = told(&project, &vars, "gc --only docker --json --yes");
    assert_eq!(done["rows"][0]["freed"]["bytes"], 1_500_000_000_u64, "{done:#}");
    let asked = calls(path.path());
    assert!(asked.contains("builder prune --force --all --filter until=604800s\n"), "{asked}");
    let all = told(&project, &vars, "clean docker --json --yes");
    let bytes = [&all["bytes"], &all["rows"][0]["freed"]["bytes"]].map(serde_json::Value::as_u64);
    assert_eq!(bytes, [Some(500_000_000); 2], "{all:#}");
    let asked = calls(path.path());
    assert!(!asked.contains("image") && !asked.contains("volume"), "{asked}");
}

/// The JSON that a verb prints.
fn told(project: &Project, vars: &[(&str, &str)], line: &str) -> Value {
    let args: Vec<&str> = line.split(' ').collect();
    json(&Surroundings::get().larder_with(project.path(), &args, vars).ok())
}

/// The calls that the stand-in for Docker in a folder was given.
fn calls(folder: &Path) -> String {
    fs_err::read_to_string(folder.join("calls")).unwrap_or_default()
}

#[test]
fn downloads_are_cleared_by_cargo() {
    let manifest = format!("{}\n[dependencies]\nitoa = \"=1.0.15\"\n", package("app", ""));
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", "fn main() {}\n")]);
    let home = tempfile::tempdir().unwrap();
    let own = Surroundings::get().env().get("CARGO_HOME").map_or_else(
        || PathBuf::from(Surroundings::get().env().get("HOME").unwrap_or_default()).join(".cargo"),
        PathBuf::from,
    );
    // The source of downloads is the user's choice; the downloads are not taken along.
    for name in ["config.toml", "config"] {
        let _ = fs_err::copy(own.join(name), home.path().join(name));
    }
    let folder = home.path().to_string_lossy().into_owned();
    let vars = [("CARGO_HOME", folder.as_str())];
    let surroundings = Surroundings::get();
    surroundings.run("cargo".as_ref(), project.path(), &["build", "--quiet"], &vars).ok();
    let registry = home.path().join("registry");
    let before = size(&registry);
    let young =
        json(&surroundings.larder_with(project.path(), &["gc", "--only", "downloads", "--json"], &vars).ok());
    assert_eq!(young["bytes"], 0, "{young:#}");
    // cargo counts in whole seconds.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let outcome =
        surroundings.larder_with(project.path(), &["clean", "downloads", "--json", "--yes"], &vars).ok();
    let json = json(&outcome);
    let row = json["rows"].as_array().unwrap().iter().find(|row| row["cache"] == "downloads").unwrap();
    if let Some(why) = row["missing"].as_str() {
        larder_tests::skip("clearing downloads", why);
        return;
    }
    let (planned, freed) = (row["bytes"].as_u64().unwrap(), before - size(&registry));
    assert!(freed > 0 && planned.abs_diff(freed) * 20 <= freed, "{planned} planned, {freed} freed");
    assert!(!project.path().join("target/debug/app").exists());
    surroundings.run("cargo".as_ref(), project.path(), &["build", "--quiet"], &vars).ok();
}

/// Bytes on disk as `du` counts them.
fn size(folder: &Path) -> u64 {
    let folder = folder.to_string_lossy().into_owned();
    let answer = Surroundings::get().run("du".as_ref(), Path::new("/"), &["-s", "-B1", &folder], &[]).ok();
    answer.stdout.split_whitespace().next().and_then(|bytes| bytes.parse().ok()).expect("du prints bytes")
}

/// A Nix store of the test's own.
struct Store {
    folder: tempfile::TempDir,
    vars: Vec<(&'static str, String)>,
}

impl Store {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let places = [
            ("NIX_STORE_DIR", "store"),
            ("NIX_STATE_DIR", "state"),
            ("NIX_LOG_DIR", "log"),
            ("NIX_CONF_DIR", "conf"),
            ("XDG_STATE_HOME", "xdg"),
            ("HOME", "home"),
        ];
        for name in ["conf", "home", "state/profiles"] {
            fs_err::create_dir_all(folder.path().join(name)).unwrap();
        }
        fs_err::write(folder.path().join("conf/nix.conf"), "build-users-group =\nsandbox = false\n").unwrap();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let mut vars: Vec<_> = places.map(|(var, name)| (var, path(name))).into();
        vars.push(("NIX_REMOTE", String::new()));
        Self { folder, vars }
    }

    fn vars(&self) -> Vec<(&str, &str)> {
        // rustup and cargo have their own homes, which the store's must not hide.
        self.vars.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    fn run(&self, program: &str, args: &[&str]) -> Outcome {
        Surroundings::get().run(program.as_ref(), self.folder.path(), args, &self.vars())
    }

    /// Adds a path of some size and returns it.
    fn add(&self, name: &str, kib: usize) -> String {
        let folder = self.folder.path().join(name);
        fs_err::create_dir_all(&folder).unwrap();
        fs_err::write(folder.join("file"), name.repeat(1024 * kib / name.len())).unwrap();
        self.run("nix-store", &["--add", &folder.to_string_lossy()]).ok().stdout.trim().to_owned()
    }

    fn size(&self) -> u64 {
        size(&self.folder.path().join("store"))
    }
}

#[test]
fn nix_collects_what_is_dead_and_what_old_generations_keep() {
    let surroundings = Surroundings::get();
    if surroundings.env().find_program("nix-collect-garbage").is_none() {
        larder_tests::skip("garbage in a Nix store", "PATH has no nix-collect-garbage");
        return;
    }
    let project = project();
    let store = Store::new();
    let profile = store.folder.path().join("state/profiles/profile").to_string_lossy().into_owned();
    let (old, current, dead) = (store.add("old", 1024), store.add("current", 2048), store.add("dead", 4096));
    for path in [&old, &current] {
        store.run("nix-env", &["--profile", &profile, "--set", path]).ok();
    }
    let home = surroundings.env().get_str("HOME").unwrap_or("/").to_owned();
    let homes = [
        (
            "CARGO_HOME",
            surroundings.env().get_str("CARGO_HOME").map_or(format!("{home}/.cargo"), str::to_owned),
        ),
        (
            "RUSTUP_HOME",
            surroundings.env().get_str("RUSTUP_HOME").map_or(format!("{home}/.rustup"), str::to_owned),
        ),
    ];
    let mut vars = store.vars();
    vars.extend(homes.iter().map(|(name, value)| (*name, value.as_str())));
    let [old, current, dead] = [&old, &current, &dead].map(Path::new);
    let before = store.size();
    let young = gc_of_nix(&project, &vars, &[]);
    assert_eq!(young["rows"][0]["entries"], 1, "{young:#}");
    let planned = gc_of_nix(&project, &vars, &["--delete-old-generations"]);
    assert_eq!(planned["rows"][0]["entries"], 2, "{planned:#}");
    assert!(old.exists() && dead.exists(), "nothing was deleted");
    let done = gc_of_nix(&project, &vars, &["--delete-old-generations", "--yes"]);
    assert!(!old.exists() && !dead.exists() && current.exists());
    let freed = before - store.size();
    for bytes in [&planned["bytes"], &done["rows"][0]["freed"]["bytes"]] {
        assert!(bytes.as_u64().unwrap().abs_diff(freed) * 20 <= freed, "{freed} freed: {planned:#} {done:#}");
    }
    assert_eq!(gc_of_nix(&project, &vars, &["--delete-old-generations"])["bytes"], 0);
}

fn gc_of_nix(project: &Project, vars: &[(&str, &str)], args: &[&str]) -> Value {
    let all = [&["gc", "--only", "nix", "--json"], args].concat();
    // Nix looks at what every process has open, and gives up while another test is in a folder so deep that Linux
    // cannot name it.
    let told = (0..300).map(|_| Surroundings::get().larder_with(project.path(), &all, vars)).find(|told| {
        let is_disturbed = told.stderr.contains("File name too long");
        if is_disturbed {
            std::thread::sleep(std::time::Duration::from_millis(200));
        }
        !is_disturbed
    });
    json(&told.expect("nix answers at some time").ok())
}
