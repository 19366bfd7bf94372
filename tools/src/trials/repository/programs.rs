//! Repositories by what they ship: several programs, a library alone, a workspace of ten members, and workspaces
//! whose members are found by pattern or are tools of the repository itself.

use super::{Image, PLAIN, RepositoryFolder, TrialRepository, package};

/// All of them.
pub(super) fn all() -> Vec<TrialRepository> {
    vec![
        TrialRepository {
            name: "several-binaries",
            kind: "three programs, one of them behind a feature and one by default",
            write: several_binaries,
            image: Image::Says { args: &[], output: "app 1" },
            ..PLAIN
        },
        TrialRepository {
            name: "library-alone",
            kind: "a library, and no program",
            write: library_alone,
            image: Image::Refused { words: "nothing to put into an image" },
            ..PLAIN
        },
        TrialRepository {
            name: "ten-members",
            kind: "a workspace of ten members in layers, one of them a procedural macro, one with a build script",
            write: ten_members,
            image: Image::Says { args: &[], output: "10 of 10" },
            ..PLAIN
        },
        TrialRepository {
            name: "member-globs",
            kind: "members by the pattern `*`, which takes in every folder at the root",
            write: member_globs,
            image: Image::Says { args: &[], output: "globbed 7" },
            ..PLAIN
        },
        TrialRepository {
            name: "xtask",
            kind: "an application with an `xtask` member and the alias for it",
            write: xtask,
            image: Image::Says { args: &[], output: "server 8080" },
            ..PLAIN
        },
        TrialRepository {
            name: "nested-workspace",
            kind: "a workspace in a folder of a larger repository, with another one nested in it",
            write: nested_workspace,
            workspace: "backend",
            image: Image::Says { args: &[], output: "backend 3" },
            ..PLAIN
        },
    ]
}

fn several_binaries(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    let manifest = package(
        "app",
        r#"default-run = "app"

[features]
admin = ["dep:cfg-if"]

[[bin]]
name = "app"
path = "src/main.rs"

[[bin]]
name = "worker"
path = "src/bin/worker.rs"

[[bin]]
name = "admin"
path = "src/bin/admin.rs"
required-features = ["admin"]

[dependencies]
cfg-if = { version = "1", optional = true }
itoa = "1"

[profile.release]
lto = "thin"
strip = true
"#,
    );
    let [app, worker] = ["app", "worker"].map(|name| {
        format!("fn main() {{\n    println!(\"{name} {{}}\", itoa::Buffer::new().format(1));\n}}\n")
    });
    folder.write_all(&[
        ("Cargo.toml", &manifest),
        (".gitignore", "/target\n"),
        ("src/main.rs", &app),
        ("src/bin/worker.rs", &worker),
        (
            "src/bin/admin.rs",
            "fn main() {\n    cfg_if::cfg_if! { if #[cfg(unix)] { println!(\"unix\") } }\n}\n",
        ),
    ])
}

fn library_alone(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write_all(&[
        (
            "Cargo.toml",
            &package("units", "\n[dependencies]\nitoa = \"1\"\n\n[dev-dependencies]\ncfg-if = \"1\"\n"),
        ),
        (".gitignore", "/target\n"),
        (
            "src/lib.rs",
            "pub fn text(number: u8) -> String {\n    itoa::Buffer::new().format(number).to_owned()\n}\n",
        ),
        ("tests/text.rs", "#[test]\nfn one() {\n    assert_eq!(units::text(1), \"1\");\n}\n"),
        ("examples/two.rs", "fn main() {\n    println!(\"{}\", units::text(2));\n}\n"),
    ])
}

