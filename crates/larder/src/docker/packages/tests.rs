//! The table, and what is found with it in made-up graphs.

use serde_json::{Value, json};

use super::*;

/// A graph of crates with their features; the program depends on all of them, and the build script of the crate named
/// first on the second.
fn graph(crates: &[(&str, &[&str])], platform: Option<&str>) -> UnitGraph {
    let all: Vec<usize> = (1..=crates.len() + 1).collect();
    let mut units = vec![unit("app", "bin", &[], &all, platform)];
    units.extend(crates.iter().map(|(name, features)| unit(name, "lib", features, &[], platform)));
    let called: &[usize] = if crates.len() > 1 { &[2] } else { &[] };
    units.push(unit(crates[0].0, "custom-build", crates[0].1, called, platform));
    UnitGraph::parse("test", &json!({ "version": 1, "units": units, "roots": [0] }).to_string()).unwrap()
}

fn unit(name: &str, kind: &str, features: &[&str], edges: &[usize], platform: Option<&str>) -> Value {
    json!({
        "pkg_id": format!("registry+https://index.example/i#{name}@1.0.0"), "mode": "build",
        "features": features, "platform": platform, "profile": {},
        "target": {"kind": [kind], "crate_types": [kind], "name": name},
        "dependencies": edges.iter().map(|index| json!({ "index": index })).collect::<Vec<_>>(),
    })
}

fn packages(crates: &[(&str, &[&str])], settings: &DockerSettings) -> (Vec<String>, Vec<String>) {
    let mut found = Packages::default();
    found.add(&graph(crates, None), settings);
    (found.build.into_keys().collect(), found.runtime.into_keys().collect())
}

fn texts(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

#[test]
fn features_decide() {
    assert_eq!(needs("openssl-sys", &[]), (texts(&["libssl-dev", "pkg-config"]), texts(&["libssl3t64"])));
    assert_eq!(needs("openssl-sys", &["vendored"]), Default::default());
    assert_eq!(needs("openssl-src", &[]).0, ["make", "perl"]);
    assert_eq!(needs("libsqlite3-sys", &["bundled", "pkg-config"]), Default::default());
    assert_eq!(needs("libsqlite3-sys", &["bundled_bindings"]).1, ["libsqlite3-0"]);
    assert_eq!(needs("fuser", &[]), Default::default());
    assert_eq!(needs("fuser", &["libfuse"]).0, ["libfuse3-dev", "pkg-config"]);
    assert_eq!(needs("pyo3-ffi", &[]), (texts(&["python3-dev"]), texts(&["libpython3.13"])));
    assert_eq!(needs("pyo3-ffi", &["extension-module"]), (texts(&["python3"]), Vec::new()));
    for bare in ["ring", "zstd-sys", "libz-sys", "libgit2-sys", "curl-sys", "serde"] {
        assert_eq!(needs(bare, &[]), Default::default(), "{bare}");
    }
}

fn needs(name: &str, features: &[&str]) -> (Vec<String>, Vec<String>) {
    packages(&[(name, features)], &DockerSettings::default())
}

#[test]
fn what_another_crate_brings_is_not_installed() {
    let settings = DockerSettings::default();
    let (build, _) = packages(&[("prost-build", &[]), ("prost", &[])], &settings);
    assert_eq!(build, ["libprotobuf-dev", "protobuf-compiler"]);
    let with = |other: &str| packages(&[("prost-build", &[]), ("prost", &[]), (other, &[])], &settings).0;
    assert_eq!(with("protoc-bin-vendored"), Vec::<String>::new());
}

#[test]
fn cmake_is_installed_for_those_who_call_it() {
    let settings = DockerSettings::default();
    let (build, runtime) = packages(&[("sdl2-sys", &["bundled"]), ("cmake", &[])], &settings);
    assert_eq!((build, runtime), (texts(&["cmake", "g++", "make"]), Vec::new()));
    assert_eq!(packages(&[("aws-lc-sys", &[]), ("cmake", &[])], &settings), Default::default());
}

#[test]
fn names_are_those_of_the_base_images() {
    let mut settings = DockerSettings {
        build_base: Some("rust:1-slim-bookworm".into()),
        runtime_base: Some("debian:bookworm-slim".into()),
        ..DockerSettings::default()
    };
    assert_eq!(packages(&[("openssl-sys", &[])], &settings).1, ["libssl3"]);
    settings.runtime_base = Some("gcr.example/distroless/cc-debian12".into());
    assert_eq!(packages(&[("openssl-sys", &[])], &settings).1, Vec::<String>::new());
    settings.build_base = Some("rust:1-alpine".into());
    assert_eq!(packages(&[("openssl-sys", &[])], &settings), Default::default());
    assert_eq!(DebianRelease::from_image("ubuntu:24.04"), Some(DebianRelease::Trixie));
    for debian in ["host.example:5000/base", "example/multi-arch:1", "rubidium:1@sha256:0a", "ubuntu:24.04"] {
        assert_eq!(DebianRelease::from_image(debian), Some(DebianRelease::Trixie), "{debian}");
    }
    let others = [
        "rust:1-alpine3.22",
        "rust:alpine",
        "quay.example/fedora/fedora:44",
        "fedora44",
        "almalinux:9",
        "archlinux",
        "redhat/ubi9-minimal",
        "cgr.example/chainguard/rust",
    ];
    for other in others {
        assert_eq!(DebianRelease::from_image(other), None, "{other}");
    }
}

#[test]
fn libraries_of_debian_are_for_its_own_platform() {
    let mut found = Packages::default();
    let musl = graph(&[("openssl-sys", &[]), ("cc", &[])], Some("x86_64-unknown-linux-musl"));
    found.add(&musl, &DockerSettings::default());
    assert_eq!(found.build.into_keys().collect::<Vec<_>>(), ["musl-tools"]);
    assert_eq!(found.runtime, Needed::new());
}

/// A row that names a package twice, or one that no shell word can be, would break a Dockerfile.
#[test]
fn the_table_is_well_formed() {
    let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c));
    for row in table::ALL {
        let names = row.build.iter().chain(row.runtime).flat_map(|names| names.split('|'));
        assert!(names.clone().all(|name| !name.is_empty() && plain(name)), "{row:?}");
        assert!(!row.crates.is_empty() && row.build.is_sorted(), "{row:?}");
        assert!(!row.build.is_empty(), "{row:?}");
    }
    assert!(table::PROGRAMS.is_sorted());
}
