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

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HttpAnswer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Address {
    /// Asks for a path; the reason in words if there is no answer.
    pub(super) fn ask(
        &self,
        method: &str,
        path: &str,
        body: Option<&str>,
        patience: Duration,
    ) -> Result<HttpAnswer, String> {
        let mut stream = self.connect(patience)?;
        let body = body.unwrap_or_default();
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: localhost:{}\r\nUser-Agent: larder\r\n\
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

    /// Whether something listens: the forwarding takes every connection, and closes it if nothing does.
    pub(super) fn listens(&self) -> bool {
        const MOMENT: Duration = Duration::from_millis(300);
        let Ok(mut stream) = self.connect(MOMENT) else { return false };
        match stream.read(&mut [0; 1]) {
            Ok(length) => length > 0,
            Err(error) => is_late(&error),
        }
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

/// Reads a whole answer: the status, and what comes after the headers.
fn answer(text: &[u8]) -> Option<HttpAnswer> {
    let end = text.windows(4).position(|window| window == b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&text[..end]);
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some(HttpAnswer { status, body: text[end + 4..].to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_and_halves_are_none() {
        let read = answer(b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\nbody").unwrap();
        assert_eq!((read.status, read.body.as_slice()), (204, b"body".as_slice()));
        for text in [&b""[..], b"HTTP/1.1 200 OK\r\n", b"SSH-2.0\r\n\r\n", b"HTTP/1.1 x y\r\n\r\n"] {
            assert_eq!(answer(text), None);
        }
    }

    #[cfg(unix)]
    #[test]
    fn nobody_listens_where_a_connection_ends_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let address = Address { socket: folder.path().join("socket"), port: 1 };
        assert!(!address.listens());
        let listener = std::os::unix::net::UnixListener::bind(&address.socket).unwrap();
        let closing = std::thread::spawn(move || drop(listener.accept().unwrap()));
        assert!(!address.listens());
        closing.join().unwrap();
    }
}
