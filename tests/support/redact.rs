//! The one redactor: what differs between machines and runs becomes a fixed word.

use std::path::Path;

/// Replaces the test's folder, cargo's own prefix of caused-by lines and times.
pub fn redact(text: &str, dir: &Path) -> String {
    let canonical = fs_err::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let mut text = text.replace(&*canonical.to_string_lossy(), "[ROOT]");
    text = text.replace(&*dir.to_string_lossy(), "[ROOT]");
    let kept = text.lines().map(str::trim_end).filter(|line| !is_noise(line));
    kept.collect::<Vec<_>>().join("\n")
}

/// Lines that depend on the state of the registry's cache, on who else uses it just now, or on time.
fn is_noise(line: &str) -> bool {
    let line = line.trim_start();
    ["Blocking ", "Updating ", "Downloading ", "Downloaded ", "Finished ", "Locking "]
        .iter()
        .any(|word| line.starts_with(word))
}
