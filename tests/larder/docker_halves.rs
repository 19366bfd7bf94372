//! The stages that build the two halves of a Leptos project apart. What they copy is copied by the test as well, and
//! the real cargo builds in what comes of it.

use std::path::Path;

use insta::assert_snapshot;
use larder_tests::{Project, Surroundings, package};

const MANIFEST: &str = r#"
[workspace]
members = ["app", "front", "macros", "model", "server"]
resolver = "3"

[profile.release]
lto = "thin"

[[workspace.metadata.leptos]]
name = "site"
bin-package = "server"
lib-package = "front"
bin-features = ["ssr"]
assets-dir = "public"
"#;

const APP: &str = "\n[features]\ndefault = [\"more\"]\nmore = []\nssr = []\n\n[dependencies]\nmacros = { path = \"../macros\" }\n\
                   model = { path = \"../model\" }\n";
const FRONT: &str =
    "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n[dependencies]\napp = { path = \"../app\" }\n";
const SERVER: &str = "\n[[test]]\nname = \"whole\"\n\n[features]\nssr = [\"app/ssr\"]\n\n[dependencies]\napp = { path = \"../app\" }\n\n\
                      [dev-dependencies]\nfront = { path = \"../front\" }\n";

fn project(manifest: &str) -> Project {
    let project = Project::new(&[
        ("Cargo.toml", manifest),
        ("app/Cargo.toml", &package("app", APP)),
        ("app/src/lib.rs", "pub use macros::one;\npub const LOGO: &str = model::LOGO;\n"),
        ("front/Cargo.toml", &package("front", FRONT)),
        ("front/src/lib.rs", "pub use app::LOGO;\n"),
        ("front/tests/found.rs", ""),
        ("macros/Cargo.toml", &package("macros", "\n[lib]\nproc-macro = true\n")),
        (
            "macros/src/lib.rs",
            "#[proc_macro]\npub fn one(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    \"1\".parse().unwrap()\n}\n",
        ),
        ("model/Cargo.toml", &package("model", "")),
        ("model/src/lib.rs", "pub const LOGO: &str = include_str!(\"../../public/logo\");\n"),
        ("public/logo", "L"),
        ("server/Cargo.toml", &package("server", SERVER)),
        ("server/build.rs", "fn main() {}\n"),
        (
            "server/src/main.rs",
            "mod routes;\nfn main() {\n    println!(\"{} {}\", app::LOGO, routes::two());\n}\n",
        ),
        ("server/src/routes.rs", "pub fn two() -> i32 {\n    app::one!() + 1\n}\n"),
        ("server/tests/whole.rs", ""),
    ]);
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    project
}

/// The lines of one stage.
fn stage<'a>(dockerfile: &'a str, name: &str) -> Vec<&'a str> {
    let lines = dockerfile.lines().skip_while(|line| !line.ends_with(&format!(" AS {name}")));
    lines.take_while(|line| !line.starts_with("# ---")).collect()
}

/// Does in an empty folder what a stage's lines do to it, but for its builds.
fn filled_by(lines: &[&str], project: &Project) -> Project {
    let folder = Project::without_lock(&[]);
    fill(&folder, lines, project);
    folder
}

fn fill(folder: &Project, lines: &[&str], project: &Project) {
    let run = |script: &str| {
        Surroundings::get().run(Path::new("/bin/sh"), folder.path(), &["-ec", script], &[]).ok();
    };
    for line in lines {
        if let Some(words) = line.strip_prefix("COPY ") {
            let (sources, to) = words.rsplit_once(' ').unwrap();
            for source in sources.split(' ') {
                let from = project.path().join(source);
                let from = if from.is_dir() { from.join(".") } else { from };
                run(&format!("mkdir -p $(dirname {to}/x) && cp -r {} {to}", from.display()));
            }
        } else if let Some(script) = line.strip_prefix("RUN mkdir") {
            run(&format!("mkdir{script}"));
        }
    }
}

/// The names of the packages that a call of cargo compiled, in the order of the alphabet.
fn compiled(said: &str) -> String {
    let lines = said.lines().filter_map(|line| line.trim_start().strip_prefix("Compiling "));
    let mut names: Vec<&str> = lines.filter_map(|line| line.split(' ').next()).collect();
    names.sort_unstable();
    names.join(" ")
}

/// Does what the server's stage says, its builds with the real cargo; the folder, and what each build compiled.
fn built(project: &Project) -> (Project, Vec<String>) {
    let folder = Project::without_lock(&[]);
    let mut steps = Vec::new();
    for line in stage(&project.read("Dockerfile"), "build-server") {
        let Some(words) = line.trim_start().strip_prefix("cargo ") else {
            fill(&folder, &[line], project);
            continue;
        };
        // What cargo-leptos calls for this half.
        let last = "build --locked --package=server --bin=server --features=ssr --release";
        let words = if words.starts_with("leptos ") { last } else { words };
        let words: Vec<&str> = words.split(' ').chain(["--offline"]).collect();
        steps.push(compiled(&folder.cargo(&words).stderr));
    }
    (folder, steps)
}