/// `part-1` to `part-8` stand on one another; the program adds them up.
fn ten_members(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write(
        "Cargo.toml",
        r#"# Ten members, dependencies from one place.
[workspace]
resolver = "2"
members = ["app", "crates/*", "derive"]

[workspace.package]
version = "0.3.0"
edition = "2021"

[workspace.dependencies]
cfg-if = "1"
derive = { path = "derive" }
itoa = "1"
quote = "1"

[profile.release]
codegen-units = 1
"#,
    )?;
    folder.write(".gitignore", "target/\n")?;
    let own = "version.workspace = true\nedition.workspace = true\n";
    for number in 1..=8 {
        let below = match number {
            1 => "itoa = { workspace = true }\n".to_owned(),
            _ => format!("part-{0} = {{ path = \"../part-{0}\" }}\n", number - 1),
        };
        let manifest = format!("[package]\nname = \"part-{number}\"\n{own}\n[dependencies]\n{below}");
        let text = match number {
            1 => "pub fn count() -> usize {\n    itoa::Buffer::new().format(3).len()\n}\n".to_owned(),
            _ => format!("pub fn count() -> usize {{\n    part_{}::count() + 1\n}}\n", number - 1),
        };
        folder.write(&format!("crates/part-{number}/Cargo.toml"), &manifest)?;
        folder.write(&format!("crates/part-{number}/src/lib.rs"), &text)?;
    }
    let derive = "\n[lib]\nproc-macro = true\n\n[dependencies]\nquote.workspace = true\n";
    let app = "\n[dependencies]\ncfg-if.workspace = true\nderive.workspace = true\npart-8 = { path = \"../crates/part-8\" }\n";
    folder.write_all(&[
        ("derive/Cargo.toml", &format!("[package]\nname = \"derive\"\n{own}{derive}")),
        (
            "derive/src/lib.rs",
            "#[proc_macro]\npub fn two(_: proc_macro::TokenStream) -> proc_macro::TokenStream {\n    quote::quote!(2usize).into()\n}\n",
        ),
        ("app/Cargo.toml", &format!("[package]\nname = \"app\"\n{own}{app}")),
        ("app/build.rs", "fn main() {\n    println!(\"cargo::rustc-env=OF=10\");\n}\n"),
        (
            "app/src/main.rs",
            "cfg_if::cfg_if! {\n    if #[cfg(unix)] {\n        const OF: &str = env!(\"OF\");\n    } else {\n        const OF: &str = \"?\";\n    }\n}\n\nfn main() {\n    println!(\"{} of {OF}\", part_8::count() + derive::two!());\n}\n",
        ),
    ])
}

fn member_globs(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write_all(&[
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"2\"\nmembers = [\"*\"]\nexclude = [\".git\", \"target\"]\n",
        ),
        (".gitignore", "target\n"),
        ("app/Cargo.toml", &package("app", "\n[dependencies]\nlibrary = { path = \"../library\" }\n")),
        ("app/src/main.rs", "fn main() {\n    println!(\"globbed {}\", library::text(7));\n}\n"),
        ("library/Cargo.toml", &package("library", "\n[dependencies]\nitoa = \"1\"\n")),
        (
            "library/src/lib.rs",
            "pub fn text(number: u8) -> String {\n    itoa::Buffer::new().format(number).to_owned()\n}\n",
        ),
    ])
}

fn xtask(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write_all(&[
        (
            "Cargo.toml",
            "[workspace]\nresolver = \"2\"\nmembers = [\"server\", \"xtask\"]\ndefault-members = [\"server\"]\n",
        ),
        (".gitignore", "/target\n"),
        (".cargo/config.toml", "[alias]\nxtask = \"run --package xtask --\"\n"),
        ("server/Cargo.toml", &package("server", "\n[dependencies]\nitoa = \"1\"\n")),
        (
            "server/src/main.rs",
            "fn main() {\n    println!(\"server {}\", itoa::Buffer::new().format(8080));\n}\n",
        ),
        ("xtask/Cargo.toml", &package("xtask", "publish = false\n\n[dependencies]\ncfg-if = \"1\"\n")),
        ("xtask/src/main.rs", "fn main() {\n    cfg_if::cfg_if! { if #[cfg(unix)] { println!(\"unix\") } }\n}\n"),
    ])
}

fn nested_workspace(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write("README.md", "# A front end in another language, and a back end\n")?;
    folder.write("frontend/package.json", "{ \"private\": true }\n")?;
    folder.write_all(&[
        (
            "backend/Cargo.toml",
            "[workspace]\nresolver = \"2\"\nmembers = [\"api\"]\nexclude = [\"tools/generator\"]\n",
        ),
        ("backend/.gitignore", "target\n"),
        ("backend/api/Cargo.toml", &package("api", "\n[dependencies]\nitoa = \"1\"\n")),
        (
            "backend/api/src/main.rs",
            "fn main() {\n    println!(\"backend {}\", itoa::Buffer::new().format(3));\n}\n",
        ),
        (
            "backend/tools/generator/Cargo.toml",
            &package("generator", "\n[workspace]\n\n[dependencies]\ncfg-if = \"1\"\n"),
        ),
        ("backend/tools/generator/src/main.rs", "fn main() {}\n"),
    ])
}
