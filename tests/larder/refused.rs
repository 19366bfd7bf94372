//! Slices that cargo refuses: the others go on, and the advice names the cause.

use larder_tests::{GitRepository, Outcome, Project, Surroundings, package};
use serde_json::Value;

const MAIN: &str = "fn main() {}\n";
const SLICES: &str = "\n[package.metadata.larder.slices.odd]\nvariant = \"release\"\n\
    args = [\"build\", \"--release\", \"--features=nope\"]\n";

/// A program with a slice that is found and one that asks for a feature that there is not.
fn project() -> Project {
    let manifest = package("app", "\n[dependencies]\nitoa = \"=1.0.15\"\n");
    Project::new(&[("Cargo.toml", &format!("{manifest}{SLICES}")), ("src/main.rs", MAIN)])
}

fn json(outcome: &Outcome) -> Value {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error}: {outcome:?}"))
}

#[test]
fn one_refused_slice_stops_no_other() {
    let project = project();
    let outcome = project.larder(&["lock", "--json"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("Locked release: 1 of 1 external units proven"), "{outcome:?}");
    assert!(outcome.stderr.contains("error: slice `odd`: cargo cannot plan"), "{outcome:?}");
    assert!(outcome.stderr.contains("help: fix the manifest, or the slice's `args`"), "{outcome:?}");
    let said = json(&outcome);
    assert_eq!(said["slices"][0]["name"], "release");
    assert_eq!(said["refused"][0]["slices"][0], "odd");
    assert_eq!((project.layers("release"), project.layers("odd")), (1, 0));
    assert!(!project.has_leftovers());

    let again = project.larder(&["lock"]);
    assert!(again.code == 1 && !again.stderr.contains("Locked"), "{again:?}");
    let check = project.larder(&["lock", "--check"]);
    assert!(check.code == 1 && check.stderr.contains("Fresh release"), "{check:?}");
    assert!(check.stderr.contains("slice `odd`: cargo cannot plan"), "{check:?}");

    let plan = project.larder(&["plan", "--json"]);
    assert_eq!((plan.code, json(&plan)["slices"].as_array().unwrap().len()), (1, 1), "{plan:?}");
    let table = project.larder(&["plan"]);
    assert!(table.code == 1 && table.stdout.contains("release"), "{table:?}");

    let cook = project.larder(&["cook", "--json"]).ok();
    assert_eq!(json(&cook)["phases"][0]["compiled-external"], 1, "{cook:?}");
    assert!(cook.stderr.contains("slice `odd` has no recipe"), "{cook:?}");

    let why = project.larder(&["why", "--json"]);
    assert_eq!((why.code, &json(&why)["builds"][0]["name"]), (1, &"release".into()), "{why:?}");
    let gc = project.larder(&["gc"]);
    assert!(gc.code == 1 && gc.stderr.contains("nothing is deleted from"), "{gc:?}");
    let doctor = project.larder(&["doctor"]);
    assert_eq!(doctor.code, 4, "{doctor:?}");
    let text = format!("{}{}", doctor.stdout, doctor.stderr);
    assert!(
        text.contains("slice `odd`: cargo cannot plan")
            && text.contains("fix the manifest, or the slice's `args`"),
        "{text}"
    );
    project.larder(&["usage"]).ok();
}

/// A slice that cannot be planned any more keeps the recipe that it has; nothing of it is lost.
#[test]
fn a_refused_slice_keeps_its_recipe() {
    let project = project();
    let good = project.read("Cargo.toml").replace("--features=nope", "--quiet");
    let bad = project.read("Cargo.toml").replace("=1.0.15", "=1.0.14");
    project.write("Cargo.toml", &good);
    project.larder(&["lock"]).ok();
    let odd = project.recipe("odd/0/Cargo.toml");
    project.write("Cargo.toml", &bad);
    let outcome = project.larder(&["lock"]);
    assert!(outcome.code == 1 && outcome.stderr.contains("Locked release"), "{outcome:?}");
    assert_eq!(project.recipe("odd/0/Cargo.toml"), odd);
    project.larder(&["cook", "odd"]).ok();
    project.write("Cargo.toml", &bad.replace("--features=nope", "--quiet"));
    project.larder(&["lock"]).ok();
    project.larder(&["lock", "--check"]).ok();
}

/// Metadata that is left over from the past is named with the way out, and is in nobody's way.
#[test]
fn leptos_metadata_that_names_no_member() {
    let leptos = "\n[[workspace.metadata.leptos]]\nname = \"site\"\nbin-package = \"server\"\nlib-package = \"front\"\n";
    let own = "\n[workspace.metadata.larder.slices.own]\nargs = [\"build\", \"--release\"]\n";
    let root = "[workspace]\nresolver = \"2\"\nmembers = [\"app\"]\n";
    let project = Project::new(&[
        ("Cargo.toml", &format!("{root}{leptos}")),
        ("app/Cargo.toml", &package("app", "\n[dependencies]\nitoa = \"=1.0.15\"\n")),
        ("app/src/main.rs", MAIN),
    ]);
    for verb in [&["lock"][..], &["plan"], &["build"], &["why"], &["dockerfile"]] {
        let outcome = project.larder(verb);
        assert_eq!(outcome.code, 1, "{verb:?}: {outcome:?}");
        assert!(outcome.stderr.contains("no workspace member is named `server`"), "{verb:?}: {outcome:?}");
        assert!(outcome.stderr.contains("`find = false`"), "{verb:?}: {outcome:?}");
    }
    for verb in [&["gc"][..], &["usage"], &["clean"]] {
        project.larder(verb).ok();
    }
    let doctor = project.larder(&["doctor"]);
    assert_ne!(doctor.code, 1, "{doctor:?}");

    // A slice that is written down goes on, and keeps what the other halves had.
    project.write("Cargo.toml", &format!("{root}{leptos}{own}"));
    let outcome = project.larder(&["lock"]);
    assert!(outcome.code == 1 && outcome.stderr.contains("Locked own"), "{outcome:?}");
    project.larder(&["cook", "own"]).ok();
    let doctor = project.larder(&["doctor"]);
    let text = format!("{}{}", doctor.stdout, doctor.stderr);
    assert!(doctor.code != 1 && text.contains("no workspace member is named `server`"), "{text}");

    project.write("Cargo.toml", &format!("{root}{leptos}{own}\n[workspace.metadata.larder]\nfind = false\n"));
    project.larder(&["lock"]).ok();
    project.larder(&["lock", "--check"]).ok();
}

/// clippy puts its driver in front of every compiler, and that of another platform is only pretended.
#[test]
fn clippy_on_several_platforms() {
    let slices = "\n[package.metadata.larder]\nplatforms = [\"x86_64-unknown-linux-gnu\", \"aarch64-apple-darwin\"]\n\
        [package.metadata.larder.slices]\nlints.args = [\"clippy\", \"--all-targets\"]\n\
        own.args = [\"clippy\", \"--no-deps\", \"--release\", \"--\", \"-Dwarnings\"]\n\
        check.args = [\"check\", \"--all-targets\"]\ntest.args = [\"test\"]\n";
    let manifest =
        package("app", "\n[dependencies]\nitoa = \"=1.0.15\"\n\n[dev-dependencies]\nfnv = \"=1.0.7\"\n");
    let project = Project::new(&[("Cargo.toml", &format!("{manifest}{slices}")), ("src/main.rs", MAIN)]);
    project.larder(&["lock"]).ok();
    project.larder(&["lock", "--check"]).ok();
    for (slice, platform) in [("lints", "aarch64-apple-darwin"), ("own", "x86_64-unknown-linux-gnu")] {
        project.larder(&["plan", slice, "--platform", platform]).ok();
    }
    for slice in ["lints", "own"] {
        let table = json(&project.larder(&["build", slice, "--json"]).ok());
        assert_eq!(table["phases"][1]["compiled-external"], 0, "{slice}: {table}");
        assert!(table["phases"][1]["compiled"].as_u64() > Some(0), "{slice}: {table}");
    }
}

/// The hint of a failing `lock` for a manifest.
fn hint(files: &[(&str, &str)]) -> (Project, String) {
    let project = Project::without_lock(files);
    project.write("src/main.rs", MAIN);
    if !project.path().join("Cargo.lock").exists() {
        project.write("Cargo.lock", "version = 4\n");
    }
    let outcome = project.larder(&["lock"]);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    let hint = outcome.stderr.rsplit_once("\nhelp: ").unwrap_or_else(|| panic!("no hint: {outcome:?}")).1;
    (project, hint.lines().next().unwrap().to_owned())
}

#[test]
fn hints_name_the_cause() {
    let repository = GitRepository::new(&[("Cargo.toml", &package("lib", "")), ("src/lib.rs", "")]);
    let url = repository.url();
    let cases = [
        (package("app", "rust-version = \"1.999\"\n"), "use a newer toolchain"),
        (app(&format!("lib = {{ git = {url:?}, branch = \"gone\" }}")), "correct `branch`, `tag` or `rev`"),
        (app(&format!("lib = {{ git = {url:?}, tag = \"gone\" }}")), "correct `branch`, `tag` or `rev`"),
        (
            app(&format!("lib = {{ git = {url:?}, rev = \"{}\" }}", "ab".repeat(20))),
            "correct `branch`, `tag` or `rev`",
        ),
        (app("lib = { git = \"file:///no/such/repository\" }"), "correct the address of the git dependency"),
        (app("lib = { path = \"lib\" }"), "restore the missing folder"),
        (app("lib = { version = \"1\", registry = \"ours\" }"), "name the registry"),
        (app("itoa = \"=0.0.99\""), "correct the dependency that cargo names"),
        (with_slice("\"build\", \"--features=nope\""), "fix the manifest, or the slice's `args`"),
        (with_slice("\"build\", \"--bin=nope\""), "fix the manifest, or the slice's `args`"),
        (with_slice("\"build\", \"--package=nope\""), "fix the manifest, or the slice's `args`"),
        (with_slice("\"build\", \"--profile=nope\""), "add the profile"),
        (with_slice("\"build\", \"--target=nope-nope\""), "correct the target"),
    ];
    for (manifest, expected) in cases {
        let (_, hint) = hint(&[("Cargo.toml", &manifest)]);
        assert!(hint.starts_with(expected), "{manifest}\n{hint}");
    }
    let (_, hint) = hint(&[
        ("Cargo.toml", &app("lib = { path = \"third/lib\" }")),
        (".gitmodules", "[submodule \"lib\"]\n\tpath = third/lib\n\turl = https://git.example/lib\n"),
    ]);
    assert!(hint.starts_with("run `git submodule update --init --recursive`"), "{hint}");
}

fn app(dependencies: &str) -> String {
    package("app", &format!("\n[dependencies]\n{dependencies}\n"))
}

fn with_slice(args: &str) -> String {
    let settings = "[package.metadata.larder]\nfind = false\n[package.metadata.larder.slices.own]\n";
    package("app", &format!("\n{settings}args = [{args}]\n"))
}

/// Questions that need the network wait for the first of them, and not one after the other.
#[test]
fn without_network_cargo_is_asked_once() {
    let manifest = package("app", "\n[dependencies]\nitoa = \"=1.0.15\"\n")
        + "\n[package.metadata.larder.slices]\na.args = [\"build\"]\nb.args = [\"check\"]\nc.args = [\"test\"]\n";
    let project = Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", MAIN)]);
    let home = tempfile::tempdir().unwrap();
    let vars = [
        ("CARGO_HOME", home.path().to_str().unwrap()),
        ("CARGO_HTTP_PROXY", "http://127.0.0.1:1"),
        ("CARGO_NET_OFFLINE", "false"),
        ("CARGO_NET_RETRY", "1"),
    ];
    let outcome = Surroundings::get().larder_with(project.path(), &["lock"], &vars);
    assert_eq!(outcome.code, 1, "{outcome:?}");
    assert!(outcome.stderr.contains("help: connect to the network"), "{outcome:?}");
    assert!(outcome.stderr.contains("the same for"), "{outcome:?}");
    assert_eq!(
        outcome.stderr.matches("error: ").count(),
        2,
        "cargo's own and ours, once: {}",
        outcome.stderr
    );
    let offline = Surroundings::get().larder_with(project.path(), &["lock", "--offline"], &vars);
    assert!(offline.stderr.contains("help: run `cargo fetch` once"), "{offline:?}");
}

/// cargo names such a file by its place on this machine, which must get into no key and into no committed file.
#[test]
fn a_target_that_a_file_describes() {
    const REASON: &str = "builds for targets/my.json: recipes are for targets that rustc has by name";
    const ADVICE: &str = "help: name a target that rustc has";
    let manifest = package("app", "\n[dependencies]\nitoa = \"=1.0.15\"\n");
    let project =
        Project::new(&[("Cargo.toml", &manifest), ("src/main.rs", MAIN), ("targets/my.json", "{}")]);
    let absolute = project.path().join("targets/my.json");
    let print = ["-Zunstable-options", "--print=target-spec-json"];
    let vars = [("RUSTC_BOOTSTRAP", "1")];
    let host = Surroundings::get().run("rustc".as_ref(), project.path(), &print, &vars).ok().stdout;
    fs_err::write(&absolute, host).unwrap();
    let config = "[env]\nRUSTC_BOOTSTRAP = \"1\"\n";
    project.write(".cargo/config.toml", config);
    for target in ["targets/my.json", absolute.to_str().unwrap()] {
        project.write(
            "Cargo.toml",
            &with_odd_slice(&manifest, &format!("\"--target={target}\", \"-Zjson-target-spec\"")),
        );
        let outcome = project.larder(&["lock"]);
        assert!(outcome.code == 1 && project.layers("release") == 1, "{outcome:?}");
        assert!(outcome.stderr.contains(REASON) && outcome.stderr.contains(ADVICE), "{outcome:?}");
        assert_eq!(project.layers("odd"), 0);
    }

    project.write("Cargo.toml", &with_odd_slice(&manifest, "\"--target=targets/my.json\""));
    let outcome = project.larder(&["lock"]);
    assert!(outcome.code == 1 && outcome.stderr.contains("require -Zjson-target-spec"), "{outcome:?}");
    assert!(outcome.stderr.contains(ADVICE), "{outcome:?}");

    // Nothing but a package without the standard library can be compiled for it here.
    project.write("Cargo.toml", &package("app", ""));
    fs_err::remove_file(project.path().join("src/main.rs")).unwrap();
    project.write("src/lib.rs", "#![feature(no_core)]\n#![no_core]\n");
    let flags = ["-Zjson-target-spec", "-Zunstable-options", "--config=unstable.json-target-spec=true"];
    let call = [
        &["observe", "--write", "--", "env", "RUSTC_BOOTSTRAP=1", "cargo", "check", "--target"],
        &[absolute.to_str().unwrap()][..],
        &flags,
    ]
    .concat();
    let outcome = project.larder(&call);
    assert!(outcome.code == 1 && outcome.stderr.contains("it builds for /"), "{outcome:?}");
    assert_eq!(project.read("Cargo.toml"), package("app", ""));

    project.write(
        ".cargo/config.toml",
        &format!("{config}[build]\ntarget = \"targets/my.json\"\n[unstable]\njson-target-spec = true\n"),
    );
    let outcome = project.larder(&["lock"]);
    assert!(outcome.code == 1 && outcome.stderr.contains(ADVICE), "{outcome:?}");
    for (path, text) in project.recipes() {
        assert!(!text.contains(project.path().to_str().unwrap()), "{}", path.display());
    }
}

fn with_odd_slice(manifest: &str, words: &str) -> String {
    format!(
        "{manifest}\n[package.metadata.larder.slices.odd]\nvariant = \"release\"\n\
         args = [\"build\", \"--release\", {words}]\n"
    )
}
