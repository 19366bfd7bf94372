//! The things that users name in images: paths with spaces and other signs mean themselves in what is generated, and
//! what could mean anything else is refused. The stages of generated Dockerfiles are done in folders with the real
//! cargo.

use larder_tests::{Project, Stages, Surroundings, package, write_program};

const ITOA: &str = "\n[dependencies]\nitoa = \"=1.0.14\"\n";
const MAIN: &str = "fn main() {\n    println!(\"{}\", itoa::Buffer::new().format(7));\n}\n";

/// The workspace, its members, what lies beside it and what its configuration names.
#[test]
fn paths_with_spaces_and_signs() {
    const ROOT: &str = "my $ites/the 'one'";
    let root = format!("{ROOT}/Cargo.toml");
    let member = format!("{ROOT}/the app [new]");
    let app = "itoa = \"=1.0.14\"\nbeta = { path = \"../../../shared parts/beta\" }\n";
    let project = Project::without_lock(&[
        ("Cargo.toml", ""),
        (
            &root,
            "[workspace]\nmembers = [\"the app [[]new]\"]\nresolver = \"2\"\n\n\
             [workspace.metadata.larder.docker]\ncontext = \"../..\"\n",
        ),
        (&format!("{member}/Cargo.toml"), &package("app", &format!("\n[dependencies]\n{app}"))),
        (
            &format!("{member}/src/main.rs"),
            "fn main() {\n    println!(\"{}{}\", itoa::Buffer::new().format(7), beta::ONE);\n}\n",
        ),
        (
            &format!("{ROOT}/.cargo/config.toml"),
            "[build]\nrustc-wrapper = \"./tools and more/wrap\"\ntarget-dir = \"the target\"\n",
        ),
        ("shared parts/beta/Cargo.toml", &package("beta", "\n[workspace]\n")),
        ("shared parts/beta/src/lib.rs", "pub const ONE: u32 = 1;\n"),
    ]);
    let site = project.path().join(ROOT);
    write_program(site.join("tools and more/wrap"), "#!/bin/sh\nexec \"$@\"\n");
    let surroundings = Surroundings::get();
    surroundings.run(std::path::Path::new("cargo"), &site, &["generate-lockfile", "--quiet"], &[]).ok();
    surroundings.larder(&site, &["lock"]).ok();
    surroundings.larder(&site, &["dockerfile"]).ok();
    surroundings.larder(&site, &["dockerfile", "--check"]).ok();
    let dockerfile = project.read("Dockerfile");
    assert!(dockerfile.contains("\nWORKDIR /app/my \\$ites/the \\'one\\'\n"), "{dockerfile}");
    let stages = Stages::build(project.path()).unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(stages.compiled("builder"), ["beta", "app"]);
    assert_eq!(stages.run("app").stdout, "71\n");
    let list = project.read(".dockerignore");
    assert!(list.contains("\n!my $ites/the 'one'/the app \\[new\\]\n"), "{list}");
}

/// cargo builds in folders called `target`, and projects have sources in others of that name.
#[test]
fn sources_in_folders_called_target() {
    let app = format!("{ITOA}target = {{ path = \"parts/target\" }}\n\n[workspace]\n\n");
    let docker = "[package.metadata.larder.docker]\ninclude = [\"assets/target/logo\"]\n";
    let main = "mod target;\nfn main() {\n    println!(\"{}{}{}\", itoa::Buffer::new().format(7), \
                target::ONE, include_str!(\"../assets/target/logo\"));\n    target::more::all();\n}\n";
    let project = Project::new(&[
        ("Cargo.toml", &package("app", &format!("{app}{docker}"))),
        ("src/main.rs", main),
        ("src/target/mod.rs", "pub mod more;\npub const ONE: u32 = ::target::ONE;\n"),
        ("src/target/more.rs", "pub fn all() {}\n"),
        ("src/target/.env", "PRIVATE=1\n"),
        ("assets/target/logo", "L"),
        ("assets/target/other", ""),
        ("parts/target/Cargo.toml", &package("target", "")),
        ("parts/target/src/lib.rs", "pub const ONE: u32 = 1;\n"),
    ]);
    // A file that a build leaves in a package is none of its sources.
    project.write("parts/target/target/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc55\n");
    project.write("parts/target/target/release/object", "");
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    let stages = Stages::build(project.path()).unwrap_or_else(|said| panic!("{said}"));
    assert_eq!(stages.run("app").stdout, "71L\n");
    for left_out in ["src/target/.env", "assets/target/other", "target/debug"] {
        assert!(!stages.path("/app").join(left_out).exists(), "{left_out}");
    }
}

