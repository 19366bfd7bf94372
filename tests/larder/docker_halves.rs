//! The stages that build the two halves of a Leptos project apart. The test copies the same files, and
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

/// The offset of `what` in a stage.
fn place(lines: &str, what: &str) -> usize {
    lines.find(what).unwrap_or_else(|| panic!("no {what} in {lines}"))
}

/// Does in an empty folder what a stage's lines do to it, but for its builds.
fn filled_by(lines: &[&str], project: &Project) -> Project {
    let folder = Project::without_lock(&[]);
    fill(&folder, lines, project);
    folder
}

fn fill(folder: &Project, lines: &[&str], project: &Project) {
    for line in lines {
        if let Some(words) = line.strip_prefix("COPY ") {
            let (sources, to) = words.rsplit_once(' ').unwrap();
            for source in sources.split(' ') {
                let from = project.path().join(source);
                let from = if from.is_dir() { from.join(".") } else { from };
                run(folder, &format!("mkdir -p $(dirname {to}/x) && cp -rp {} {to}", from.display()));
            }
        } else if let Some(script) = line.strip_prefix("RUN mkdir") {
            run(folder, &format!("mkdir{script}"));
        }
    }
}

fn run(folder: &Project, script: &str) {
    Surroundings::get().run(Path::new("/bin/sh"), folder.path(), &["-ec", script], &[]).ok();
}

/// The names of the packages that a call of cargo compiled, in the order of the alphabet.
fn compiled(said: &str) -> String {
    let lines = said.lines().filter_map(|line| line.trim_start().strip_prefix("Compiling "));
    let mut names: Vec<&str> = lines.filter_map(|line| line.split(' ').next()).collect();
    names.sort_unstable();
    names.join(" ")
}

/// Does what a half's stage says, its builds with the real cargo, though WASM is for this machine; the folder, and what
/// each build compiled. `last` is what cargo-leptos calls for this half.
fn built(project: &Project, half: &str, last: &str) -> (Project, Vec<String>) {
    let folder = Project::without_lock(&[]);
    let mut steps = Vec::new();
    for line in stage(&project.read("Dockerfile"), &format!("build-{half}")) {
        let words = line.trim_start().trim_start_matches("&& ").trim_end_matches(" \\");
        let Some(words) = words.strip_prefix("cargo ") else {
            fill(&folder, &[line], project);
            continue;
        };
        let words = if words.starts_with("leptos ") { last } else { words };
        // Still another target than none, so that build scripts and macros have a folder of their own.
        let words = words.replace("wasm32-unknown-unknown", "host-tuple");
        let words: Vec<&str> = words.split(' ').chain(["--offline"]).collect();
        let said = folder.cargo(&words).stderr;
        if words[0] == "build" {
            steps.push(compiled(&said));
        }
    }
    (folder, steps)
}

fn built_server(project: &Project) -> (Project, Vec<String>) {
    built(project, "server", "build --locked --package=server --bin=server --features=ssr --release")
}

fn built_front(project: &Project) -> (Project, Vec<String>) {
    built(
        project,
        "front",
        "build --locked --package=front --lib --target=host-tuple --release --target-dir=target/front",
    )
}

/// The project with members that stand on one another, and `top` on the last of them.
fn with_chain(top: &str, top_manifest: &str) -> Project {
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
    let manifest = top_manifest.replace("\n[dependencies]\n", "\n[dependencies]\nf = { path = \"../f\" }\n");
    project.write(&format!("{top}/Cargo.toml"), &package(top, &manifest));
    project
}

fn lock(project: &Project) {
    project.cargo(&["generate-lockfile", "--offline"]);
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
}

