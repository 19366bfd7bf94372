//! A content in zstd with its length before it, as packs and archives hold it.
//!
//! ```text
//! <length: 8 bytes, little-endian> <zstd frame>
//! ```
//!
//! It may come from somebody else: reading it must never write or keep more than was said, or take memory for a window
//! that no frame of ours has.

use std::{
    collections::BTreeSet,
    io::{self, Read, Write},
};

use crate::{Result, local::Store, record::File};

/// The largest window that is unpacked, as a power of two.
const WINDOW: u32 = 27;

/// A file for each content.
pub(crate) fn distinct<'a>(files: impl Iterator<Item = &'a File>) -> impl Iterator<Item = &'a File> {
    let mut seen = BTreeSet::new();
    files.filter(move |file| seen.insert(file.digest))
}

/// Writes a content.
pub(crate) fn write(to: &mut impl Write, bytes: &[u8], level: i32) -> io::Result<()> {
    // Without the length in the frame, the window stays that of the level, however large the content is.
    let frame = zstd::encode_all(bytes, level)?;
    to.write_all(&(frame.len() as u64).to_le_bytes())?;
    to.write_all(&frame)
}

/// Reads the next content, which may have at most `most` bytes.
pub(crate) fn read(from: &mut impl Read, most: u64) -> Result<Vec<u8>, String> {
    let read = next(from, |content| {
        let mut bytes = Vec::new();
        content.take(most + 1).read_to_end(&mut bytes).map(|_| bytes)
    });
    let bytes = read.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > most {
        return Err("a part of it is larger than it says".to_owned());
    }
    Ok(bytes)
}

/// Stores the next content, which must be that of `file`. Content that is there already is passed over.
pub(crate) fn store(from: &mut impl Read, file: &File, store: &Store) -> Result<()> {
    if store.has(file) {
        return Ok(pass(&mut length_first(from)?)?);
    }
    next(from, |content| Ok(store.add_checked(file, content)))?
}

fn next<T>(from: &mut impl Read, work: impl FnOnce(&mut dyn Read) -> io::Result<T>) -> io::Result<T> {
    let mut frame = length_first(from)?;
    let mut decoder = zstd::Decoder::new(&mut frame)?.single_frame();
    decoder.window_log_max(WINDOW)?;
    let done = work(&mut decoder)?;
    drop(decoder);
    pass(&mut frame)?;
    Ok(done)
}

fn length_first<R: Read>(from: &mut R) -> io::Result<io::Take<&mut R>> {
    let mut length = [0; 8];
    from.read_exact(&mut length).map_err(|_| ends_early())?;
    Ok(from.take(u64::from_le_bytes(length)))
}

/// Goes to the end of a frame.
fn pass(frame: &mut io::Take<impl Read>) -> io::Result<()> {
    io::copy(frame, &mut io::sink())?;
    if frame.limit() > 0 { Err(ends_early()) } else { Ok(()) }
}

fn ends_early() -> io::Error {
    io::Error::new(io::ErrorKind::UnexpectedEof, "it ends early")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame_of(bytes: &[u8]) -> Vec<u8> {
        let mut frame = Vec::new();
        write(&mut frame, bytes, 1).unwrap();
        frame
    }

    #[test]
    fn frames_give_what_was_put_in_and_no_more_than_they_may() {
        let frame = frame_of(b"some bytes");
        assert_eq!(read(&mut frame.as_slice(), 10).unwrap(), b"some bytes");
        assert!(read(&mut frame.as_slice(), 9).is_err());
        let bomb = frame_of(&vec![0; 10 << 20]);
        assert!(bomb.len() < 10_000);
        assert_eq!(read(&mut bomb.as_slice(), 10_000).unwrap_err(), "a part of it is larger than it says");
        for end in 0..frame.len() {
            assert!(read(&mut &frame[..end], 10).is_err(), "{end}");
        }
    }
}
