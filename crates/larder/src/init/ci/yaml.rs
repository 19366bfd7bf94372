//! Workflows of GitHub Actions as text, and their steps. Values of expressions reach a script as variables, never as text in it.

use std::fmt::Write as _;

use super::parts::{PipelineParts, USUAL_BRANCHES};

/// Makes the text of a job.
pub(super) struct Job {
    text: String,
}

/// A step that runs commands.
pub(super) struct PipelineStep<'a> {
    name: &'a str,
    lines: Vec<String>,
    id: Option<&'a str>,
    condition: Option<String>,
    env: Vec<(&'a str, &'a str)>,
}

/// A use of `actions/cache`.
pub(super) struct CacheAction<'a> {
    /// The name that others ask by whether it was there.
    pub(super) id: &'a str,
    pub(super) paths: &'a [&'a str],
    pub(super) key: String,
    /// The start of keys that are good as well.
    pub(super) older: Option<String>,
}

/// The commit of `actions/cache` and what it is a version of: a tag can be moved, a commit cannot.
pub(in crate::init) const CACHE: &str = "0057852bfaa89a56745cba8c7296529d2fc39830 # v4.3.0";
pub(in crate::init) const CHECKOUT: &str =
    "actions/checkout@34e114876b0b11c390a56381ad16ebd13914f8d5 # v4.3.1";

/// Caches of other branches fill the quota, and only that branch reads them. A schedule runs on the default branch alone.
pub(super) const ON_DEFAULT: &str =
    "(github.event_name == 'schedule' || github.ref_name == github.event.repository.default_branch)";

/// The start of a workflow, for GitHub and for Forgejo, up to its variables: with more events, keys of the workflow and
/// variables, each in whole lines.
pub(super) fn head(events: &str, keys: &str, env: &str, parts: &PipelineParts) -> String {
    let given = address(parts.source.as_deref());
    let default = parts.default_branch.as_ref().map(|name| format!("\"{name}\""));
    let branches = USUAL_BRANCHES.map(str::to_owned).into_iter().chain(default);
    let branches = branches.collect::<Vec<_>>().join(", ");
    format!(
        "\
# Written by `cargo larder init`; yours to change.
name: larder

on:
  push:
    # A branch with a pull request would run twice.
    branches: [{branches}]
  pull_request:
{events}
{keys}# A newer push to a pull request ends the older run.
concurrency:
  group: larder-${{{{ github.ref }}}}
  cancel-in-progress: ${{{{ github.event_name == 'pull_request' }}}}

env:
{env}  # A pull request takes units, and gives none to other runs.
  LARDER_STORE: ${{{{ github.event_name == 'pull_request' && 'read' || 'write' }}}}
  # The address of Larder's git repository.
  LARDER_GIT: ${{{{ vars.LARDER_GIT{given} }}}}
"
    )
}

/// The rest of an expression that takes the given address of Larder if a variable has none.
pub(in crate::init) fn address(source: Option<&str>) -> String {
    source.map(|source| format!(" || '{source}'")).unwrap_or_default()
}

impl<'a> PipelineStep<'a> {
    pub(super) fn new(name: &'a str, lines: &[&str]) -> Self {
        let lines = lines.iter().map(|line| (*line).to_owned()).collect();
        Self { name, lines, id: None, condition: None, env: Vec::new() }
    }

    pub(super) fn id(self, id: &'a str) -> Self {
        Self { id: Some(id), ..self }
    }

    pub(super) fn only_if(self, condition: impl Into<String>) -> Self {
        Self { condition: Some(condition.into()), ..self }
    }

    pub(super) fn env(mut self, name: &'a str, value: &'a str) -> Self {
        self.env.push((name, value));
        self
    }
}

impl Job {
    /// A job by its name, with its lines before the steps, each at the depth of a job's own keys.
    pub(super) fn new(name: &str, keys: &str) -> Self {
        let mut text = format!("\n  {name}:\n");
        for line in keys.lines() {
            let _ = writeln!(text, "    {line}");
        }
        text.push_str("    steps:\n");
        Self { text }
    }

    pub(super) fn checkout(&mut self, parts: &PipelineParts) {
        let submodules = parts.has_submodules.then_some(("submodules", "recursive"));
        let inputs: Vec<_> = [("persist-credentials", "false")].into_iter().chain(submodules).collect();
        self.action(CHECKOUT, &inputs);
    }

    /// An action with its inputs.
    pub(super) fn action(&mut self, action: &str, inputs: &[(&str, &str)]) {
        let _ = writeln!(self.text, "      - uses: {action}");
        if !inputs.is_empty() {
            self.text.push_str("        with:\n");
        }
        for (name, value) in inputs {
            let _ = writeln!(self.text, "          {name}: {value}");
        }
    }

    pub(super) fn comment(&mut self, comment: &str) {
        let _ = writeln!(self.text, "      # {comment}");
    }

    pub(super) fn step(&mut self, step: &PipelineStep<'_>) {
        let text = &mut self.text;
        let _ = writeln!(text, "      - name: {}", step.name);
        if let Some(id) = step.id {
            let _ = writeln!(text, "        id: {id}");
        }
        if let Some(condition) = &step.condition {
            let _ = writeln!(text, "        if: {condition}");
        }
        if !step.env.is_empty() {
            text.push_str("        env:\n");
        }
        for (name, value) in &step.env {
            let _ = writeln!(text, "          {name}: {value}");
        }
        let _ = match &step.lines[..] {
            [only] if !only.contains(": ") => writeln!(text, "        run: {only}"),
            lines => writeln!(text, "        run: |\n          {}", lines.join("\n          ")),
        };
    }

    /// Takes what was saved under the key.
    pub(super) fn restore(&mut self, cache: &CacheAction<'_>) {
        self.cache("restore", cache);
        if let Some(older) = &cache.older {
            self.text.push_str("          # Most units of an older recipe are good for this one.\n");
            let _ = writeln!(self.text, "          restore-keys: {older}");
        }
    }

    /// Saves what was not there, if this run may.
    pub(super) fn save(&mut self, cache: &CacheAction<'_>) {
        self.cache("save", cache);
        let _ = writeln!(self.text, "        if: {}", Self::may_save(cache));
    }

    /// The condition of steps that make what is saved.
    pub(super) fn may_save(cache: &CacheAction<'_>) -> String {
        format!("{ON_DEFAULT} && steps.{}.outputs.cache-hit != 'true'", cache.id)
    }

    fn cache(&mut self, what: &str, cache: &CacheAction<'_>) {
        let text = &mut self.text;
        let _ = writeln!(text, "      - uses: actions/cache/{what}@{CACHE}");
        if what == "restore" {
            let _ = writeln!(text, "        id: {}", cache.id);
        }
        let _ = match cache.paths {
            [only] => writeln!(text, "        with:\n          path: {only}"),
            paths => writeln!(
                text,
                "        with:\n          path: |\n            {}",
                paths.join("\n            ")
            ),
        };
        let _ = writeln!(text, "          key: {}", cache.key);
    }

    pub(super) fn text(self) -> String {
        self.text
    }
}