#[test]
fn each_half_gets_its_own_members() {
    let project = project(MANIFEST);
    let dockerfile = project.read("Dockerfile");
    let start = dockerfile.find("\n# --- cook-front").unwrap();
    let end = dockerfile.find("# Timestamps").unwrap();
    assert_snapshot!(&dockerfile[start..end], @r#"

    # --- cook-front: the dependencies of front ---
    FROM deps AS cook-front
    COPY --from=recipes /app/target/larder/recipes/front/0/ target/larder/recipes/front/0/
    RUN --mount=type=cache,id=cargo-registry-front,target=/cargo/registry,sharing=locked \
        --mount=type=cache,id=cargo-git-front,target=/cargo/git,sharing=locked \
        cd target/larder/recipes/front/0 \
        && LEPTOS_SITE_ROOT=/app/target/site cargo build --locked --target=wasm32-unknown-unknown --release

    # --- build-front: front, from the members that it is made of ---
    FROM cook-front AS build-front
    COPY Cargo.lock Cargo.toml ./
    COPY macros/ macros/
    COPY model/ model/
    COPY public/ public/
    # cargo needs every member of the workspace; these are not built here.
    COPY server/Cargo.toml server/
    RUN mkdir -p server/src server/tests && touch server/build.rs server/src/main.rs server/tests/whole.rs
    # Placeholders: built as empty libraries, then removed with `cargo clean` in the same step.
    COPY app/Cargo.toml app/
    COPY front/Cargo.toml front/
    RUN mkdir -p app/src front/src && echo '#![doc = "Placeholder."] #![allow(unused_crate_dependencies)]' | tee app/src/lib.rs front/src/lib.rs > /dev/null
    # What cargo-leptos gives each call of cargo.
    ENV LEPTOS_BIN_DIR="server" \
        LEPTOS_HASH_FILES="false" \
        LEPTOS_JS_MINIFY="true" \
        LEPTOS_LIB_DIR="front" \
        LEPTOS_OUTPUT_NAME="site" \
        LEPTOS_RELOAD_PORT="3001" \
        LEPTOS_SITE_ADDR="127.0.0.1:3000" \
        LEPTOS_SITE_PKG_DIR="pkg" \
        LEPTOS_SITE_ROOT="/app/target/site"
    # Lowest first: an edit of a member rebuilds its step and those after it.
    RUN --mount=type=cache,id=cargo-registry-front,target=/cargo/registry,sharing=locked \
        --mount=type=cache,id=cargo-git-front,target=/cargo/git,sharing=locked \
        cargo build --package=front --lib --target=wasm32-unknown-unknown --no-default-features --release --target-dir=target/front \
        && cargo clean --target=wasm32-unknown-unknown --release --target-dir=target/front --package=app --package=front
    COPY app/ app/
    RUN --mount=type=cache,id=cargo-registry-front,target=/cargo/registry,sharing=locked \
        --mount=type=cache,id=cargo-git-front,target=/cargo/git,sharing=locked \
        cargo build --package=front --lib --target=wasm32-unknown-unknown --no-default-features --release --target-dir=target/front \
        && cargo clean --target=wasm32-unknown-unknown --release --target-dir=target/front --package=front
    COPY front/ front/
    # cargo-leptos would take them for settings of its own.
    RUN --mount=type=cache,id=cargo-registry-front,target=/cargo/registry,sharing=locked \
        --mount=type=cache,id=cargo-git-front,target=/cargo/git,sharing=locked \
        unset LEPTOS_BIN_DIR LEPTOS_HASH_FILES LEPTOS_JS_MINIFY LEPTOS_LIB_DIR LEPTOS_OUTPUT_NAME LEPTOS_RELOAD_PORT LEPTOS_SITE_ADDR LEPTOS_SITE_PKG_DIR LEPTOS_SITE_ROOT \
        && cargo leptos build --release --frontend-only

    # --- build-server: server, from the members that it is made of ---
    FROM cook-server AS build-server
    COPY Cargo.lock Cargo.toml ./
    COPY macros/ macros/
    COPY model/ model/
    COPY public/ public/
    # cargo needs every member of the workspace; these are not built here.
    COPY app/Cargo.toml app/
    COPY front/Cargo.toml front/
    COPY server/Cargo.toml server/
    RUN mkdir -p app/src front/src server/src server/tests && touch app/src/lib.rs front/src/lib.rs server/build.rs server/src/main.rs server/tests/whole.rs
    # What cargo-leptos gives each call of cargo.
    ENV LEPTOS_BIN_DIR="server" \
        LEPTOS_HASH_FILES="false" \
        LEPTOS_JS_MINIFY="true" \
        LEPTOS_LIB_DIR="front" \
        LEPTOS_OUTPUT_NAME="site" \
        LEPTOS_RELOAD_PORT="3001" \
        LEPTOS_SITE_ADDR="127.0.0.1:3000" \
        LEPTOS_SITE_PKG_DIR="pkg" \
        LEPTOS_SITE_ROOT="/app/target/site"
    # Lowest first: an edit of a member rebuilds its step and those after it.
    RUN --mount=type=cache,id=cargo-registry,target=/cargo/registry,sharing=locked \
        --mount=type=cache,id=cargo-git,target=/cargo/git,sharing=locked \
        cargo build --lib --package=server --release --no-default-features --features=server/ssr --package=model
    COPY app/ app/
    RUN --mount=type=cache,id=cargo-registry,target=/cargo/registry,sharing=locked \
        --mount=type=cache,id=cargo-git,target=/cargo/git,sharing=locked \
        cargo build --lib --package=server --release --no-default-features --features=server/ssr --package=app
    COPY server/ server/
    # cargo-leptos would take them for settings of its own.
    RUN --mount=type=cache,id=cargo-registry,target=/cargo/registry,sharing=locked \
        --mount=type=cache,id=cargo-git,target=/cargo/git,sharing=locked \
        unset LEPTOS_BIN_DIR LEPTOS_HASH_FILES LEPTOS_JS_MINIFY LEPTOS_LIB_DIR LEPTOS_OUTPUT_NAME LEPTOS_RELOAD_PORT LEPTOS_SITE_ADDR LEPTOS_SITE_PKG_DIR LEPTOS_SITE_ROOT \
        && cargo leptos build --release --server-only

    # --- builder: both halves together ---
    FROM build-server AS builder
    COPY --from=build-front /app/target/site/ target/site/
    "#);

    let (front, steps) = built_front(&project);
    assert_eq!(steps, ["app front macros model", "app front", "front"]);
    assert_eq!(front.read("server/src/main.rs"), "");
    assert!(!front.path().join("server/src/routes.rs").exists());

    let (server, steps) = built_server(&project);
    assert_eq!(steps, ["model", "app macros", "server"]);
    assert_fresh_server_prints(&server, "L 2\n");
    assert_eq!(server.read("front/src/lib.rs"), "");
    project.larder(&["dockerfile", "--check"]).ok();
}

fn assert_fresh_server_prints(server: &Project, text: &str) {
    let words =
        ["run", "--locked", "--offline", "--package=server", "--bin=server", "--features=ssr", "--release"];
    let run = server.cargo(&words);
    assert_eq!((compiled(&run.stderr).as_str(), run.stdout.as_str()), ("", text));
}

#[test]
fn what_does_not_come_apart_is_built_in_one_piece() {
    let hashed = MANIFEST.replace("assets-dir", "hash-files = true\nassets-dir");
    let patched = format!("{MANIFEST}\n[patch.crates-io]\nmacros = {{ path = \"macros\" }}\n");
    let written = format!(
        "{MANIFEST}\n[workspace.metadata.larder.slices.tool]\nargs = [\"build\", \"--release\", \"--package=model\"]\n"
    );
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
    let split = project(MANIFEST);
    assert!(is_split(&split));
    // A library of the server would be compiled from an empty file.
    split.write("server/src/lib.rs", "");
    split.larder(&["dockerfile"]).ok();
    assert!(!is_split(&split));
    // The call that the step would have to repeat is not known.
    assert!(!is_split(&project(
        &MANIFEST.replace("assets-dir", "bin-cargo-args = [\"--timings\"]\nassets-dir")
    )));
}

/// Whether the server's half is built in steps.
fn is_split(project: &Project) -> bool {
    let dockerfile = project.read("Dockerfile");
    assert!(dockerfile.contains("build-server"), "{dockerfile}");
    dockerfile.contains("--package=app\n")
}

#[test]
fn members_are_built_in_steps_from_the_lowest() {
    let project = with_chain("server", SERVER);
    lock(&project);
    let (_, steps) = built_server(&project);
    assert_eq!(steps, ["a app b c macros model", "d", "e", "f", "server"]);
    let lines = stage(&project.read("Dockerfile"), "build-server").join("\n");
    for (early, late, why) in [
        ("COPY extra/ extra/", "--package=d\n", "what may be built comes early"),
        ("COPY d/ d/", "--package=a", "what others read comes early"),
        ("COPY f/ f/", "--package=a", "what holds another member comes early"),
    ] {
        assert!(place(&lines, early) < place(&lines, late), "{why}: {lines}");
    }
    let [below, copied, built] =
        ["--package=d\n", "COPY e/ e/", "--package=e\n"].map(|what| place(&lines, what));
    assert!(below < copied && copied < built);
    assert!(!lines.contains("--package=extra") && !lines.contains("--package=macros"), "{lines}");
}

#[test]
fn a_library_is_built_in_steps_as_well() {
    let project = with_chain("front", FRONT);
    let manifest = project.read("Cargo.toml").replace("\"f/tool\", ", "");
    project.write("Cargo.toml", &manifest);
    fs_err::remove_dir_all(project.path().join("f/tool")).unwrap();
    project.write("b/build.rs", "fn main() {}\n");
    // Macros are for the machine that builds, and this one's crate has to be documented.
    let lints = "\n[lints.rust]\nmissing_docs = \"forbid\"\nunused_crate_dependencies = \"deny\"\n";
    let macros = package("e", &format!("\n[lib]\nproc-macro = true\n{lints}"));
    project.write("e/Cargo.toml", &format!("{macros}\n[dependencies]\nd = {{ path = \"../d\" }}\n"));
    let source = project.read("macros/src/lib.rs");
    project.write("e/src/lib.rs", &format!("//! Macros.\nuse d as _;\n/// One.\n{source}"));
    project.write("f/src/lib.rs", "pub const ONE: i32 = e::one!();\n");
    project.write("front/src/lib.rs", "pub const TWO: i32 = f::ONE + app::one!();\n");
    lock(&project);
    let (_, steps) = built_front(&project);
    // The file of `d` is read by others, and that of `b` is a build script: what these stand on comes with them.
    assert_eq!(steps, ["a app b c d e f front macros model", "e f front", "f front", "front"]);
    let lines = stage(&project.read("Dockerfile"), "build-front").join("\n");
    let [before, build, after] = ["COPY d/ d/", "cargo build", "COPY e/ e/"].map(|what| place(&lines, what));
    assert!(before < build && build < after, "{lines}");
}

#[test]
fn a_library_is_built_at_once_where_it_cannot_be_empty() {
    let project = project(MANIFEST);
    assert_eq!(front_steps(&project), 2);
    assert_eq!(front_steps_with(&project, "front/build.rs", "fn main() {}\n"), 0);
    // A file that lies elsewhere would stay empty.
    project.write("model/front.rs", "");
    let elsewhere = FRONT.replace("[lib]\n", "[lib]\npath = \"../model/front.rs\"\n");
    assert_eq!(front_steps_with(&project, "front/Cargo.toml", &package("front", &elsewhere)), 0);
    // `cargo clean` would take both away.
    let twice = format!("{}\n[[package]]\nname = \"app\"\nversion = \"7.0.0\"\n", project.read("Cargo.lock"));
    assert_eq!(front_steps_with(&project, "Cargo.lock", &twice), 0);
    let exported = "[target.wasm32-unknown-unknown]\nrustflags = [\"-Clink-arg=--export=start\"]\n";
    assert_eq!(front_steps_with(&project, ".cargo/config.toml", exported), 0);
    let unknown = MANIFEST.replace("assets-dir", "lib-cargo-args = [\"--timings\"]\nassets-dir");
    assert_eq!(front_steps_with(&project, "Cargo.toml", &unknown), 0);
    assert_eq!(front_steps(&project), 2);
}

/// The number of steps before the last one of the front's half.
fn front_steps(project: &Project) -> usize {
    project.larder(&["dockerfile"]).ok();
    let lines = stage(&project.read("Dockerfile"), "build-front").join("\n");
    assert!(lines.contains("--frontend-only"), "{lines}");
    lines.matches("cargo build").count()
}

/// The same with another text in a file, which is put back afterwards.
fn front_steps_with(project: &Project, file: &str, text: &str) -> usize {
    let before = project.path().join(file).exists().then(|| project.read(file));
    project.write(file, text);
    let found = front_steps(project);
    match before {
        Some(before) => project.write(file, &before),
        None => fs_err::remove_file(project.path().join(file)).unwrap(),
    }
    found
}

#[test]
fn an_edit_of_the_server_leaves_the_front_alone() {
    let project = project(MANIFEST);
    let dockerfile = project.read("Dockerfile");
    let lines = stage(&dockerfile, "build-front");
    let before = all_files(filled_by(&lines, &project).path());
    project.write("server/src/routes.rs", "pub fn two() -> i32 {\n    2\n}\n");
    project.write("server/src/main.rs", "fn main() {}\n");
    assert_eq!(all_files(filled_by(&lines, &project).path()), before);
    project.write("app/src/lib.rs", "pub use macros::one;\npub const LOGO: &str = \"\";\n");
    assert_ne!(all_files(filled_by(&lines, &project).path()), before);
}

fn all_files(folder: &Path) -> String {
    let words = ["-ec", "find . -type f | sort | xargs sha256sum"];
    Surroundings::get().run(Path::new("/bin/sh"), folder, &words, &[]).ok().stdout
}
