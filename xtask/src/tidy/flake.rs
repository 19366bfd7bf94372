//! Rules about the flake: its lock file names what flake.nix and the manifests ask for.

use serde_json::Value;

use super::{Finding, manifests::root_value, repository::Repository};

const FLAKE_LOCK: &str = "flake.lock";
/// The table of contents of `nix/lib`.
const CONTENTS: &str = "nix/lib/default.nix";
/// The names of tests of `nix/lib`.
const TESTS: &str = "tests/larder/nix";
const TOOLCHAIN: &str = "rust-toolchain.toml";
/// The Thursday of Rust 1.0's week in May 2015, in seconds since 1970; each version since came six weeks after another.
const FIRST_RUST: u64 = 1_431_561_600;
const SIX_WEEKS: u64 = 42 * 24 * 60 * 60;

/// The lock file as JSON; an empty table if there is none.
fn lock(repository: &Repository) -> Result<Value, Finding> {
    let text = repository.text(FLAKE_LOCK).unwrap_or("{}");
    serde_json::from_str(text).map_err(|_| wrong("it is no JSON"))
}

fn wrong(what: &str) -> Finding {
    Finding::new(FLAKE_LOCK, 1, format!("{what}: run `nix flake lock`"))
}

/// The flake's lock file has every input of flake.nix, from where flake.nix says, at a revision with its hash.
pub(super) fn flake_lock(repository: &Repository) -> Vec<Finding> {
    let text = repository.text("flake.nix").unwrap_or_default();
    let mut named: Vec<String> =
        text.split("\"github:").skip(1).filter_map(|rest| Some(rest.split('"').next()?.to_owned())).collect();
    named.sort();
    let lock = match lock(repository) {
        Ok(lock) => lock,
        Err(finding) => return vec![finding],
    };
    let mut locked = Vec::new();
    let mut findings = Vec::new();
    for (name, node) in lock["nodes"].as_object().into_iter().flatten().filter(|(name, _)| *name != "root") {
        let parts = ["owner", "repo", "ref"].map(|part| node["original"][part].as_str());
        locked.push(parts.into_iter().flatten().collect::<Vec<_>>().join("/"));
        if ["rev", "narHash"].iter().any(|part| node["locked"][part].as_str().is_none()) {
            findings.push(wrong(&format!("`{name}` has no revision with its hash")));
        }
    }
    locked.sort();
    if named != locked {
        findings.push(wrong(&format!(
            "flake.nix names {}, and it has {}",
            named.join(", "),
            locked.join(", ")
        )));
    }
    findings
}

/// The toolchain that Nix builds with is one that the manifests accept: rust-overlay is locked at a time when the oldest
/// Rust was out, and rust-toolchain.toml, if there is one, names no older version.
pub(super) fn flake_toolchain(repository: &Repository) -> Vec<Finding> {
    let oldest = root_value(repository, "rust-version").and_then(|version| minor(&version));
    let (Some(oldest), Ok(lock)) = (oldest, lock(repository)) else { return Vec::new() };
    let named = repository.toml(TOOLCHAIN).ok();
    let channel = named.as_ref().and_then(|file| file.get("toolchain")?.get("channel")?.as_str());
    let pinned = channel.and_then(minor);
    let mut findings = Vec::new();
    if let Some(pinned) = pinned.filter(|pinned| *pinned < oldest) {
        let what = format!("Rust 1.{pinned}: Cargo.toml asks for 1.{oldest} or newer, so name that");
        findings.push(Finding::new(TOOLCHAIN, 1, what));
    }
    let needed = pinned.unwrap_or(oldest).max(oldest);
    let locked = lock["nodes"]["rust-overlay"]["locked"]["lastModified"].as_u64();
    if locked.is_some_and(|locked| locked < FIRST_RUST + needed * SIX_WEEKS) {
        let what = format!("rust-overlay is older than Rust 1.{needed}: run `nix flake update rust-overlay`");
        findings.push(Finding::new(FLAKE_LOCK, 1, what));
    }
    findings
}

/// Every function of `nix/lib` opens with its name and what it takes, is in the table of contents, and has a test, where
/// one finds it by its name.
pub(super) fn functions(repository: &Repository) -> Vec<Finding> {
    let contents = repository.text(CONTENTS).unwrap_or_default();
    let tests: Vec<&str> = repository
        .ending(&[".rs"])
        .filter(|(path, _)| path.starts_with(TESTS))
        .map(|(_, text)| text)
        .collect();
    let mut findings = Vec::new();
    for (path, text) in repository.ending(&[".nix"]).filter(|(path, _)| *path != CONTENTS) {
        let Some(name) = path.strip_prefix("nix/lib/").and_then(|file| file.strip_suffix(".nix")) else {
            continue;
        };
        // A folder holds the parts of a function, which is tested as a whole.
        let faults = match name.split_once('/') {
            Some((folder, part)) => faults_of_part(repository, folder, part, text),
            None => faults_of_function(contents, &tests, name, text),
        };
        findings.extend(faults.into_iter().map(|what| Finding::new(path, 1, what)));
    }
    findings
}

