//! Canaries in every place that a secret of a developer's can come from, and every verb: none of them is in a file that
//! Larder writes, nor in anything that it prints.

use std::path::Path;

use larder_tests::{Outcome, Project, Surroundings, package};

/// Ways in, with the number of canaries in each: `canary-<way>-<number>`.
const WAYS: [(&str, usize); 18] = [
    ("env-table", 6),
    ("registry-address", 4),
    ("registry-token", 4),
    ("provider", 4),
    ("proxy", 3),
    ("source", 4),
    ("token-variable", 5),
    ("driver-variable", 5),
    ("driver-argument", 4),
    ("script-variable", 3),
    ("remote", 2),
    ("credentials", 2),
    ("env-file", 2),
    ("home", 2),
    ("bare", 4),
    ("key", 2),
    ("flag", 5),
    ("program", 6),
];

/// Git ignores it, as many do with a configuration of their own.
const CONFIG: &str = r#"
[env]
API_TOKEN = "canary-env-table-1"
DATABASE_URL = { value = "postgres://me:canary-env-table-2@db/x", force = true }
MY_PASS = "canary-env-table-3"
SENTRY_DSN = "https://canary-env-table-4@sentry.example/1"
SIGNING_KEY = { value = "canary-env-table-5", relative = false }
HOOK = "https://hook.example/x?token=canary-env-table-6"
VIA = "me:canary-bare-1@proxy.example:3128"
NOT_VIA = { value = "localhost,me:canary-bare-2@b.example", force = true }

[build]
rustflags = ["--cfg", 'token="canary-flag-1"']

[target.'cfg(token = "canary-key-1")']
linker = "cc"

[source."https://x:canary-key-2@git.example/b"]
git = "https://git.example/b"
branch = "main"

[registries.own]
index = "sparse+https://me:canary-registry-address-1@own.example/index/"
token = "canary-registry-token-1"
secret-key = "canary-registry-token-2"
credential-provider = ["cargo:token-from-stdout", "print", "canary-provider-1"]

[registries.other]
index = "https://canary-registry-address-2@other.example/index"
token = "canary-registry-token-3"
credential-provider = "cargo:token-from-stdout canary-provider-2"

[registries.third]
index = "ssh://git:canary-registry-address-3@third.example/index"

[registries."fo.urth"]
index = "sparse+https://x:canary-registry-address-4@fourth.example/"

[registry]
token = "canary-registry-token-4"
global-credential-providers = ["cargo:token-from-stdout canary-provider-3"]

[credential-alias]
mine = ["cargo:token-from-stdout", "canary-provider-4"]

[http]
proxy = "http://me:canary-proxy-1@proxy.example:8080"

[source.mirror]
registry = "sparse+https://me:canary-source-1@mirror.example/"

[source.second]
git = "https://x-access-token:canary-source-2@git.example/a"
branch = "main"

[source.third]
registry = "https://ghp_canarysource3canarysource3@git.example/index"

[alias]
deploy = "run -- --password=canary-source-4"
"#;

/// The driver's variables and arguments. Programs find it as a file, so that no command line has the canaries.
const DRIVER: &str = r#"#!/bin/sh
export PASSPHRASE=canary-driver-variable-1 AWS_SECRET_ACCESS_KEY=canary-driver-variable-2
export REDIS_URL=redis://:canary-driver-variable-3@r/0 CI_X='Bearer eyJcanarydrivervariable4canary'
export BASIC_AUTH=canary-driver-variable-5 GREETING=hello
exec cargo build --offline "$@"
"#;

const ARGUMENTS: &str = r#"#!/bin/sh
cargo build --offline --config 'http.proxy="http://me:canary-driver-argument-1@p"'
cargo build --offline --config 'registries.own.token="canary-driver-argument-2"'
cargo build --offline --config=env.DB_PASSWORD=\"canary-driver-argument-3\"
cargo build --offline --config 'env.URL="https://canary-driver-argument-4@host/"'
cargo build --offline --config 'http.proxy="me:canary-bare-3@p:3128"'
"#;

/// Flags for the compiler, first in one variable and then in the other.
const FLAGS: &str = r#"#!/bin/sh
export RUSTFLAGS='--cfg token="canary-flag-2" --cfg via="me:canary-bare-4@p:3128"'
cargo build --offline "$@"
export CARGO_ENCODED_RUSTFLAGS="$(printf -- '--cfg\037token="canary-flag-3"')"
cargo build --offline "$@"
cargo build --offline --config 'build.rustflags=["--cfg", "token=\"canary-flag-4\""]' "$@"
exec env -u RUSTFLAGS -u CARGO_ENCODED_RUSTFLAGS \
    cargo build --offline --config 'build.rustflags=["--cfg=token=\"canary-flag-5\""]' "$@"
