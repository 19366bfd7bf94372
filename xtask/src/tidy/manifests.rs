//! Rules about manifests: what is said twice is said alike.

use toml_edit::{Item, Table};

use super::{Finding, repository::Repository};

const ROOT: &str = "Cargo.toml";
const LOCK: &str = "Cargo.lock";
/// crates.io, as lock files name it.
const CRATES_IO: &str = "registry+https://github.com/rust-lang/crates.io-index";
/// Pages that tell a newcomer which Rust is needed.
const PAGES: [&str; 3] = ["README.md", "CONTRIBUTING.md", "docs/src/getting-started.md"];
/// How those pages say it.
const SAYS: &str = "Rust 1.";

/// One oldest Rust for everything: every manifest names the root's, or inherits it, and so do the pages.
pub(super) fn rust_version(repository: &Repository) -> Vec<Finding> {
    let Some(wanted) = root_value(repository, "rust-version") else {
        return vec![Finding::new(
            ROOT,
            1,
            "`workspace.package.rust-version` is missing: name the oldest Rust",
        )];
    };
    let mut findings = Vec::new();
    for (path, text) in repository.ending(&["Cargo.toml"]) {
        let ours = !path.starts_with("fixtures/");
        let named = text.lines().enumerate().filter_map(|(index, line)| {
            Some((index + 1, line.strip_prefix("rust-version = \"")?.split('"').next()?))
        });
        for (line, found) in named.filter(|(_, found)| ours && *found != wanted) {
            findings.push(Finding::new(
                path,
                line,
                format!("rust-version {found}: the root says {wanted}, so say it here"),
            ));
        }
    }
    for page in PAGES {
        for (index, line) in repository.text(page).unwrap_or_default().lines().enumerate() {
            for rest in line.split(SAYS).skip(1) {
                let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
                if format!("1.{digits}") != wanted {
                    let what = format!("{SAYS}{digits}: {ROOT} says {wanted}, so say it here");
                    findings.push(Finding::new(page, index + 1, what));
                }
            }
        }
    }
    findings
}

/// Every package comes from crates.io, in the example as well.
///
/// `cargo deny` says the same of this workspace, but only if it is installed.
pub(super) fn sources(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in repository.ending(&["Cargo.lock"]) {
        for (index, line) in text.lines().enumerate() {
            let source = line.strip_prefix("source = \"").and_then(|rest| rest.strip_suffix('"'));
            if let Some(source) = source.filter(|source| *source != CRATES_IO) {
                let what = format!("`{source}` is not crates.io: take the package from there");
                findings.push(Finding::new(path, index + 1, what));
            }
        }
    }
    findings
}

/// The lock file has the workspace's own crates in the workspace's version.
pub(super) fn lock_version(repository: &Repository) -> Vec<Finding> {
    let (Some(wanted), Ok(lock)) = (root_value(repository, "version"), repository.toml(LOCK)) else {
        return vec![Finding::new(
            LOCK,
            1,
            "no lock file, or no `workspace.package.version`: run `cargo metadata`",
        )];
    };
    let packages = lock.get("package").and_then(Item::as_array_of_tables).into_iter().flatten();
    // A package that comes from a registry has a source.
    let own = packages.filter(|package| package.get("source").is_none());
    let wrong = own.filter(|package| field(package, "version") != Some(wanted.as_str()));
    wrong
        .map(|package| {
            let name = field(package, "name").unwrap_or_default();
            let text = repository.text(LOCK).unwrap_or_default();
            let line =
                text.lines().position(|line| line == format!("name = \"{name}\"")).unwrap_or_default() + 1;
            let what =
                format!("`{name}` is not in version {wanted}: inherit the version, and run `cargo metadata`");
            Finding::new(LOCK, line, what)
        })
        .collect()
}

fn field<'a>(package: &'a Table, name: &str) -> Option<&'a str> {
    package.get(name)?.as_str()
}

pub(super) fn root_value(repository: &Repository, key: &str) -> Option<String> {
    let root = repository.toml(ROOT).ok()?;
    Some(root.get("workspace")?.get("package")?.get(key)?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKSPACE: &str = "[workspace.package]\nversion = \"0.2.0\"\nrust-version = \"1.95\"\n";

    #[test]
    fn another_rust_version_is_found() {
        let repository = Repository::from([
            (ROOT, WORKSPACE),
            ("crates/larder/Cargo.toml", "rust-version = \"1.90\""),
            ("crates/b/Cargo.toml", "rust-version.workspace = true"),
            ("examples/x/Cargo.toml", "[package]\nrust-version = \"1.94\""),
            ("fixtures/x/Cargo.toml", "rust-version = \"1.1\""),
            ("README.md", "Rust 1.95 or newer\nRust 1.9"),
        ]);
        let found: Vec<String> =
            rust_version(&repository).iter().map(|f| format!("{}:{}", f.path, f.line)).collect();
        assert_eq!(found, ["crates/larder/Cargo.toml:1", "examples/x/Cargo.toml:2", "README.md:2"]);
        assert_eq!(rust_version(&Repository::from([(ROOT, "")])).len(), 1);
    }

    #[test]
    fn another_source_is_found() {
        let lock = format!(
            "name = \"a\"\nsource = \"{CRATES_IO}\"\nname = \"b\"\nsource = \"git+https://x.org/b#1\""
        );
        let found = sources(&Repository::from([("examples/x/Cargo.lock", lock.as_str())]));
        assert!(found.len() == 1 && found[0].line == 4, "{found:?}");
    }

    #[test]
    fn an_old_version_in_the_lock_file_is_found() {
        let lock = "[[package]]\nname = \"a\"\nversion = \"0.1.0\"\n\n[[package]]\nname = \"b\"\nversion = \"0.2.0\"\n\n\
                    [[package]]\nname = \"c\"\nversion = \"9.0.0\"\nsource = \"registry+x\"\n";
        let found = lock_version(&Repository::from([(ROOT, WORKSPACE), (LOCK, lock)]));
        assert!(found.len() == 1 && found[0].what.starts_with("`a`") && found[0].line == 2, "{found:?}");
        assert_eq!(lock_version(&Repository::from([(ROOT, WORKSPACE)])).len(), 1);
    }
}
