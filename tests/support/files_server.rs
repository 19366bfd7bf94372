//! A plain server of files on loopback, as fast as it can or as slow as it is told.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// The bytes between two looks at the clock.
const PIECE: usize = 16 * 1024;

/// How fast it sends, over all connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speed {
    /// As fast as it can.
    Full,
    /// At most so many bytes a second.
    Bytes(u32),
}

/// A server that goes on until the process ends.
#[derive(Debug)]
pub struct FilesServer {
    /// The address at which it answers.
    pub address: String,
    sent: Arc<AtomicU64>,
}

struct Connection {
    root: PathBuf,
    speed: Speed,
    sent: Arc<AtomicU64>,
    /// When the line is free again.
    free: Arc<Mutex<Instant>>,
}

impl FilesServer {
    /// Serves a folder.
    ///
    /// # Errors
    /// When it cannot listen.
    pub fn start(root: &Path, speed: Speed) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = format!("http://{}", listener.local_addr()?);
        let sent = Arc::new(AtomicU64::new(0));
        let (root, counted) = (root.to_owned(), Arc::clone(&sent));
        let free = Arc::new(Mutex::new(Instant::now()));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let connection = Connection {
                    root: root.clone(),
                    speed,
                    sent: Arc::clone(&counted),
                    free: Arc::clone(&free),
                };
                std::thread::spawn(move || connection.answer(stream));
            }
        });
        Ok(Self { address, sent })
    }

    /// How many bytes of files it has sent.
    #[must_use]
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }
}

impl Connection {
    fn answer(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line)?;
        let path = line.split(' ').nth(1).unwrap_or_default().trim_start_matches('/');
        let (status, bytes) = match fs_err::read(self.root.join(path)) {
            Ok(bytes) => ("200 OK", bytes),
            Err(_) => ("404 Not Found", Vec::new()),
        };
        let length = bytes.len();
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes())?;
        for piece in bytes.chunks(PIECE) {
            self.wait_for(piece.len());
            stream.write_all(piece)?;
            self.sent.fetch_add(piece.len() as u64, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Until this many bytes may go.
    fn wait_for(&self, bytes: usize) {
        let Speed::Bytes(rate) = self.speed else { return };
        let takes =
            Duration::from_secs_f64(f64::from(u32::try_from(bytes).unwrap_or(u32::MAX)) / f64::from(rate));
        let until = {
            let mut free = self.free.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *free = (*free).max(Instant::now()) + takes;
            *free
        };
        std::thread::sleep(until.saturating_duration_since(Instant::now()));
    }
}
