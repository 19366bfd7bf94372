//! Looking for a secret while something runs: in the arguments of every process, in files of others' reach, in logs.

use std::{
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

/// Everywhere that a secret is seen while `work` runs; files that only their owner reads do not count.
pub(super) fn during(secret: &str, bench: &Path, work: impl FnOnce() -> Vec<String>) -> Vec<String> {
    let is_over = AtomicBool::new(false);
    let (seen, told) = std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut seen = Vec::new();
            while !is_over.load(Ordering::SeqCst) {
                arguments(secret, &mut seen);
                scratch_files(secret, &mut seen);
                std::thread::sleep(Duration::from_millis(2));
            }
            seen
        });
        let told = work();
        is_over.store(true, Ordering::SeqCst);
        (watching.join().expect("it watches"), told)
    });
    let mut seen = seen;
    seen.extend(told.into_iter().filter(|text| text.contains(secret)));
    for log in ["engine.log", "sshd.log", "caddy.log"] {
        let text = fs_err::read_to_string(bench.join(log)).unwrap_or_default();
        seen.extend(text.contains(secret).then(|| log.to_owned()));
    }
    seen.sort();
    seen.dedup();
    seen
}

fn arguments(secret: &str, seen: &mut Vec<String>) {
    for process in fs_err::read_dir("/proc").expect("processes").flatten() {
        let words = fs_err::read(process.path().join("cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).replace('\0', " ");
        seen.extend(words.contains(secret).then_some(words));
    }
}

fn scratch_files(secret: &str, seen: &mut Vec<String>) {
    let folders = fs_err::read_dir(std::env::temp_dir()).expect("a folder").flatten();
    for folder in folders.filter(|entry| entry.file_name().to_string_lossy().starts_with("larder-scratch-")) {
        for file in fs_err::read_dir(folder.path()).into_iter().flatten().flatten() {
            let Ok(about) = fs_err::metadata(file.path()) else { continue };
            let is_open = about.is_file() && about.permissions().mode() & 0o077 != 0;
            let holds = || fs_err::read_to_string(file.path()).is_ok_and(|text| text.contains(secret));
            seen.extend((is_open && holds()).then(|| file.path().display().to_string()));
        }
    }
}
