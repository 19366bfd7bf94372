//! Servers that behave, and servers that do not.

use std::{
    collections::BTreeMap,
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use larder::process::Environment;

use super::{
    super::{
        conformance,
        conformance::name,
        patient::Patient,
        stub::{accept, head, path, serve},
    },
    *,
};

fn token(token: &str) -> Credentials {
    Credentials::read(&Environment::new([("LARDER_STORE_TOKEN", token)]))
}

fn open(address: &str) -> Http {
    Http::open(address, PlainHttp::Loopback, &Credentials::none()).unwrap()
}

#[test]
fn a_server_is_a_remote_for_reading() {
    let objects = BTreeMap::from([
        ("/base/one", b"first".to_vec()),
        ("/base/v1/deep/two", vec![7; 100_000]),
        ("/base/empty", vec![]),
    ]);
    let address = serve(move |request, stream| match objects.get(path(request)) {
        Some(bytes) if request[0].starts_with("HEAD ") => {
            stream.write_all(head("200 OK", bytes.len()).as_bytes())
        }
        Some(_) if !request[0].starts_with("GET ") => {
            stream.write_all(head("405 Method Not Allowed", 0).as_bytes())
        }
        Some(bytes) => {
            stream.write_all(head("200 OK", bytes.len()).as_bytes())?;
            stream.write_all(bytes)
        }
        None => stream.write_all(head("404 Not Found", 0).as_bytes()),
    });
    for address in [format!("{address}/base"), format!("{address}/base/")] {
        let remote = open(&address);
        conformance::reads(&remote);
        let error = remote.put(&name("one"), b"x").unwrap_err().to_string();
        assert!(error.ends_with("the server does not let it be written: status 405"), "{error}");
    }
}

/// Sends an answer, and keeps the connection if that is what is tried.
type Fault = (&'static str, fn(&mut TcpStream) -> std::io::Result<()>);

const FAULTS: &[Fault] = &[
    ("closed at once", |_| Ok(())),
    ("truncated", |stream| {
        stream.write_all(head("200 OK", 1000).as_bytes())?;
        stream.write_all(&[1; 100])
    }),
    ("more than it may be", |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
        stream.write_all(&[1; 100_000])
    }),
    ("a length that is a lie", |stream| stream.write_all(head("200 OK", usize::MAX).as_bytes())),
    ("403", |stream| stream.write_all(head("403 Forbidden", 0).as_bytes())),
    ("412", |stream| stream.write_all(head("412 Precondition Failed", 0).as_bytes())),
    ("429", |stream| stream.write_all(head("429 Too Many Requests", 0).as_bytes())),
    ("500", |stream| stream.write_all(head("500 Internal Server Error", 0).as_bytes())),
    ("no HTTP", |stream| stream.write_all(b"SSH-2.0-server\r\n\r\n")),
    ("a redirect", |stream| {
        stream.write_all(b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n")
    }),
    ("endless headers", |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        (0..100_000).try_for_each(|_| stream.write_all(b"X-Header: more of them\r\n"))
    }),
    ("silent", |_| {
        thread::sleep(Duration::from_secs(20));
        Ok(())
    }),
    ("a header at a time", |stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\n")?;
        (0..100).try_for_each(|_| {
            thread::sleep(Duration::from_millis(200));
            stream.write_all(b"X-Header: one more\r\n")
        })
    }),
    ("a byte at a time", |stream| {
        stream.write_all(head("200 OK", 1000).as_bytes())?;
        (0..100).try_for_each(|_| {
            thread::sleep(Duration::from_millis(200));
            stream.write_all(&[1])
        })
    }),
];

#[test]
fn whatever_a_server_does_it_is_trouble_in_bounded_time() {
    thread::scope(|scope| {
        for (what, fault) in FAULTS {
            scope.spawn(move || is_trouble(what, &serve(move |_, stream| fault(stream))));
        }
        let reset = accept(|stream| {
            stream.peek(&mut [0])?;
            stream.write_all(head("200 OK", 1000).as_bytes())?;
            // A connection that is closed before the request was read is reset.
            stream.write_all(&[1; 100])
        });
        scope.spawn(move || is_trouble("reset in the middle", &reset));
    });
}

fn is_trouble(what: &str, address: &str) {
    let remote = Patient::new(open(address));
    let start = Instant::now();
    for _ in 0..20 {
        let error = remote.get(&name("v1/one"), 1000).expect_err(what).to_string();
        assert!(error.contains("v1/one: "), "{what}: {error}");
    }
    assert!(start.elapsed() < Duration::from_millis(5500), "{what}: {:?}", start.elapsed());
}

#[test]
fn a_server_that_nobody_runs_is_trouble_in_bounded_time() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    // The system takes the connection, and nobody answers.
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses: [SocketAddr; 2] = [free, deaf.local_addr().unwrap()];
    for address in addresses {
        is_trouble("nobody", &format!("http://{address}"));
    }
}

