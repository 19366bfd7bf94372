//! Shell lines that the pipelines of several services share.

use super::parts::PipelineParts;
use crate::{process::quoted, slice::leptos};

/// Gives units to the team.
pub(super) const PUSH: &str = "cargo larder store push";
/// The same, where nothing tells whether a branch is protected.
pub(super) const PUSH_UNTOLD: &str = "cargo larder store push --allow-untrusted";

/// A command that runs if this run has the team's key.
pub(super) fn if_key(command: &str) -> String {
    format!(r#"test -z "$LARDER_STORE_KEY" || {command}"#)
}

/// The toolchain with all that the project's slices need of it.
pub(super) fn toolchain(parts: &PipelineParts) -> Vec<String> {
    let mut lines = vec!["rustc --version".to_owned()];
    if parts.has_clippy() {
        lines.push("rustup component add clippy".into());
    }
    if !parts.targets.is_empty() {
        let targets: Vec<String> = parts.targets.iter().map(|target| quoted(target)).collect();
        lines.push(format!("rustup target add {}", targets.join(" ")));
    }
    lines
}

/// Checks of everything that is committed. `branch` is the variable with the name of the branch.
pub(super) fn checks(parts: &PipelineParts, branch: &str) -> Vec<String> {
    let mut lines = recipes_check(branch).to_vec();
    lines.extend(parts.image.is_some().then(|| "cargo larder dockerfile --check".to_owned()));
    lines
}

/// The check of recipes. Bots update `Cargo.lock` alone: on their branches stale recipes are a warning, so that a bump
/// does not fail for that; recipes that are wrong fail there, too.
pub(super) fn recipes_check(branch: &str) -> [String; 2] {
    [
        format!(r#"case "${{{branch}:-}}" in dependabot/* | renovate/*) warn=--warn ;; *) warn= ;; esac"#),
        "cargo larder lock --check --locked $warn".to_owned(),
    ]
}

/// The toolchain, Larder itself, and cargo-leptos if it is needed. `tools` is the folder of the programs, in words of a
/// shell.
pub(super) fn set_up(parts: &PipelineParts, tools: &str) -> Vec<String> {
    let mut lines = toolchain(parts);
    lines.extend(install(parts, tools));
    lines.push(format!("export PATH=\"{tools}/bin:$PATH\""));
    lines
}

/// Larder itself, and cargo-leptos if it is needed, unless the folder has them.
pub(super) fn install(parts: &PipelineParts, tools: &str) -> Vec<String> {
    let mut lines = vec![
        r#": "${LARDER_GIT:?set this variable to the address of Larder}""#.to_owned(),
        install_if_missing(
            tools,
            "cargo-larder",
            "",
            &format!(r#"--git "$LARDER_GIT" cargo-larder{}"#, features(parts)),
        ),
    ];
    if let Some(version) = parts.leptos() {
        let package = format!("cargo-leptos@{version}");
        lines.push(install_if_missing(tools, "cargo-leptos", &leptos_profile(), &package));
    }
    lines
}

fn install_if_missing(tools: &str, program: &str, vars: &str, what: &str) -> String {
    // Their sources are none of the project's downloads.
    format!(
        "test -x \"{tools}/bin/{program}\" || CARGO_HOME=\"{tools}/home\" {vars}cargo install --locked --root \"{tools}\" {what}"
    )
}

/// The variables that cargo-leptos is installed with, in front of the command.
pub(super) fn leptos_profile() -> String {
    leptos::INSTALL_PROFILE.map(|(name, value)| format!("{name}={value} ")).concat()
}

/// The features that Larder is installed with, behind its name.
pub(super) fn features(parts: &PipelineParts) -> &'static str {
    if parts.is_bucket { " --features store-clouds" } else { "" }
}

/// The end of the key of a cache with the tools.
pub(super) fn tools_key(parts: &PipelineParts) -> String {
    let leptos = parts.leptos().map(|version| format!("-leptos-{version}"));
    format!("{}{}", if parts.is_bucket { "-clouds" } else { "" }, leptos.unwrap_or_default())
}

/// A line of a script as one text of YAML, whatever is in it.
pub(super) fn yaml(line: &str) -> String {
    format!("'{}'", line.replace('\'', "''"))
}
