//! sccache in front of rustc: recipes, keys and results are the same with it as without, and `init` puts it there for the
//! workspace's own crates alone.

use std::path::{Path, PathBuf};

use larder_tests::{Surroundings, skip};
use serde_json::Value;

use crate::store::{Checkout, Machine, SAID};

/// A server of one test, on a port of its own; ended with the test.
struct Server {
    program: PathBuf,
    folder: tempfile::TempDir,
    port: String,
}

impl Server {
    /// `None` if there is no sccache here.
    fn new(test: &str) -> Option<Self> {
        let Some(program) = Surroundings::get().env().find_program("sccache") else {
            skip(test, "sccache is not on PATH");
            return None;
        };
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port().to_string();
        Some(Self { program, folder: tempfile::tempdir().unwrap(), port })
    }

    fn vars(&self) -> [(&str, &str); 2] {
        [("SCCACHE_SERVER_PORT", &self.port), ("CARGO_INCREMENTAL", "0")]
    }

    fn folder(&self) -> &str {
        self.folder.path().to_str().unwrap()
    }

    fn ask(&self, words: &[&str]) -> String {
        Surroundings::get().run(&self.program, self.folder.path(), words, &self.vars()).stdout
    }

    /// How many calls of rustc it kept.
    fn misses(&self) -> u64 {
        let figures: Value =
            serde_json::from_str(&self.ask(&["--show-stats", "--stats-format=json"])).unwrap();
        figures["stats"]["cache_misses"]["counts"]["Rust"].as_u64().unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ask(&["--stop-server"]);
    }
}

fn with(checkout: &Checkout<'_>, words: &[&str], more: &[(&str, &str)]) -> larder_tests::Outcome {
    let vars = [checkout.vars().as_slice(), more].concat();
    Surroundings::get().larder_with(checkout.project.path(), words, &vars)
}

fn table(checkout: &Checkout<'_>) -> String {
    checkout.project.read("larder/larder.lock")
}

#[test]
fn recipes_keys_and_results_are_the_same() {
    let Some(server) = Server::new("recipes_keys_and_results_are_the_same") else { return };
    let machine = Machine::new();
    let first = machine.first();
    let (plain, plan) = (table(&first), first.larder(&["plan", "--units", "--json"]));
    let second = first.another();
    let dir = [("SCCACHE_DIR", server.folder()), ("RUSTC_WRAPPER", "sccache")];
    let wrapped = [server.vars().as_slice(), &dir].concat();
    fs_err::remove_dir_all(second.project.path().join("larder")).unwrap();
    with(&second, &["lock"], &wrapped).ok();
    assert_eq!(table(&second), plain);
    assert_eq!(with(&second, &["plan", "--units", "--json"], &wrapped).ok().stdout, plan);
    let (restored, compiled) = second.cook(&wrapped);
    assert!(restored == 0 && compiled > 10, "{restored} {compiled}");
    assert!(server.misses() > 5, "it was not asked");
    assert_eq!(second.build(&wrapped).compiled_external, 0);
    assert_eq!(second.says(), SAID);
    // The units that were compiled behind it are restored without it.
    let (restored, compiled) = first.cook(&[]);
    assert!(restored > 10 && compiled == 0, "{restored} {compiled}");
    let doctor = with(&second, &["doctor", "sccache", "--json"], &wrapped).ok().stdout;
    assert!(doctor.contains(" misses and ") && doctor.contains("\"ok\""), "{doctor}");
    let usage = with(&second, &["usage"], &wrapped).ok().stdout;
    assert!(usage.contains("filled by: sccache: "), "{usage}");
}

#[test]
fn init_puts_it_in_front_of_the_workspaces_own_crates() {
    let Some(server) = Server::new("init_puts_it_in_front_of_the_workspaces_own_crates") else { return };
    let machine = Machine::new();
    let first = machine.first();
    let plain = table(&first);
    first.project.write(".cargo/config.toml", "# mine\n[alias]\nb = \"build\" # short\n");
    let words = ["init", "--only", "sccache", "--sccache", server.folder()];
    let shown = with(&first, &[&words[..], &["--check"]].concat(), &[]);
    assert_eq!(shown.code, 3, "{shown:?}");
    assert!(shown.stdout.contains("+rustc-workspace-wrapper = \"sccache\""), "{shown:?}");
    with(&first, &[&words[..], &["--yes"]].concat(), &[]).ok();
    let config = first.project.read(".cargo/config.toml");
    assert!(config.starts_with("# mine\n[alias]\nb = \"build\" # short\n"), "{config}");
    assert!(config.contains(&format!("SCCACHE_DIR = \"{}\"", server.folder())), "{config}");
    // It is no part of recipes.
    with(&first, &["lock", "--check"], &server.vars()).ok();
    assert_eq!(table(&first), plain);
    first.cook(&server.vars());
    let before = server.misses();
    fs_err::write(first.project.path().join("src/lib.rs"), "pub fn used() {}\n").unwrap();
    let counts = first.build(&server.vars());
    assert_eq!(counts.compiled_external, 0, "{counts:?}");
    assert_eq!(server.misses() - before, 1, "the library, and no dependency");
    assert!(Path::new(server.folder()).read_dir().unwrap().next().is_some(), "it keeps it elsewhere");
    assert_eq!(with(&first, &words, &server.vars()).code, 0, "there is nothing more to write");
}
