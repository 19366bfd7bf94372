//! Shell lines that the pipelines of all services but GitHub share.

use super::parts::Parts;
use crate::process::quoted;

/// The toolchain, Larder itself, and cargo-leptos if it is needed. `tools` is the folder of the programs, in words of a
/// shell.
pub(super) fn set_up(parts: &Parts, tools: &str) -> Vec<String> {
    let mut lines = vec!["rustc --version".to_owned()];
    if parts.has_clippy() {
        lines.push("rustup component add clippy".into());
    }
    if !parts.targets.is_empty() {
        let targets: Vec<String> = parts.targets.iter().map(|target| quoted(target)).collect();
        lines.push(format!("rustup target add {}", targets.join(" ")));
    }
    // Their sources are none of the project's downloads.
    let install = |program: &str, what: &str| {
        format!(
            "test -x \"{tools}/bin/{program}\" || CARGO_HOME=\"{tools}/home\" cargo install --locked --root \"{tools}\" {what}"
        )
    };
    lines.push(r#": "${LARDER_GIT:?set this variable to the address of Larder}""#.into());
    lines.push(install("cargo-larder", r#"--git "$LARDER_GIT" cargo-larder"#));
    lines.extend(parts.leptos().map(|version| install("cargo-leptos", &format!("cargo-leptos@{version}"))));
    lines.push(format!("export PATH=\"{tools}/bin:$PATH\""));
    lines
}

/// What the key of the tools ends in.
pub(super) fn leptos_key(parts: &Parts) -> String {
    parts.leptos().map(|version| format!("-leptos-{version}")).unwrap_or_default()
}

/// A line of a script as one text of YAML, whatever is in it.
pub(super) fn yaml(line: &str) -> String {
    format!("'{}'", line.replace('\'', "''"))
}
