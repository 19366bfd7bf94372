//! Repositories by what they are made of: packages of other workspaces, sources in the repository, files that are
//! read while compiling, a target of their own, and a lock file that git ignores.

use super::{Image, PLAIN, RepositoryFolder, TrialRepository, package};

/// All of them.
pub(super) fn all() -> Vec<TrialRepository> {
    vec![
        TrialRepository {
            name: "out-of-tree",
            kind: "path dependencies outside of the workspace's folder, in a workspace of their own",
            write: out_of_tree,
            workspace: "app",
            image: Image::Says { args: &[], output: "alpha beta 5" },
            ..PLAIN
        },
        TrialRepository {
            name: "third-party-suite",
            kind: "path dependencies inside of the workspace's folder that are members of another workspace",
            write: third_party_suite,
            image: Image::Says { args: &[], output: "alpha beta 5" },
            ..PLAIN
        },
        TrialRepository {
            name: "vendored",
            kind: "the output of `cargo vendor`, committed",
            write: vendored,
            image: Image::Says { args: &[], output: "vendored 9" },
            ..PLAIN
        },
        TrialRepository {
            name: "configured-target",
            kind: "a target, flags and a target directory in `.cargo/config.toml`",
            write: configured_target,
            image: Image::Says { args: &[], output: "for x86_64 6" },
            ..PLAIN
        },
        TrialRepository {
            name: "parent-config",
            kind: "flags and a profile in the `.cargo/config.toml` of the repository above the workspace",
            write: parent_config,
            workspace: "backend",
            image: Image::Says { args: &[], output: "from above 12" },
            ..PLAIN
        },
        TrialRepository {
            name: "included-files",
            kind: "`include_str!` and `include_bytes!` of files at the root, and a build script that reads one",
            write: included_files,
            image: Image::Says { args: &[], output: "# Read me / 5 / en" },
            ..PLAIN
        },
        TrialRepository {
            name: "ignored-lock",
            kind: "a `Cargo.lock` that git ignores, as old templates had it",
            write: ignored_lock,
            image: Image::Says { args: &[], output: "unlocked 4" },
            ..PLAIN
        },
    ]
}

/// `alpha` and `beta` take their edition and a dependency from the root of their own workspace.
fn suite(folder: &RepositoryFolder<'_>, at: &str) -> anyhow::Result<()> {
    folder.write(
        &format!("{at}/Cargo.toml"),
        "[workspace]\nresolver = \"2\"\nmembers = [\"alpha\", \"beta\"]\n\n[workspace.package]\nedition = \"2021\"\n\n\
         [workspace.dependencies]\nitoa = \"1\"\n",
    )?;
    folder.write(&format!("{at}/alpha/Cargo.toml"), &manifest("alpha", "beta = { path = \"../beta\" }"))?;
    folder.write(
        &format!("{at}/alpha/src/lib.rs"),
        "pub fn text() -> String {\n    format!(\"alpha {}\", beta::text())\n}\n",
    )?;
    folder.write(&format!("{at}/beta/Cargo.toml"), &manifest("beta", "itoa = { workspace = true }"))?;
    folder.write(
        &format!("{at}/beta/src/lib.rs"),
        "pub fn text() -> String {\n    format!(\"beta {}\", itoa::Buffer::new().format(5))\n}\n",
    )
}

fn manifest(name: &str, dependency: &str) -> String {
    format!(
        "[package]\nname = \"{name}\"\nversion = \"0.1.0\"\nedition.workspace = true\n\n[dependencies]\n{dependency}\n"
    )
}

const CALLS_ALPHA: &str = "fn main() {\n    println!(\"{}\", alpha::text());\n}\n";

fn out_of_tree(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    suite(folder, "suite")?;
    folder.write(".gitignore", "target\n")?;
    // The context is the user's to choose: it decides what Docker is shown.
    let docker = "\n[package.metadata.larder.docker]\ncontext = \"..\"\n";
    folder.write_all(&[
        (
            "app/Cargo.toml",
            &package("app", &format!("\n[dependencies]\nalpha = {{ path = \"../suite/alpha\" }}\n{docker}")),
        ),
        ("app/src/main.rs", CALLS_ALPHA),
    ])
}

