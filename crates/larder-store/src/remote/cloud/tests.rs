//! Addresses and credentials; real servers are in the tests of the whole program.

use std::{
    io::Write as _,
    sync::{Arc, Mutex},
};

use larder::process::Environment;

use super::{
    super::{
        conformance::name,
        stub::{head, serve},
    },
    *,
};

fn open(address: &str, vars: &[(&str, &str)]) -> Result<Cloud> {
    let user = Credentials::read(&Environment::new(vars.iter().copied()));
    Cloud::open(address, PlainHttp::Loopback, &user)
}

#[test]
fn addresses_name_a_bucket_and_hold_no_secret() {
    let shown = [
        ("s3://units", "s3://units"),
        ("s3://units/a/b/", "s3://units/a/b"),
        ("s3://units/a?region=eu-1&endpoint=https://s3.example", "s3://units/a"),
        ("gs://units/a", "gs://units/a"),
        ("az://units/a?account=team", "az://units/a"),
    ];
    for (address, expected) in shown {
        assert_eq!(open(address, &[]).unwrap().describe(), expected);
    }
    let refused = [
        "s3://",
        "s3:///a",
        "s3://canary:canary@units",
        "s3://units?sig=canary",
        "az://units",
        "s3://units?endpoint=http://s3.example",
        "s3://units?region=canary.example/",
        "az://units?account=canary.example/",
    ];
    for address in refused {
        let Err(error) = open(address, &[]) else { panic!("{address}") };
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
    let half = [("AWS_ACCESS_KEY_ID", "canary")];
    let Err(error) = open("s3://units", &half) else { panic!() };
    assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    let broken = [("GOOGLE_SERVICE_ACCOUNT_KEY", "{canary"), ("AZURE_STORAGE_ACCOUNT_KEY", "canary!")];
    for address in ["gs://units", "az://units?account=team"] {
        let Err(error) = open(address, &broken) else { panic!("{address}") };
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}

/// The requests that a bucket gets with these variables, in lower case; it refuses everything. In the address and in
/// values, `SERVER` stands for the address of its server.
fn asked(address: &str, vars: &[(&str, &str)]) -> String {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let there = seen.clone();
    let server = serve(move |request, stream| {
        there.lock().unwrap().extend_from_slice(request);
        stream.write_all(head("403 Forbidden", 0).as_bytes())
    });
    let vars: Vec<_> = vars.iter().map(|(name, value)| (*name, value.replace("SERVER", &server))).collect();
    let vars: Vec<_> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let remote = open(&address.replace("SERVER", &server), &vars).unwrap();
    for error in [remote.get(&name("one"), 10).unwrap_err(), remote.put_new(&name("one"), b"x").unwrap_err()]
    {
        assert!(error.to_string().contains("status 403"), "{error}");
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
    }
    let seen = seen.lock().unwrap().join("\n").to_lowercase();
    assert!(!seen.contains("secret-canary"), "{seen}");
    seen
}

#[test]
fn a_bucket_says_what_it_has_whatever_its_size() {
    let server = serve(move |request, stream| {
        assert!(request[0].starts_with("HEAD "), "{request:?}");
        if !request[0].contains("one") {
            return stream.write_all(head("404 Not Found", 0).as_bytes());
        }
        let facts = "ETag: \"1\"\r\nLast-Modified: Wed, 21 Oct 2026 07:28:00 GMT\r\n";
        let answer = head("200 OK", 1 << 40).replace("Connection", &format!("{facts}Connection"));
        stream.write_all(answer.as_bytes())
    });
    let s3 = format!("s3://units/a?endpoint={server}");
    let google = [("GOOGLE_BASE_URL", server.as_str())];
    let azure = [("AZURE_STORAGE_ENDPOINT", server.as_str())];
    let clouds: [(&str, &[(&str, &str)]); 3] =
        [(&s3, &[]), ("gs://units/a", &google), ("az://units/a?account=team", &azure)];
    for (address, vars) in clouds {
        let remote = open(address, vars).unwrap();
        assert_eq!(["one", "two"].map(|text| remote.has(&name(text)).unwrap()), [true, false], "{address}");
    }
}

#[test]
fn every_cloud_is_asked_with_what_the_variables_say_and_creates_once() {
    let s3 = "s3://units/a?endpoint=SERVER";
    let keys = [("AWS_ACCESS_KEY_ID", "reader"), ("AWS_SECRET_ACCESS_KEY", "secret-canary")];
    let seen = asked(s3, &keys);
    assert!(seen.contains("get /units/a/one") && seen.contains("credential=reader/"), "{seen}");
    assert!(seen.contains("put /units/a/one") && seen.contains("if-none-match: *"), "{seen}");
    assert!(!asked(s3, &[]).contains("authorization"));

    let google = "gs://units/a";
    let base = ("GOOGLE_BASE_URL", "SERVER");
    let seen = asked(google, &[base, ("GOOGLE_OAUTH_ACCESS_TOKEN", "token-canary")]);
    assert!(seen.contains("bearer token-canary") && seen.contains("x-goog-if-generation-match: 0"), "{seen}");
    assert!(!asked(google, &[base]).contains("authorization"));

    let azure = "az://units/a?account=team";
    let base = ("AZURE_STORAGE_ENDPOINT", "SERVER");
    let seen = asked(azure, &[base, ("AZURE_STORAGE_ACCOUNT_KEY", "c2VjcmV0LWNhbmFyeQ==")]);
    assert!(seen.contains("sharedkey team:") && seen.contains("if-none-match: *"), "{seen}");
    assert!(!asked(azure, &[base]).contains("authorization"));
}
