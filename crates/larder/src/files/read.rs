//! Files as text that somebody else may have put there: reading one ends, whatever is in its place.
//!
//! It must never wait for a pipe or read a device, and every error names the file.

use std::{io, path::Path};

use super::system;

/// No text that anybody wrote comes near this size.
const LARGEST: u64 = 64 << 20;

/// The text of a plain file.
///
/// # Errors
/// If it cannot be read, is no plain file, too large or no UTF-8.
pub fn text(path: impl AsRef<Path>) -> io::Result<String> {
    let path = path.as_ref();
    String::from_utf8(bytes(path)?).map_err(|_| {
        let said = format!("failed to read `{}`: it is not UTF-8", path.display());
        io::Error::new(io::ErrorKind::InvalidData, said)
    })
}

/// The text of a plain file; nothing if there is no such file.
///
/// # Errors
/// As [`text`].
pub fn text_or_nothing(path: impl AsRef<Path>) -> io::Result<String> {
    match text(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        other => other,
    }
}

/// The bytes of a plain file.
///
/// # Errors
/// If it cannot be read, is no plain file or too large.
pub fn bytes(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    read_small(path.as_ref(), LARGEST)
}

/// Reads a plain file that somebody else may have put there: no pipe or device, and none that is larger than expected,
/// whatever its size on disk.
///
/// # Errors
/// When the file cannot be read, or is no such file.
pub fn read_small(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    read_at_most(path, system::open(path)?, limit)
}

pub(super) fn read_at_most(path: &Path, file: std::fs::File, limit: u64) -> io::Result<Vec<u8>> {
    use std::io::Read as _;
    let facts = file.metadata()?;
    if !facts.is_file() {
        return Err(refusal(path, "no plain file"));
    }
    let mut bytes = Vec::new();
    if facts.len() > limit || file.take(limit + 1).read_to_end(&mut bytes)? as u64 > limit {
        return Err(refusal(path, "larger than any such file"));
    }
    Ok(bytes)
}

fn refusal(path: &Path, what: &str) -> io::Error {
    let said = format!("failed to read `{}`: it is {what}", path.display());
    io::Error::new(io::ErrorKind::InvalidData, said)
}

/// Refuses a path that a program would wait for on opening it, or read without end. A missing file is no harm.
///
/// # Errors
/// For pipes, sockets and devices, links to such included.
pub fn refuse_endless(path: &Path) -> io::Result<()> {
    let Ok(facts) = fs_err::metadata(path) else { return Ok(()) };
    let is_empty = || fs_err::canonicalize(path).is_ok_and(|real| real == Path::new("/dev/null"));
    if facts.is_file() || facts.is_dir() || is_empty() {
        return Ok(());
    }
    let said = format!("`{}` is no plain file, and is not read", path.display());
    Err(io::Error::new(io::ErrorKind::InvalidInput, said))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn reading_ends_and_names_what_it_cannot_read() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path();
        rustix::fs::mknodat(
            rustix::fs::CWD,
            folder.join("pipe"),
            rustix::fs::FileType::Fifo,
            rustix::fs::Mode::RUSR,
            0,
        )
        .unwrap();
        std::os::unix::fs::symlink("/dev/zero", folder.join("device")).unwrap();
        std::os::unix::fs::symlink("/dev/null", folder.join("null")).unwrap();
        fs_err::create_dir(folder.join("folder")).unwrap();
        fs_err::write(folder.join("bytes"), b"a\xff").unwrap();
        fs_err::File::create(folder.join("hole")).unwrap().set_len(1 << 40).unwrap();
        for name in ["pipe", "device", "folder", "bytes", "hole"] {
            let said = text_or_nothing(folder.join(name)).unwrap_err().to_string();
            assert!(said.contains(name), "{said}");
        }
        assert!(text(folder.join("none")).is_err());
        assert_eq!(text_or_nothing(folder.join("none")).unwrap(), "");
        for (name, is_refused) in
            [("pipe", true), ("device", true), ("null", false), ("folder", false), ("none", false)]
        {
            assert_eq!(refuse_endless(&folder.join(name)).is_err(), is_refused, "{name}");
        }
    }
}
