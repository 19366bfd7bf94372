//! Slices found from trunk's pages and configuration, held against the calls that trunk's source makes. `cargo xtask test
//! --only wasm-pack --full` runs trunk itself.

use insta::assert_snapshot;
use larder::{
    cargo::Cargo,
    project::Project as Loaded,
    shim::recorder::Call,
    slice::{Slice, observed},
};
use larder_tests::{Project, Surroundings, package};
use serde_json::{Value, json};

const ITOA: &str = "\n[dependencies]\nitoa = \"1\"\n";
const SMALL: &str = "\n[profile.small]\ninherits = \"release\"\nopt-level = \"s\"\n";

/// A page's application and worker in one package beside a server.
fn workspace() -> Project {
    let web = package(
        "web",
        "default-run = \"web\"\n\n[features]\ndefault = [\"a\"]\na = []\nb = []\n\n[dependencies]\nitoa = \"1\"\n",
    );
    Project::new(&[
        ("Cargo.toml", &format!("[workspace]\nmembers = [\"web\", \"server\"]\nresolver = \"2\"\n{SMALL}")),
        ("web/Cargo.toml", &web),
        ("web/src/main.rs", "fn main() {}\n"),
        ("web/src/bin/hash.rs", "fn main() {}\n"),
        ("web/Trunk.toml", "[build]\nfeatures = [\"b\"]\n[[hooks]]\nstage = \"build\"\ncommand = \"x\"\n"),
        (
            "web/index.html",
            "<link data-trunk rel=rust data-bin=web data-cargo-no-default-features>\n\
             <link data-trunk rel=rust data-type=worker data-bin=hash data-cargo-profile-release=small>\n",
        ),
        ("server/Cargo.toml", &package("server", ITOA)),
        ("server/src/main.rs", "fn main() {}\n"),
    ])
}

fn loaded(project: &Project) -> Loaded {
    let cargo = Cargo::locate(Surroundings::get().env()).unwrap();
    Loaded::load(cargo, project.path(), None, None).unwrap()
}

fn described(project: &Loaded) -> String {
    project.slices.iter().map(described_slice).collect::<Vec<_>>().join("\n")
}

fn described_slice(slice: &Slice) -> String {
    let dir = String::from(slice.target_dir.clone());
    let args = slice.args.join(" ");
    let more = [slice.rustflags.join(" "), format!("{:?}", slice.env)];
    format!("{}: {args} in {dir} {}", slice.name, more.join(" ").replace("{}", "")).trim_end().to_owned()
}

/// The calls of `trunk build` in the folder of the page, as its source makes them.
fn seen(project: &Loaded, folder: &str, calls: &[&[&str]]) -> Vec<Slice> {
    let dir = project.workspace.root().join(folder);
    let mut words = Vec::new();
    for args in calls {
        let manifest = dir.join("Cargo.toml").into_string();
        let start = ["build", "--target=wasm32-unknown-unknown", "--manifest-path", &manifest];
        let call: Vec<&str> = start.iter().chain(*args).copied().collect();
        // The second one asks where cargo has put the results.
        words
            .push([&call[..], &["--message-format=json"]].concat().iter().map(ToString::to_string).collect());
        words.insert(words.len() - 1, call.into_iter().map(str::to_owned).collect::<Vec<String>>());
    }
    let counts = json!({ "compiled": 0, "compiled-external": 0, "fresh": 0 });
    let mut calls: Vec<Call> = Vec::new();
    for args in words {
        let call = json!({ "args": args, "dir": dir, "code": 0, "seconds": 0.0, "counts": counts });
        calls.push(serde_json::from_value(call).unwrap());
    }
    observed::slices(&project.cargo, &project.workspace, &[], &calls).unwrap()
}

#[track_caller]
fn are_known(project: &Loaded, seen: &[Slice], names: &[&str]) {
    let mut found: Vec<&str> = Vec::new();
    for slice in seen {
        let known = project.slices.iter().find(|known| known.same_invocation(slice));
        found.push(known.map_or("?", |known| &known.name));
    }
    assert_eq!(found, names, "{seen:#?} {}", described(project));
}

#[test]
fn a_page_beside_a_server() {
    let project = workspace();
    let project = loaded(&project);
    assert_snapshot!(described(&project), @r"
    front: build --package=web --target=wasm32-unknown-unknown --release --bin=web --no-default-features in target
    front-dev: build --package=web --target=wasm32-unknown-unknown --bin=web --no-default-features in target
    release: build --release --package=server in target
    worker: build --package=web --target=wasm32-unknown-unknown --profile=small --bin=hash --features=b in target
    worker-dev: build --package=web --target=wasm32-unknown-unknown --bin=hash --features=b in target
    ");
    let [app, worker] = [["--bin", "web"], ["--bin", "hash"]];
    let bare = ["--no-default-features"];
    let [features, small] = [["--features", "b"], ["--profile", "small"]];
    let release = [&["--release"], &app[..], &bare].concat();
    let calls = [&release[..], &[&small[..], &worker, &features].concat()];
    are_known(&project, &seen(&project, "web", &calls), &["front", "worker"]);
    let calls = [&[&app[..], &bare].concat()[..], &[&worker[..], &features].concat()];
    are_known(&project, &seen(&project, "web", &calls), &["front-dev", "worker-dev"]);
}

/// Without any configuration, and with that of cargo in the folder where trunk is called.
#[test]
fn a_folder_with_settings_of_cargo() {
    let project = Project::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"web\"]\nresolver = \"2\"\n"),
        ("web/Cargo.toml", &package("web", ITOA)),
        ("web/src/main.rs", "fn main() {}\n"),
        ("web/index.html", "<link data-trunk rel=\"rust\">"),
        (
            "web/.cargo/config.toml",
            "[target.wasm32-unknown-unknown]\nrustflags = [\"--cfg\", \"web\"]\n[env]\nSITE = \"live\"\n",
        ),
    ]);
    let project = loaded(&project);
    assert_snapshot!(described(&project), @r#"
    front: build --package=web --target=wasm32-unknown-unknown --release in target --cfg web {"SITE": "live"}
    front-dev: build --package=web --target=wasm32-unknown-unknown in target --cfg web {"SITE": "live"}
    "#);
    are_known(&project, &seen(&project, "web", &[&["--release"]]), &["front"]);
    are_known(&project, &seen(&project, "web", &[&[]]), &["front-dev"]);
}

