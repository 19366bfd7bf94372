//! Files that nobody should get by a build: what is left out of Docker's context and of Nix sources is the same.

use larder_tests::{Project, Stages, package};

use crate::nix::sources;

/// In a member, beside its sources; those that are kept begin with `+`.
const FILES: [&str; 37] = [
    ".env",
    ".env.local",
    ".envrc",
    ".environs/x",
    "credentials.toml",
    "app.db",
    "app.db-wal",
    "app.sqlite",
    "app.sqlite3-shm",
    "tls/server.pem",
    "tls/server.key",
    "deep/er/.env.production",
    "deep/er/x.sqlite3",
    "data.db-journal",
    "x.db3",
    "x.sqlite3-wal",
    "id_rsa",
    "keys/id_ed25519.pub",
    ".netrc",
    ".npmrc",
    ".pgpass",
    "tls/server.p12",
    "tls/server.pfx",
    "passwords.kdbx",
    "store.jks",
    ".cargo/credentials",
    "+src/credentials/mod.rs",
    "+named/.npmrc",
    "+named/id_ed25519.pub",
    "named/.netrc",
    "+src/db.rs",
    "+src/key.rs",
    "+data/keys.txt",
    "+data/dbx",
    "+named/known.db",
    "named/other.db",
    "named/.env",
];

#[test]
fn docker_and_nix_leave_out_the_same() {
    let manifest = "[workspace]\nmembers = [\"app\"]\nresolver = \"3\"\n\n[workspace.metadata.larder.docker]\n\
                    include = [\"app/named/known.db\", \"app/named/.env\", \"app/named/.npmrc\", \
                    \"app/named/id_ed25519.pub\", \"app/named/.netrc\"]\n";
    let project = Project::new(&[
        ("Cargo.toml", manifest),
        ("app/Cargo.toml", &package("app", "")),
        ("app/src/main.rs", "fn main() {}\n"),
    ]);
    FILES.iter().for_each(|file| project.write(&format!("app/{}", file.trim_start_matches('+')), "x"));
    project.larder(&["lock"]).ok();
    project.larder(&["dockerfile"]).ok();
    let mut kept: Vec<String> =
        FILES.iter().filter_map(|file| file.strip_prefix('+')).map(|file| format!("app/{file}")).collect();
    kept.extend(["app/Cargo.toml".to_owned(), "app/src/main.rs".into()]);
    kept.sort();
    let sent = in_member(Stages::sent(project.path()));
    assert_eq!(sent, kept, "{}", project.read(".dockerignore"));
    let Some(sources) = sources(project.path()) else { return };
    let found = in_member(serde_json::from_value(sources["release"]["application"].clone()).unwrap());
    assert_eq!(found, sent);
}

fn in_member(all: Vec<String>) -> Vec<String> {
    let mut found: Vec<String> = all.into_iter().filter(|file| file.starts_with("app/")).collect();
    found.sort();
    found
}
