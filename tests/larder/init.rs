//! `init` on workspaces of all kinds: what it writes is shown first, keeps what was there, and makes a workspace
//! that the other verbs are content with. A second run changes nothing.

use std::{collections::BTreeMap, path::Path};

use insta::assert_snapshot;
use larder_tests::{Outcome, Project, Surroundings, redact};
use serde_json::Value;

use crate::packages::{Cooked, published, turn};

const MANIFEST: &str = r#"# The application.
[package]
name = "app" # for now
version = "0.1.0"
edition = "2021"

[dependencies]
itoa = "1"

# Nobody knows why.
[profile.dev]
overflow-checks = true

[profile.release]
panic = "abort"
"#;

fn app() -> Project {
    Project::new(&[("Cargo.toml", MANIFEST), ("src/main.rs", "fn main() {}\n")])
}

/// Every file with its text, `target` and `.git` apart.
fn files(project: &Project) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut open = vec![project.path().to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs_err::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(project.path()).unwrap().to_string_lossy().into_owned();
            if path.is_dir() {
                if name != "target" && name != ".git" {
                    open.push(path);
                }
            } else {
                found.insert(name, String::from_utf8_lossy(&fs_err::read(&path).unwrap()).into_owned());
            }
        }
    }
    found
}

/// A workspace that other verbs are content with, and for which `init` has nothing more to do.
#[track_caller]
fn is_brought_up(project: &Project, more: &[&str]) {
    project.larder(&["lock", "--check"]).ok();
    project.larder(&["dockerfile", "--check"]).ok();
    let before = files(project);
    let again = project.larder(&[&["init", "--yes"], more].concat()).ok();
    assert_eq!(again.stdout, "", "a second run has nothing to show");
    assert!(!again.stderr.contains("Wrote") && !again.stderr.contains("Locked"), "{}", again.stderr);
    assert_eq!(files(project), before);
    project.larder(&[&["init", "--check"], more].concat()).ok();
    assert!(!project.has_leftovers());
}

