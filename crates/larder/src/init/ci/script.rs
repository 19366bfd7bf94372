//! Shell lines that the pipelines of several services share.

use super::parts::PipelineParts;
use crate::{process::quoted, slice::leptos};

/// Gives units to the team.
pub(super) const PUSH: &str = "cargo larder store push";
/// The same, where nothing tells whether a branch is protected.
pub(super) const PUSH_UNTOLD: &str = "cargo larder store push --allow-untrusted";

/// The check of a generated Dockerfile.
pub(super) const DOCKERFILE_CHECK: &str = "cargo larder dockerfile --check";

/// The folder of the programs if the home of the runner's user is its own.
pub(super) const TOOLS_AT_HOME: &str = "$HOME/.larder-tools";

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

/// The command that installs what compiling takes of the system, if any of it is missing. `sudo` comes before each
/// program, with a space behind it.
pub(super) fn packages(parts: &PipelineParts, sudo: &str) -> Option<String> {
    let packages: Vec<_> = parts.packages.iter().map(|package| quoted(package)).collect();
    let packages = packages.join(" ");
    let install = format!("{sudo}apt-get install --yes --no-install-recommends {packages}");
    let line = format!("dpkg --status {packages} > /dev/null 2>&1 || ({sudo}apt-get update && {install})");
    (!packages.is_empty()).then_some(line)
}

/// Checks of everything that is committed. `branch` is the variable with the name of the branch.
pub(super) fn checks(parts: &PipelineParts, branch: &str) -> Vec<String> {
    let mut lines = recipes_check(&format!("${{{branch}:-}}"), ["dependabot/*", "renovate/*"]).to_vec();
    lines.extend(parts.image.is_some().then(|| DOCKERFILE_CHECK.to_owned()));
    lines
}

/// The check of recipes for a CI that tells who started the run: anybody can call a branch as bots call theirs.
pub(super) fn recipes_check_by_actor(branch: &str, actor: &str) -> [String; 2] {
    recipes_check(
        &format!("${{{branch}:-}} by ${{{actor}:-}}"),
        [r#"dependabot/*" by dependabot[bot]""#, r#"renovate/*" by renovate[bot]""#],
    )
}

/// The check of recipes. Bots update `Cargo.lock` alone: on their branches packages that moved are a warning, so that a
/// bump does not fail for that; recipes that differ in anything else fail there, too.
fn recipes_check(run: &str, bots: [&str; 2]) -> [String; 2] {
    [
        format!(r#"case "{run}" in {}) warn=--warn ;; *) warn= ;; esac"#, bots.join(" | ")),
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
    // Their sources are none of the project's downloads.
    let home = format!("CARGO_HOME=\"{tools}/home\" ");
    let mut lines = vec![
        r#": "${LARDER_GIT:?set this variable to the address of Larder}""#.to_owned(),
        install_larder(parts, tools, &home),
    ];
    lines.extend(install_leptos(parts, tools, &home));
    lines
}

/// The command that installs Larder itself, with variables in front, each with a space behind it.
pub(super) fn install_larder(parts: &PipelineParts, tools: &str, vars: &str) -> String {
    let features = if parts.is_bucket { " --features store-clouds" } else { "" };
    let what = format!(r#"--git "$LARDER_GIT" cargo-larder{features}"#);
    install_if_missing(tools, "cargo-larder", vars, &what)
}

/// The same for cargo-leptos, if it is needed.
pub(super) fn install_leptos(parts: &PipelineParts, tools: &str, vars: &str) -> Option<String> {
    let profile = leptos::INSTALL_PROFILE.map(|(name, value)| format!("{name}={value} ")).concat();
    let package = format!("cargo-leptos@{}", parts.leptos()?);
    Some(install_if_missing(tools, "cargo-leptos", &format!("{vars}{profile}"), &package))
}

/// In the project's folder its pinned toolchain would compile the program, which may take a newer one.
fn install_if_missing(tools: &str, program: &str, vars: &str, what: &str) -> String {
    let [installed, root] = [format!("{tools}/bin/{program}"), tools.to_owned()].map(|path| path_word(&path));
    format!("test -x {installed} || (cd / && {vars}cargo install --locked --root {root} {what})")
}

/// A path in words of a shell as one word; in quotes a `~` would mean nothing.
fn path_word(path: &str) -> String {
    if path.starts_with('~') { path.to_owned() } else { format!("\"{path}\"") }
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

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use crate::process::{Cmd, Environment};

    /// rustup takes the toolchain of the folder that cargo is started in, and cargo its configuration.
    #[test]
    fn tools_are_not_compiled_by_a_toolchain_of_the_projects() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
        let cargo = path("cargo");
        let text = format!("#!/bin/sh\npwd > {}\necho \"$CARGO_HOME $*\" >> {0}\n", path("said"));
        fs_err::write(&cargo, text).unwrap();
        let line = install_if_missing(&path("tools"), "x", "CARGO_HOME=\"home\" ", "--git a x");
        let line = line.replace("cargo install", &format!("sh {cargo} install"));
        let env = Environment::new([("PATH", "/usr/bin:/bin")]);
        Cmd::new("sh", folder.path(), &env).args(["-c", &line]).output().unwrap();
        let said = fs_err::read_to_string(path("said")).unwrap();
        assert_eq!(said, format!("/\nhome install --locked --root {} --git a x\n", path("tools")));
    }
}
