//! Visitors of a site: twenty GET and twenty POST a second, each on a connection of its own.
//!
//! It stops by itself after some time, whatever happens to the test, and a test that takes longer fails.

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
const LONGEST: Duration = Duration::from_mins(15);

const METHODS: [&str; 2] = ["GET", "POST"];

/// Visitors.
pub struct Load {
    site: PathBuf,
    is_over: Arc<AtomicBool>,
    seen: Arc<Mutex<Vec<Visit>>>,
    /// Gives whether it was told to stop.
    thread: Option<JoinHandle<bool>>,
}

struct Visit {
    method: &'static str,
    answer: Result<String, String>,
    time: Duration,
}

impl Visit {
    fn make(site: &Path, method: &'static str) -> Self {
        let start = Instant::now();
        let answer = ask(site, method);
        Self { method, answer, time: start.elapsed() }
    }
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
    /// The pages, each once, in the order in which they came first: answers may overtake each other.
    pub pages: Vec<String>,
    /// The page of the last request, which was sent after everything else.
    pub last: String,
}

impl Load {
    pub(super) fn start(site: PathBuf) -> Self {
        let (is_over, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Vec::new())));
        let (folder, over, all) = (site.clone(), Arc::clone(&is_over), Arc::clone(&seen));
        let thread = std::thread::spawn(move || visit(&folder, &over, &all));
        Self { site, is_over, seen, thread: Some(thread) }
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
    /// If a visitor did, or if they have stopped by themselves.
    pub fn stop(mut self) -> [Seen; 2] {
        self.is_over.store(true, Ordering::SeqCst);
        let is_told = self.thread.take().expect("it runs").join().expect("it ends well");
        assert!(is_told, "there were no visitors any more after {LONGEST:?}");
        let mut all = self.seen.lock().expect("visits");
        all.extend(METHODS.map(|method| Visit::make(&self.site, method)));
        METHODS.map(|method| Seen::of(all.iter().filter(|visit| visit.method == method)))
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
    }
}

impl Seen {
    fn of<'v>(visits: impl Iterator<Item = &'v Visit>) -> Self {
        let mut seen = Self::default();
        for Visit { answer, time, .. } in visits {
            seen.count += 1;
            seen.slowest = seen.slowest.max(*time);
            match answer {
                Ok(page) => {
                    seen.last.clone_from(page);
                    if !seen.pages.contains(page) {
                        seen.pages.push(page.clone());
                    }
                }
                Err(reason) => seen.failed.push(reason.clone()),
            }
        }
        seen
    }
}

/// Sends requests at their time, whether or not earlier ones are answered. Says whether it was told to stop.
fn visit(site: &Path, is_over: &AtomicBool, seen: &Mutex<Vec<Visit>>) -> bool {
    let start = Instant::now();
    std::thread::scope(|visitors| {
        let mut turn = 0;
        while start.elapsed() < LONGEST {
            if is_over.load(Ordering::SeqCst) {
                return true;
            }
            let method = METHODS[turn as usize % METHODS.len()];
            visitors.spawn(move || {
                let visit = Visit::make(site, method);
                seen.lock().expect("visits").push(visit);
            });
            turn += 1;
            let next = start + PAUSE * turn;
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        false
    })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_late_answer_is_no_way_back() {
        let visits = ["one", "two", "one", "two"].map(|page| Visit {
            method: "GET",
            answer: Ok(page.to_owned()),
            time: Duration::ZERO,
        });
        let seen = Seen::of(visits.iter());
        assert_eq!((seen.count, seen.last.as_str()), (4, "two"));
        assert_eq!(seen.pages, ["one", "two"]);
    }
}
