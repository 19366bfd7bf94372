//! The administration of a Caddy as far as it is asked, for tests: a tree that is read and changed by paths.
//!
//! It must never take a change for another state than it has.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::{UnixListener, UnixStream},
    sync::{Arc, Mutex},
};

use serde_json::Value;
use tempfile::TempDir;

use crate::deploy::address::Address;

/// The administration, on a socket of its own.
pub(super) struct FakeAdmin {
    folder: TempDir,
    tree: Arc<Mutex<FakeTree>>,
}

/// The configuration.
struct FakeTree {
    now: Value,
    /// The configuration that somebody else sets just before the next change.
    next: Option<Value>,
}

impl FakeAdmin {
    pub(super) fn start(config: Value) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tree = Arc::new(Mutex::new(FakeTree { now: config, next: None }));
        let admin = Self { folder, tree: Arc::clone(&tree) };
        let listener = UnixListener::bind(admin.address().socket).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                tree.lock().unwrap().serve(&stream.unwrap());
            }
        });
        admin
    }

    pub(super) fn address(&self) -> Address {
        Address { socket: self.folder.path().join("admin"), port: 2019 }
    }

    pub(super) fn get(&self) -> Value {
        self.tree.lock().unwrap().now.clone()
    }

    pub(super) fn set(&self, config: Value) {
        self.tree.lock().unwrap().now = config;
    }

    /// Has somebody else set it just before the next change.
    pub(super) fn set_before_change(&self, config: Value) {
        self.tree.lock().unwrap().next = Some(config);
    }
}

impl FakeTree {
    fn serve(&mut self, mut stream: &UnixStream) {
        let mut from = BufReader::new(stream);
        let head: Vec<String> =
            from.by_ref().lines().map(Result::unwrap).take_while(|line| !line.is_empty()).collect();
        let length = header(&head, "Content-Length: ").unwrap_or("0").parse().unwrap();
        let mut body = vec![0; length];
        from.read_exact(&mut body).unwrap();
        let mut words = head[0].split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        let (status, body) = if method == "PATCH" {
            (self.change(path, header(&head, "If-Match: "), &body), Value::Null)
        } else {
            (200, self.at(path).clone())
        };
        let etag = self.etag(path);
        write!(stream, "HTTP/1.0 {status} said\r\nEtag: {etag}\r\n\r\n{body}").unwrap();
    }

    fn change(&mut self, path: &str, if_match: Option<&str>, body: &[u8]) -> u16 {
        if let Some(next) = self.next.take() {
            self.now = next;
        }
        if if_match != Some(self.etag(path).as_str()) {
            return 412;
        }
        *self.now.pointer_mut(pointer(path)).unwrap() = serde_json::from_slice(body).unwrap();
        200
    }

    fn at(&self, path: &str) -> &Value {
        self.now.pointer(pointer(path)).unwrap_or(&Value::Null)
    }

    fn etag(&self, path: &str) -> String {
        format!("\"{path} {}\"", self.at(path))
    }
}

fn pointer(path: &str) -> &str {
    path.strip_prefix("/config").unwrap().trim_end_matches('/')
}

fn header<'a>(head: &'a [String], name: &str) -> Option<&'a str> {
    head.iter().find_map(|line| line.strip_prefix(name))
}