#[test]
fn each_half_gets_its_own_members() {
    let project = project(MANIFEST);
    let dockerfile = project.read("Dockerfile");
    let start = dockerfile.find("\n# --- cook-front").unwrap();
    let end = dockerfile.find("# Timestamps").unwrap();
    assert_snapshot!(&dockerfile[start..end], @r"

    # --- cook-front: the dependencies of front ---
    FROM deps AS cook-front
    COPY larder/front/0/ larder/front/0/
    RUN --mount=type=cache,id=cargo-registry-front,target=/cargo/registry,sharing=locked \
        --mount=type=cache,id=cargo-git-front,target=/cargo/git,sharing=locked \
        cd larder/front/0 \
        && LEPTOS_SITE_ROOT=/app/target/site cargo build --locked --target=wasm32-unknown-unknown --release

    # --- build-front: front, from the members that it is made of ---
    FROM cook-front AS build-front
    COPY Cargo.lock Cargo.toml ./
    COPY app/ app/
    COPY front/ front/
    COPY macros/ macros/
    COPY model/ model/
    COPY public/ public/
    # cargo looks for every member of the workspace; nothing is built from these here.
    COPY server/Cargo.toml server/
    RUN mkdir -p server/src server/tests && touch server/build.rs server/src/main.rs server/tests/whole.rs
    RUN --mount=type=cache,id=cargo-registry-front,target=/cargo/registry,sharing=locked \
        --mount=type=cache,id=cargo-git-front,target=/cargo/git,sharing=locked \
        cargo leptos build --release --frontend-only

    # --- build-server: server, from the members that it is made of ---
    FROM cook-server AS build-server
    COPY Cargo.lock Cargo.toml ./
    COPY macros/ macros/
    COPY model/ model/
    COPY public/ public/
    # cargo looks for every member of the workspace; nothing is built from these here.
    COPY app/Cargo.toml app/
    COPY front/Cargo.toml front/
    COPY server/Cargo.toml server/
    RUN mkdir -p app/src front/src server/src server/tests && touch app/src/lib.rs front/src/lib.rs server/build.rs server/src/main.rs server/tests/whole.rs
    # Lowest first: an edit of a member leaves the steps before it as they are.
    RUN --mount=type=cache,id=cargo-registry,target=/cargo/registry,sharing=locked \
        --mount=type=cache,id=cargo-git,target=/cargo/git,sharing=locked \
        LEPTOS_BIN_DIR=server LEPTOS_HASH_FILES=false LEPTOS_JS_MINIFY=true LEPTOS_LIB_DIR=front LEPTOS_OUTPUT_NAME=site LEPTOS_RELOAD_PORT=3001 LEPTOS_SITE_ADDR=127.0.0.1:3000 LEPTOS_SITE_PKG_DIR=pkg LEPTOS_SITE_ROOT=/app/target/site \
        cargo build --lib --package=server --release --no-default-features --features=server/ssr --package=model
    COPY app/ app/
    RUN --mount=type=cache,id=cargo-registry,target=/cargo/registry,sharing=locked \
        --mount=type=cache,id=cargo-git,target=/cargo/git,sharing=locked \
        LEPTOS_BIN_DIR=server LEPTOS_HASH_FILES=false LEPTOS_JS_MINIFY=true LEPTOS_LIB_DIR=front LEPTOS_OUTPUT_NAME=site LEPTOS_RELOAD_PORT=3001 LEPTOS_SITE_ADDR=127.0.0.1:3000 LEPTOS_SITE_PKG_DIR=pkg LEPTOS_SITE_ROOT=/app/target/site \
        cargo build --lib --package=server --release --no-default-features --features=server/ssr --package=app
    COPY server/ server/
    RUN --mount=type=cache,id=cargo-registry,target=/cargo/registry,sharing=locked \
        --mount=type=cache,id=cargo-git,target=/cargo/git,sharing=locked \
        cargo leptos build --release --server-only

    # --- builder: both halves together ---
    FROM build-server AS builder
    COPY --from=build-front /app/target/site/ target/site/
    ");

    let front = filled_by(&stage(&dockerfile, "build-front"), &project);
    front.cargo(&["build", "--locked", "--offline", "--package=front", "--lib"]);
    assert_eq!(front.read("server/src/main.rs"), "");
    assert!(!front.path().join("server/src/routes.rs").exists());

    let (server, steps) = built(&project);
    assert_eq!(steps, ["model", "app macros", "server"]);
    let words =
        ["run", "--locked", "--offline", "--package=server", "--bin=server", "--features=ssr", "--release"];
    let run = server.cargo(&words);
    assert_eq!((compiled(&run.stderr).as_str(), run.stdout.as_str()), ("", "L 2\n"));
    assert_eq!(server.read("front/src/lib.rs"), "");
    project.larder(&["dockerfile", "--check"]).ok();
}

#[test]
fn what_does_not_come_apart_is_built_in_one_piece() {
    let hashed = MANIFEST.replace("assets-dir", "hash-files = true\nassets-dir");
    let patched = format!("{MANIFEST}\n[patch.crates-io]\nmacros = {{ path = \"macros\" }}\n");
    let written =
        format!("{MANIFEST}\n[workspace.metadata.larder.slices.tool]\nargs = [\"check\", \"--release\"]\n");
    for (why, manifest) in [("hashed", hashed), ("patched", patched), ("written", written)] {
        let dockerfile = project(&manifest).read("Dockerfile");
        assert!(!dockerfile.contains("build-front"), "{why}: {dockerfile}");
        assert!(dockerfile.contains("\n    cargo leptos build --release"), "{why}: {dockerfile}");
    }
    // Both halves of a single package are made of all there is.
    let package =
        package("site", "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n[package.metadata.leptos]\n");
    let files = [("Cargo.toml", package.as_str()), ("src/lib.rs", ""), ("src/main.rs", "fn main() {}\n")];
    let project = Project::new(&files);
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    assert!(!project.read("Dockerfile").contains("build-front"));
}

#[test]
fn a_half_is_built_at_once_where_its_own_member_could_be_compiled_early() {
    let is_split = |project: &Project| {
        let dockerfile = project.read("Dockerfile");
        assert!(dockerfile.contains("build-server"), "{dockerfile}");
        dockerfile.contains("--package=app\n")
    };
    let split = project(MANIFEST);
    assert!(is_split(&split));
    // A library of the server would be compiled from an empty file.
    split.write("server/src/lib.rs", "");
    split.larder(&["dockerfile"]).ok();
    assert!(!is_split(&split));
    // What the step would have to repeat is not known.
    assert!(!is_split(&project(
        &MANIFEST.replace("assets-dir", "bin-cargo-args = [\"--timings\"]\nassets-dir")
    )));
}

#[test]
fn members_are_built_in_steps_from_the_lowest() {
    let chain = ["a", "b", "c", "d", "e", "f"];
    let members = chain.map(|name| format!("\"{name}\", ")).concat();
    let manifest = MANIFEST
        .replacen("\"server\"", &format!("{members}\"extra\", \"f/tool\", \"server\""), 1)
        .replace("[[workspace", "[workspace.metadata.larder.docker]\ninclude = [\"d/words\"]\n\n[[workspace");
    let project = project(MANIFEST);
    project.write("Cargo.toml", &manifest);
    for (name, below) in chain.iter().zip([None].into_iter().chain(chain.map(Some))) {
        let needs = below.map(|below| format!("{below} = {{ path = \"../{below}\" }}\n")).unwrap_or_default();
        let more = if *name == "e" { "extra = { path = \"../extra\", optional = true }\n" } else { "" };
        let manifest = package(name, &format!("\n[dependencies]\n{needs}{more}"));
        project.write(&format!("{name}/Cargo.toml"), &manifest);
        project.write(&format!("{name}/src/lib.rs"), "");
    }
    project.write("a/src/lib.rs", "pub const WORDS: &str = include_str!(\"../../d/words\");\n");
    project.write("d/words", "");
    project.write("extra/Cargo.toml", &package("extra", ""));
    project.write("extra/src/lib.rs", "");
    project.write("f/tool/Cargo.toml", &package("tool", ""));
    project.write("f/tool/src/lib.rs", "");
    let server = SERVER.replace("\n[dependencies]\n", "\n[dependencies]\nf = { path = \"../f\" }\n");
    project.write("server/Cargo.toml", &package("server", &server));
    project.cargo(&["generate-lockfile", "--offline"]);
    project.larder(&["lock"]).ok();
    let (_, steps) = built(&project);
    assert_eq!(steps, ["a app b c macros model", "d", "e", "f", "server"]);
    let lines = stage(&project.read("Dockerfile"), "build-server").join("\n");
    let place = |what: &str| lines.find(what).unwrap_or_else(|| panic!("no {what} in {lines}"));
    assert!(place("COPY extra/ extra/") < place("--package=d\n"), "what may be built comes early: {lines}");
    assert!(place("COPY d/ d/") < place("--package=a"), "what others read comes early: {lines}");
    assert!(place("COPY f/ f/") < place("--package=a"), "what holds another member comes early: {lines}");
    assert!(place("--package=d\n") < place("COPY e/ e/") && place("COPY e/ e/") < place("--package=e\n"));
    assert!(!lines.contains("--package=extra") && !lines.contains("--package=macros"), "{lines}");
}

#[test]
fn an_edit_of_the_server_leaves_the_front_alone() {
    let project = project(MANIFEST);
    let dockerfile = project.read("Dockerfile");
    let copied = |project: &Project| filled_by(&stage(&dockerfile, "build-front"), project);
    let before = all_files(copied(&project).path());
    project.write("server/src/routes.rs", "pub fn two() -> i32 {\n    2\n}\n");
    project.write("server/src/main.rs", "fn main() {}\n");
    assert_eq!(all_files(copied(&project).path()), before);
    project.write("app/src/lib.rs", "pub use macros::one;\npub const LOGO: &str = \"\";\n");
    assert_ne!(all_files(copied(&project).path()), before);
}

fn all_files(folder: &Path) -> String {
    let words = ["-ec", "find . -type f | sort | xargs sha256sum"];
    Surroundings::get().run(Path::new("/bin/sh"), folder, &words, &[]).ok().stdout
}
