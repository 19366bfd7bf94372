//! The workflow of GitHub Actions that `init` writes: its text, and what others who check workflows say of it.

use std::path::Path;

use insta::assert_snapshot;
use larder_tests::{Project, Surroundings, skip};

const MANIFEST: &str =
    "[package]\nname = \"app\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\n[dependencies]\nitoa = \"1\"\n";
/// Where a team keeps its units.
const REMOTE: &str = "\n[package.metadata.larder.store]\nremote = \"https://units.example/x\"\n";
const WORKFLOW: &str = ".github/workflows/larder.yml";

/// A project whose manifest goes on with this, and its workflow.
fn project(more: &str) -> Project {
    let project =
        Project::new(&[("Cargo.toml", &format!("{MANIFEST}{more}")), ("src/main.rs", "fn main() {}\n")]);
    let parts = ["init", "--yes", "--only", "recipes,docker,ci"];
    project.larder(&[&parts[..], &["--source", "https://git.example/larder"]].concat()).ok();
    project
}

#[test]
fn it_reads_well() {
    assert_snapshot!(project("").read(WORKFLOW), @r#"
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

    jobs:
      build:
        name: Build
        runs-on: ubuntu-latest
        timeout-minutes: 90
        permissions:
          # To check the repository out.
          contents: read
        steps:
          - uses: actions/checkout@34e114876b0b11c390a56381ad16ebd13914f8d5 # v4.3.1
            with:
              persist-credentials: false
          - name: Toolchain
            id: rust
            run: |
              rustc --version
              echo "id=$(rustc -vV | sha256sum | cut -c1-16)" >> "$GITHUB_OUTPUT"
          # Another number gets the tools anew.
          - uses: actions/cache/restore@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0
            id: tools
            with:
              path: ~/.larder-tools
              key: tools-${{ runner.os }}-1
          - name: Tools
            run: |
              : "${LARDER_GIT:?set this variable of the repository to the address of Larder}"
              test -x ~/.larder-tools/bin/cargo-larder || cargo install --locked --root ~/.larder-tools --git "$LARDER_GIT" cargo-larder
              echo "$HOME/.larder-tools/bin" >> "$GITHUB_PATH"
          - uses: actions/cache/save@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0
            with:
              path: ~/.larder-tools
              key: tools-${{ runner.os }}-1
            if: (github.event_name == 'schedule' || github.ref_name == github.event.repository.default_branch) && steps.tools.outputs.cache-hit != 'true'
          - name: Recipes are right
            run: cargo larder lock --check --locked
          - name: Dockerfile is right
            run: cargo larder dockerfile --check
          - uses: actions/cache/restore@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0
            id: cooked
            with:
              path: |
                ~/.larder-units
                ~/.cargo/registry/index
                ~/.cargo/registry/cache
                ~/.cargo/git/db
              key: larder-${{ runner.os }}-${{ steps.rust.outputs.id }}-${{ hashFiles('larder/larder.lock') }}
              # Most units of an older recipe are good for this one.
              restore-keys: larder-${{ runner.os }}-${{ steps.rust.outputs.id }}-
          - name: Units of earlier runs
            run: test ! -f ~/.larder-units || cargo larder store import ~/.larder-units
          - name: Cook
            run: cargo larder cook --locked
          - name: Units for later runs
            run: cargo larder store export ~/.larder-units
            if: (github.event_name == 'schedule' || github.ref_name == github.event.repository.default_branch) && steps.cooked.outputs.cache-hit != 'true'
          - uses: actions/cache/save@0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0
            with:
              path: |
                ~/.larder-units
                ~/.cargo/registry/index
                ~/.cargo/registry/cache
                ~/.cargo/git/db
              key: larder-${{ runner.os }}-${{ steps.rust.outputs.id }}-${{ hashFiles('larder/larder.lock') }}
            if: (github.event_name == 'schedule' || github.ref_name == github.event.repository.default_branch) && steps.cooked.outputs.cache-hit != 'true'
          - name: Build
            run: cargo larder build --locked
    "#);
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
        assert_eq!(saving.len(), 2, "{workflow}");
        let only = "if: (github.event_name == 'schedule' || github.ref_name == github.event.repository.default_branch) &&";
        assert!(saving.iter().all(|step| step.contains(only)), "{workflow}");
        assert!(!workflow.contains("actions/cache@"), "it saves by itself: {workflow}");
    }
}

/// zizmor in its strictest persona, and actionlint.
#[test]
fn checkers_of_workflows_find_nothing() {
    let path = |name: &str| Surroundings::get().env().find_program(name);
    let (Some(zizmor), Some(actionlint)) = (path("zizmor"), path("actionlint")) else {
        return skip("checkers of workflows", "PATH has no zizmor or no actionlint");
    };
    let check = |program: &Path, args: &[&str], project: &Project| {
        Surroundings::get().run(program, project.path(), &[args, &[WORKFLOW]].concat(), &[])
    };
    let strict = ["--offline", "--persona=auditor", "--no-progress"];
    for more in ["", REMOTE] {
        let project = project(more);
        for outcome in [check(&zizmor, &strict, &project), check(&actionlint, &["-no-color"], &project)] {
            assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
        }
    }
    // They are asked in such a way that they find something.
    let project = project("");
    let text = project.read(WORKFLOW);
    project.write(WORKFLOW, &text.replace("permissions: {}", "permissions: write-all"));
    assert_ne!(check(&zizmor, &strict, &project).code, 0);
    project.write(WORKFLOW, &text.replace("github.ref }}", "gitub.ref }}"));
    assert_ne!(check(&actionlint, &["-no-color"], &project).code, 0);
}