#[test]
fn one_package_with_a_profile_for_all_builds() {
    let metadata = "\n[package.metadata.trunk.build]\ncargo_profile = \"small\"\nall_features = true\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("web", &format!("{ITOA}{SMALL}{metadata}"))),
        ("src/main.rs", "fn main() {}\n"),
        ("index.html", "<body></body>"),
    ]);
    let project = loaded(&project);
    let expected = "front: build --target=wasm32-unknown-unknown --profile=small --all-features in target";
    assert_eq!(described(&project), expected);
    are_known(&project, &seen(&project, "", &[&["--profile", "small", "--all-features"]]), &["front"]);
}

/// A page that the root's configuration names is one project, and a second page another.
#[test]
fn several_pages() {
    let page = "<link data-trunk rel=rust>";
    let project = Project::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\", \"c\"]\nresolver = \"2\"\n"),
        ("Trunk.toml", "[build]\ntarget = \"a/index.html\"\nrelease = true\n"),
        ("a/Cargo.toml", &package("a", ITOA)),
        ("a/src/main.rs", "fn main() {}\n"),
        ("a/index.html", page),
        ("b/Cargo.toml", &package("b", ITOA)),
        ("b/src/main.rs", "fn main() {}\n"),
        ("b/index.html", page),
        ("c/Cargo.toml", &package("c", "")),
        ("c/src/lib.rs", ""),
        ("c/index.html", "<body>of something else</body>"),
    ]);
    assert_snapshot!(described(&loaded(&project)), @r"
    a-front: build --package=a --target=wasm32-unknown-unknown --release in target
    b-front: build --package=b --target=wasm32-unknown-unknown --release in target
    b-front-dev: build --package=b --target=wasm32-unknown-unknown in target
    ");
}

#[test]
fn a_page_that_trunk_refuses_is_told_with_its_path() {
    let project = workspace();
    project.write("web/index.html", "<link data-trunk rel=rust><link data-trunk rel=rust data-bin=hash>");
    let outcome = project.larder(&["lock"]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    let page = "web/index.html: more than one <link data-trunk rel=\"rust\"> is the application";
    assert!(outcome.stderr.contains(page), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("observe"), "{}", outcome.stderr);
}

/// A Dockerfile that only compiles would ship a module that nobody can load.
#[test]
fn no_dockerfile_is_made_for_a_page() {
    let project = workspace();
    let outcome = project.larder(&["init", "--yes", "--only", "recipes,docker"]).ok();
    let sentence = "no Dockerfile is generated for a site that trunk builds";
    assert!(outcome.stderr.contains(sentence), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("observe"), "{}", outcome.stderr);
    assert!(!project.path().join("Dockerfile").exists());
    let outcome = project.larder(&["dockerfile"]);
    assert_eq!(outcome.code, 1);
    assert!(
        outcome.stderr.contains(sentence) && outcome.stderr.contains("cook the recipes"),
        "{}",
        outcome.stderr
    );
    assert!(project.larder(&["doctor", "slices"]).ok().stdout.starts_with("ok"));
    project.larder(&["lock", "--check"]).ok();
}

/// Without a change, `lock` answers from memory.
#[test]
fn recipes_go_stale_with_the_page_and_what_is_beside_it() {
    let project = workspace();
    project.larder(&["lock"]).ok();
    let page = project.read("web/index.html");
    for (path, before, after) in [
        ("web/index.html", Some(page.as_str()), page.replace("data-cargo-no-default-features", "")),
        ("web/Trunk.toml", Some("[build]\nfeatures = [\"b\"]\n"), "[build]\n".to_owned()),
        ("web/.cargo/config.toml", None, "[profile.small]\nopt-level = 3\n".to_owned()),
    ] {
        assert_eq!(project.larder(&["lock", "--check"]).code, 0, "before {path}");
        project.write(path, &after);
        assert_eq!(project.larder(&["lock", "--check"]).code, 3, "{path} was not noticed");
        match before {
            Some(before) => project.write(path, before),
            None => fs_err::remove_file(project.path().join(path)).unwrap(),
        }
    }
}

#[test]
fn slices_say_where_they_come_from() {
    let plan: Value = serde_json::from_str(&workspace().larder(&["plan", "--json"]).ok().stdout).unwrap();
    assert_eq!(plan["slices"][0]["slice"]["origin"], "trunk", "{plan}");
}
