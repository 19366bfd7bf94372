//! A unit as one object: its record, and a zstd frame for each file.
//!
//! ```text
//! larder pack 1\n
//! <length of the record: 4 bytes, little-endian> <record, as JSON>
//! for each distinct content, in the record's order: a frame of `frame`
//! ```
//!
//! There are no paths but those of the record, no links and no modes. A pack comes from somebody else: it must never make
//! this machine write more than the record says.

use crate::{
    Error, Result,
    digest::Digest,
    frame,
    local::Store,
    record::{LARGEST, Record},
};

const MAGIC: &[u8] = b"larder pack 1\n";
/// How hard files are compressed: beyond it, time grows faster than size shrinks.
const LEVEL: i32 = 3;

/// The pack of a unit.
///
/// # Errors
/// If a file of it is not in the store, or is damaged.
pub fn pack(store: &Store, record: &Record) -> Result<Vec<u8>> {
    let (header, id) = record.to_bytes();
    let length = u32::try_from(header.len()).map_err(|error| Error::bad(id, error))?;
    let mut pack = [MAGIC, &length.to_le_bytes(), &header].concat();
    for file in frame::distinct(record.files.iter()) {
        frame::write(&mut pack, &store.read(file)?, LEVEL)?;
    }
    Ok(pack)
}

/// Puts a unit into the store, its files first. `id` is what its record must be.
///
/// # Errors
/// If the pack is not that of the record, or the store cannot be written. The files that are in the store then are
/// whole, and found by nobody.
pub fn unpack(store: &Store, id: Digest, pack: &[u8]) -> Result<Record> {
    let mut rest = pack.strip_prefix(MAGIC).ok_or_else(|| bad_pack(id, "it is none"))?;
    let (length, body) = rest.split_first_chunk().ok_or_else(|| bad_pack(id, "it ends early"))?;
    rest = body;
    let header = Some(u32::from_le_bytes(*length) as usize).filter(|length| *length <= LARGEST);
    let header =
        header.and_then(|length| rest.split_off(..length)).ok_or_else(|| bad_pack(id, "it ends early"))?;
    if Digest::hash(header) != id {
        return Err(bad_pack(id, "it holds another record"));
    }
    let record = Record::parse(header)?;
    for file in frame::distinct(record.files.iter()) {
        frame::store(&mut rest, file, store).map_err(|error| bad_pack(id, error))?;
    }
    if !rest.is_empty() {
        return Err(bad_pack(id, "something follows it"));
    }
    store.add_record(&record)?;
    Ok(record)
}

fn bad_pack(id: Digest, reason: impl std::fmt::Display) -> Error {
    Error::bad(format!("the pack of {id}"), reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub;

    struct Two {
        folder: tempfile::TempDir,
        from: Store,
        to: Store,
    }

    fn stores() -> Two {
        let folder = tempfile::tempdir().unwrap();
        let [from, to] = ["from", "to"].map(|name| Store::open(folder.path().join(name)).unwrap());
        Two { folder, from, to }
    }

    #[test]
    fn a_unit_survives_its_pack() {
        let Two { from, to, folder: _folder } = stores();
        let record = stub::unit(&from, "one", &vec![7; 300_000]);
        let (_, id) = record.to_bytes();
        let pack = pack(&from, &record).unwrap();
        assert!(pack.len() < 10_000);
        assert_eq!(unpack(&to, id, &pack).unwrap(), record);
        assert!(to.has_files(&record));
        assert_eq!(to.record(id), Some(record.clone()));
        for file in &record.files {
            assert_eq!(to.read(file).unwrap(), from.read(file).unwrap());
        }
    }

    #[test]
    fn a_damaged_pack_leaves_no_record() {
        let Two { from, to, folder: _folder } = stores();
        let record = stub::unit(&from, "one", b"some content of a library");
        let (_, id) = record.to_bytes();
        let good = pack(&from, &record).unwrap();
        let cut = (0..good.len()).map(|length| good[..length].to_vec());
        let longer = [good.as_slice(), b"x"].concat();
        let foreign = pack(&from, &stub::unit(&from, "two", b"x")).unwrap();
        for (number, pack) in cut.chain([longer, foreign, Vec::new()]).enumerate() {
            assert!(unpack(&to, id, &pack).is_err(), "{number}");
            assert_eq!(to.record(id), None, "{number}");
        }
        assert!(unpack(&to, id, &good).is_ok());
    }

    /// A pack whose last file is this frame.
    fn with_frame(store: &Store, record: &Record, frame: &[u8]) -> Vec<u8> {
        let mut pack = pack(store, record).unwrap();
        let last = zstd::encode_all(store.read(&record.files[2]).unwrap().as_slice(), LEVEL).unwrap();
        pack.truncate(pack.len() - last.len() - 8);
        pack.extend((frame.len() as u64).to_le_bytes());
        pack.extend(frame);
        pack
    }

    #[test]
    fn a_bomb_writes_no_more_than_the_record_says() {
        let Two { from, to, folder: _folder } = stores();
        let record = stub::unit(&from, "one", b"small");
        let (_, id) = record.to_bytes();
        let bomb = zstd::encode_all(std::io::Read::take(std::io::repeat(0), 1 << 28), 1).unwrap();
        let error = unpack(&to, id, &with_frame(&from, &record, &bomb)).unwrap_err().to_string();
        assert!(error.contains("its content is not what its record says"), "{error}");
        let mut endless = Counting(0);
        assert!(to.add_checked(&record.files[2], &mut endless).is_err());
        assert!(endless.0 < 1 << 20, "{} bytes were read", endless.0);
    }

    /// A gigabyte, and how much of it was read.
    struct Counting(usize);

    impl std::io::Read for Counting {
        fn read(&mut self, piece: &mut [u8]) -> std::io::Result<usize> {
            let read = piece.len().min((1 << 30) - self.0);
            self.0 += read;
            Ok(read)
        }
    }

    #[test]
    fn a_window_that_no_pack_of_ours_has_is_refused() {
        let Two { from, to, folder: _folder } = stores();
        let record = stub::unit(&from, "one", b"");
        let (_, id) = record.to_bytes();
        let [large, small] = [28_u8, 27].map(|window| {
            // A frame of nothing that says how large its window is: 2^28, and 2^27.
            let frame = [0x28, 0xB5, 0x2F, 0xFD, 0, (window - 10) << 3, 1, 0, 0];
            unpack(&to, id, &with_frame(&from, &record, &frame))
        });
        let error = large.unwrap_err().to_string();
        assert!(error.contains("memory"), "{error}");
        assert!(small.is_ok());
    }
}
