//! The workflow of GitHub Actions that `init` writes: its text, and what others who check workflows say of it.

use std::path::Path;

use insta::assert_snapshot;
use larder_tests::{
    Project,
    checkers::{Checkers, found_nothing},
};
use yaml_rust2::{Yaml, YamlLoader};

const MANIFEST: &str =
    "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nitoa = \"1\"\n";
/// Where a team keeps its units.
const REMOTE: &str = "\n[package.metadata.larder.store]\nremote = \"https://units.example/x\"\n";
/// Lints, tests and a server.
const MORE: &str = "
[package.metadata.larder.slices.lints]
args = [\"clippy\", \"--all-targets\"]

[package.metadata.larder.slices.tests]
args = [\"test\"]

[package.metadata.larder.deploy.site]
to = \"ssh://deploy@server.example\"
";
const WORKFLOW: &str = ".github/workflows/larder.yml";

/// A project whose manifest goes on with this, and its workflow.
fn project(more: &str) -> Project {
    let project =
        Project::new(&[("Cargo.toml", &format!("{MANIFEST}{more}")), ("src/main.rs", "fn main() {}\n")]);
    if more == MORE {
        project.write("flake.nix", "{ outputs = _: { }; }\n");
    }
    let parts = ["init", "--yes", "--only", "recipes,docker,ci"];
    project.larder(&[&parts[..], &["--source", "https://git.example/larder"]].concat()).ok();
    project
}

#[test]
fn its_head_reads_well() {
    let workflow = project("").read(WORKFLOW);
    assert_snapshot!(workflow.split("\n\njobs:").next().unwrap(), @r#"
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
        - cron: "30 4 * * 1"

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
      # The address of Larder's git repository.
      LARDER_GIT: ${{ vars.LARDER_GIT || 'https://git.example/larder' }}
    "#);
}

#[test]
fn its_job_of_slices_reads_well() {
    let workflow = project("").read(WORKFLOW);
    assert_snapshot!(between(&workflow, "  cook:", "  image:"), @r#"
    cook:
      name: ${{ matrix.slices }}
      runs-on: ubuntu-latest
      timeout-minutes: 90
      needs: recipes
      # Stale recipes are slower, never wrong.
      if: ${{ !cancelled() }}
      strategy:
        fail-fast: false
        matrix:
          # Each of these is cooked, then built, tested or linted.
          slices: ["release"]
      permissions:
        contents: read # to check it out
      env:
        SLICES: ${{ matrix.slices }}
      steps:
        - uses: actions/checkout@34e114876b0b11c390a56381ad16ebd13914f8d5 # v4.3.1
          with:
            persist-credentials: false
        - name: Toolchain
          id: rust
          run: |
            rustc --version
            echo "id=$RUNNER_OS-$RUNNER_ARCH-${ImageOS:-own}-$(rustc -vV | sha256sum | cut -c1-16)" >> "$GITHUB_OUTPUT"
        # Another number gets the tools anew.
        - uses: actions/cache/restore@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0
          id: tools
          with:
            path: ~/.larder-tools
            key: tools-v1-${{ steps.rust.outputs.id }}
        - name: Tools
          run: |
            : "${LARDER_GIT:?set this variable of the repository to the address of Larder}"
            # Their sources are none of the project's downloads.
            export CARGO_HOME="$RUNNER_TEMP/tools"
            test -x ~/.larder-tools/bin/cargo-larder || (cd / && cargo install --locked --root ~/.larder-tools --git "$LARDER_GIT" cargo-larder)
            echo "$HOME/.larder-tools/bin" >> "$GITHUB_PATH"
        - uses: actions/cache/restore@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0
          id: downloads
          with:
            path: |
              ~/.cargo/registry/index
              ~/.cargo/registry/cache
              ~/.cargo/git/db
            key: larder-v1-downloads-${{ hashFiles('Cargo.lock') }}
        - uses: actions/cache/restore@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0
          id: units
          with:
            path: ~/.larder-units
            key: larder-v1-${{ steps.rust.outputs.id }}-${{ matrix.slices }}-${{ hashFiles('larder/larder.lock') }}
            # Most units of an older recipe are good for this one.
            restore-keys: larder-v1-${{ steps.rust.outputs.id }}-${{ matrix.slices }}-
        - name: Units of earlier runs
          run: test ! -f ~/.larder-units || cargo larder store import ~/.larder-units
        - name: Cook
          run: cargo larder cook --locked --summary "$GITHUB_STEP_SUMMARY" $SLICES
        # Those of these recipes, and no others: the cache does not grow.
        - name: Units for later runs
          if: (github.event_name == 'schedule' || github.ref_name == github.event.repository.default_branch) && steps.units.outputs.cache-hit != 'true'
          run: |
            cargo larder store export ~/.larder-units
            echo "Saved: $(du -h ~/.larder-units | cut -f1)" >> "$GITHUB_STEP_SUMMARY"
        - uses: actions/cache/save@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0
          with:
            path: ~/.larder-units
            key: larder-v1-${{ steps.rust.outputs.id }}-${{ matrix.slices }}-${{ hashFiles('larder/larder.lock') }}
          if: (github.event_name == 'schedule' || github.ref_name == github.event.repository.default_branch) && steps.units.outputs.cache-hit != 'true'
        - name: Build
          run: cargo larder build --locked --summary "$GITHUB_STEP_SUMMARY" $SLICES
    "#);
}

/// The lines from one to another, without the depth of the first.
fn between(text: &str, from: &str, to: &str) -> String {
    let lines = text.lines().skip_while(|line| *line != from).take_while(|line| *line != to);
    lines
        .map(|line| line.strip_prefix("  ").unwrap_or(line))
        .collect::<Vec<_>>()
        .join("\n")
        .trim_end()
        .to_owned()
}

/// Units that a pull request compiled must reach nobody else.
#[test]
fn that_of_a_team_pushes_from_protected_branches_alone() {
    let workflow = project(REMOTE).read(WORKFLOW);
    let push = workflow.split("- name: Units for the team\n").nth(1).expect("it pushes");
    let push = push.split("- ").next().unwrap();
    assert!(push.contains("if: github.event_name == 'push' && github.ref_protected\n"), "{push}");
    assert!(workflow.contains("    environment: ${{ github.event_name == 'push' && github.ref_protected &&"));
    assert_eq!(workflow.matches("secrets.").count(), 1, "{workflow}");
    assert!(!workflow.contains("store export") && !workflow.contains("store import"), "{workflow}");
}

/// A cache that a pull request could write, or that grows with every branch, is saved nowhere.
#[test]
fn caches_are_saved_on_the_default_branch_alone() {
    for more in ["", REMOTE] {
        let workflow = project(more).read(WORKFLOW);
        let steps: Vec<&str> = workflow.split("      - ").collect();
        let saving: Vec<&&str> = steps.iter().filter(|step| step.contains("actions/cache/save@")).collect();
        let has_units = more.is_empty();
        assert_eq!(saving.len(), if has_units { 3 } else { 2 }, "{workflow}");
        let only = "if: (github.event_name == 'schedule' || github.ref_name == github.event.repository.default_branch) &&";
        assert!(saving.iter().all(|step| step.contains(only)), "{workflow}");
        assert!(!workflow.contains("actions/cache@"), "it saves by itself: {workflow}");
    }
}

/// The workflows and the action of this repository.
#[test]
fn checkers_find_nothing_in_our_own() {
    let Some(checkers) = Checkers::find("checkers of our workflows") else { return };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    found_nothing(&checkers.zizmor(&root, &[".github"]));
    let workflows = [".github/workflows/ci.yml", ".github/workflows/release.yml"];
    found_nothing(&checkers.actionlint(&root, &workflows));
}

/// A deployment comes after everything else, and its secrets are those of its environment.
#[test]
fn a_whole_project_has_a_job_for_each_of_its_parts() {
    let workflow = project(MORE).read(WORKFLOW);
    let jobs = &YamlLoader::load_from_str(&workflow).unwrap()[0]["jobs"];
    let names: Vec<&str> = jobs.as_hash().unwrap().keys().filter_map(Yaml::as_str).collect();
    assert_eq!(names, ["recipes", "cook", "image", "image-of-default", "nix", "deploy"]);
    assert_eq!(strings(&jobs["cook"]["strategy"]["matrix"]["slices"]), ["release", "lints", "tests"]);
    assert!(workflow.contains("rustup component add clippy"), "{workflow}");
    let deploy = &jobs["deploy"];
    assert_eq!(strings(&deploy["needs"]), ["recipes", "cook", "image-of-default"]);
    assert_eq!(deploy["environment"].as_str(), Some("production"));
    let before = workflow.split("\n  deploy:\n").next().unwrap();
    assert!(!before.contains("secrets."), "{before}");
    for name in names {
        assert!(jobs[name]["timeout-minutes"].as_i64().is_some(), "{name}");
        let writes =
            jobs[name]["permissions"].as_hash().unwrap().values().any(|may| may.as_str() != Some("read"));
        assert_eq!(writes, name == "image-of-default", "{name}");
    }
}

fn strings(list: &Yaml) -> Vec<&str> {
    list.as_vec().unwrap().iter().filter_map(Yaml::as_str).collect()
}

/// zizmor in its strictest persona, and actionlint.
#[test]
fn checkers_of_workflows_find_nothing() {
    let Some(checkers) = Checkers::find("checkers of workflows") else { return };
    for more in ["", REMOTE, MORE] {
        let project = project(more);
        found_nothing(&checkers.zizmor(project.path(), &[WORKFLOW]));
        found_nothing(&checkers.actionlint(project.path(), &[WORKFLOW]));
    }
    // They are asked in such a way that they find something.
    let project = project("");
    let text = project.read(WORKFLOW);
    project.write(WORKFLOW, &text.replace("permissions: {}", "permissions: write-all"));
    assert_ne!(checkers.zizmor(project.path(), &[WORKFLOW]).code, 0);
    project.write(WORKFLOW, &text.replace("github.ref }}", "gitub.ref }}"));
    assert_ne!(checkers.actionlint(project.path(), &[WORKFLOW]).code, 0);
}
