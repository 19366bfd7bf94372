//! The inputs that an image lacks: system packages of crates, and files that are read. `init` shows the settings for it
//! and writes them, `doctor` and `dockerfile` tell, and an image that fails says which file it asked for.

use insta::assert_snapshot;
use larder_tests::{GitRepository, Project, Stages, package, write_program};
use serde_json::Value;

const SYS: &str = "\n[features]\nvendored = []\n";

/// A program that reads files at the root, with a crate that links to a library of Debian's.
fn files() -> Vec<(&'static str, String)> {
    let more = "build = \"build.rs\"\n\n[dependencies]\nopenssl-sys = { path = \"vendor/openssl-sys\" }\n\n\
                # Ours.\n[package.metadata.larder.docker]\nport = 80 # http\n";
    let main = "#![doc = include_str!(\"../README.md\")]\n\
                const TERMS: &str = include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/LICENSE\"));\n\
                fn main() { println!(\"{TERMS} NOTES.md\"); }\n\
                #[cfg(test)]\nmod tests { const _: &str = include_str!(\"../testdata/a.txt\"); }\n";
    let script = "fn main() {\n    println!(\"cargo:rerun-if-changed=include/app.h\");\n    \
                  let script = include_bytes!(\"memory.x\");\n    \
                  std::fs::write(std::env::var(\"OUT_DIR\").unwrap() + \"/m\", script).unwrap();\n}\n";
    vec![
        ("Cargo.toml", package("app", more)),
        ("src/main.rs", main.to_owned()),
        ("build.rs", script.to_owned()),
        ("vendor/openssl-sys/Cargo.toml", package("openssl-sys", SYS)),
        ("vendor/openssl-sys/src/lib.rs", String::new()),
        ("README.md", "Read me.\n".to_owned()),
        ("LICENSE", "None.\n".to_owned()),
        ("NOTES.md", String::new()),
        ("testdata/a.txt", String::new()),
        ("include/app.h", String::new()),
        ("memory.x", String::new()),
        (".gitignore", "/target\n".to_owned()),
    ]
}

fn repository() -> GitRepository {
    let files = files();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let repository = GitRepository::new(&files);
    repository.project().cargo(&["generate-lockfile", "--quiet"]);
    repository.commit();
    repository
}

fn allowed(project: &Project) -> Vec<String> {
    let ignore = project.read(".dockerignore");
    ignore.lines().filter_map(|line| line.strip_prefix('!')).map(str::to_owned).collect()
}

