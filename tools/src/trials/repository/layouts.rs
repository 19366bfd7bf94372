//! Repositories by how their files lie: targets at paths of their own, names that a shell would take apart, and files
//! that several members read.

use super::{Image, PLAIN, RepositoryFolder, TrialRepository, package};

/// All of them.
pub(super) fn all() -> Vec<TrialRepository> {
    vec![
        TrialRepository {
            name: "explicit-targets",
            kind: "a package whose targets, build script included, are at paths of their own",
            write: explicit_targets,
            image: Image::Says { args: &[], output: "tool 2 built" },
            ..PLAIN
        },
        TrialRepository {
            name: "odd-names",
            kind: "folders with spaces, a program named unlike its package, and a renamed dependency",
            write: odd_names,
            image: Image::Says { args: &["it's"], output: "odd 11 it's" },
            ..PLAIN
        },
        TrialRepository {
            name: "sibling-files",
            kind: "members that read files at the root and in folders of one another",
            write: sibling_files,
            image: Image::Says { args: &[], output: "words schema 8" },
            ..PLAIN
        },
    ]
}

/// cargo wants a file for each target that the manifest names, whether it is built or not.
fn explicit_targets(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    let manifest = package(
        "tool",
        r#"build = "build/main.rs"
autobins = false

[lib]
path = "library/root.rs"

[[bin]]
name = "tool"
path = "programs/tool.rs"

[[bench]]
name = "speed"
harness = false

[[example]]
name = "show"
path = "docs/show.rs"

[[test]]
name = "whole"
path = "checks/whole.rs"

[dependencies]
itoa = "1"

[build-dependencies]
cfg-if = "1"
"#,
    );
    folder.write_all(&[
        ("Cargo.toml", &manifest),
        (".gitignore", "/target\n"),
        (
            "build/main.rs",
            "mod word;\n\nfn main() {\n    cfg_if::cfg_if! { if #[cfg(unix)] { word::print(); } }\n}\n",
        ),
        ("build/word.rs", "pub fn print() {\n    println!(\"cargo::rustc-env=WORD=built\");\n}\n"),
        ("library/root.rs", "pub mod part;\n"),
        (
            "library/part.rs",
            "pub fn text(number: u8) -> String {\n    itoa::Buffer::new().format(number).to_owned()\n}\n",
        ),
        (
            "programs/tool.rs",
            "mod two;\n\nfn main() {\n    println!(\"tool {} {}\", two::text(), env!(\"WORD\"));\n}\n",
        ),
        ("programs/two.rs", "pub fn text() -> String {\n    tool::part::text(2)\n}\n"),
        ("benches/speed.rs", "fn main() {}\n"),
        ("docs/show.rs", "fn main() {}\n"),
        ("checks/whole.rs", "#[test]\nfn whole() {}\n"),
    ])
}

fn odd_names(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write_all(&[
        ("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"my app\", \"a $HOME lib\"]\n"),
        (".gitignore", "/target\n"),
        (
            "my app/Cargo.toml",
            &package(
                "the-package",
                "\n[[bin]]\nname = \"the_program\"\npath = \"src/main.rs\"\n\n[dependencies]\n\
                 library = { path = \"../a $HOME lib\" }\n",
            ),
        ),
        (
            "my app/src/main.rs",
            "fn main() {\n    println!(\"odd {} {}\", library::text(11), std::env::args().nth(1).unwrap_or_default());\n}\n",
        ),
        (
            "a $HOME lib/Cargo.toml",
            &package("library", "\n[dependencies]\nnumbers = { package = \"itoa\", version = \"1\" }\n"),
        ),
        (
            "a $HOME lib/src/lib.rs",
            "pub fn text(number: u8) -> String {\n    numbers::Buffer::new().format(number).to_owned()\n}\n",
        ),
    ])
}

fn sibling_files(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write("shared/words.txt", "words")?;
    folder.write_all(&[
        ("Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"crates/app\", \"crates/data\"]\n"),
        (".gitignore", "target\n"),
        (
            "crates/app/Cargo.toml",
            &package("app", "\n[dependencies]\nitoa = \"1\"\n"),
        ),
        (
            "crates/app/src/main.rs",
            "const WORDS: &str = include_str!(\"../../../shared/words.txt\");\nconst SCHEMA: &str = include_str!(\"../../data/schema.sql\");\n\nfn main() {\n    println!(\"{WORDS} {SCHEMA} {}\", itoa::Buffer::new().format(8));\n}\n",
        ),
        ("crates/data/Cargo.toml", &package("data", "")),
        ("crates/data/schema.sql", "schema"),
        ("crates/data/src/lib.rs", "pub const SCHEMA: &str = include_str!(\"../schema.sql\");\n"),
    ])
}
