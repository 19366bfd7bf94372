//! Every check on facts that are made up: one machine with nothing wrong, and then one thing wrong at a time.

use std::{fmt::Write as _, time::Duration};

use super::{
    super::facts::{
        Buildx, CargoFacts, Direnv, DockerFacts, FilledFolder, GitFacts, NixFacts, Personal, Rustflags,
        SettingPlace, Speed, StoreFacts, ToolFacts, UnitSettings, Workflow,
    },
    ALL,
};
use crate::{
    docker::needs::Lacking,
    doctor::{
        Facts,
        finding::Verdict::{self, Ok as Good, Problem, Skipped, Warning},
    },
    git::Tracked,
    init::rust_analyzer::Told,
    recipe::lock,
    sccache::Figures,
    slice::driver::Driver,
    tuning::Known,
};

const TUNED: &str = "\
[profile.dev]
debug = \"line-tables-only\"

[profile.dev.package.\"*\"]
debug = false

[profile.dev.package.crc32fast]
opt-level = 3
";

const WORKFLOW: &str = "\
env:
  CARGO_INCREMENTAL: 0
steps:
  - uses: actions/cache/restore@v4
    with:
      path: target
  - run: cargo build
";

/// A machine and a workspace that every check is content with.
fn healthy() -> Facts {
    let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Facts {
        root: "/project/app".into(),
        installer: Some("apt-get".into()),
        manifest: TUNED.parse().unwrap(),
        known: Known { packages: own(&["crc32fast", "serde"]), ..Known::default() },
        cargo: Ok(CargoFacts {
            incremental_variable: None,
            incremental_off: None,
            in_ci: false,
            rustflags: Ok(Rustflags::default()),
            crates_io_by_git: None,
            registries_by_git: vec![],
            wrappers: vec![],
            missing_programs: vec![],
            missing_in_image: vec![],
        }),
        linker: Ok("LLD 21.1.0 (compatible with GNU linkers)".into()),
        tools: Ok(ToolFacts {
            rustc: Ok("rustc 1.97.1 (8bab26f4f 2026-07-14)".into()),
            wanted_rustc: Some(("app".into(), "1.95".into())),
            locked_wasm_bindgen: Some("0.2.129".into()),
            wasm_bindgen: Ok("wasm-bindgen 0.2.129".into()),
            is_leptos: true,
            cargo_leptos: Ok("cargo-leptos 0.3.9".into()),
            tailwind: Some(("4.2.1".into(), Ok("≈ tailwindcss v4.1.0".into()))),
            missing_targets: Ok(vec![]),
            unknown_targets: vec![],
        }),
        git: Ok(GitFacts {
            cargo_lock: Ok(Tracked::Clean),
            recipes: Ok(Tracked::Clean),
            flake: Ok(Tracked::Clean),
            config: Ok(Tracked::Clean),
        }),
        lock_fits: Ok(true),
        drivers: vec![],
        analyzer: Told::Apart,
        empty_slices: vec![],
        recipes: Ok(Some(vec![])),
        generated: Ok(Some(vec![])),
        image_needs: Ok(Some(Lacking::default())),
        image_settings: Vec::new(),
        docker: Ok(DockerFacts {
            client: Ok(Buildx::Plugin("github.com/docker/buildx v0.29.1".into())),
            engine: Ok("28.5.1".into()),
            buildkit: Ok("v0.28.1".into()),
            switched_off: false,
        }),
        uses_docker: true,
        nix: Ok(NixFacts {
            version: "nix (Nix) 2.34.7".into(),
            features: Ok(vec!["flakes".into(), "nix-command".into()]),
        }),
        uses_nix: true,
        direnv: Some(Direnv {
            installed: true,
            loaded: Some("/project/app".into()),
            shell: "bash".into(),
            hook: Some(("~/.bashrc".into(), true)),
        }),
        places: Ok([
            ("target directory", roomy_folder("/project/app/target")),
            ("cargo's home", roomy_folder("/project/cargo")),
        ]
        .into()),
        future: Ok(vec![]),
        speed: Ok(Speed { write: Duration::from_micros(12), read: Duration::from_micros(3) }),
        workflows: vec![workflow(".github/workflows/ci.yml", WORKFLOW)],
        store: Ok(Some(StoreFacts {
            folder: "/project/store".into(),
            writable: Ok(()),
            free: Ok(50_400_000_000),
            ahead: Ok(0),
            compilers: vec![],
            compiler: "rustc 1.97.1 (8bab26f4f 2026-07-14)".into(),
            remote: Some(("https://units.example".into(), Ok(()))),
        })),
        sccache: Some(Figures { requests: 9, hits: 7, misses: 2, ..Figures::default() }),
        unit_settings: Ok(UnitSettings::default()),
    }
}

fn workflow(name: &str, text: &str) -> Workflow {
    Workflow { name: name.into(), text: text.into() }
}

fn trunk() -> Driver {
    Driver {
        told_by: "Trunk.toml".into(),
        program: "trunk",
        command: "trunk build --release",
        folder: "".into(),
    }
}

type Case = (&'static str, &'static str, Verdict, fn(&mut Facts));

fn cargo(facts: &mut Facts) -> &mut CargoFacts {
    facts.cargo.as_mut().unwrap()
}

fn tools(facts: &mut Facts) -> &mut ToolFacts {
    facts.tools.as_mut().unwrap()
}

fn docker(facts: &mut Facts, change: impl FnOnce(&mut DockerFacts)) {
    change(facts.docker.as_mut().unwrap());
}

fn lacking(facts: &mut Facts, change: impl FnOnce(&mut Lacking)) {
    change(facts.image_needs.as_mut().unwrap().as_mut().unwrap());
}

fn nix(facts: &mut Facts, change: impl FnOnce(&mut NixFacts)) {
    change(facts.nix.as_mut().unwrap());
}

fn git(facts: &mut Facts, change: impl FnOnce(&mut GitFacts)) {
    change(facts.git.as_mut().unwrap());
}

fn direnv(facts: &mut Facts, change: impl FnOnce(&mut Direnv)) {
    change(facts.direnv.as_mut().unwrap());
}

fn roomy_folder(path: &str) -> FilledFolder {
    FilledFolder { path: path.into(), free: Ok(50_400_000_000), file_system: Ok("ext4".into()) }
}

fn folder(facts: &mut Facts, change: impl FnOnce(&mut FilledFolder)) {
    change(facts.places.as_mut().unwrap().get_mut("target directory").unwrap());
}

fn flags(facts: &mut Facts, variables: &[&str], configured: &str) {
    let variables = variables.iter().map(|&name| name.to_owned()).collect();
    cargo(facts).rustflags = Ok(Rustflags { variables, configured: configured.into() });
}

fn manifest(facts: &mut Facts, text: &str) {
    facts.manifest = text.parse().unwrap();
}

fn store(facts: &mut Facts) -> &mut StoreFacts {
    facts.store.as_mut().unwrap().as_mut().unwrap()
}

fn personal(facts: &mut Facts, name: &str, file: Option<&str>) {
    let setting = Personal { name: name.into(), file: file.map(Into::into) };
    facts.unit_settings.as_mut().unwrap().personal.push(setting);
}

#[rustfmt::skip]
const CASES: &[Case] = &[
    ("cargo-lock", "it does not fit", Problem, |f| f.lock_fits = Ok(false)),
    ("cargo-lock", "cargo cannot tell", Skipped, |f| f.lock_fits = Err("no network".into())),
    ("cargo-lock", "changed", Warning, |f| git(f, |g| g.cargo_lock = Ok(Tracked::Modified))),
    ("cargo-lock", "untracked", Problem, |f| git(f, |g| g.cargo_lock = Ok(Tracked::Untracked))),
    ("cargo-lock", "ignored", Problem, |f| git(f, |g| g.cargo_lock = Ok(Tracked::Ignored))),
    ("cargo-lock", "no repository", Good, |f| f.git = Err("the workspace is in no git repository".into())),
    ("recipes", "stale", Problem, |f| f.recipes = Ok(Some(vec![lock::RecipeFinding::Stale("slice `release`: its external units changed".into())]))),
    ("recipes", "two findings", Problem, |f| f.recipes = Ok(Some(vec![lock::RecipeFinding::Stale("a was edited".into()), lock::RecipeFinding::Unproven("b".into())]))),
    ("recipes", "none", Warning, |f| f.recipes = Ok(None)),
    ("recipes", "not planned", Skipped, |f| f.recipes = Err("cargo cannot plan".into())),
    ("slices", "another driver", Warning, |f| f.drivers = vec![trunk()]),
    ("slices", "an empty one", Warning, |f| f.empty_slices = vec!["release".into()]),
    ("recipes-committed", "untracked", Problem, |f| git(f, |g| g.recipes = Ok(Tracked::Untracked))),
    ("recipes-committed", "ignored", Problem, |f| git(f, |g| g.recipes = Ok(Tracked::Ignored))),
    ("recipes-committed", "changed", Warning, |f| git(f, |g| g.recipes = Ok(Tracked::Modified))),
    ("recipes-committed", "none", Skipped, |f| git(f, |g| g.recipes = Err("there is no larder".into()))),
    ("config-committed", "untracked", Warning, |f| git(f, |g| g.config = Ok(Tracked::Untracked))),
    ("config-committed", "ignored", Problem, |f| git(f, |g| g.config = Ok(Tracked::Ignored))),
    ("config-committed", "none", Skipped, |f| git(f, |g| g.config = Err("there is no .cargo/config.toml".into()))),
    ("dockerfile", "stale", Problem, |f| f.generated = Ok(Some(vec!["/project/app/Dockerfile".into()]))),
    ("dockerfile", "none", Skipped, |f| f.generated = Ok(None)),
    ("image-packages", "one is lacking", Warning, |f| lacking(f, |l| drop(l.build.insert("libssl-dev".into(), ["openssl-sys".to_owned()].into())))),
    ("image-packages", "for running", Warning, |f| lacking(f, |l| drop(l.runtime.insert("libssl3t64".into(), ["openssl-sys".to_owned()].into())))),
    ("image-packages", "no image", Skipped, |f| f.image_needs = Ok(None)),
    ("rust-analyzer", "it shares target/", Warning, |f| f.analyzer = Told::Together),
    ("rust-analyzer", "nobody uses it", Skipped, |f| f.analyzer = Told::Nothing),
    ("image-files", "one is lacking", Warning, |f| lacking(f, |l| drop(l.files.insert("README.md".into(), "src/main.rs".into())))),
    ("image-files", "not planned", Skipped, |f| f.image_needs = Err("cargo cannot plan".into())),
    ("rustc", "too old", Problem, |f| tools(f).rustc = Ok("rustc 1.94.0".into())),
    ("rustc", "missing", Problem, |f| tools(f).rustc = Err("cannot start `rustc`".into())),
    ("targets", "one missing", Problem, |f| tools(f).missing_targets = Ok(vec!["wasm32-unknown-unknown".into()])),
    ("wasm-bindgen", "another version", Problem, |f| tools(f).wasm_bindgen = Ok("wasm-bindgen 0.2.128".into())),
    ("wasm-bindgen", "not installed", Good, |f| tools(f).wasm_bindgen = Err("there is no `wasm-bindgen` on PATH".into())),
    ("wasm-bindgen", "not used", Skipped, |f| tools(f).locked_wasm_bindgen = None),
    ("tailwindcss", "another line", Problem, |f| tools(f).tailwind = Some(("3.4.19".into(), Ok("≈ tailwindcss v4.2.1".into())))),
    ("tailwindcss", "not installed", Good, |f| tools(f).tailwind = Some(("4.2.1".into(), Err("there is no `tailwindcss` on PATH".into())))),
    ("tailwindcss", "not used", Skipped, |f| tools(f).tailwind = None),
    ("cargo-leptos", "another line", Warning, |f| tools(f).cargo_leptos = Ok("cargo-leptos 0.2.47".into())),
    ("cargo-leptos", "missing", Problem, |f| tools(f).cargo_leptos = Err("there is no `cargo-leptos` on PATH".into())),
    ("cargo-leptos", "missing, with an old compiler", Problem, |f| {
        tools(f).cargo_leptos = Err("there is no `cargo-leptos` on PATH".into());
        tools(f).rustc = Ok("rustc 1.95.0".into());
    }),
    ("cargo-leptos", "not used", Skipped, |f| tools(f).is_leptos = false),
    ("rustflags", "a variable", Warning, |f| flags(f, &["RUSTFLAGS"], "")),
    ("rustflags", "a variable that hides configuration", Problem, |f| flags(f, &["RUSTFLAGS"], "--cfg x")),
    ("rustflags", "configuration alone", Good, |f| flags(f, &[], "--cfg x")),
    ("wrappers", "two", Warning, |f| cargo(f).wrappers = vec![("RUSTC_WRAPPER".into(), "sccache".into()), ("build.rustc-wrapper".into(), "kache".into())]),
    ("wrappers", "none that is there", Problem, |f| cargo(f).missing_programs = vec![("RUSTC_WRAPPER".into(), "sccache".into())]),
    ("wrappers", "none in the image", Problem, |f| cargo(f).missing_in_image = vec![("build.rustc-wrapper".into(), "sccache".into())]),
    ("targets", "one that is unknown", Problem, |f| tools(f).unknown_targets = vec!["x86_64-none".into()]),
    ("wrappers", "one", Good, |f| cargo(f).wrappers = vec![("RUSTC_WRAPPER".into(), "sccache".into())]),
    ("sccache", "incremental builds", Warning, |f| f.sccache = Some(Figures { requests: 9, not_cacheable: 9, incremental: 8, ..Figures::default() })),
    ("sccache", "errors", Warning, |f| f.sccache = Some(Figures { requests: 9, misses: 9, errors: 3, ..Figures::default() })),
    ("sccache", "not used", Good, |f| f.sccache = None),
    ("incremental", "off by the variable", Warning, |f| cargo(f).incremental_variable = Some(("CARGO_INCREMENTAL".into(), false))),
    ("incremental", "off by the variable in CI", Good, |f| { cargo(f).incremental_variable = Some(("CARGO_INCREMENTAL".into(), false)); cargo(f).in_ci = true; }),
    ("incremental", "off by a file", Warning, |f| cargo(f).incremental_off = Some("/project/cargo/config.toml".into())),
    ("incremental", "off by the profile", Warning, |f| manifest(f, "[profile.dev]\nincremental = false\n")),
    ("dev-profile", "defaults", Warning, |f| manifest(f, "")),
    ("dev-profile", "chosen otherwise", Good, |f| manifest(f, "[profile.dev]\ndebug = 2\n[profile.dev.package.\"*\"]\ndebug = 1\n")),
    ("dev-optimised", "defaults", Warning, |f| manifest(f, "")),
    ("dev-optimised", "all are", Good, |f| manifest(f, "[profile.dev.package.\"*\"]\nopt-level = 1\n")),
    ("linker", "GNU ld", Warning, |f| f.linker = Ok("GNU ld (GNU Binutils for Debian) 2.40".into())),
    ("linker", "gold", Warning, |f| f.linker = Ok("GNU gold (GNU Binutils 2.40) 1.16".into())),
    ("linker", "mold", Good, |f| f.linker = Ok("mold 3.0.0 (compatible with GNU ld)".into())),
    ("linker", "cannot link", Skipped, |f| f.linker = Err("an empty program cannot be linked".into())),
    ("registry", "crates.io by a file", Warning, |f| cargo(f).crates_io_by_git = Some(SettingPlace::File)),
    ("registry", "crates.io by the variable", Warning, |f| cargo(f).crates_io_by_git = Some(SettingPlace::Variable)),
    ("registry", "another one", Warning, |f| cargo(f).registries_by_git = vec!["inner".into()]),
    ("disk-space", "little", Warning, |f| folder(f, |p| p.free = Ok(9_900_000_000))),
    ("disk-space", "too little", Problem, |f| folder(f, |p| p.free = Ok(1_950_000_000))),
    ("disk-space", "not asked", Skipped, |f| f.places.as_mut().unwrap().values_mut().for_each(|p| p.free = Err("not on this platform".into()))),
    ("network-disk", "nfs", Warning, |f| folder(f, |p| p.file_system = Ok("nfs4".into()))),
    ("network-disk", "no mounts", Skipped, |f| f.places.as_mut().unwrap().values_mut().for_each(|p| p.file_system = Err("this platform does not list its mounts".into()))),
    ("disk-speed", "slow", Warning, |f| f.speed = Ok(Speed { write: Duration::from_millis(3), read: Duration::ZERO })),
    ("disk-speed", "very slow", Problem, |f| f.speed = Ok(Speed { write: Duration::ZERO, read: Duration::from_millis(20) })),
    ("disk-speed", "read-only", Skipped, |f| f.speed = Err("read-only file system".into())),
    ("clock", "two files", Problem, |f| f.future = Ok(vec!["/project/app/src/a.rs".into(), "/project/app/src/b.rs".into()])),
    ("buildx", "switched off", Problem, |f| docker(f, |d| d.switched_off = true)),
    ("buildx", "built in", Warning, |f| docker(f, |d| d.client = Ok(Buildx::BuiltIn))),
    ("buildx", "neither", Problem, |f| docker(f, |d| d.client = Err("/usr/bin/docker is 28.2, without buildx".into()))),
    ("buildx", "neither, and no Dockerfile", Skipped, |f| { f.uses_docker = false; docker(f, |d| d.client = Err("without buildx".into())); }),
    ("buildx", "no Docker", Skipped, |f| f.docker = Err("there is no `docker` on PATH".into())),
    ("docker-engine", "silent", Problem, |f| docker(f, |d| d.engine = Err("Cannot connect to the Docker daemon".into()))),
    ("buildkit", "CVE-2024-23651", Problem, |f| docker(f, |d| d.buildkit = Ok("v0.12.4".into()))),
    ("buildkit", "GHSA-4c29-8rgm-jvjj", Warning, |f| docker(f, |d| d.buildkit = Ok("v0.28.0".into()))),
    ("buildkit", "an old engine", Problem, |f| docker(f, |d| d.buildkit = Ok("20.10.24+dfsg1".into()))),
    ("buildkit", "a mended engine", Good, |f| docker(f, |d| d.buildkit = Ok("24.0.9".into()))),
    ("buildkit", "a new engine", Good, |f| docker(f, |d| d.buildkit = Ok("28.5.1".into()))),
    ("buildkit", "silent", Skipped, |f| docker(f, |d| d.buildkit = Err("no answer".into()))),
    ("nix", "CVE-2026-44028", Problem, |f| nix(f, |n| n.version = "nix (Nix) 2.34.6".into())),
    ("nix", "an older line, mended", Good, |f| nix(f, |n| n.version = "nix (Nix) 2.31.5".into())),
    ("nix", "an older line that is not", Problem, |f| nix(f, |n| n.version = "nix (Nix) 2.26.4".into())),
    ("nix", "very old", Problem, |f| nix(f, |n| n.version = "nix (Nix) 2.8.0".into())),
    ("nix", "newer", Good, |f| nix(f, |n| n.version = "nix (Nix) 2.36.0".into())),
    ("nix", "Lix", Problem, |f| nix(f, |n| n.version = "nix (Lix, like Nix) 2.95.1".into())),
    ("nix", "Lix, mended", Good, |f| nix(f, |n| n.version = "nix (Lix, like Nix) 2.93.4".into())),
    ("nix", "no flake here", Skipped, |f| { f.uses_nix = false; nix(f, |n| n.version = "nix (Nix) 2.8.0".into()); }),
    ("nix", "no Nix", Skipped, |f| f.nix = Err("there is no `nix` on PATH".into())),
    ("nix-flakes", "off", Problem, |f| nix(f, |n| n.features = Ok(vec!["nix-command".into()]))),
    ("flake-committed", "untracked", Problem, |f| git(f, |g| g.flake = Ok(Tracked::Untracked))),
    ("flake-committed", "no flake", Skipped, |f| f.uses_nix = false),
    ("direnv", "not installed", Warning, |f| direnv(f, |d| d.installed = false)),
    ("direnv", "not hooked in", Warning, |f| direnv(f, |d| { d.loaded = None; d.hook = Some(("~/.bashrc".into(), false)); })),
    ("direnv", "not allowed", Warning, |f| direnv(f, |d| d.loaded = Some("/elsewhere".into()))),
    ("direnv", "an unknown shell", Skipped, |f| direnv(f, |d| { d.loaded = None; d.hook = None; d.shell = "tcsh".into(); })),
    ("direnv", "no .envrc", Skipped, |f| f.direnv = None),
    ("ci-cache", "keeps nothing", Warning, |f| f.workflows = vec![workflow("ci.yml", "- run: cargo test\n# actions/cache\n")]),
    ("ci-cache", "miri keeps nothing", Warning, |f| f.workflows = vec![workflow("ci.yml", "- run: cargo +nightly miri test\n")]),
    ("ci-cache", "an action that is refused", Problem, |f| f.workflows = vec![workflow("ci.yml", "- uses: actions/cache@v2\n- run: cargo test\n")]),
    ("ci-cache", "keeps incremental builds", Warning, |f| f.workflows = vec![workflow("ci.yml", &WORKFLOW.replace("CARGO_INCREMENTAL", "OTHER"))]),
    ("ci-cache", "rust-cache", Good, |f| f.workflows = vec![workflow("ci.yml", "- uses: Swatinem/rust-cache@v2\n- run: cargo test\n")]),
    ("ci-cache", "GitLab keeps nothing", Warning, |f| f.workflows = vec![workflow(".gitlab-ci.yml", "script: cargo test\n")]),
    ("ci-cache", "GitLab", Good, |f| f.workflows = vec![workflow(".gitlab-ci.yml", "cache:\n  paths: [.cargo]\nscript: cargo test\n")]),
    ("ci-cache", "a name and a word for a cache", Warning, |f| f.workflows = vec![workflow("ci.yml", "- name: actions/cache@v4\n  run: echo actions/cache@v4 && cargo test\n")]),
    ("ci-cache", "a name and a word for a build", Skipped, |f| f.workflows = vec![workflow("ci.yml", "- name: cargo build\n  run: echo cargo test # cargo test\n- uses: x/y@v1\n  with: { run: cargo build }\n")]),
    ("ci-cache", "a cache of something else", Warning, |f| f.workflows = vec![workflow("ci.yml", "- uses: actions/cache@v4\n  with: { path: ~/.npm }\n- run: cargo test\n")]),
    ("ci-cache", "half an action that is refused", Problem, |f| f.workflows = vec![workflow("ci.yml", "- uses: actions/cache/restore@v3.3.2\n- run: cargo +nightly test\n")]),
    ("ci-cache", "a release of the newest line that is refused", Problem, |f| f.workflows = vec![workflow("ci.yml", "- uses: actions/cache@v4.1.2\n- run: cargo test\n")]),
    ("ci-cache", "a commit that is refused", Problem, |f| f.workflows = vec![workflow("ci.yml", "- uses: actions/cache@6849a6489940f00c2f30c0fb92c6274307ccb58a # v4.1.2\n- run: cargo test\n")]),
    ("ci-cache", "the first that is served", Good, |f| f.workflows = vec![workflow("ci.yml", "- uses: actions/cache@v3.4.0\n  with: { path: ~/.cargo }\n- run: cargo test\n")]),
    ("ci-cache", "a line that is served", Good, |f| f.workflows = vec![workflow("ci.yml", "- uses: actions/cache@v3\n  with: { path: ~/.cargo }\n- run: cargo test\n")]),
    ("ci-cache", "another forge's cache", Good, |f| f.workflows = vec![workflow(".forgejo/workflows/ci.yml", "- uses: actions/cache@v2\n  with: { path: target/x }\n- run: cargo test\n  env: { CARGO_INCREMENTAL: 0 }\n")]),
    ("ci-cache", "a rust-cache that is refused", Problem, |f| f.workflows = vec![workflow("ci.yml", "- uses: Swatinem/rust-cache@v1\n- run: cargo test\n")]),
    ("ci-cache", "a build in a word of the shell", Warning, |f| f.workflows = vec![workflow("ci.yml", "- run: |\n    if A=1 cargo --locked t; then :; fi\n")]),
    ("ci-cache", "no YAML", Warning, |f| f.workflows = vec![workflow("ci.yml", "a: [\n")]),
    ("store-settings", "a linker in a file", Warning, |f| personal(f, "target.x86_64-unknown-linux-gnu.linker", Some("/project/cargo/config.toml"))),
    ("store-settings", "flags in a variable", Warning, |f| personal(f, "RUSTFLAGS", None)),
    ("store-settings", "the store is off", Skipped, |f| { f.store = Ok(None); personal(f, "RUSTFLAGS", None); }),
    ("store-processor", "native", Warning, |f| f.unit_settings.as_mut().unwrap().native.push("RUSTFLAGS".into())),
    ("store-compiler", "another version", Warning, |f| store(f).compilers = vec!["rustc 1.95.0 (59807616e 2026-04-14)".into()]),
    ("store-compiler", "another build", Warning, |f| { let own = store(f).compiler.clone(); store(f).compilers = vec![own]; }),
    ("store-clock", "ahead", Problem, |f| store(f).ahead = Ok(90)),
    ("store-clock", "behind", Problem, |f| store(f).ahead = Ok(-3600)),
    ("store-clock", "read-only", Skipped, |f| store(f).ahead = Err("read-only file system".into())),
    ("store-folder", "read-only", Problem, |f| store(f).writable = Err("read-only file system".into())),
    ("store-folder", "full", Problem, |f| store(f).free = Ok(300_000_000)),
    ("store-remote", "gone", Warning, |f| store(f).remote = Some(("https://units.example".into(), Err("connection refused".into())))),
    ("store-remote", "none", Good, |f| store(f).remote = None),
    ("ci-cache", "formats alone", Skipped, |f| f.workflows = vec![workflow("ci.yml", "- run: cargo fmt --check\n")]),
];

#[test]
fn where_all_is_well_every_check_says_so() {
    let facts = healthy();
    for check in ALL {
        let finding = check.run(&facts);
        assert_eq!(finding.verdict, Good, "{}: {}", check.name, finding.reason);
        assert!(finding.fix.is_none(), "{}", check.name);
    }
}

#[test]
fn every_check_can_fail() {
    for check in ALL {
        let fails = |case: &&Case| case.0 == check.name && case.2 >= Warning;
        assert!(CASES.iter().any(|case| fails(&case)), "no case makes {} fail", check.name);
    }
}

#[test]
fn what_is_wrong_is_said_with_what_puts_it_right() {
    let mut text = String::new();
    for (name, what, verdict, change) in CASES {
        let check = ALL.iter().find(|check| check.name == *name).expect("the check exists");
        let mut facts = healthy();
        change(&mut facts);
        let finding = check.run(&facts);
        assert_eq!(finding.verdict, *verdict, "{name}, {what}: {}", finding.reason);
        assert_eq!(finding.fix.is_some(), *verdict >= Warning, "{name}, {what}");
        let _ = writeln!(text, "{name}, {what}: {verdict:?}\n  {}", finding.reason);
        if let Some(fix) = finding.fix {
            let safe = if fix.repair.is_some() { " (safe)" } else { "" };
            let _ = writeln!(text, "  -> {}{safe}", fix.command);
        }
    }
    insta::assert_snapshot!(text);
}

#[test]
fn one_thing_wrong_is_one_check_that_says_so() {
    for (name, what, _, change) in CASES.iter().filter(|case| case.2 >= Warning) {
        let mut facts = healthy();
        change(&mut facts);
        let others = ALL.iter().filter(|check| check.name != *name);
        let wrong: Vec<&str> =
            others.filter(|check| check.run(&facts).verdict >= Warning).map(|check| check.name).collect();
        let related: &[&str] = match (*name, *what) {
            ("recipes-committed", "untracked" | "ignored") => &["flake-committed"],
            // Without any settings, both lack some.
            ("dev-profile", _) => &["dev-optimised"],
            ("dev-optimised", _) => &["dev-profile"],
            ("incremental", "off by the profile") => &["dev-profile", "dev-optimised"],
            _ => &[],
        };
        assert_eq!(wrong, related, "{name}, {what}");
    }
}