fn third_party_suite(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    suite(folder, "third/suite")?;
    folder.write_all(&[
        ("Cargo.toml", &package("app", "\n[dependencies]\nalpha = { path = \"third/suite/alpha\" }\n")),
        (".gitignore", "target\n"),
        ("src/main.rs", CALLS_ALPHA),
    ])
}

fn vendored(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write_all(&[
        ("Cargo.toml", &package("app", "\n[dependencies]\ncfg-if = \"1\"\nitoa = \"1\"\n")),
        (".gitignore", "/target\n"),
        (
            "src/main.rs",
            "cfg_if::cfg_if! {\n    if #[cfg(unix)] {\n        const WORD: &str = \"vendored\";\n    } else {\n        const WORD: &str = \"?\";\n    }\n}\n\nfn main() {\n    println!(\"{WORD} {}\", itoa::Buffer::new().format(9));\n}\n",
        ),
    ])?;
    let config = folder.cargo(&["vendor", "--locked", "third-party/crates"])?;
    folder.write(".cargo/config.toml", &config)
}

fn configured_target(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write_all(&[
        ("Cargo.toml", &package("app", "\n[dependencies]\nitoa = \"1\"\n")),
        (".gitignore", "/build\n/target\n"),
        (
            ".cargo/config.toml",
            "[build]\ntarget = \"x86_64-unknown-linux-gnu\"\ntarget-dir = \"build/cargo\"\n\n\
             [target.x86_64-unknown-linux-gnu]\nrustflags = [\"-Ctarget-cpu=x86-64-v2\", \"--cfg=tuned\"]\n\n\
             [net]\nretry = 3\n",
        ),
        (
            "src/main.rs",
            "#![allow(unexpected_cfgs)]\n\nfn main() {\n    let word = if cfg!(tuned) { \"for x86_64\" } else { \"untuned\" };\n    println!(\"{word} {}\", itoa::Buffer::new().format(6));\n}\n",
        ),
    ])
}

/// cargo reads the configuration of every folder above, and so does the build in the image.
fn parent_config(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write_all(&[
        (
            ".cargo/config.toml",
            "[build]\nrustflags = [\"--cfg=above\"]\n\n[profile.release]\nopt-level = 1\n\n[env]\nGREETING = \"from above\"\n",
        ),
        (".gitignore", "target\n"),
        ("backend/Cargo.toml", &package("app", "\n[dependencies]\nitoa = \"1\"\n")),
        (
            "backend/src/main.rs",
            "#![allow(unexpected_cfgs)]\n\nfn main() {\n    let word = if cfg!(above) { env!(\"GREETING\") } else { \"from nowhere\" };\n    println!(\"{word} {}\", itoa::Buffer::new().format(12));\n}\n",
        ),
    ])
}

fn included_files(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write("README.md", "# Read me\n")?;
    folder.write("data/logo.bin", "12345")?;
    folder.write("locales/default.txt", "en")?;
    folder.write_all(&[
        ("Cargo.toml", &package("app", "build = \"build.rs\"\n\n[dependencies]\nitoa = \"1\"\n")),
        (".gitignore", "/target\n"),
        (
            "build.rs",
            "fn main() {\n    println!(\"cargo::rerun-if-changed=locales/default.txt\");\n    let language = std::fs::read_to_string(\"locales/default.txt\").unwrap();\n    println!(\"cargo::rustc-env=LANGUAGE={language}\");\n}\n",
        ),
        (
            "src/main.rs",
            "const README: &str = include_str!(\"../README.md\");\nconst LOGO: &[u8] = include_bytes!(\"../data/logo.bin\");\n\nfn main() {\n    let mut buffer = itoa::Buffer::new();\n    println!(\"{} / {} / {}\", README.trim(), buffer.format(LOGO.len()), env!(\"LANGUAGE\"));\n}\n",
        ),
    ])
}

fn ignored_lock(folder: &RepositoryFolder<'_>) -> anyhow::Result<()> {
    folder.write_all(&[
        ("Cargo.toml", &package("app", "\n[dependencies]\nitoa = \"1\"\n")),
        (".gitignore", "# Generated\n/target\nCargo.lock\n"),
        ("src/main.rs", "fn main() {\n    println!(\"unlocked {}\", itoa::Buffer::new().format(4));\n}\n"),
    ])
}