#[test]
fn what_was_there_is_kept() {
    let project = app();
    let outcome = project.larder(&["init", "--yes", "--only", "profile"]).ok();
    assert_snapshot!(outcome.stdout, @r#"
    --- a/Cargo.toml
    +++ b/Cargo.toml
    @@ -10,6 +10,14 @@
     # Nobody knows why.
     [profile.dev]
     overflow-checks = true
    +# Line tables give backtraces with file and line; full debug info slows down linking after every
    +# edit.
    +debug = "line-tables-only"
    +
    +# Nobody steps through dependencies. They stay unoptimised: optimising all of them about doubles the
    +# first build and gains little.
    +[profile.dev.package."*"]
    +debug = false
     
     [profile.release]
     panic = "abort"
    "#);
    let text = project.read("Cargo.toml");
    assert!(MANIFEST.lines().all(|line| text.contains(line)), "{text}");
    assert!(!project.path().join("larder").exists());
}

#[test]
fn nothing_is_written_unasked() {
    let project = app();
    let before = files(&project);
    let outcome = project.larder(&["init", "--check"]);
    assert_eq!(outcome.code, 3, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("+debug = \"line-tables-only\""), "{}", outcome.stdout);
    let outcome = project.larder(&["init"]);
    assert!(outcome.stdout.contains("+debug = \"line-tables-only\""), "{}", outcome.stdout);
    assert_snapshot!(outcome.failure(project.path()), @"
    exit code 1
           Fresh config
         Skipped docker: it is made from the recipes, which come first
         Skipped ci: nothing says that this repository is on GitHub; `--with ci` writes it all the same
    error: nothing was written: not a terminal; pass --yes
    ");
    assert_eq!(files(&project), before);
}

#[test]
fn a_user_who_is_asked_can_say_no() {
    let project = app();
    // `script` gives it a terminal.
    let binary = Surroundings::get().binary().to_string_lossy().into_owned();
    let line =
        format!("printf 'n\\ny\\nn\\n' | script --quiet --return --command '{binary} larder init' /dev/null");
    let outcome = Surroundings::get().run(Path::new("sh"), project.path(), &["-c", &line], &[]);
    if outcome.code == 127 || outcome.stderr.contains("script: not found") {
        larder_tests::skip("a user who is asked", "there is no `script`");
        return;
    }
    assert_eq!(outcome.code, 0, "{outcome:?}");
    assert!(outcome.stdout.contains("profile: write this? [Y/n]"), "{}", outcome.stdout);
    assert_eq!(project.read("Cargo.toml"), MANIFEST);
    assert!(project.path().join("larder/larder.lock").is_file(), "{}", outcome.stdout);
    assert!(!project.path().join("Dockerfile").exists(), "{}", outcome.stdout);
}

/// A project on GitHub with every part.
const EVERYTHING: [&str; 3] = ["--nix", "--source", "https://git.example/larder"];

fn with_everything() -> (Project, Outcome) {
    let project = app();
    project.git(&["init", "--quiet"]);
    project.git(&["remote", "add", "origin", "https://github.com/someone/app"]);
    let outcome = project.larder(&[&["init", "--yes"], &EVERYTHING[..]].concat()).ok();
    (project, outcome)
}

#[test]
fn everything_at_once() {
    let (project, outcome) = with_everything();
    let shown = redact(&outcome.stderr, project.path());
    assert_snapshot!(shown, @"
       Wrote [ROOT]/Cargo.toml
       Fresh config
    Planning release
     Proving release (external units: 1 on x86_64-unknown-linux-gnu)
      Locked release: 1 of 1 external units proven
       Wrote [ROOT]/.dockerignore
       Wrote [ROOT]/Dockerfile
       Wrote [ROOT]/.github/workflows/larder.yml
       Wrote [ROOT]/flake.nix
       Wrote [ROOT]/.envrc
       Wrote [ROOT]/.gitignore
        Next commit what was written; `cargo larder build` builds with it
        Next `git add flake.nix larder`: a flake sees only what git knows
    ");
    assert_snapshot!(project.read("flake.nix"), @r#"
    {
      description = "A Rust or Leptos workspace, built from its recipes";

      # Where you have Larder: a clone on this machine as here, or any address of a git repository that Nix knows.
      inputs.larder.url = "git+https://git.example/larder";

      outputs =
        { larder, ... }:
        larder.lib.mkFlake {
          root = ./.;
          # What builds take beside Rust, from nixpkgs:
          # options = pkgs: {
          #   buildInputs = [ pkgs.openssl ];
          #   nativeBuildInputs = [ pkgs.pkg-config ];
          # };
        };
    }
    "#);
    assert_eq!(project.read(".gitignore"), ".direnv/\n.cargo-home/\n/result*\n");
    is_brought_up(&project, &EVERYTHING);
}

/// The template is what Nix copies, and what `init` writes.
#[test]
fn the_flake_is_the_template() {
    let project = app();
    project.larder(&["init", "--yes", "--only", "nix,envrc"]).ok();
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/larder/src/init/template");
    assert_eq!(project.read("flake.nix"), fs_err::read_to_string(template.join("flake.nix")).unwrap());
    assert!(project.read(".envrc").starts_with("# direnv"));
}

#[test]
fn a_users_own_files_are_left_alone() {
    let project = app();
    for name in ["Dockerfile", "flake.nix", ".envrc", ".github/workflows/larder.yml"] {
        project.write(name, "# mine\n");
    }
    let outcome = project.larder(&["init", "--yes", "--nix"]).ok();
    for name in ["Dockerfile", "flake.nix", ".envrc", ".github/workflows/larder.yml"] {
        assert_eq!(project.read(name), "# mine\n", "{name}: {}", outcome.stderr);
    }
    assert!(!project.path().join(".dockerignore").exists());
    assert_snapshot!(redact(&outcome.stderr, project.path()), @"
       Wrote [ROOT]/Cargo.toml
       Fresh config
    Planning release
     Proving release (external units: 1 on x86_64-unknown-linux-gnu)
      Locked release: 1 of 1 external units proven
     Skipped docker: [ROOT]/Dockerfile was not generated from these recipes and is left alone; `cargo larder dockerfile --print` shows one that is
     Skipped ci: [ROOT]/.github/workflows/larder.yml is there already, and yours to change
     Skipped nix: [ROOT]/flake.nix is there already, and yours to change
     Skipped envrc: [ROOT]/.envrc is there already, and yours to change
        Next commit what was written; `cargo larder build` builds with it
    ");
}

#[test]
fn a_library_gets_no_image() {
    let project = Project::new(&[("Cargo.toml", MANIFEST), ("src/lib.rs", "")]);
    let outcome = project.larder(&["init", "--yes", "--json"]).ok();
    let value: Value = serde_json::from_str(&outcome.stdout).unwrap();
    assert_eq!(value["version"], 1);
    assert_eq!(part(&value, "docker")["outcome"], "skipped");
    assert_eq!(part(&value, "docker")["reason"], "the release slices leave no program behind");
    assert_eq!(part(&value, "profile")["outcome"], "written");
    assert_eq!(part(&value, "profile")["files"][0]["path"], "Cargo.toml");
    assert_eq!(part(&value, "profile")["files"][0]["change"], "edited");
    assert_eq!(*part(&value, "config"), serde_json::json!({ "part": "config", "outcome": "fresh" }));
}

fn part<'a>(told: &'a Value, name: &str) -> &'a Value {
    told["parts"].as_array().unwrap().iter().find(|part| part["part"] == name).unwrap()
}

#[test]
fn a_workspace_below_its_repository() {
    let project = Project::new(&[
        ("sub/Cargo.toml", MANIFEST),
        ("sub/src/main.rs", "fn main() {}\n"),
        ("Cargo.lock", ""),
    ]);
    Surroundings::get()
        .run(Path::new("cargo"), &project.path().join("sub"), &["generate-lockfile"], &[])
        .ok();
    project.git(&["init", "--quiet"]);
    let sub = project.path().join("sub");
    Surroundings::get().larder(&sub, &["init", "--yes", "--with", "ci"]).ok();
    let workflow = project.read(".github/workflows/larder.yml");
    for line in ["    working-directory: \"sub\"", "hashFiles('sub/larder/larder.lock')"] {
        assert!(workflow.contains(line), "{line}:\n{workflow}");
    }
}

/// The image is one part of several: that it cannot be made keeps no other from being written.
#[test]
fn a_member_outside_of_the_workspace_costs_the_image_alone() {
    let member = MANIFEST.replacen("[package]\n", "[package]\nworkspace = \"../ws\"\n", 1);
    let project = Project::without_lock(&[
        ("ws/Cargo.toml", "[workspace]\nresolver = \"2\"\nmembers = [\"../app\"]\n"),
        ("app/Cargo.toml", &member),
        ("app/src/main.rs", "fn main() {}\n"),
    ]);
    let ws = project.path().join("ws");
    Surroundings::get().run(Path::new("cargo"), &ws, &["generate-lockfile"], &[]).ok();
    project.git(&["init", "--quiet"]);
    let said = Surroundings::get().larder(&ws, &["init", "--yes", "--with", "ci"]).ok().stderr;
    assert!(said.contains("Skipped docker: package `app` at ../app lies outside of"), "{said}");
    assert!(said.contains("; set `context = \"..\"` in [workspace.metadata.larder.docker]"), "{said}");
    assert!(project.read(".github/workflows/larder.yml").contains("working-directory: \"ws\""));
}

/// Published packages, as they come: brought up on every run, built after it on every run or in the full one.
macro_rules! packages {
    ($($test:ident: $name:literal, $version:literal, $cooked:ident;)*) => {
        mod package {
            $(#[test]
            fn $test() {
                let project = super::published($name, $version);
                project.larder(&["init", "--yes"]).ok();
                super::is_brought_up(&project, &[]);
            })*
        }

        mod built {
            $(#[test]
            fn $test() {
                super::builds_as_in_ci($name, $version, super::Cooked::$cooked);
            })*
        }
    };
}

packages! {
    hexyl: "hexyl", "0.17.0", Always;
    diskus: "diskus", "0.9.0", Always;
    zoxide: "zoxide", "0.10.0", InFull;
    ripgrep: "ripgrep", "15.2.0", InFull;
    sd: "sd", "1.0.0", InFull;
}

/// Runs what the workflow runs, with this Larder in the place of the one that it would install. A build changes
/// nothing that `init` would have to do again.
#[track_caller]
fn builds_as_in_ci(name: &str, version: &str, cooked: Cooked) {
    let Some(_turn) = turn(name, cooked) else { return };
    let project = published(name, version);
    let more = ["--with", "ci"];
    project.larder(&[&["init", "--yes"], &more[..]].concat()).ok();
    let workflow = project.read(".github/workflows/larder.yml");
    let runner = tempfile::tempdir().unwrap();
    let home = runner.path().to_str().unwrap();
    let workflow = workflow
        .replace('~', home)
        .replace("\"$GITHUB_STEP_SUMMARY\"", &format!("{home}/summary"))
        .replace("$SLICES", "release")
        .replace(" $warn", "");
    let lines = workflow.lines().map(|line| line.trim().trim_start_matches("run: "));
    let lines = lines.filter_map(|line| line.strip_prefix("cargo larder "));
    let commands: Vec<Vec<&str>> = lines.map(|line| line.split(' ').collect()).collect();
    let verbs: Vec<&str> = commands.iter().map(|command| command[0]).collect();
    assert_eq!(verbs, ["lock", "dockerfile", "cook", "store", "build"]);
    let (store, of_next) = (format!("{home}/store"), format!("{home}/of-next"));
    let vars = [("LARDER_STORE", "write"), ("LARDER_STORE_DIR", store.as_str())];
    for command in &commands {
        let outcome = Surroundings::get()
            .larder_with(
                project.path(),
                &[&command[..], &["--quiet"]].concat(),
                &[&vars[..], &[("CARGO_INCREMENTAL", "0")]].concat(),
            )
            .ok();
        if command[0] == "build" {
            let built = outcome.stdout.lines().last().unwrap_or_default().to_owned();
            let columns: Vec<&str> = built.split_whitespace().rev().collect();
            assert_eq!(columns[1], "0", "compiled external units:\n{}", outcome.stdout);
            assert_ne!(columns[0], "0", "fresh units:\n{}", outcome.stdout);
        }
    }
    is_brought_up(&project, &more);
    // The next run has the file alone.
    let next = Project::copy_of(project.path());
    let vars = [("LARDER_STORE", "write"), ("LARDER_STORE_DIR", of_next.as_str())];
    let units = format!("{home}/.larder-units");
    Surroundings::get().larder_with(next.path(), &["store", "import", &units], &vars).ok();
    let (restored, compiled) = larder_tests::machine::cook(&next, &vars);
    assert!(restored > 0 && compiled == 0, "{restored} restored, {compiled} compiled");
}

/// The example, without what was done for it by hand.
#[test]
fn a_leptos_workspace() {
    let project = Project::plain_portfolio();
    let plain = project.read("Cargo.toml");
    let more = ["--with", "ci,nix,envrc"];
    let outcome = project.larder(&[&["init", "--yes"], &more[..]].concat()).ok();
    let edits: Vec<&str> = outcome
        .stdout
        .split("--- ")
        .filter(|diff| diff.starts_with("a/Cargo.toml") || diff.contains("b/.cargo"))
        .collect();
    assert_snapshot!(edits.join("--- "), @r#"
    a/Cargo.toml
    +++ b/Cargo.toml
    @@ -58,6 +58,31 @@
     # One unit sees the whole crate: better for size, and LTO works on one anyway.
     codegen-units = 1
     
    +# Line tables give backtraces with file and line; full debug info slows down linking after every
    +# edit.
    +[profile.dev]
    +debug = "line-tables-only"
    +
    +# Nobody steps through dependencies. They stay unoptimised: optimising all of them about doubles the
    +# first build and gains little.
    +[profile.dev.package."*"]
    +debug = false
    +
    +# CPU-heavy crates: cheap to compile, many times faster when optimised.
    +[profile.dev.package.crc32fast]
    +opt-level = 3
    +
    +[profile.dev.package.miniz_oxide]
    +opt-level = 3
    +
    +[profile.dev.package.simd-adler32]
    +opt-level = 3
    +
    +# Linking the WASM half drops all debug info, that of the standard library included; function names
    +# stay. wasm-bindgen would drop it anyway, after it has read it, on every build.
    +[profile.dev.package.frontend]
    +strip = "debuginfo"
    +
     # --- /dev/null
    +++ b/.cargo/config.toml
    @@ -0,0 +1,4 @@
    +# Queries are checked against `.sqlx/`, never against whatever database DATABASE_URL happens to name.
    +# Set SQLX_OFFLINE=false in the environment to refresh `.sqlx/`.
    +[env]
    +SQLX_OFFLINE = "true"
    larder/: front: new
    larder/: front-dev: new
    larder/: server: new
    larder/: server-dev: new
    "#);
    assert!(plain.lines().all(|line| project.read("Cargo.toml").contains(line)));
    let workflow = project.read(".github/workflows/larder.yml");
    assert!(workflow.contains("rustup target add wasm32-unknown-unknown"), "{workflow}");
    assert!(workflow.contains("cargo-leptos@0.3.11"), "{workflow}");
    let locked: Vec<&str> =
        outcome.stderr.lines().map(str::trim).filter(|line| line.starts_with("Locked")).collect();
    assert_eq!(locked.len(), 4, "{}", outcome.stderr);
    is_brought_up(&project, &more);
}
