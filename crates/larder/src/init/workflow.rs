//! A workflow for GitHub Actions that keeps compiled units and nothing else: those of the recipes, in one file of the
//! store, under a key that only changes when a recipe or the compiler does. A project with a team's remote takes them
//! from there.
//!
//! A pull request reads, and writes nothing that another run would read.

use std::fmt::Write as _;

use super::{
    files::{new_file, repository},
    proposal::{Asked, Proposal},
};
use crate::{
    docker,
    error::Result,
    files::read,
    process::quoted,
    project::Project,
    slice::{Origin, Variant, leptos},
};

/// Proposes the workflow if the project is on GitHub, or if it was asked for.
pub(super) fn propose(project: &Project, asked: Asked, source: Option<&str>) -> Result<Proposal> {
    let git = repository(project);
    let root = project.workspace.root();
    let top = git.as_ref().map_or(root, |git| git.top.as_path());
    let remotes = git.as_ref().map(|git| git.remotes().unwrap_or_default()).unwrap_or_default();
    let on_github =
        top.join(".github").is_dir() || remotes.iter().any(|remote| remote.contains("github.com"));
    if !on_github && asked == Asked::ByDefault {
        return Ok(Proposal::skipped(
            "nothing says that this repository is on GitHub, the one that is known; `--with ci` writes it all the same",
        ));
    }
    if !project.slices.iter().any(|slice| slice.variant == Variant::Release) {
        return Ok(Proposal::skipped("there is no slice of the release to build"));
    }
    let prefix = git.as_ref().map(|git| git.prefix().into_string()).unwrap_or_default();
    if let Some(word) = words(project, &prefix).find(|word| !is_plain(word)) {
        return Ok(Proposal::skipped(format!(
            "no workflow can name {word:?}: it may hold letters, digits and `-_./+`, and spaces between them"
        )));
    }
    let text = text(project, &prefix, source)?;
    new_file(top.join(".github/workflows/larder.yml"), &text)
}

/// The words of the project's own that stand in the workflow.
fn words<'a>(project: &'a Project, prefix: &'a str) -> impl Iterator<Item = String> + 'a {
    let targets = project.slices.iter().flat_map(|slice| slice.targets());
    let prefix = (!prefix.is_empty()).then(|| prefix.to_owned());
    targets.map(str::to_owned).chain(prefix)
}

/// Whether a word means itself in YAML, in expressions of GitHub's, in patterns and in a shell.
fn is_plain(word: &str) -> bool {
    let is_inner = |c: char| c.is_alphanumeric() || "-_./+ ".contains(c);
    let is_outer = |c: char| c.is_alphanumeric() || "_.".contains(c);
    word.chars().all(is_inner) && word.starts_with(is_outer) && !word.ends_with(' ')
}

const HEAD: &str = "\
# Written by `cargo larder init`; yours to change.
name: larder

on:
  push:
    # A branch with a pull request would run twice.
    branches: [main, master]
  pull_request:
  merge_group:
  schedule:
    # GitHub deletes caches that nobody has read for a week.
    - cron: \"30 4 * * 1\"

# Each job names the permissions that it needs.
permissions: {}

# A newer push to a pull request ends the older run.
concurrency:
  group: larder-${{ github.ref }}
  cancel-in-progress: ${{ github.event_name == 'pull_request' }}

env:
  # Nothing is built twice here, and what incremental builds need would only fill the cache.
  CARGO_INCREMENTAL: 0
  CARGO_TERM_COLOR: always
  # A pull request takes units, and gives none to other runs.
  LARDER_STORE: ${{ github.event_name == 'pull_request' && 'read' || 'write' }}
";

const JOB: &str = "
jobs:
  build:
    name: Build
    runs-on: ubuntu-latest
    timeout-minutes: 90
    permissions:
      # To check the repository out.
      contents: read
";

/// An environment of GitHub's says which branches get the secret. Pull requests have none, so that it refuses no run.
const ENVIRONMENT: &str =
    "    environment: ${{ github.event_name == 'push' && github.ref_protected && 'larder-store' || '' }}\n";

const STEPS: &str = "    steps:
      - uses: actions/checkout@34e114876b0b11c390a56381ad16ebd13914f8d5 # v4.3.1
        with:
          persist-credentials: false
";

/// The commit of `actions/cache` and what it is a version of: a tag can be moved, a commit cannot.
const CACHE: &str = "0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0";

/// Files that cargo would download again.
const DOWNLOADS: &str =
    "~/.cargo/registry/index\n            ~/.cargo/registry/cache\n            ~/.cargo/git/db";

/// The folder of the programs that the workflow installs.
const TOOLS: &str = "~/.larder-tools";

/// The file that carries units from run to run.
const UNITS: &str = "~/.larder-units";

/// Caches of other branches fill the quota, and only that branch reads them. A schedule runs on the default branch alone.
const ON_DEFAULT: &str =
    "(github.event_name == 'schedule' || github.ref_name == github.event.repository.default_branch)";

/// The condition of a step that saves what the step `id` did not find under its key.
fn if_new(text: &mut String, id: &str) {
    let _ = writeln!(text, "        if: {ON_DEFAULT} && steps.{id}.outputs.cache-hit != 'true'");
}

/// Gives units to the team, if this run may: the secret is there for protected branches alone, if its environment on
/// GitHub says so.
fn push(text: &mut String) {
    let command = r#"test -z "$LARDER_STORE_KEY" || cargo larder store push"#;
    step(text, "Units for the team", None, &[command.into()]);
    text.push_str("        if: github.event_name == 'push' && github.ref_protected\n");
    text.push_str("        env:\n          LARDER_STORE_KEY: ${{ secrets.LARDER_STORE_KEY }}\n");
}