"#;

/// Words of programs. cargo says what it runs, unless it is told to be quiet.
const RUN: [&str; 8] =
    ["cargo", "run", "-q", "--offline", "--", "canary-program-1", "--token", "canary-program-2"];
const TEST: [&str; 8] =
    ["cargo", "test", "-q", "--offline", "--", "canary-program-3", "--skip", "canary-program-4"];
const COMPILE: [&str; 9] =
    ["cargo", "rustc", "-q", "--offline", "--package=app", "--bin=app", "--", "--cfg", "canary_program_5"];

/// It watches all that there is, so that all of it is a reason.
const SCRIPT: &str = r#"fn main() {
    for (name, _) in std::env::vars() {
        println!("cargo::rerun-if-env-changed={name}");
    }
    println!("cargo::rerun-if-env-changed=GREETING");
}
"#;

/// Variables of the shell that Larder is called in.
const VARIABLES: [(&str, &str); 10] = [
    ("CARGO_REGISTRIES_OWN_TOKEN", "canary-token-variable-1"),
    ("CARGO_REGISTRY_TOKEN", "canary-token-variable-2"),
    ("CARGO_REGISTRIES_OTHER_INDEX", "sparse+https://a:canary-token-variable-3@other.example/"),
    ("CARGO_HTTP_PROXY", "http://me:canary-proxy-2@proxy.example:1"),
    ("HTTPS_PROXY", "http://me:canary-proxy-3@proxy.example:1"),
    ("GITHUB_TOKEN", "canary-token-variable-4"),
    ("CARGO_REGISTRIES_OWN_CREDENTIAL_PROVIDER", "cargo:token-from-stdout canary-token-variable-5"),
    ("SCRIPT_SECRET", "canary-script-variable-1"),
    ("SCRIPT_URL", "mysql://u:canary-script-variable-2@db/x"),
    ("SCRIPT_HOOK", "https://canary-script-variable-3@hook.example/"),
];

/// The files that the canaries come from. All else is written by Larder, or by cargo.
const INPUTS: [&str; 8] = [
    ".cargo/config.toml",
    ".cargo/credentials.toml",
    ".env",
    "app/.env.local",
    "driver.sh",
    "arguments.sh",
    "flags.sh",
    "home/credentials.toml",
];

struct Stage {
    project: Project,
    runs: usize,
    found: Vec<String>,
}

impl Stage {
    fn new() -> Self {
        let manifest = "[workspace]\nmembers = [\"app\"]\nresolver = \"3\"\n";
        let project = Project::without_lock(&[
            ("Cargo.toml", manifest),
            ("Cargo.lock", "version = 4\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n"),
            ("app/Cargo.toml", &package("app", "")),
            ("app/build.rs", SCRIPT),
            ("app/src/main.rs", "fn main() {}\n"),
            (".gitignore", "/target\n/.cargo\n/.env\n/home\n*.sh\n"),
            (".github/keep", ""),
            (".cargo/config.toml", CONFIG),
            (".cargo/credentials.toml", "[registry]\ntoken = \"canary-credentials-1\"\n"),
            (".env", "API_TOKEN=canary-env-file-1\n"),
            ("app/.env.local", "PASS=canary-env-file-2\n"),
            ("home/credentials.toml", "[registries.own]\ntoken = \"canary-credentials-2\"\n"),
            ("driver.sh", DRIVER),
            ("arguments.sh", ARGUMENTS),
            ("flags.sh", FLAGS),
        ]);
        let stage = Self { project, runs: 0, found: Vec::new() };
        stage.git(&["init", "--quiet"]);
        stage.git(&["remote", "add", "origin", "https://me:canary-remote-1@github.com/a/b"]);
        stage.git(&["remote", "add", "second", "https://canary-remote-2@github.com/a/c"]);
        stage.git(&["add", "Cargo.toml", "Cargo.lock", "app/Cargo.toml", "app/src", "app/build.rs"]);
        stage
    }

    fn git(&self, args: &[&str]) {
        Surroundings::get().run(Path::new("git"), self.project.path(), args, &[]).ok();
    }

