//! Doing the same for several things at once: questions to cargo mostly wait, so they run side by side.

use std::sync::{Mutex, PoisonError};

use crate::error::Result;

/// The results in the order of the items, or the first error in that order. No more than there are cores are worked on
/// at once.
///
/// # Errors
/// Whatever `work` fails with.
pub fn map<T: Send, R: Send>(
    items: impl IntoIterator<Item = T, IntoIter: Send>,
    work: impl Fn(T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let queue = Mutex::new(items.into_iter().enumerate());
    let (queue, work) = (&queue, &work);
    let mut results: Vec<(usize, Result<R>)> = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..at_once()).map(|_| scope.spawn(|| work_through(queue, work))).collect();
        handles.into_iter().flat_map(joined).collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Takes one item after the other until there is none left.
fn work_through<T, R>(
    queue: &Mutex<impl Iterator<Item = (usize, T)>>,
    work: &impl Fn(T) -> R,
) -> Vec<(usize, R)> {
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).next();
    std::iter::from_fn(next).map(|(index, item)| (index, work(item))).collect()
}

/// How many things are done at once: a program each, however many there are to be asked for.
fn at_once() -> usize {
    std::thread::available_parallelism().map_or(2, usize::from).clamp(2, 16)
}

/// The same for many small things: a few threads share them. The order of results is that of the items.
pub fn flat_map<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> Vec<R> + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(2, usize::from).clamp(1, 8);
    let size = items.len().div_ceil(threads).max(1);
    let mut items = items.into_iter();
    let chunks: Vec<Vec<T>> = (0..threads).map(|_| items.by_ref().take(size).collect()).collect();
    let work = &work;
    std::thread::scope(|scope| {
        let run = |chunk: Vec<T>| scope.spawn(move || chunk.into_iter().flat_map(work).collect::<Vec<R>>());
        let handles: Vec<_> = chunks.into_iter().map(run).collect();
        handles.into_iter().flat_map(joined).collect()
    })
}

/// The result of a thread. A panic in it goes on here.
///
/// # Panics
/// If the thread did.
pub fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn many_things_are_not_done_all_at_once() {
        let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let results = map(0..200, |item| {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            std::thread::sleep(std::time::Duration::from_millis(1));
            now.fetch_sub(1, Ordering::SeqCst);
            Ok(item)
        });
        assert_eq!(results.unwrap(), (0..200).collect::<Vec<_>>());
        assert!(most.into_inner() <= at_once());
        let failed =
            |item: i32| if item > 3 { Err(std::io::Error::other(item.to_string()).into()) } else { Ok(item) };
        assert_eq!(map(0..9, failed).unwrap_err().to_string(), "4");
    }
}
