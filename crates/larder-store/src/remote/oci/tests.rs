//! Addresses and names; a real registry is in the tests of the whole program.

use std::{io::Write as _, sync::Arc};

use larder::process::Environment;

use super::{
    super::stub::{head, path, serve},
    *,
};

fn open(address: &str) -> Result<Oci> {
    Oci::open(address, PlainHttp::Loopback, &Credentials::none())
}

#[test]
fn addresses_name_a_registry_and_a_repository() {
    let remote = open("oci://registry.example:5000/team/units").unwrap();
    assert_eq!(remote.address(format_args!("x")), "https://registry.example:5000/v2/team/units/x");
    assert_eq!(remote.describe(), "oci://registry.example:5000/team/units");
    assert_eq!(open("oci://localhost:5000/units").unwrap().registry, "http://localhost:5000");
    for address in ["oci://registry.example", "oci://a:canary@b/c", "oci://b/UPPER", "oci://b/c?d=canary"] {
        let Err(error) = open(address) else { panic!("{address}") };
        assert!(!error.to_string().contains("canary"), "{error}");
    }
}

#[test]
fn every_object_has_a_tag_that_a_tag_can_be() {
    let digest = Digest::hash(b"x");
    for name in
        [format!("v1/snapshots/~/{digest}"), format!("v1/packs/{digest}"), "one".into(), "a/B/c".into()]
    {
        let tag = tag(&Inside::new(name).unwrap());
        assert!(
            tag.len() < 128 && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-'),
            "{tag}"
        );
    }
    assert_eq!(pack(&Inside::new(format!("v1/packs/{digest}")).unwrap()), Some(digest));
    assert_eq!(pack(&Inside::new("v1/packs/x").unwrap()), None);
}

/// A registry throws a blob without a manifest away, and a manifest without a blob gives nothing.
#[test]
fn a_pack_is_there_with_its_manifest_and_its_blob() {
    let pack = Inside::new(format!("v1/packs/{}", Digest::hash(b"pack"))).unwrap();
    let list = Inside::new("v1/snapshots/~/x").unwrap();
    for (missing, has) in
        [("/none/", [true, true]), ("/blobs/", [false, true]), ("/manifests/", [false, false])]
    {
        let address = serve(move |request, stream| {
            assert!(request[0].starts_with("HEAD "), "{request:?}");
            let is_missing = path(request).contains(missing);
            let status = if is_missing { "404 Not Found" } else { "200 OK" };
            stream.write_all(head(status, 1 << 40).as_bytes())
        });
        let remote = open(&(address.replace("http://", "oci://") + "/a/b")).unwrap();
        assert_eq!([&pack, &list].map(|name| remote.has(name).unwrap()), has, "{missing}");
    }
}

#[test]
fn a_token_is_asked_for_once_and_every_secret_goes_to_its_server_alone() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let there = seen.clone();
    let address = serve(move |request, stream| {
        let host =
            request.iter().find_map(|line| line.to_lowercase().strip_prefix("host: ").map(str::to_owned));
        there.lock().unwrap().push(request[0].split(' ').take(2).collect::<Vec<_>>().join(" "));
        let answer = if path(request).starts_with("/token") {
            assert!(is_authorized(request, "basic y2k6y2fuyxj5"), "{request:?}");
            head("200 OK", 21) + r#"{"token":"given-one"}"#
        } else if is_authorized(request, "bearer given-one") {
            head("200 OK", 4) + "pack"
        } else {
            let realm = format!("http://{}/token", host.unwrap_or_default());
            let bearer = format!(r#"Bearer realm="{realm}",service="units",scope="repository:a/b:pull""#);
            format!(
                "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {bearer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        };
        stream.write_all(answer.as_bytes())
    });
    let vars = [("LARDER_STORE_USER", "ci"), ("LARDER_STORE_TOKEN", "canary")];
    let user = Credentials::read(&Environment::new(vars));
    let address = address.replace("http://", "oci://") + "/a/b";
    let remote = Oci::open(&address, PlainHttp::Loopback, &user).unwrap();
    let name = Inside::new(format!("v1/packs/{}", Digest::hash(b"pack"))).unwrap();
    for _ in 0..2 {
        assert_eq!(remote.get(&name, 10).unwrap().as_deref(), Some(b"pack".as_slice()));
    }
    let blob = format!("GET /v2/a/b/blobs/sha256:{}", Digest::hash(b"pack"));
    let token = "GET /token?service=units&scope=repository:a/b:pull";
    assert_eq!(*seen.lock().unwrap(), [&blob, token, &blob, &blob]);
}

fn is_authorized(request: &[String], by: &str) -> bool {
    let header = format!("authorization: {by}");
    request.iter().any(|line| line.to_lowercase() == header)
}