#[test]
fn a_server_says_what_it_has_and_is_not_believed_to_have_what_it_refuses() {
    let cases = [
        ("200 OK", Ok(true)),
        ("404 Not Found", Ok(false)),
        ("410 Gone", Ok(false)),
        ("405 Method Not Allowed", Ok(false)),
        ("501 Not Implemented", Ok(false)),
        ("403 Forbidden", Err("status 403")),
        ("500 Internal Server Error", Err("status 500")),
        ("302 Found", Err("status 302")),
    ];
    for (status, expected) in cases {
        // Of any length, since none of it comes.
        let address = serve(move |request, stream| {
            assert!(request[0].starts_with("HEAD /v1/one "), "{request:?}");
            stream.write_all(head(status, 1 << 40).as_bytes())
        });
        let answer = open(&address).has(&name("v1/one")).map_err(|error| error.to_string());
        match expected {
            Ok(expected) => assert_eq!(answer, Ok(expected), "{status}"),
            Err(reason) => assert!(answer.unwrap_err().ends_with(reason), "{status}"),
        }
    }
}

#[test]
fn a_page_in_the_place_of_an_object_is_what_it_is() {
    let page = "<html>Sign in</html>";
    let address = serve(move |_, stream| stream.write_all((head("200 OK", page.len()) + page).as_bytes()));
    // The caller holds it against a signature or a digest.
    assert_eq!(open(&address).get(&name("one"), 1000).unwrap().as_deref(), Some(page.as_bytes()));
}

#[test]
fn what_is_secret_is_sent_and_not_said() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let there = seen.clone();
    let address = serve(move |request, stream| {
        there.lock().unwrap().extend_from_slice(request);
        stream.write_all(head("403 Forbidden", 0).as_bytes())
    });
    let remote =
        Http::open(&format!("{address}/base?sig=canary"), PlainHttp::Loopback, &token("token-canary"))
            .unwrap();
    let error = remote.get(&name("one"), 10).unwrap_err();
    for text in [error.to_string(), format!("{error:?}"), remote.describe()] {
        assert!(!text.contains("canary"), "{text}");
    }
    let seen = seen.lock().unwrap().join("\n").to_lowercase();
    assert!(seen.contains("get /base/one?sig=canary"), "{seen}");
    assert!(seen.contains("authorization: bearer token-canary"), "{seen}");
}

#[test]
fn no_credential_follows_a_redirect() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let there = seen.clone();
    let other = serve(move |request, stream| {
        there.lock().unwrap().extend_from_slice(request);
        stream.write_all((head("200 OK", 2) + "ok").as_bytes())
    });
    let address = serve(move |_, stream| {
        let answer = format!("HTTP/1.1 302 Found\r\nLocation: {other}/x\r\nContent-Length: 0\r\n\r\n");
        stream.write_all(answer.as_bytes())
    });
    let mut remote = Http::open(&address, PlainHttp::Loopback, &token("canary")).unwrap();
    let error = remote.get(&name("one"), 10).unwrap_err().to_string();
    assert!(error.ends_with("status 302"), "{error}");
    // As between encrypted addresses.
    remote.wire = Wire::following(PlainHttp::Loopback);
    assert_eq!(remote.get(&name("one"), 10).unwrap().as_deref(), Some(b"ok".as_slice()));
    let seen = seen.lock().unwrap().join("\n").to_lowercase();
    assert!(seen.contains("get /x") && !seen.contains("canary"), "{seen}");
}

#[test]
fn addresses_that_are_not_to_be_used_are_refused() {
    let allowed = ["https://store.example/a", "http://localhost:80", "http://127.0.0.1/x", "http://[::1]:9/"];
    for address in allowed {
        assert!(Http::open(address, PlainHttp::Loopback, &Credentials::none()).is_ok(), "{address}");
    }
    let refused = [
        "http://store.example",
        "http://127.0.0.1.store.example",
        "https://user:canary@store.example",
        "https://",
    ];
    for address in refused {
        let error = Http::open(address, PlainHttp::Loopback, &Credentials::none()).unwrap_err().to_string();
        assert!(!error.contains("canary"), "{error}");
    }
    assert!(Http::open("http://store.example", PlainHttp::Allowed, &Credentials::none()).is_ok());
}

#[test]
fn a_server_that_heeds_no_condition_is_not_written() {
    for answers in [["201 Created", "204 No Content"], ["200 OK", "200 OK"]] {
        let puts = Arc::new(Mutex::new(Vec::new()));
        let there = puts.clone();
        let address = serve(move |request, stream| {
            let mut puts = there.lock().unwrap();
            puts.push(path(request).to_owned());
            stream.write_all(head(answers[usize::from(puts.len() > 1)], 0).as_bytes())
        });
        let remote = open(&address);
        for _ in 0..2 {
            let error = remote.put_new(&name("v1/packs/one"), b"").unwrap_err().to_string();
            assert!(error.contains("ignores `If-None-Match`"), "{error}");
        }
        assert_eq!(*puts.lock().unwrap(), ["/v1/created-once"; 2]);
    }
}

#[test]
fn a_name_beside_the_secret_makes_it_a_password() {
    let vars = [("LARDER_STORE_USER", "ci"), ("LARDER_STORE_TOKEN", "canary")];
    let user = Credentials::read(&Environment::new(vars));
    assert_eq!(user.authorization().as_deref(), Some("Basic Y2k6Y2FuYXJ5"));
    assert_eq!(token("canary").authorization().as_deref(), Some("Bearer canary"));
    assert_eq!(token("").authorization(), None);
    assert_eq!(format!("{user:?}"), "Credentials");
}
