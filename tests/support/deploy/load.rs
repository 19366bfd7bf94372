//! Visitors of a site: twenty GET and twenty POST a second, each on a connection of its own.
//!
//! It stops by itself after two minutes, whatever happens to the test.

use std::{
    io::{Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Between two requests.
const PAUSE: Duration = Duration::from_millis(25);
const LONGEST: Duration = Duration::from_mins(2);

/// Visitors.
pub struct Load {
    is_over: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<Visit>>>,
    thread: Option<JoinHandle<()>>,
}

struct Visit {
    method: &'static str,
    answer: Result<String, String>,
    time: Duration,
}

/// The answers that visitors got to one method.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Seen {
    /// How many requests were sent.
    pub count: usize,
    /// Why some failed.
    pub failed: Vec<String>,
    /// The slowest answer.
    pub slowest: Duration,
    /// The pages, each once, in the order in which they came.
    pub pages: Vec<String>,
}

impl Load {
    pub(super) fn start(site: PathBuf) -> Self {
        let (is_over, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (over, all) = (Arc::clone(&is_over), Arc::clone(&seen));
        let thread = std::thread::spawn(move || visit(&site, &over, &all));
        Self { is_over, seen, thread: Some(thread) }
    }

    /// Waits until there were so many requests of each method.
    ///
    /// # Panics
    /// If they do not come.
    pub fn wait_for(&self, count: usize) {
        let deadline = Instant::now() + LONGEST;
        while self.seen.lock().expect("visits").len() < 2 * count {
            assert!(Instant::now() < deadline, "there are not {count} requests");
            std::thread::sleep(PAUSE);
        }
    }

    /// Stops, and gives what was seen of GET and of POST.
    ///
    /// # Panics
    /// If a visitor did.
    pub fn stop(mut self) -> [Seen; 2] {
        self.is_over.store(true, Ordering::SeqCst);
        self.thread.take().expect("it runs").join().expect("it ends well");
        let all = self.seen.lock().expect("visits");
        ["GET", "POST"].map(|method| {
            let mut seen = Seen::default();
            for visit in all.iter().filter(|visit| visit.method == method) {
                seen.count += 1;
                seen.slowest = seen.slowest.max(visit.time);
                match &visit.answer {
                    Ok(page) if seen.pages.last() != Some(page) => seen.pages.push(page.clone()),
                    Ok(_) => {}
                    Err(reason) => seen.failed.push(reason.clone()),
                }
            }
            seen
        })
    }
}

/// Sends requests at their time, whether or not earlier ones are answered.
fn visit(site: &Path, is_over: &AtomicBool, seen: &Arc<Mutex<Vec<Visit>>>) {
    let start = Instant::now();
    let mut visitors = Vec::new();
    for turn in 0.. {
        if is_over.load(Ordering::SeqCst) || start.elapsed() > LONGEST {
            break;
        }
        let method = if turn % 2 == 0 { "GET" } else { "POST" };
        let (site, seen) = (site.to_owned(), Arc::clone(seen));
        visitors.push(std::thread::spawn(move || {
            let start = Instant::now();
            let answer = ask(&site, method);
            seen.lock().expect("visits").push(Visit { method, answer, time: start.elapsed() });
        }));
        let next = start + PAUSE * (turn + 1);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    visitors.into_iter().for_each(|visitor| visitor.join().expect("a visitor ends"));
}

/// One request; the page, or why there is none.
pub(super) fn ask(site: &Path, method: &str) -> Result<String, String> {
    let answer = answer(site, method).map_err(|error| format!("{method}: {error}"))?;
    let (head, page) = answer.split_once("\r\n\r\n").ok_or_else(|| format!("{method}: half an answer"))?;
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status == "200" { Ok(page.trim().to_owned()) } else { Err(format!("{method}: {status}")) }
}

fn answer(site: &Path, method: &str) -> std::io::Result<String> {
    const PATIENCE: Duration = Duration::from_secs(70);
    let mut stream = UnixStream::connect(site)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let body = if method == "POST" { "name=value" } else { "" };
    let request = format!(
        "{method} / HTTP/1.1\r\nHost: site\r\nConnection: close\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer)
}
