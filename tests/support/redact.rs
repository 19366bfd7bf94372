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

/// Makes JSON comparable: what [`redact`] replaces, and every number but versions and zeros, since sizes and times
/// differ between machines.
///
/// # Panics
/// When the text is no JSON.
pub fn redact_json(text: &str, dir: &Path) -> String {
    let mut value: serde_json::Value = serde_json::from_str(text).expect("it is JSON");
    without_numbers(&mut value);
    redact(&serde_json::to_string_pretty(&value).expect("it is JSON"), dir)
}

fn without_numbers(value: &mut serde_json::Value) {
    match value {
        serde_json::Value::Array(list) => list.iter_mut().for_each(without_numbers),
        serde_json::Value::Object(object) => {
            let fields = object.iter_mut().filter(|(name, _)| *name != "version");
            fields.for_each(|(_, value)| without_numbers(value));
        }
        serde_json::Value::Number(number) if number.as_u64() != Some(0) => *value = "[NUMBER]".into(),
        _ => {}
    }
}
