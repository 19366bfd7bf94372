//! The places in which an image's build finds its inputs, and those in which it leaves its outputs: the stages of
//! generated Dockerfiles, done in folders with the real cargo.

use insta::assert_snapshot;
use larder_tests::{Project, Stages, Surroundings, package};

const ITOA: &str = "\n[dependencies]\nitoa = \"=1.0.14\"\n";
const MAIN: &str = "fn main() {\n    println!(\"{}\", itoa::Buffer::new().format(7));\n}\n";

/// Locks, generates and builds; no dependency may be compiled after it was cooked.
fn built(project: &Project) -> Stages {
    built_in(project, ".")
}

/// The same with a Dockerfile in a folder that is seen from the workspace.
fn built_in(project: &Project, context: &str) -> Stages {
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    project.larder(&["dockerfile", "--check"]).ok();
    let stages = Stages::build(&project.path().join(context)).unwrap_or_else(|said| panic!("{said}"));
    let compiled = stages.compiled("builder");
    assert!(!compiled.contains(&"itoa") && !compiled.is_empty(), "compiled in the builder: {compiled:?}");
    stages
}

/// The failure of `dockerfile`.
fn said(project: &Project) -> String {
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).failure(project.path())
}

fn entrypoint(project: &Project) -> Option<String> {
    let dockerfile = project.read("Dockerfile");
    dockerfile.lines().find_map(|line| line.strip_prefix("ENTRYPOINT ")).map(str::to_owned)
}

#[test]
fn the_configuration_names_the_target() {
    let host = Surroundings::get().host();
    let config = format!("[build]\ntarget = [\"{host}\"]\ntarget-dir = \"out\"\n");
    let project = Project::new(&[
        ("Cargo.toml", &package("my-app", ITOA)),
        (".cargo/config.toml", &config),
        ("src/main.rs", MAIN),
    ]);
    let stages = built(&project);
    assert_eq!(stages.run("my-app").stdout, "7\n");
    let dockerfile = project.read("Dockerfile");
    assert!(dockerfile.contains(&format!("cp out/{host}/release/my-app ")), "{dockerfile}");
    assert!(dockerfile.contains(&format!("rustup target add {host}")), "{dockerfile}");
}

#[test]
fn the_host_by_any_name_profiles_and_examples() {
    let more = "\n[profile.small]\ninherits = \"release\"\nopt-level = \"s\"\n\n\
                [package.metadata.larder.slices.release]\nargs = [\"build\", \"--profile=small\", \"--target=host-tuple\"]\n\n\
                [package.metadata.larder.slices.tools]\nargs = [\"build\", \"--examples\"]\nvariant = \"release\"\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("app", &format!("{ITOA}{more}"))),
        ("src/main.rs", MAIN),
        ("examples/tool.rs", MAIN),
    ]);
    let stages = built(&project);
    assert_eq!(stages.shipped(), ["app", "tool"]);
    let dockerfile = project.read("Dockerfile");
    assert!(
        dockerfile.contains(
            "cp target/\"$(rustc --print host-tuple)\"/small/app target/debug/examples/tool /out/programs/app/"
        ),
        "{dockerfile}"
    );
}

#[test]
fn files_of_one_name_do_not_overwrite_each_other() {
    let more = "\n[package.metadata.larder.slices.dev]\nargs = [\"build\"]\nvariant = \"release\"\n";
    let project =
        Project::new(&[("Cargo.toml", &package("app", &format!("{ITOA}{more}"))), ("src/main.rs", MAIN)]);
    let stages = built(&project);
    assert_eq!(stages.shipped(), ["debug/app", "release/app"]);
    assert_eq!(entrypoint(&project), None);
}

#[test]
fn programs_are_those_that_cargo_builds() {
    let app = format!(
        "{ITOA}\n[features]\nadmin = []\n\n[[bin]]\nname = \"app\"\npath = \"src/main.rs\"\n\n\
         [[bin]]\nname = \"admin-tool\"\npath = \"src/admin.rs\"\nrequired-features = [\"admin\"]\n"
    );
    let project = Project::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"app\", \"plugin\", \"side\"]\ndefault-members = [\"app\", \"plugin\"]\nresolver = \"2\"\n",
        ),
        ("app/Cargo.toml", &package("app", &app)),
        ("app/src/main.rs", MAIN),
        ("app/src/admin.rs", MAIN),
        ("plugin/Cargo.toml", &package("plug-in", "\n[lib]\ncrate-type = [\"cdylib\"]\n")),
        ("plugin/src/lib.rs", ""),
        ("side/Cargo.toml", &package("side", "")),
        ("side/src/main.rs", "fn main() {}\n"),
    ]);
    let stages = built(&project);
    assert_eq!(stages.shipped(), ["app", "libplug_in.so"]);
    assert_eq!(entrypoint(&project).as_deref(), Some("[\"/app/app\"]"));
}

