//! One image as a registry, for the engine of a server that reaches it through the connection: so the layers that it has
//! are not sent again.
//!
//! The reading half of the OCI distribution protocol, with one request for each connection. It listens on a socket in a
//! folder of our own, and its repository's name is a secret of this run, since the server's other users reach the forwarded
//! port. It must never take anything in, and never give anything but blobs of the one image.

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread::JoinHandle,
    time::Duration,
};

use super::{
    archive::Archive,
    socket::{UnixListener, UnixStream},
};
use crate::error::Result;

/// The longest request.
const LONGEST: usize = 64 << 10;
/// How long one piece of a request or of an answer may take.
const PATIENCE: Duration = Duration::from_mins(2);

/// A registry that listens until it is dropped.
#[derive(Debug)]
pub(super) struct Registry {
    socket: PathBuf,
    shared: Arc<Shared>,
    listening: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    image: Archive,
    /// The name of the repository.
    name: String,
    sent: AtomicU64,
    is_over: AtomicBool,
}

impl Registry {
    /// Listens on a new socket.
    pub(super) fn start(image: Archive, service: &str, socket: &Path) -> Result<Self> {
        let listener = UnixListener::bind(socket)?;
        let shared = Arc::new(Shared {
            image,
            name: format!("{}/{service}", secret()?),
            sent: AtomicU64::new(0),
            is_over: AtomicBool::new(false),
        });
        let listening = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || shared.listen(&listener)
        });
        Ok(Self { socket: socket.to_owned(), shared, listening: Some(listening) })
    }

    /// The image's name for an engine that reaches the registry on this port.
    pub(super) fn reference(&self, port: u16) -> String {
        format!("127.0.0.1:{port}/{}@{}", self.shared.name, self.shared.image.manifest)
    }

    /// How many bytes of blobs were sent.
    pub(super) fn sent(&self) -> u64 {
        self.shared.sent.load(Ordering::SeqCst)
    }

    /// The size of the whole image.
    pub(super) fn size(&self) -> u64 {
        self.shared.image.size()
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // The listener looks at it with the next connection.
        let _ = UnixStream::connect(&self.socket);
        let _ = self.listening.take().map(JoinHandle::join);
    }
}

/// A name that nobody guesses.
fn secret() -> Result<String> {
    let mut bytes = [0; 16];
    fs_err::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(format!("{:032x}", u128::from_ne_bytes(bytes)))
}

impl Shared {
    fn listen(self: &Arc<Self>, listener: &UnixListener) {
        for stream in listener.incoming() {
            if self.is_over.load(Ordering::SeqCst) {
                return;
            }
            let Ok(stream) = stream else { continue };
            let shared = Arc::clone(self);
            // An engine that goes away in the midst of an answer tells why itself.
            std::thread::spawn(move || shared.answer(stream));
        }
    }

    fn answer(&self, mut stream: UnixStream) -> std::io::Result<()> {
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let request = request(&mut stream)?;
        match request.as_ref().map(|Request { method, path }| (method.as_str(), self.asked(path))) {
            // As for an engine that tries TLS first: it goes on without.
            None => head(&mut stream, "400 Bad Request", "text/plain", 0, None),
            Some(("GET" | "HEAD", Asked::Version)) => {
                head(&mut stream, "200 OK", "application/json", 2, None)?;
                stream.write_all(b"{}")
            }
            Some((method @ ("GET" | "HEAD"), Asked::Blob { digest, media_type })) => {
                let Some((mut blob, length)) = self.image.blob(digest) else {
                    return head(&mut stream, "404 Not Found", "text/plain", 0, None);
                };
                head(&mut stream, "200 OK", media_type, length, Some(digest))?;
                if method == "GET" {
                    let copied = std::io::copy(&mut blob, &mut stream)?;
                    self.sent.fetch_add(copied, Ordering::SeqCst);
                }
                Ok(())
            }
            Some(("GET" | "HEAD", Asked::Nothing)) => {
                head(&mut stream, "404 Not Found", "text/plain", 0, None)
            }
            Some(_) => head(&mut stream, "405 Method Not Allowed", "text/plain", 0, None),
        }
    }

    fn asked<'p>(&'p self, path: &'p str) -> Asked<'p> {
        if matches!(path, "/v2" | "/v2/") {
            return Asked::Version;
        }
        let rest = path.strip_prefix("/v2/").and_then(|path| path.strip_prefix(self.name.as_str()));
        match rest.and_then(|rest| rest.strip_prefix('/')?.split_once('/')) {
            Some(("manifests", digest)) => Asked::Blob { digest, media_type: &self.image.media_type },
            Some(("blobs", digest)) => Asked::Blob { digest, media_type: "application/octet-stream" },
            _ => Asked::Nothing,
        }
    }
}

