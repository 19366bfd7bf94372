//! Units for tests, compiled by nobody.

use larder::target_dir::fingerprint::{self, Fingerprint};

use crate::{
    conditions::Conditions,
    inside::Inside,
    local::Store,
    record::{File, Record, RecordedDependency, Role, VERSION},
};

/// A unit of three files in the store: its fingerprint and an output with this content.
pub(crate) fn unit(store: &Store, name: &str, content: &[u8]) -> Record {
    unit_on(store, name, &[content], &[])
}

/// A unit with some outputs that was compiled with others.
pub(crate) fn unit_on(store: &Store, name: &str, contents: &[&[u8]], below: &[&Record]) -> Record {
    let fingerprint = fingerprint(name, below);
    let json = serde_json::to_vec(&fingerprint).unwrap();
    let hash = fingerprint::hash_text(fingerprint.cargo_hash());
    let mark = Inside::new(format!("debug/.fingerprint/{name}/lib-{name}")).unwrap();
    let mut files = vec![
        stored_file(store, mark.to_string(), hash.as_bytes(), Role::Hash),
        stored_file(store, format!("{mark}.json"), &json, Role::Fingerprint),
    ];
    for (number, content) in contents.iter().enumerate() {
        let number = if number == 0 { String::new() } else { number.to_string() };
        let path = format!("debug/deps/lib{name}{number}.rlib");
        files.push(stored_file(store, path, content, Role::Output));
    }
    let outputs = Record::outputs_of(files[2..].iter().map(|file| (&file.path, file.digest)));
    let on = |record: &&Record| RecordedDependency {
        fingerprint: record.fingerprint.clone(),
        outputs: record.outputs,
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
        dependencies: below.iter().map(on).collect(),
        files,
        folders: Vec::new(),
        outputs,
        conditions: Conditions::default(),
    };
    store.add_record(&record).unwrap();
    record
}

/// cargo's own list of the files of a unit that includes one beside its package in this `CARGO_HOME`.
pub(crate) fn dep_info(cargo_home: &str) -> Vec<u8> {
    let path = format!("{cargo_home}/git/checkouts/a-1/2/README.md");
    let length = u8::try_from(path.len()).unwrap();
    let before = [1, 0, 0, 0, 255, 1, 1, 0, 0, 0, 1, length, 0, 0, 0];
    [before.as_slice(), path.as_bytes(), &[0, 0, 0, 0, 0]].concat()
}

pub(crate) fn stored_file(store: &Store, path: String, bytes: &[u8], role: Role) -> File {
    File {
        path: Inside::new(path).unwrap(),
        digest: store.add_bytes(bytes).unwrap(),
        size: bytes.len() as u64,
        runs: false,
        role,
    }
}

fn fingerprint(name: &str, below: &[&Record]) -> Fingerprint {
    let on = |record: &&Record| {
        fingerprint::HashedDependency(1, record.package.clone(), false, record.fingerprint_hash)
    };
    Fingerprint {
        target: fingerprint::cargo_hash(name),
        deps: below.iter().map(on).collect(),
        ..Fingerprint::default()
    }
}