    /// Runs a verb and looks for canaries in all that it printed and left behind.
    fn run(&mut self, args: &[&str]) -> Outcome {
        let mut vars = VARIABLES.to_vec();
        vars.extend([
            ("CARGO_NET_OFFLINE", "true"),
            ("HOME_SECRET", "canary-home-1"),
            ("LOGIN_AUTH", "canary-home-2"),
        ]);
        let outcome = Surroundings::get().larder_with(self.project.path(), args, &vars);
        self.runs += 1;
        self.look(&format!("{args:?} on standard output"), &outcome.stdout);
        self.look(&format!("{args:?} on standard error"), &outcome.stderr);
        for (path, text) in larder_tests::recipes::files(self.project.path()) {
            let is_cargos = path.starts_with("target/") && !path.starts_with("target/larder/");
            if !INPUTS.contains(&path.as_str()) && !is_cargos && !path.starts_with(".git/") {
                self.look(&format!("{path} after {args:?}"), &text);
            }
        }
        outcome
    }

    fn look(&mut self, place: &str, text: &str) {
        let lines = text.lines().filter(|line| line.contains("canary"));
        self.found.extend(lines.map(|line| format!("{place}: {line:.200}")));
    }
}

#[test]
fn no_verb_writes_or_prints_one() {
    let planted =
        [CONFIG, DRIVER, ARGUMENTS, FLAGS].iter().map(|text| text.matches("canary").count()).sum::<usize>();
    let canaries: usize = WAYS.iter().map(|(_, count)| count).sum();
    let mut stage = Stage::new();
    for args in [
        &["lock"][..],
        &["lock", "--check"],
        &["lock", "--check", "--json"],
        &["plan"],
        &["plan", "--json"],
        &["cook"],
        &["cook", "--json"],
        &["build", "--", "sh", "driver.sh", "--release"],
        &["why", "--all"],
        &["why", "--all", "--json"],
        &["why", "--last", "--all"],
        &["build", "--json"],
        &["why", "--all", "--", "sh", "driver.sh", "--release"],
        &["why", "--last", "--json"],
        &["build", "--", "sh", "arguments.sh"],
        &["observe", "--", "sh", "arguments.sh"],
        &["observe", "--json", "--", "sh", "driver.sh", "--release"],
        &["observe", "--write", "--", "sh", "driver.sh", "--release"],
        &["lock"],
        &["dockerfile"],
        &["dockerfile", "--check"],
        &["dockerfile", "--no-committed-recipe", "--print"],
        &["docker", "explain"],
        &["init", "--check", "--with", "ci", "--nix"],
        &["init", "--yes", "--with", "ci", "--nix"],
        &["init", "--yes", "--nix", "--source", "https://me:x@git.example/larder"],
        &["doctor"],
        &["doctor", "--json"],
        &["usage"],
        &["usage", "--json"],
        &["usage", "--html", "usage.html"],
        &["gc"],
        &["gc", "--json"],
        &["clean"],
        &["clean", "--json"],
    ] {
        let outcome = stage.run(args);
        // A verb that ends at once writes nothing down.
        let may_fail = ["--check", "--source", "explain", "--no-committed-recipe"]
            .iter()
            .any(|word| args.contains(word))
            || args.contains(&"arguments.sh")
            || args[0] == "doctor";
        assert!(outcome.code == 0 || may_fail, "{args:?}: {outcome:?}");
    }
    for (args, words) in [
        (&["build", "--summary", "summary.md"][..], &RUN[..]),
        (&["build", "--json"], &TEST),
        (&["why", "--all", "--json"], &COMPILE),
    ] {
        let outcome = stage.run(&[args, &["--"], words].concat());
        assert_eq!(outcome.code, 0, "{words:?}: {outcome:?}");
        assert!(outcome.stderr.contains(" -q --offline "), "{}", outcome.stderr);
    }
    let record = stage.project.read("target/larder/last-build.json");
    assert!(record.contains("cargo rustc -q --offline --package=app --bin=app -- #"), "{record}");
    stage.run(&["why", "--all", "--", "absent-program", "--", "canary-program-6"]);
    for args in [
        &["build", "--summary", "summary.md", "--", "sh", "flags.sh"][..],
        &["why", "--last", "--all"],
        &["why", "--last", "--json"],
    ] {
        let outcome = stage.run(args);
        assert_eq!(outcome.code, 0, "{args:?}: {outcome:?}");
        assert!(args[0] == "build" || outcome.stdout.contains("token=(hidden)"), "{}", outcome.stdout);
    }
    // A configuration that cannot be read is quoted by nobody.
    stage
        .project
        .write(".cargo/config.toml", &format!("{CONFIG}\n[env]\nAPI_TOKEN = \"canary-env-table-1\"\n"));
    stage.run(&["plan"]);
    stage.found.sort();
    stage.found.dedup();
    println!(
        "secrets: {canaries} canaries ({planted} in files) by {} ways, {} runs, {} found",
        WAYS.len(),
        stage.runs,
        stage.found.len()
    );
    assert!(canaries >= 40 && WAYS.len() >= 12);
    assert!(stage.found.is_empty(), "{:#?}", stage.found);
}
