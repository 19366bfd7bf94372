//! Slices found from Dioxus projects, held against the calls that dx' source makes. dx itself is run by
//! `cargo xtask test --full`.

use larder::{
    cargo::Cargo,
    project::Project as Loaded,
    shim::recorder::Call,
    slice::{Slice, observed},
};
use larder_tests::{Project, Surroundings, package};
use serde_json::json;

const FEATURES: &str =
    "default = [\"web\", \"more\"]\nmore = []\nweb = [\"dioxus/web\"]\nserver = [\"dioxus/server\"]\n";
const DIOXUS: &str =
    "\n[features]\nweb = []\nserver = []\ndesktop = []\nfullstack = []\n\n[dependencies]\nitoa = \"1\"\n";

/// An application whose `dioxus` is a package of the same name.
fn project(features: &str, of_dioxus: &str) -> Project {
    let app = package(
        "my-app",
        &format!(
            "\n[features]\n{features}\n[dependencies]\ndioxus = {{ path = \"../dioxus\", features = [{of_dioxus}] }}\n"
        ),
    );
    Project::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"app\", \"dioxus\"]\nresolver = \"2\"\n\n[profile.server-dev]\ninherits = \"dev\"\n",
        ),
        ("app/Cargo.toml", &app),
        ("app/src/main.rs", "fn main() {}\n"),
        (
            "app/Dioxus.toml",
            "[application]\nname = \"x\"\n[web.app]\ntitle = \"A title\"\nbase_path = \"/below/\"\n",
        ),
        ("dioxus/Cargo.toml", &package("dioxus", DIOXUS)),
        ("dioxus/src/lib.rs", ""),
    ])
}

fn loaded(project: &Project) -> Loaded {
    let cargo = Cargo::locate(Surroundings::get().env()).unwrap();
    Loaded::load(cargo, project.path(), None, None).unwrap()
}

fn names(project: &Loaded) -> Vec<&str> {
    project.slices.iter().map(|slice| slice.name.as_str()).collect()
}

/// One call of dx' source, as a slice. dx names this machine's target, and a slice must not.
fn made(project: &Loaded, line: &str, variables: &[(&str, &str)]) -> Slice {
    let host = Surroundings::get().host();
    let words: Vec<String> =
        line.split(' ').map(|word| word.replace('^', " ").replace("HOST", &host)).collect();
    let env: serde_json::Map<_, _> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
    let counts = json!({ "compiled": 0, "compiled-external": 0, "fresh": 0 });
    let dir = project.workspace.root().join("app");
    let call = json!({ "args": words, "dir": dir, "code": 0, "seconds": 0.0, "counts": counts, "env": env });
    let calls: [Call; 1] = [serde_json::from_value(call).unwrap()];
    let mut slice = observed::slices(&project.cargo, &project.workspace, &[], &calls).unwrap().remove(0);
    let own = format!("--target={host}");
    slice.args.iter_mut().filter(|arg| **arg == own).for_each(|arg| *arg = "--target=host-tuple".into());
    slice
}

const RANDOM: (&str, &str) = ("RUSTFLAGS", "--cfg getrandom_backend=\"wasm_js\"");
const NAME: (&str, &str) = ("DIOXUS_PRODUCT_NAME", "MyApp");
const TITLE: (&str, &str) = ("DIOXUS_APP_TITLE", "A title");
const BASE: (&str, &str) = ("DIOXUS_ASSET_ROOT", "below");
const START: &str = "rustc --message-format json-diagnostic-rendered-ansi";

#[test]
fn a_fullstack_project_has_the_calls_of_dx() {
    let project = project(FEATURES, "\"fullstack\"");
    let project = loaded(&project);
    assert_eq!(names(&project), ["front", "front-dev", "server", "server-dev"]);
    let calls = [
        (
            "front",
            "--config profile.wasm-release.strip=false --config profile.wasm-release.inherits=\"release\" --config \
             profile.wasm-release.opt-level=\"s\" --profile wasm-release --target wasm32-unknown-unknown --verbose \
             --no-default-features --features more^web -p my-app --bin my-app --",
            vec![RANDOM, NAME, TITLE, BASE],
        ),
        (
            "front-dev",
            "--config profile.wasm-dev.strip=false --config profile.wasm-dev.inherits=\"dev\" --profile wasm-dev \
             --target wasm32-unknown-unknown --verbose --no-default-features --features more^web -p my-app --bin my-app --",
            vec![RANDOM, NAME],
        ),
        (
            "server",
            "--config profile.server-release.strip=false --config profile.server-release.inherits=\"release\" \
             --profile server-release --target HOST --verbose --no-default-features --features more^server -p my-app \
             --bin my-app -- -Clink-arg=-Wl,-rpath,$ORIGIN",
            vec![NAME, TITLE, BASE],
        ),
        (
            "server-dev",
            "--config profile.server-dev.strip=false --profile server-dev --target HOST --verbose \
             --no-default-features --features more^server -p my-app --bin my-app --",
            vec![NAME],
        ),
    ];
    for (name, line, variables) in calls {
        let made = made(&project, &format!("{START} {line}"), &variables);
        let found = project.slices.iter().find(|slice| slice.name == name).unwrap();
        assert!(found.same_invocation(&made), "{name}: {found:#?} {made:#?}");
    }
}

#[test]
fn only_what_dx_takes_for_a_website_is_found() {
    for (features, of_dioxus, expected) in [
        ("", "\"web\"", &["front", "front-dev"][..]),
        ("web = [\"dioxus/web\"]\nserver = [\"dioxus/server\"]\n", "", &["front", "front-dev"]),
        (
            "default = [\"dioxus/web\", \"server\"]\nserver = [\"dioxus/server\"]\n",
            "",
            &["front", "front-dev"],
        ),
        ("", "\"desktop\"", &["release"]),
        ("web = []\ndesktop = []\n", "", &["release"]),
    ] {
        let project = project(features, of_dioxus);
        assert_eq!(names(&loaded(&project)), expected, "{features} {of_dioxus}");
    }
}

#[test]
fn recipes_of_a_site_are_proven_and_go_stale_with_its_settings() {
    let project = project(FEATURES, "\"fullstack\"");
    let outcome = project.larder(&["init", "--yes", "--only", "recipes,docker"]).ok();
    assert!(!outcome.stderr.contains("observe"), "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("no Dockerfile is generated for a site that dx builds"),
        "{}",
        outcome.stderr
    );
    assert_eq!(project.larder(&["lock", "--check"]).code, 0);
    project.write("app/Dioxus.toml", "[web.app]\ntitle = \"Another title\"\n");
    assert_eq!(project.larder(&["lock", "--check"]).code, 3);
    project.write("app/Dioxus.toml", "[web.app]\ntitle = 1\n");
    let outcome = project.larder(&["lock", "--check"]);
    assert!(outcome.code == 1 && outcome.stderr.contains("app/Dioxus.toml: "), "{}", outcome.stderr);
}
