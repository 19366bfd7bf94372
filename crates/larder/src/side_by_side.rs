//! Doing the same for several things at once: questions to cargo mostly wait, so they run side by side.

use crate::error::Result;

/// The results in the order of the items, or the first error in that order.
///
/// # Errors
/// Whatever `work` fails with.
pub fn map<T: Send, R: Send>(
    items: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> Result<R> + Sync,
) -> Result<Vec<R>> {
    let work = &work;
    std::thread::scope(|scope| {
        let threads: Vec<_> = items.into_iter().map(|item| scope.spawn(move || work(item))).collect();
        threads.into_iter().map(joined).collect()
    })
}

/// The same for many small things: a few threads share them. The order of results is that of the items.
pub(crate) fn flat_map<T: Send, R: Send>(items: Vec<T>, work: impl Fn(T) -> Vec<R> + Sync) -> Vec<R> {
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

/// What a thread brought. A panic in it goes on here.
pub(crate) fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
