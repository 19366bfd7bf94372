//! A port of the server, reached through a forwarded socket, and the little of HTTP that is asked there.
//!
//! HTTP/1.0 with one request for each connection: a health check and a proxy's administration need no more. Answers are
//! bounded in size and time.

use std::{
    io::{Read as _, Write as _},
    path::PathBuf,
    time::Duration,
};

use super::socket::UnixStream;

/// The largest answer that is read.
const LARGEST: u64 = 16 << 20;

/// A port of the server's loopback.
#[derive(Debug, Clone)]
pub(super) struct Address {
    /// Our end of the forwarding.
    pub(super) socket: PathBuf,
    /// The server's.
    pub(super) port: u16,
}

/// A request.
#[derive(Debug, Clone, Copy)]
pub(super) struct HttpRequest<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    /// The [`HttpAnswer::etag`] of what is meant: nothing is done if there is something else now.
    pub(super) if_match: Option<&'a str>,
    pub(super) body: &'a str,
}

impl<'a> HttpRequest<'a> {
    /// For what is at a path.
    pub(super) fn get(path: &'a str) -> Self {
        Self { method: "GET", path, if_match: None, body: "" }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HttpAnswer {
    pub(super) status: u16,
    /// The word for the state of what is answered, if it has one.
    pub(super) etag: Option<String>,
    pub(super) body: Vec<u8>,
}

impl Address {
    /// Sends a request; the reason in words if there is no answer.
    pub(super) fn ask(&self, request: &HttpRequest<'_>, patience: Duration) -> Result<HttpAnswer, String> {
        let mut stream = self.connect(patience)?;
        let HttpRequest { method, path, if_match, body } = request;
        let condition = if_match.map(|etag| format!("If-Match: {etag}\r\n")).unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: localhost:{}\r\nUser-Agent: larder\r\n{condition}\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.port,
            body.len()
        );
        stream.write_all(request.as_bytes()).map_err(|error| explained(&error))?;
        let mut text = Vec::new();
        let read = stream.take(LARGEST).read_to_end(&mut text);
        match answer(&text) {
            Some(answer) => Ok(answer),
            None => {
                Err(read.err().map_or_else(|| "it closes the connection".into(), |error| explained(&error)))
            }
        }
    }

    /// Whether something listens: the forwarding takes every connection, and closes it if nothing does. The word
    /// of that comes as late as every other one of the server, so one is waited for by `round_trip` before silence
    /// counts.
    pub(super) fn listens<E>(&self, round_trip: impl FnOnce() -> Result<(), E>) -> Result<bool, E> {
        const MOMENT: Duration = Duration::from_millis(300);
        let Ok(mut stream) = self.connect(MOMENT) else { return Ok(false) };
        round_trip()?;
        Ok(match stream.read(&mut [0; 1]) {
            Ok(length) => length > 0,
            Err(error) => is_late(&error),
        })
    }

    fn connect(&self, patience: Duration) -> Result<UnixStream, String> {
        let stream = UnixStream::connect(&self.socket).map_err(|error| explained(&error))?;
        let limited = stream.set_read_timeout(Some(patience)).and(stream.set_write_timeout(Some(patience)));
        limited.map_err(|error| explained(&error))?;
        Ok(stream)
    }
}

fn is_late(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
}

fn explained(error: &std::io::Error) -> String {
    if is_late(error) { "it does not answer in time".into() } else { "it closes the connection".into() }
}

/// Reads a whole answer: the status, the state, and what comes after the headers.
fn answer(text: &[u8]) -> Option<HttpAnswer> {
    let end = text.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&text[..end]);
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    let mut headers = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let etag = headers.find(|(name, _)| name.eq_ignore_ascii_case("etag"));
    let etag = etag.map(|(_, etag)| etag.trim().to_owned());
    Some(HttpAnswer { status, etag, body: text[end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_halves_are_none() {
        let read = answer(b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\nbody").unwrap();
        assert_eq!((read.status, read.etag, read.body.as_slice()), (204, None, b"body".as_slice()));
        let read = answer(b"HTTP/1.0 200 OK\r\nA: b\r\nEtag: \"/a 1:2\"\r\n\r\n").unwrap();
        assert_eq!(read.etag.as_deref(), Some("\"/a 1:2\""));
        for text in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 x y\r\n\r\n"] {
            assert_eq!(answer(text), None);
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_listens_where_a_connection_ends_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let address = Address { socket: folder.path().join("socket"), port: 1 };
        assert!(!is_heard(&address, Duration::ZERO));
        let listener = std::os::unix::net::UnixListener::bind(&address.socket).unwrap();
        let closing = std::thread::spawn(move || drop(listener.accept().unwrap()));
        assert!(!is_heard(&address, Duration::ZERO));
        closing.join().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn the_word_of_a_far_server_is_waited_for() {
        let far = Duration::from_millis(600);
        let folder = tempfile::tempdir().unwrap();
        let address = Address { socket: folder.path().join("socket"), port: 1 };
        let listener = std::os::unix::net::UnixListener::bind(&address.socket).unwrap();
        let closing = std::thread::spawn(move || {
            let connection = listener.accept().unwrap();
            std::thread::sleep(far * 2 / 3);
            drop(connection);
        });
        assert!(!is_heard(&address, far));
        closing.join().unwrap();
    }

    /// With a server that answers after this time.
    #[cfg(unix)]
    fn is_heard(address: &Address, after: Duration) -> bool {
        let heard: Result<bool, String> = address.listens(|| {
            std::thread::sleep(after);
            Ok(())
        });
        heard.unwrap()
    }
}