fn faults_of_part(repository: &Repository, folder: &str, part: &str, text: &str) -> Vec<String> {
    let mut faults: Vec<String> = missing_start(part, text).into_iter().collect();
    let import = format!("./{folder}/{part}.nix");
    if !repository.ending(&[".nix"]).any(|(_, text)| text.contains(&import)) {
        faults.push(format!("nothing imports {import}: remove it, or import it by this path"));
    }
    faults
}

fn faults_of_function(contents: &str, tests: &[&str], name: &str, text: &str) -> Vec<String> {
    let mut faults: Vec<String> = missing_start(name, text).into_iter().collect();
    if !contents.contains(&format!("./{name}.nix")) {
        faults.push(format!("{CONTENTS} does not list it: add it there"));
    }
    if !tests.iter().any(|text| text.contains(&format!("\"{name}\","))) {
        faults.push(format!("no test in {TESTS}*.rs has `\"{name}\",`: add it to the table of functions"));
    }
    faults
}

fn missing_start(name: &str, text: &str) -> Option<String> {
    let start = format!("# {name} :: ");
    (!text.starts_with(&start))
        .then(|| format!("the file does not start with `{start}`: say what it takes and gives"))
}

/// The middle number of a version of Rust, `95` in `1.95.0`; a channel such as `stable` has none.
fn minor(version: &str) -> Option<u64> {
    version.strip_prefix("1.")?.split('.').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flake_and_its_lock_file_agree() {
        let both = format!("{}, {}", node("a", ""), node("b", ", \"ref\": \"main\""));
        assert_eq!(fault_count(&lock_of(&both)), 0);
        assert_eq!(fault_count(&lock_of(&node("a", ""))), 1);
        assert_eq!(fault_count(&lock_of(&both).replace("narHash", "hash")), 2);
        assert_eq!(fault_count("{"), 1);
        assert_eq!(flake_lock(&Repository::from([("README.md", "")])), []);
    }

    fn node(name: &str, more: &str) -> String {
        let locked = "\"locked\": { \"rev\": \"1\", \"narHash\": \"2\" }";
        format!(
            "\"{name}\": {{ {locked}, \"original\": {{ \"owner\": \"x\", \"repo\": \"{name}\"{more} }} }}"
        )
    }

    fn lock_of(nodes: &str) -> String {
        format!("{{ \"nodes\": {{ \"root\": {{}}, {nodes} }} }}")
    }

    fn fault_count(lock: &str) -> usize {
        let flake = "inputs.a.url = \"github:x/a\"; inputs.b.url = \"github:x/b/main\";";
        flake_lock(&Repository::from([("flake.nix", flake), (FLAKE_LOCK, lock)])).len()
    }

    #[test]
    fn a_flake_has_a_toolchain_that_the_manifests_accept() {
        // Rust 1.95 came out on the 16th of April 2026, 1.96 six weeks later.
        let (day, before, after) = (86_400, 1_776_297_600 - 86_400, 1_776_297_600);
        assert_eq!(faulty_files(after, ""), Vec::<String>::new());
        assert_eq!(faulty_files(before, ""), [FLAKE_LOCK]);
        assert_eq!(faulty_files(after, "[toolchain]\nchannel = \"stable\"\n"), Vec::<String>::new());
        assert_eq!(faulty_files(after, "[toolchain]\nchannel = \"1.94.1\"\n"), [TOOLCHAIN]);
        assert_eq!(faulty_files(after, "[toolchain]\nchannel = \"1.96\"\n"), [FLAKE_LOCK]);
        assert_eq!(faulty_files(after + 42 * day, "[toolchain]\nchannel = \"1.96\"\n"), Vec::<String>::new());
    }

    fn faulty_files(time: u64, toolchain: &str) -> Vec<String> {
        let root = "[workspace.package]\nrust-version = \"1.95\"\n";
        let lock = format!(r#"{{"nodes":{{"rust-overlay":{{"locked":{{"lastModified":{time}}}}}}}}}"#);
        let files = [("Cargo.toml", root), (FLAKE_LOCK, &lock), (TOOLCHAIN, toolchain)];
        flake_toolchain(&Repository::from(files)).into_iter().map(|finding| finding.path).collect()
    }

    #[test]
    fn a_function_without_words_or_a_test_is_found() {
        let good = [
            (CONTENTS, "call ./a.nix"),
            ("nix/lib/a.nix", "# a :: string\n"),
            ("tests/larder/nix.rs", "(\"a\", 1)"),
        ];
        assert_eq!(functions(&Repository::from(good)), []);
        let bad = [(CONTENTS, ""), ("nix/lib/a.nix", "# b\n"), ("tests/larder/nix.rs", "a")];
        assert_eq!(functions(&Repository::from(bad)).len(), 3);
    }
}