/// The verdicts of the two checks.
fn verdicts(project: &Project) -> Vec<String> {
    let said = project.larder(&["doctor", "image-packages", "image-files", "--json"]).ok().stdout;
    let said: Value = serde_json::from_str(&said).unwrap();
    said["checks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|check| check["verdict"].as_str().unwrap().to_owned())
        .collect()
}

/// Nothing was built here before, as in a fresh clone.
#[test]
fn init_leads_to_settings_that_suffice() {
    let repository = repository();
    let project = repository.project();
    project.larder(&["lock"]).ok();
    let said = project.larder(&["dockerfile"]).ok().stderr;
    for reason in [
        "openssl-sys needs libssl-dev, pkg-config, which `build-packages` lacks",
        "openssl-sys needs libssl3t64, which `runtime-packages` lacks",
        "src/main.rs reads README.md, which is not sent",
    ] {
        assert!(said.contains(reason), "{said}");
    }
    assert_eq!(verdicts(project), ["warning", "warning"]);

    let said = project.larder(&["init", "--only", "docker", "--yes"]).ok();
    assert!(said.stdout.contains("+include = ["), "{}", said.stdout);
    let manifest = project.read("Cargo.toml");
    let (_, settings) = manifest.split_once("# Ours.").unwrap();
    assert_snapshot!(settings, @r#"

    [package.metadata.larder.docker]
    port = 80 # http
    # Debian packages that compiling the dependencies takes.
    build-packages = ["libssl-dev", "pkg-config"]
    # Debian packages that the programs are linked to.
    runtime-packages = ["libssl3t64"]
    # Files beside the packages' own that the build reads.
    include = ["LICENSE", "README.md", "include", "memory.x"]
    "#);
    let sent = ["Cargo.lock", "Cargo.toml", "LICENSE", "README.md", "build.rs", "include", "memory.x", "src"];
    assert_eq!(allowed(project), [&sent[..], &["vendor/openssl-sys", "larder"]].concat());
    let dockerfile = project.read("Dockerfile");
    assert!(
        dockerfile.contains("install -y --no-install-recommends ca-certificates libssl-dev pkg-config "),
        "{dockerfile}"
    );
    assert!(dockerfile.contains("install -y --no-install-recommends libssl3t64 "), "{dockerfile}");
    assert_eq!(verdicts(project), ["ok", "ok"]);
    assert!(!project.larder(&["dockerfile"]).ok().stderr.contains("lacks"));
    project.larder(&["init", "--only", "docker", "--check"]).ok();
    project.larder(&["lock", "--check"]).ok();
    repository.commit();
    let clone = repository.clone_of();
    let said = clone.larder(&["dockerfile", "--check"]).ok().stderr;
    assert!(!said.contains("lacks") && !said.contains("not sent"), "{said}");
}

/// The source says nothing of these paths; cargo has written them down.
#[test]
fn a_local_build_knows_what_was_read() {
    let script = "fn main() {\n    let path = format!(\"{}/{}ta\", env!(\"CARGO_MANIFEST_DIR\"), \"da\");\n    \
                  println!(\"cargo:rerun-if-changed={path}/list.txt\");\n    \
                  println!(\"cargo:rerun-if-changed={path}/scratch.txt\");\n}\n";
    let main = "macro_rules! read { ($dir:ident) => { include_str!(concat!(\"../\", stringify!($dir), \"/a b.txt\")) } }\n\
                fn main() { println!(\"{}\", read!(texts)); }\n";
    let settings = "\n[package.metadata.larder.docker]\ninclude = [\n    # The first.\n    \"one\",\n]\n";
    let repository = GitRepository::new(&[
        ("Cargo.toml", &package("app", settings)),
        ("build.rs", script),
        ("src/main.rs", main),
        ("data/list.txt", ""),
        ("texts/a b.txt", ""),
        (".gitignore", "/target\nscratch.txt\n"),
    ]);
    let project = repository.project();
    project.write("data/scratch.txt", "");
    project.cargo(&["generate-lockfile", "--quiet"]);
    project.larder(&["lock"]).ok();
    assert!(!project.larder(&["dockerfile"]).ok().stderr.contains("not sent"));
    project.cargo(&["build", "--release", "--quiet"]);
    let said = project.larder(&["dockerfile"]).ok().stderr;
    assert!(said.contains("target/release/app.d reads data/list.txt, which is not sent"), "{said}");
    assert_eq!(verdicts(project), ["ok", "warning"]);
    project.larder(&["doctor", "image-files", "--fix"]).ok();
    let manifest = project.read("Cargo.toml");
    let (_, settings) = manifest.split_once("docker]\n").unwrap();
    assert_snapshot!(settings, @r#"
    include = [
        # The first.
        "one",
        "data/list.txt",
        "texts/a*b.txt",
    ]
    "#);
    assert_eq!(verdicts(project), ["ok", "ok"]);
    assert_eq!(allowed(project)[..5], ["Cargo.lock", "Cargo.toml", "build.rs", "data/list.txt", "one"]);
    assert!(allowed(project).contains(&"texts/a*b.txt".to_owned()));
}

/// Members reach out of their folders, and read what macros of others name.
#[test]
fn members_that_read_files_of_the_workspace() {
    let manifest =
        "[workspace]\nmembers = [\"app\", \"xtask\"]\ndefault-members = [\"app\"]\nresolver = \"3\"\n";
    let main = "#[derive(Clone)]\n#[embed(folder = \"../public\")]\nstruct A;\n\
                const B: D = include_dir!(\"$CARGO_MANIFEST_DIR/../static\");\nfn main() {}\n";
    let script = "fn main() { build(&[\"../proto/a.proto\"], &[\"../proto\"]); glob(\"../words/*.txt\"); run(\"src\"); }\n";
    let repository = GitRepository::new(&[
        ("Cargo.toml", manifest),
        ("app/Cargo.toml", &package("app", "")),
        ("app/src/main.rs", main),
        ("app/build.rs", script),
        ("app/own.txt", ""),
        ("proto/a.proto", ""),
        ("public/a.css", ""),
        ("static/a.png", ""),
        ("words/a.txt", ""),
        ("docs/a.md", ""),
        // No image builds it.
        ("xtask/Cargo.toml", &package("xtask", "")),
        ("xtask/src/main.rs", "fn main() { print(include_str!(\"../../docs/a.md\")); }\n"),
    ]);
    let project = repository.project();
    project.cargo(&["generate-lockfile", "--quiet"]);
    project.larder(&["lock"]).ok();
    project.larder(&["init", "--only", "docker", "--yes"]).ok();
    let sent = ["Cargo.lock", "Cargo.toml", "app", "proto", "public", "static", "words", "xtask", "larder"];
    assert_eq!(allowed(project), sent);
    assert!(
        project.read("Cargo.toml").contains("\n[workspace.metadata.larder.docker]\n"),
        "{}",
        project.read("Cargo.toml")
    );
}

/// A file that `#[path]` names may lie anywhere, and so do its modules.
#[test]
fn modules_outside_of_the_package_that_declares_them() {
    let main = "#[path = \"../../shared/util.rs\"]\nmod util;\n#[path = \"../../single/one.rs\"]\nmod one;\n\
                #[cfg_attr(all(), path = \"../../late/other.rs\")]\nmod other;\n\
                fn main() { println!(\"{}\", util::deep::A + one::A + other::A); }\n";
    let repository = GitRepository::new(&[
        ("Cargo.toml", "[workspace]\nmembers = [\"app\"]\nresolver = \"3\"\n"),
        ("app/Cargo.toml", &package("app", "")),
        ("app/src/main.rs", main),
        ("shared/util.rs", "pub mod deep;\n"),
        ("shared/deep.rs", "pub const A: u8 = 1;\n"),
        ("single/one.rs", "pub const A: u8 = 1;\nmod inline {}\n"),
        ("late/other.rs", "pub const A: u8 = 1;\n"),
        (".gitignore", "/target\n"),
    ]);
    let project = repository.project();
    project.cargo(&["generate-lockfile", "--quiet"]);
    project.larder(&["init", "--only", "recipes,docker", "--yes"]).ok();
    let sent = ["Cargo.lock", "Cargo.toml", "app", "shared", "single/one.rs", "larder"];
    assert_eq!(allowed(project), sent);
    // What the source does not say plainly is in cargo's own records.
    project.cargo(&["build", "--release", "--quiet"]);
    let said = project.larder(&["dockerfile"]).ok().stderr;
    assert!(said.contains("target/release/app.d reads late/other.rs, which is not sent"), "{said}");
}

/// Their folders do not bring them along.
#[test]
fn keys_and_databases_are_asked_for_one_by_one() {
    let manifest = "[workspace]\nmembers = [\"app\"]\nresolver = \"3\"\n";
    let main = "const A: &[u8] = include_bytes!(\"../../certs/ca.pem\");\n\
                const B: &[u8] = include_bytes!(\"../../certs/server.pem\");\n\
                const C: &[u8] = include_bytes!(\"../../certs/my server.key\");\n\
                const D: &[u8] = include_bytes!(\"../own/seed.db\");\n\
                fn main() {\n    println!(\"{}\", A.len() + B.len() + C.len() + D.len());\n}\n";
    let script = "fn main() {\n    println!(\"cargo:rerun-if-changed=tls/client.pem\");\n    \
                  assert!(std::fs::exists(\"tls/client.pem\").unwrap());\n}\n";
    let repository = GitRepository::new(&[
        ("Cargo.toml", manifest),
        ("app/Cargo.toml", &package("app", "")),
        ("app/build.rs", script),
        ("app/src/main.rs", main),
        ("app/own/seed.db", "x"),
        ("app/tls/client.pem", "x"),
        ("certs/ca.pem", "x"),
        ("certs/server.pem", "x"),
        ("certs/my server.key", "x"),
        ("certs/other.pem", "x"),
    ]);
    let project = repository.project();
    project.cargo(&["generate-lockfile", "--quiet"]);
    project.larder(&["lock"]).ok();
    project.larder(&["init", "--only", "docker", "--yes"]).ok();
    let asked =
        ["app/own/seed.db", "app/tls/client.pem", "certs/ca.pem", "certs/my*server.key", "certs/server.pem"];
    let manifest = project.read("Cargo.toml");
    let document: toml_edit::DocumentMut = manifest.parse().unwrap();
    let include = document["workspace"]["metadata"]["larder"]["docker"]["include"].as_array().unwrap();
    assert_eq!(include.iter().filter_map(toml_edit::Value::as_str).collect::<Vec<_>>(), asked);
    assert_eq!(verdicts(project), ["ok", "ok"]);
    project.larder(&["init", "--only", "docker", "--check"]).ok();
    let stages = Stages::build(project.path()).unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(stages.run("app").stdout, "4\n");
    assert!(!stages.path("/app/certs/other.pem").exists());

    // An earlier Larder proposed the folder.
    project.write(
        "Cargo.toml",
        &manifest.replace(&format!("{:?}", &asked[2..]).replace(['[', ']'], ""), "\"certs\""),
    );
    assert_eq!(verdicts(project), ["ok", "warning"]);
    project.larder(&["init", "--only", "docker", "--yes"]).ok();
    assert_eq!(project.read("Cargo.toml").matches("\"certs\"").count(), 1, "{}", project.read("Cargo.toml"));
    assert_eq!(verdicts(project), ["ok", "ok"]);
}

#[test]
fn a_failed_image_says_which_file_it_asked_for() {
    let repository = repository();
    let project = repository.project();
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    let said = [
        "error: couldn't read `src/../README.md`: No such file or directory (os error 2)",
        "src/app.c:1:10: fatal error: app.h: No such file or directory",
        "note: /app/NOTES.md is fine",
        "error: /app/src/none.rs not found",
    ];
    let lines: String =
        said.iter().map(|line| format!("echo \"#5 0.1 {line}\" >&2; ").replace('`', "'")).collect();
    let script = format!(
        "#!/bin/sh\ncase \"$1 $2\" in 'buildx version') ;; 'version --format') echo 28.5.2;; \
         'buildx build') echo '#5 [builder 2/3] RUN x' >&2; {lines} exit 1;; esac\n"
    );
    write_program(project.path().join("bin/docker"), script);
    let path = larder_tests::Surroundings::get().env().get_str("PATH").unwrap().to_owned();
    let path = format!("{}:{path}", project.path().join("bin").display());
    let outcome =
        larder_tests::Surroundings::get().larder_with(project.path(), &["docker"], &[("PATH", &path)]);
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    let asked: Vec<&str> =
        outcome.stderr.lines().filter(|line| line.contains("the build asked for")).collect();
    let hint = "in [workspace.metadata.larder.docker], then run `cargo larder dockerfile`";
    assert_eq!(
        asked,
        ["README.md", "include/app.h"].map(|path| format!(
            "warning: the build asked for {path}, which is not sent: add \"{path}\" to `include` {hint}"
        ))
    );
}

const LEPTOS: &str = "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n[package.metadata.leptos]\n\
                      style-file = \"./style/main.css\"\ntailwind-input-file = \"style/tailwind.css\"\n\
                      watch-additional-files = [\"locales\", { path = \"words/en.txt\", extensions = [\"txt\"] }, \"gone\"]\n";

/// A Leptos project with a style sheet for Tailwind, and its stage with system packages and tools.
fn with_tailwind(more: &[(&str, &str)]) -> (Project, String) {
    let manifest = package("site", LEPTOS);
    let files = [("Cargo.toml", manifest.as_str()), ("src/lib.rs", ""), ("src/main.rs", "fn main() {}\n")];
    let project = Project::new(&[&files[..], more].concat());
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    let dockerfile = project.read("Dockerfile");
    let (_, deps) = dockerfile.split_once("\n# cargo-leptos calls tailwindcss").unwrap();
    let (tailwind, _) = deps.split_once("\n\n").unwrap();
    let argument = dockerfile.lines().find(|line| line.starts_with("ARG TAILWIND_VERSION=")).unwrap();
    let text = format!("{argument}\n{tailwind}");
    (project, text)
}

#[test]
fn tailwind_is_installed_for_a_project_that_has_it() {
    let style = ("style/tailwind.css", "@import \"tailwindcss\";\n");
    let (project, said) = with_tailwind(&[style, ("locales/en.json", "{}"), ("words/en.txt", "")]);
    assert_snapshot!(said, @r"
    ARG TAILWIND_VERSION=4.2.1
    , and asks for its configuration by the version in the variable.
    ARG TAILWIND_VERSION
    ENV LEPTOS_TAILWIND_VERSION=v${TAILWIND_VERSION} NODE_PATH=/usr/local/lib/node_modules
    RUN command -v npm > /dev/null || command -v tailwindcss > /dev/null \
        || (apt-get update && apt-get install -y --no-install-recommends npm && rm -rf /var/lib/apt/lists/*)
    RUN command -v tailwindcss > /dev/null \
        || npm install --global --prefix /usr/local @tailwindcss/cli@${TAILWIND_VERSION} tailwindcss@${TAILWIND_VERSION}
    ");
    let sent = ["Cargo.lock", "Cargo.toml", "locales", "src", "style", "words/en.txt", "larder"];
    assert_eq!(allowed(&project), sent);
}

#[test]
fn tailwind_is_the_version_that_the_style_sheets_are_for() {
    let old = "@tailwind base;\n@tailwind utilities;\n";
    let (_, said) = with_tailwind(&[("style/tailwind.css", old)]);
    assert!(said.starts_with("ARG TAILWIND_VERSION=3.4.19\n"), "{said}");
    assert!(said.contains("--prefix /usr/local tailwindcss@${TAILWIND_VERSION}"), "{said}");

    let lock = r#"{ "packages": { "node_modules/tailwindcss": { "version": "4.1.3" } } }"#;
    let npm = [("style/tailwind.css", ""), ("package.json", "{}"), ("package-lock.json", lock)];
    let (project, said) = with_tailwind(&npm);
    assert!(said.starts_with("ARG TAILWIND_VERSION=4.1.3\n"), "{said}");
    assert!(said.ends_with("COPY package.json package-lock.json ./\nRUN npm ci"), "{said}");
    assert!(allowed(&project).contains(&"package-lock.json".to_owned()));
}