/// The whole file. `prefix` is the workspace's folder in the repository.
fn text(project: &Project, prefix: &str, source: Option<&str>) -> Result<String> {
    let release = || project.slices.iter().filter(|slice| slice.variant == Variant::Release);
    let below = |path: &str| if prefix.is_empty() { path.to_owned() } else { format!("{prefix}/{path}") };
    let source = source.map(|source| source.trim_start_matches("git+"));
    let given = source.map(|source| format!(" || '{source}'")).unwrap_or_default();
    let mut text = HEAD.to_owned();
    let _ = writeln!(text, "  # The address of Larder's git repository.");
    let _ = writeln!(text, "  LARDER_GIT: ${{{{ vars.LARDER_GIT{given} }}}}");
    if !prefix.is_empty() {
        let _ = write!(text, "\ndefaults:\n  run:\n    working-directory: \"{prefix}\"\n");
    }
    text.push_str(JOB);
    let has_remote = project.settings.store.remote.is_some();
    if has_remote {
        text.push_str(ENVIRONMENT);
    }
    text.push_str(STEPS);

    let mut targets: Vec<&str> = release().flat_map(|slice| slice.targets()).collect();
    targets.sort_unstable();
    targets.dedup();
    let mut toolchain = vec!["rustc --version".to_owned()];
    if !targets.is_empty() {
        let targets: Vec<String> = targets.into_iter().map(quoted).collect();
        toolchain.push(format!("rustup target add {}", targets.join(" ")));
    }
    toolchain.push(r#"echo "id=$(rustc -vV | sha256sum | cut -c1-16)" >> "$GITHUB_OUTPUT""#.into());
    step(&mut text, "Toolchain", Some("rust"), &toolchain);

    let leptos = release().any(|slice| slice.origin == Origin::Leptos);
    let mut install = vec![
        r#": "${LARDER_GIT:?set this variable of the repository to the address of Larder}""#.to_owned(),
        r#"test -x ~/.larder-tools/bin/cargo-larder || cargo install --locked --root ~/.larder-tools --git "$LARDER_GIT" cargo-larder"#
            .to_owned(),
    ];
    let mut tools = "1".to_owned();
    if leptos {
        let version = leptos::CARGO_LEPTOS_VERSION;
        tools = format!("1-leptos-{version}");
        install.push(format!(
            "test -x ~/.larder-tools/bin/cargo-leptos || cargo install --locked --root ~/.larder-tools cargo-leptos@{version}"
        ));
    }
    install.push(r#"echo "$HOME/.larder-tools/bin" >> "$GITHUB_PATH""#.into());
    text.push_str("      # Another number gets the tools anew.\n");
    let tools = format!("tools-${{{{ runner.os }}}}-{tools}");
    cache(&mut text, "actions/cache/restore", Some("tools"), TOOLS, &tools);
    step(&mut text, "Tools", None, &install);
    cache(&mut text, "actions/cache/save", None, TOOLS, &tools);
    if_new(&mut text, "tools");

    step(&mut text, "Recipes are right", None, &["cargo larder lock --check --locked".into()]);
    if is_generated(project)? {
        step(&mut text, "Dockerfile is right", None, &["cargo larder dockerfile --check".into()]);
    }
    let units = if has_remote { String::new() } else { format!("{UNITS}\n            ") };
    let kept = format!("|\n            {units}{DOWNLOADS}");
    let start = "larder-${{ runner.os }}-${{ steps.rust.outputs.id }}-";
    let key = format!("{start}${{{{ hashFiles('{}') }}}}", below("larder/larder.lock"));
    cache(&mut text, "actions/cache/restore", Some("cooked"), &kept, &key);
    text.push_str("          # Most units of an older recipe are good for this one.\n");
    let _ = writeln!(text, "          restore-keys: {start}");
    if !has_remote {
        step(
            &mut text,
            "Units of earlier runs",
            None,
            &[format!("test ! -f {UNITS} || cargo larder store import {UNITS}")],
        );
    }
    step(&mut text, "Cook", None, &["cargo larder cook --locked".into()]);
    if has_remote {
        push(&mut text);
    } else {
        step(&mut text, "Units for later runs", None, &[format!("cargo larder store export {UNITS}")]);
        if_new(&mut text, "cooked");
    }
    cache(&mut text, "actions/cache/save", None, &kept, &key);
    if_new(&mut text, "cooked");
    step(&mut text, "Build", None, &["cargo larder build --locked".into()]);
    Ok(text)
}

fn is_generated(project: &Project) -> Result<bool> {
    let path = docker::context(project)?.join("Dockerfile");
    Ok(path.is_file() && docker::is_generated(&read::text(path)?))
}

fn step(text: &mut String, name: &str, id: Option<&str>, commands: &[String]) {
    let _ = writeln!(text, "      - name: {name}");
    if let Some(id) = id {
        let _ = writeln!(text, "        id: {id}");
    }
    match commands {
        [only] => {
            let _ = writeln!(text, "        run: {only}");
        }
        commands => {
            let _ = writeln!(text, "        run: |\n          {}", commands.join("\n          "));
        }
    }
}

fn cache(text: &mut String, action: &str, id: Option<&str>, path: &str, key: &str) {
    let _ = writeln!(text, "      - uses: {action}@{CACHE}");
    if let Some(id) = id {
        let _ = writeln!(text, "        id: {id}");
    }
    let _ = writeln!(text, "        with:\n          path: {path}\n          key: {key}");
}