/// The subject of a request.
#[derive(Debug, PartialEq, Eq)]
enum Asked<'a> {
    /// Whether this is a registry.
    Version,
    Blob {
        digest: &'a str,
        media_type: &'a str,
    },
    Nothing,
}

/// The first line of a request.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    method: String,
    /// Without what comes after a question mark.
    path: String,
}

/// Reads a request up to its empty line; `None` if it is none.
fn request(stream: &mut UnixStream) -> std::io::Result<Option<Request>> {
    let (mut text, mut piece) = (Vec::new(), [0; 4096]);
    while !text.windows(4).any(|window| window == b"\r\n\r\n") {
        let length = stream.read(&mut piece)?;
        text.extend_from_slice(&piece[..length]);
        // TLS would not come to an empty line.
        let is_http = text.first().is_some_and(u8::is_ascii_uppercase);
        if length == 0 || text.len() > LONGEST || !is_http {
            return Ok(None);
        }
    }
    Ok(first_line(&text))
}

fn first_line(text: &[u8]) -> Option<Request> {
    let text = String::from_utf8_lossy(text);
    let mut words = text.lines().next()?.split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let path = target.split('?').next().unwrap_or(target);
    words.next()?.starts_with("HTTP/1.").then(|| Request { method: method.to_owned(), path: path.to_owned() })
}

fn head(
    stream: &mut UnixStream,
    status: &str,
    media_type: &str,
    length: u64,
    digest: Option<&str>,
) -> std::io::Result<()> {
    let digest = digest.map_or_else(String::new, |digest| format!("Docker-Content-Digest: {digest}\r\n"));
    let text = format!(
        "HTTP/1.1 {status}\r\nDocker-Distribution-API-Version: registry/2.0\r\nContent-Type: {media_type}\r\n\
         Content-Length: {length}\r\n{digest}Connection: close\r\n\r\n"
    );
    stream.write_all(text.as_bytes())
}

#[cfg(all(test, unix))]
mod tests {
    use super::{
        super::archive::tests::{IMAGE, archive},
        *,
    };

    fn ask(socket: &Path, request: &[u8]) -> String {
        let mut stream = UnixStream::connect(socket).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn get(socket: &Path, path: &str) -> String {
        ask(socket, format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").as_bytes())
    }

    #[test]
    fn one_image_is_given_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let image = Archive::read(&archive(folder.path(), &IMAGE)).unwrap();
        let socket = folder.path().join("registry");
        let registry = Registry::start(image, "web", &socket).unwrap();
        let reference = registry.reference(5);
        let name =
            reference.strip_prefix("127.0.0.1:5/").and_then(|name| name.strip_suffix("@sha256:m")).unwrap();
        assert!(get(&socket, "/v2/").starts_with("HTTP/1.1 200 OK\r\n"));
        let manifest = get(&socket, &format!("/v2/{name}/manifests/sha256:m?ns=x"));
        assert!(
            manifest.contains("\r\nContent-Type: m/t\r\n") && manifest.ends_with(IMAGE[2].1),
            "{manifest}"
        );
        let sent = registry.sent();
        assert!(get(&socket, &format!("/v2/{name}/blobs/sha256:l")).ends_with("\r\n\r\nlayer"));
        assert_eq!(registry.sent(), sent + 5);
        let head = format!("HEAD /v2/{name}/blobs/sha256:l HTTP/1.1\r\n\r\n");
        assert!(
            ask(&socket, head.as_bytes()).ends_with(
                "Content-Length: 5\r\nDocker-Content-Digest: sha256:l\r\nConnection: close\r\n\r\n"
            )
        );
        for path in ["/", "/v2/web/blobs/sha256:l", &format!("/v2/{name}/blobs/sha256:x"), "/v2/_catalog"] {
            assert!(get(&socket, path).starts_with("HTTP/1.1 404 "), "{path}");
        }
        assert!(ask(&socket, b"PUT /v2/ HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 405 "));
        assert!(ask(&socket, b"\x16\x03\x01hello").starts_with("HTTP/1.1 400 "));
        assert!(ask(&socket, b"GET /v2/ SMTP\r\n\r\n").starts_with("HTTP/1.1 400 "));
    }
}
