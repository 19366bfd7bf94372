//! A remote that is asked again when it stumbles, and left alone when it does not recover.
//!
//! A request is made at most three times, with pauses that chance decides, so that a whole team does not come back at
//! once. After three failures in a row, or once failures have taken too long together, nothing is asked any more: an
//! unreachable remote costs a build seconds, however many units it needs.

use std::{
    sync::atomic::{AtomicU32, AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use super::contract::{Put, Remote, Trouble, trouble};
use crate::{Error, Result, inside::Inside};

/// How often one request is made.
const ATTEMPTS: u32 = 3;
/// How many failures in a row are the end.
const FAILURES: u32 = 3;
/// How long failures may take together before the last attempt begins.
const PATIENCE: Duration = Duration::from_millis(3200);
/// The shortest and longest pause between attempts, in milliseconds.
const PAUSE: std::ops::Range<u64> = 50..200;

/// A remote with bounds on what its faults cost.
pub struct Patient<R> {
    inner: R,
    in_a_row: AtomicU32,
    lost: AtomicU64,
}

impl<R: Remote> Patient<R> {
    /// Around a remote.
    pub fn new(inner: R) -> Self {
        Self { inner, in_a_row: AtomicU32::new(0), lost: AtomicU64::new(0) }
    }

    fn is_over(&self) -> bool {
        self.in_a_row.load(Ordering::Relaxed) >= FAILURES
            || self.lost.load(Ordering::Relaxed) >= u64::try_from(PATIENCE.as_millis()).unwrap_or(u64::MAX)
    }

    fn failed_after(&self, time: Duration) {
        self.in_a_row.fetch_add(1, Ordering::Relaxed);
        self.lost.fetch_add(u64::try_from(time.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
    }

    fn ask<T>(&self, name: &Inside, request: impl Fn() -> Result<T>) -> Result<T> {
        if self.is_over() {
            let failures = self.in_a_row.load(Ordering::Relaxed).max(1);
            return Err(trouble(&self.inner, name, Trouble::LeftAlone(failures)));
        }
        let mut attempt = 1;
        loop {
            let start = Instant::now();
            let error = match request() {
                Ok(answer) => {
                    self.in_a_row.store(0, Ordering::Relaxed);
                    return Ok(answer);
                }
                Err(error) => error,
            };
            let passes = matches!(&error, Error::Remote { trouble: Trouble::Passing(_), .. });
            self.failed_after(start.elapsed());
            if !passes || attempt == ATTEMPTS || self.is_over() {
                return Err(error);
            }
            attempt += 1;
            thread::sleep(Duration::from_millis(fastrand::u64(PAUSE)));
        }
    }
}

impl<R: Remote> Remote for Patient<R> {
    fn get(&self, name: &Inside, most: u64) -> Result<Option<Vec<u8>>> {
        self.ask(name, || self.inner.get(name, most))
    }

    fn has(&self, name: &Inside) -> Result<bool> {
        self.ask(name, || self.inner.has(name))
    }

    fn put_new(&self, name: &Inside, bytes: &[u8]) -> Result<Put> {
        self.ask(name, || self.inner.put_new(name, bytes))
    }

    fn put(&self, name: &Inside, bytes: &[u8]) -> Result<()> {
        self.ask(name, || self.inner.put(name, bytes))
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::{super::conformance::name, *};

    /// Answers with these, the last one first, and then with nothing.
    struct Scripted {
        answers: Mutex<Vec<Trouble>>,
        asked: AtomicU32,
    }

    impl Scripted {
        fn new(answers: &[Trouble]) -> Patient<Self> {
            Patient::new(Self { answers: Mutex::new(answers.to_vec()), asked: AtomicU32::new(0) })
        }
    }

    impl Remote for Scripted {
        fn get(&self, name: &Inside, _: u64) -> Result<Option<Vec<u8>>> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            match self.answers.lock().unwrap().pop() {
                Some(answer) => Err(trouble(self, name, answer)),
                None => Ok(None),
            }
        }
        fn has(&self, name: &Inside) -> Result<bool> {
            self.get(name, 0).map(|object| object.is_some())
        }
        fn put_new(&self, _: &Inside, _: &[u8]) -> Result<Put> {
            Ok(Put::Written)
        }
        fn put(&self, _: &Inside, _: &[u8]) -> Result<()> {
            Ok(())
        }
        fn describe(&self) -> String {
            "scripted".to_owned()
        }
    }

    #[test]
    fn what_passes_is_asked_again_and_what_lasts_is_not() {
        let (passing, lasting) = (Trouble::Passing("cut".into()), Trouble::Lasting("403".into()));
        let cases =
            [(vec![passing.clone(); 2], 3, true), (vec![passing; 9], 3, false), (vec![lasting], 1, false)];
        for (answers, asked, succeeds) in cases {
            let remote = Scripted::new(&answers);
            assert_eq!(remote.get(&name("one"), 1).is_ok(), succeeds, "{answers:?}");
            assert_eq!(remote.inner.asked.load(Ordering::Relaxed), asked, "{answers:?}");
        }
    }

    #[test]
    fn after_three_failures_nothing_is_asked_any_more() {
        let remote = Scripted::new(&vec![Trouble::Lasting("403".into()); 10]);
        for _ in 0..10 {
            assert!(remote.get(&name("one"), 1).is_err());
        }
        assert_eq!(remote.inner.asked.load(Ordering::Relaxed), 3);
        let error = remote.get(&name("one"), 1).unwrap_err().to_string();
        assert!(error.contains("not asked any more"), "{error}");
    }

    #[test]
    fn failures_that_take_long_are_fewer() {
        let remote = Scripted::new(&[]);
        remote.failed_after(PATIENCE);
        assert!(remote.get(&name("one"), 1).is_err());
        assert_eq!(remote.inner.asked.load(Ordering::Relaxed), 0);
    }
}