/// Each would end a line, and begin an instruction or a command of its own.
#[test]
fn words_that_could_mean_something_else() {
    let project = Project::new(&[("Cargo.toml", &package("app", ITOA)), ("src/main.rs", MAIN)]);
    for (fields, named) in [
        ("env = { A = \"x\\nRUN evil\" }", "the variable A: its value holds a control character"),
        (
            "env = { \"A=1; evil; B\" = \"x\" }",
            "variable \"A=1; evil; B\" has characters that no recipe can hold",
        ),
        ("rustflags = [\"-Clink-arg=\\u0007\"]", "it holds a control character"),
        (
            "args = [\"build\", \"--release\", \"--config\", \"env.X='''\\nRUN evil'''\"]",
            "it holds a control character",
        ),
    ] {
        assert_refused(&project, &with_slice(fields), named);
    }
    assert_refused(
        &project,
        &package("app", &format!("{ITOA}\n[[bin]]\nname = \"app\\nRUN evil\"\npath = \"src/main.rs\"\n")),
        "no image can be built with the path \"app\\nRUN evil\"",
    );
    project.write("parts\nRUN evil/Cargo.toml", &package("beta", ""));
    project.write("parts\nRUN evil/src/lib.rs", "");
    let beta = "beta = { path = \"parts\\nRUN evil\" }\n\n[workspace]\n";
    assert_refused(
        &project,
        &package("app", &format!("{ITOA}{beta}")),
        "no image can be built with the path \"parts\\nRUN evil\"",
    );
}

/// The manifest of a program whose release is a slice with these fields.
fn with_slice(fields: &str) -> String {
    let slice = "\n[package.metadata.larder.slices.release]\nvariant = \"release\"\n";
    let args = if fields.contains("args") { "" } else { "args = [\"build\", \"--release\"]\n" };
    package("app", &format!("{ITOA}{slice}{args}{fields}\n"))
}

fn assert_refused(project: &Project, manifest: &str, named: &str) {
    project.write("Cargo.toml", manifest);
    let lock = project.larder(&["lock"]);
    let outcome = if lock.code == 0 { project.larder(&["dockerfile"]) } else { lock };
    assert!(outcome.code == 1 && outcome.stderr.contains(named), "{manifest}\n{outcome:?}");
    assert!(!project.path().join("Dockerfile").exists(), "{manifest}");
}

/// The members that the halves of a Leptos project copy one by one, with stand-ins for those that come later.
#[test]
fn members_with_spaces_in_halves() {
    let library = "\n[lib]\ncrate-type = [\"cdylib\", \"rlib\"]\n\n[dependencies]\nmodel = { path = \"../the model\" }\n";
    let server = "\n[features]\nssr = []\n\n[dependencies]\nmodel = { path = \"../the model\" }\n";
    let project = Project::new(&[
        (
            "Cargo.toml",
            "[workspace]\nmembers = [\"the front\", \"the model\", \"the server\"]\nresolver = \"3\"\n\n[[workspace.metadata.leptos]]\nname = \"site\"\n\
             bin-package = \"server\"\nlib-package = \"front\"\nassets-dir = \"the assets\"\n",
        ),
        ("the assets/logo", ""),
        ("the front/Cargo.toml", &package("front", library)),
        ("the front/src/lib.rs", ""),
        ("the model/Cargo.toml", &package("model", "")),
        ("the model/src/lib.rs", ""),
        ("the server/Cargo.toml", &package("server", server)),
        ("the server/src/main.rs", "fn main() {}\n"),
    ]);
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    let dockerfile = project.read("Dockerfile");
    for line in [
        r#"COPY ["the assets/", "the assets/"]"#,
        r#"COPY ["the model/", "the model/"]"#,
        r#"COPY ["the server/Cargo.toml", "the server/"]"#,
    ] {
        assert!(dockerfile.contains(&format!("\n{line}\n")), "{line}\n{dockerfile}");
    }
    assert!(!dockerfile.contains("COPY the"), "{dockerfile}");
}
