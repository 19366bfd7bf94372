//! Registries of images, by Debian's own.

use std::path::Path;

use larder_store::{digest::Digest, remote::conformance};

use crate::servers::{Server, open};

/// `writer` with the secret `secret-canary`, as htpasswd keeps it.
const HTPASSWD: &str = "writer:$2b$04$GBELo7Bqu4HLvZJvduq67O2974X.UAl084vvuUT2mZ1/4tTvXIhJO\n";

const WRITER: [(&str, &str); 2] = [("LARDER_STORE_USER", "writer"), ("LARDER_STORE_TOKEN", "secret-canary")];

pub(crate) fn registry(test: &str, more: &str) -> Option<Server> {
    Server::start(test, "docker-registry", |port, folder| configured(port, folder, more), &[])
}

/// Writes the configuration, and gives the words of a call that uses it.
fn configured(port: u16, folder: &Path, more: &str) -> Vec<String> {
    let config = format!(
        "version: 0.1\nhttp:\n  addr: 127.0.0.1:{port}\nstorage:\n  filesystem:\n    rootdirectory: {}\n{more}",
        folder.join("data").display()
    );
    fs_err::write(folder.join("htpasswd"), HTPASSWD).unwrap();
    fs_err::write(folder.join("config.yml"), config).unwrap();
    vec!["serve".to_owned(), "config.yml".to_owned()]
}

fn address(server: &Server) -> String {
    format!("oci://127.0.0.1:{}/team/units", server.port)
}

#[test]
fn a_registry_is_a_remote() {
    let Some(server) = registry("a registry", "") else { return };
    let remote = open(&address(&server), &[]);
    conformance::writes(&*remote);
    conformance::reads(&*remote);
    let pack = conformance::name(&format!("v1/packs/{}", Digest::hash(b"pack")));
    assert_eq!((remote.get(&pack, 4).unwrap(), remote.has(&pack).unwrap()), (None, false));
    remote.put_new(&pack, b"pack").unwrap();
    assert!(remote.has(&pack).unwrap());
    assert_eq!(remote.get(&pack, 4).unwrap().as_deref(), Some(b"pack".as_slice()));
    assert!(remote.get(&pack, 3).is_err());
    // The blob alone does not count as there: a registry would throw it away.
    assert_eq!(conformance::race(|| open(&address(&server), &[]), 5, 8).len(), 5);
}

#[test]
fn a_registry_that_wants_a_name_and_a_secret_gets_them_and_says_nothing_of_them() {
    let auth = "auth:\n  htpasswd:\n    realm: units\n    path: htpasswd\n";
    let Some(server) = registry("a registry with names", auth) else { return };
    let remote = open(&address(&server), &WRITER);
    conformance::writes(&*remote);
    conformance::reads(&*remote);
    let name = conformance::name("one");
    let wrong = [("LARDER_STORE_USER", "writer"), ("LARDER_STORE_TOKEN", "other-canary")];
    for user in [[].as_slice(), &wrong] {
        let remote = open(&address(&server), user);
        for error in [remote.get(&name, 10).unwrap_err(), remote.put(&name, b"x").unwrap_err()] {
            assert!(error.to_string().contains("status 401"), "{error}");
            assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        }
    }
}

#[test]
fn a_registry_that_cannot_be_written_says_so() {
    let more = "  maintenance:\n    readonly:\n      enabled: true\n";
    let Some(server) = registry("a registry for reading", more) else { return };
    let error = open(&address(&server), &[]).put_new(&conformance::name("one"), b"x").unwrap_err();
    assert!(error.to_string().contains("the registry does not let it be written: status 405"), "{error}");
}
