//! Units for tests, compiled by nobody.

use larder::target_dir::fingerprint::Fingerprint;

use crate::{
    conditions::Conditions,
    digest::Digest,
    inside::Inside,
    local::Store,
    record::{File, Record, Role, VERSION},
};

/// A unit of three files in the store: its fingerprint and an output with this content.
pub(crate) fn unit(store: &Store, name: &str, content: &[u8]) -> Record {
    let fingerprint = Fingerprint::default();
    let json = serde_json::to_vec(&fingerprint).unwrap();
    let mark = Inside::new(format!("debug/.fingerprint/{name}/lib-{name}")).unwrap();
    let files = [
        (mark.as_str().to_owned(), b"0123456789abcdef".as_slice(), Role::Hash),
        (format!("{mark}.json"), json.as_slice(), Role::Fingerprint),
        (format!("debug/deps/lib{name}.rlib"), content, Role::Output),
    ];
    let file = |(path, bytes, role): (String, &[u8], Role)| File {
        path: Inside::new(path).unwrap(),
        digest: store.add_bytes(bytes).unwrap(),
        size: bytes.len() as u64,
        runs: false,
        role,
    };
    let record = Record {
        version: VERSION,
        package: name.to_owned(),
        target: name.to_owned(),
        fingerprint: mark,
        fingerprint_hash: fingerprint.cargo_hash(),
        source: None,
        cargo_home: "/home".to_owned(),
        build_dir: "/target".to_owned(),
        dependencies: Vec::new(),
        files: files.map(file).to_vec(),
        folders: Vec::new(),
        outputs: Digest::of(content),
        conditions: Conditions::default(),
    };
    store.add_record(&record).unwrap();
    record
}