#[test]
fn of_several_programs_one_is_named() {
    let project = Project::new(&[
        ("Cargo.toml", &app_with("")),
        ("src/bin/one.rs", MAIN),
        ("src/bin/two.rs", "fn main() {}\n"),
    ]);
    assert_snapshot!(said(&project), @r#"
    exit code 0
    warning: the image starts none of its 2 programs (one, two): name one with `entrypoint = ["NAME"]` in [workspace.metadata.larder.docker], or with `default-run` in its package
           Wrote [ROOT]/.dockerignore
           Wrote [ROOT]/Dockerfile
    "#);
    assert_eq!(entrypoint(&project), None);
    project.write("Cargo.toml", &app_with("default-run = \"two\"\n"));
    project.larder(&["dockerfile"]).ok();
    assert_eq!(entrypoint(&project).as_deref(), Some("[\"/app/two\"]"));
    let settings = "\n[package.metadata.larder.docker]\nentrypoint = [\"one\", \"--all\"]\n";
    project.write("Cargo.toml", &format!("{}{settings}", app_with("default-run = \"two\"\n")));
    let outcome = project.larder(&["dockerfile"]).ok();
    assert!(!outcome.stderr.contains("warning"), "{}", outcome.stderr);
    assert_eq!(entrypoint(&project).as_deref(), Some("[\"/app/one\", \"--all\"]"));
}

fn app_with(keys: &str) -> String {
    package("app", &format!("{keys}{ITOA}"))
}

#[test]
fn a_library_needs_no_image() {
    let project = Project::new(&[("Cargo.toml", &package("words", ITOA)), ("src/lib.rs", "")]);
    assert_snapshot!(said(&project), @"
    exit code 1
    error: nothing to put into an image: slice `release` builds no program

    help: build a program in a slice of [workspace.metadata.larder.slices], or do without a Dockerfile: a library needs none
    ");
    assert!(!project.path().join("Dockerfile").exists());
}

#[test]
fn packages_that_stand_on_others_outside_of_the_workspace() {
    let project = Project::new(&[
        (
            "Cargo.toml",
            &package(
                "app",
                &format!(
                    "{ITOA}alpha = {{ path = \"third/suite/alpha\" }}\n\n[workspace]\nexclude = [\"third\"]\n\n[patch.crates-io]\nitoa = {{ path = \"patched/itoa\" }}\n"
                ),
            ),
        ),
        ("src/main.rs", "fn main() {\n    println!(\"{}\", alpha::value() + itoa::seven());\n}\n"),
        (
            "third/suite/Cargo.toml",
            "[workspace]\nmembers = [\"alpha\", \"gone/*\"]\nresolver = \"2\"\n\n[workspace.package]\nedition = \"2021\"\n\n[workspace.dependencies]\nbeta = { path = \"beta\" }\n",
        ),
        (
            "third/suite/alpha/Cargo.toml",
            "[package]\nname = \"alpha\"\nversion = \"0.1.0\"\nedition.workspace = true\n\n[lib]\npath = \"../sources/alpha.rs\"\n\n[dependencies]\nbeta.workspace = true\n\n[dev-dependencies]\nnowhere = { path = \"../nowhere\" }\n",
        ),
        (
            "third/suite/sources/alpha.rs",
            "mod more;\npub fn value() -> u32 {\n    beta::ONE + more::TWO\n}\n",
        ),
        ("third/suite/sources/more.rs", "pub const TWO: u32 = 2;\n"),
        ("third/suite/beta/Cargo.toml", &package("beta", "")),
        ("third/suite/beta/src/lib.rs", "pub const ONE: u32 = 1;\n"),
        ("third/suite/notes/read.me", ""),
        (
            "patched/itoa/Cargo.toml",
            &package("itoa", "\n[dependencies]\nseven = { path = \"../seven\" }\n")
                .replace("0.1.0", "1.0.14"),
        ),
        ("patched/itoa/src/lib.rs", "pub fn seven() -> u32 {\n    seven::SEVEN\n}\n"),
        ("patched/seven/Cargo.toml", &package("seven", "")),
        ("patched/seven/src/lib.rs", "pub const SEVEN: u32 = 7;\n"),
    ]);
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    let stages = Stages::build(project.path()).unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(stages.run("app").stdout, "10\n");
    assert!(!stages.path("/app/third/suite/notes").exists());
}

#[test]
fn packages_beside_the_workspace() {
    let project = Project::without_lock(&[
        ("Cargo.toml", ""),
        (
            "sites/one/Cargo.toml",
            &package("app", &format!("{ITOA}beta = {{ path = \"../../shared/beta\" }}\n\n[workspace]\n")),
        ),
        ("sites/one/src/main.rs", "fn main() {\n    println!(\"{}\", beta::ONE);\n}\n"),
        (
            "shared/Cargo.toml",
            "[workspace]\nmembers = [\"beta\"]\n\n[workspace.package]\nedition = \"2021\"\n",
        ),
        (
            "shared/beta/Cargo.toml",
            "[package]\nname = \"beta\"\nversion = \"0.1.0\"\nedition.workspace = true\n",
        ),
        ("shared/beta/src/lib.rs", "pub const ONE: u32 = 1;\n"),
    ]);
    let site = project.path().join("sites/one");
    let surroundings = Surroundings::get();
    surroundings.larder(&site, &["lock"]);
    surroundings.run(std::path::Path::new("cargo"), &site, &["generate-lockfile", "--quiet"], &[]).ok();
    surroundings.larder(&site, &["lock"]).ok();
    assert_snapshot!(surroundings.larder(&site, &["dockerfile"]).failure(project.path()), @r#"
    exit code 1
    error: package `beta` at ../../shared/beta lies outside of [ROOT]/sites/one, the folder that is sent to Docker

    help: set `context = "../.."` in [workspace.metadata.larder.docker], or move it into the workspace
    "#);
    let manifest = project.read("sites/one/Cargo.toml");
    project.write(
        "sites/one/Cargo.toml",
        &format!("{manifest}\n[workspace.metadata.larder.docker]\ncontext = \"../..\"\n"),
    );
    surroundings.larder(&site, &["lock"]).ok();
    surroundings.larder(&site, &["dockerfile"]).ok();
    let stages = Stages::build(project.path()).unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(stages.compiled("builder"), ["beta", "app"]);
    assert_eq!(stages.run("app").stdout, "1\n");
}

/// A variable hides all flags of the configuration, so it repeats them; those of one host's table are for that host.
#[test]
fn flags_of_a_slice_come_on_top_of_the_configured_ones() {
    let host = Surroundings::get().host();
    let other = if host.starts_with("x86_64") { "aarch64" } else { "x86_64" };
    let more = format!(
        "{ITOA}\n[package.metadata.larder]\nplatforms = [{host:?}, \"{other}-unknown-linux-gnu\"]\n\n\
         [package.metadata.larder.slices.release]\nargs = [\"build\", \"--release\"]\nrustflags = [\"--cfg\", \"edge\"]\n"
    );
    let main = format!("#[cfg(not(all(configured, edge)))]\ncompile_error!(\"flags are lacking\");\n{MAIN}");
    let both = "'--cfg configured --cfg edge'";
    for (table, flags) in [
        ("build".to_owned(), format!("RUSTFLAGS={both} cargo build ")),
        (format!("target.{host}"), format!(" ({host}) printf %s {both} ;;")),
        ("target.'cfg(unix)'".to_owned(), format!("RUSTFLAGS={both} cargo build ")),
    ] {
        let project = Project::new(&[
            ("Cargo.toml", &package("app", &more)),
            (".cargo/config.toml", &format!("[{table}]\nrustflags = [\"--cfg\", \"configured\"]\n")),
            ("src/main.rs", &main),
        ]);
        let stages = built(&project);
        assert_eq!(stages.run("app").stdout, "7\n");
        let dockerfile = project.read("Dockerfile");
        assert_eq!(dockerfile.matches(&flags).count(), 2, "cooked and built: {dockerfile}");
    }
}

/// A build is for the configured target if its arguments name none, and so are its flags.
#[test]
fn flags_of_the_configured_target_are_those_of_a_slice() {
    let more = "\n[package.metadata.larder.slices.release]\nargs = [\"build\", \"--release\"]\n\
                rustflags = [\"--cfg\", \"edge\"]\n";
    let host = Surroundings::get().host();
    let of_target = "[target.wasm32-wasip1]\nrustflags = [\"--cfg\", \"configured\"]\n";
    let of_host = format!("[target.{host}]\nrustflags = [\"--cfg\", \"of_host\"]\n");
    let config = format!("[build]\ntarget = \"wasm32-wasip1\"\n\n{of_target}\n{of_host}");
    let project = Project::new(&[
        ("Cargo.toml", &package("app", more)),
        (".cargo/config.toml", &config),
        ("src/main.rs", "fn main() {}\n"),
    ]);
    project.larder(&["lock"]).ok();
    let dockerfile = project.larder(&["dockerfile", "--print"]).ok().stdout;
    assert!(dockerfile.contains("RUSTFLAGS='--cfg configured --cfg edge' cargo build "), "{dockerfile}");
    assert!(!dockerfile.contains("of_host"), "{dockerfile}");
}

/// cargo joins those in a person's own file to the project's; an image is everybody's.
#[test]
fn flags_of_one_person_are_in_no_image() {
    let more = "\n[package.metadata.larder.slices.release]\nargs = [\"build\", \"--release\"]\n\
                rustflags = [\"--cfg\", \"edge\"]\n";
    let project = Project::new(&[("Cargo.toml", &package("app", more)), ("src/main.rs", "fn main() {}\n")]);
    project.larder(&["lock"]).ok();
    let home = tempfile::tempdir().unwrap();
    fs_err::write(home.path().join("config.toml"), "[build]\nrustflags = [\"--cfg\", \"own\"]\n").unwrap();
    let vars = [("CARGO_HOME", home.path().to_str().unwrap())];
    let printed = Surroundings::get().larder_with(project.path(), &["dockerfile", "--print"], &vars);
    let dockerfile = printed.ok().stdout;
    assert!(dockerfile.contains("RUSTFLAGS='--cfg edge' cargo build "), "{dockerfile}");
    assert!(!dockerfile.contains("--cfg own"), "{dockerfile}");
}

/// cargo-leptos joins the flags in its own build; what is cooked for it has to have the same.
#[test]
fn flags_of_cargo_leptos_come_on_top_of_the_configured_ones() {
    let more = format!(
        "{ITOA}\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n[package.metadata.leptos]\nalways-erase-components = true\n"
    );
    let wasm = "[target.wasm32-unknown-unknown]\nrustflags = [\"--cfg\", 'getrandom_backend=\"wasm_js\"']\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("site", &more)),
        (".cargo/config.toml", wasm),
        ("src/lib.rs", ""),
        ("src/main.rs", MAIN),
    ]);
    project.larder(&["lock"]).ok();
    let dockerfile = project.larder(&["dockerfile", "--print"]).ok().stdout;
    for flags in ["'--cfg getrandom_backend=\"wasm_js\" --cfg erase_components'", "'--cfg erase_components'"]
    {
        assert!(dockerfile.contains(&format!(" RUSTFLAGS={flags} cargo build ")), "{flags}: {dockerfile}");
    }
}

/// cargo's usual folders are not there: modules lie beside the files of targets, at the root.
#[test]
fn targets_at_the_root_have_modules_beside_them() {
    let targets =
        "build = \"build.rs\"\n\n[lib]\npath = \"lib.rs\"\n\n[[bin]]\nname = \"app\"\npath = \"./main.rs\"\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("app", targets)),
        ("build.rs", "mod helper;\nfn main() {\n    helper::help();\n}\n"),
        ("helper/mod.rs", "pub fn help() {}\n"),
        ("lib.rs", "mod deep;\npub use deep::inner::ONE;\n"),
        ("deep.rs", "pub mod inner;\n"),
        ("deep/inner.rs", "pub const ONE: u32 = 1;\n"),
        ("main.rs", "mod util;\nfn main() {\n    println!(\"{}{}\", app::ONE, util::TWO);\n}\n"),
        ("util.rs", "pub const TWO: u32 = 2;\n"),
        ("notes/a.rs", ""),
        ("notes.md", ""),
    ]);
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    let stages = Stages::build(project.path()).unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(stages.run("app").stdout, "12\n");
    let mut sent = Stages::sent(project.path());
    sent.retain(|path| !path.starts_with("larder/"));
    let read = ["build.rs", "deep.rs", "deep/inner.rs", "helper/mod.rs", "lib.rs", "main.rs", "util.rs"];
    assert_eq!(sent, [&["Cargo.lock", "Cargo.toml"][..], &read].concat());
    let Some(sources) = crate::nix::sources(project.path()) else { return };
    let mut found: Vec<String> = serde_json::from_value(sources["release"]["application"].clone()).unwrap();
    found.sort();
    assert_eq!(found, sent);
}
