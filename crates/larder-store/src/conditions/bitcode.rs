//! Texts in bitcode of LLVM, which optimising while linking has in the place of objects.
//!
//! Bitcode is a stream of bits. A text of a program starts at any bit of a byte and has eight bits for each of its
//! letters from there on; texts for debuggers are in a table that starts with a whole byte.

use memchr::memmem;

/// Every text that starts with a prefix of two letters or more, but not with a whole byte: with up to `longest` letters
/// behind the prefix.
pub(super) fn texts(data: &[u8], prefix: &str, longest: usize) -> impl Iterator<Item = Vec<u8>> {
    (1..8).flat_map(move |bits| {
        let places: Vec<usize> = memmem::find_iter(data, &whole_bytes(prefix, bits)).collect();
        let texts = places.into_iter().filter_map(move |place| {
            // The first letter begins in the byte before.
            let start = place.checked_sub(1)?;
            let end = (place + prefix.len() + longest).min(data.len());
            Some(from_bit(&data[start..end], bits))
        });
        texts.filter(move |text| text.starts_with(prefix.as_bytes()))
    })
}

/// The bytes of a text that starts with that bit of a byte, without its first and its last, which it shares with others.
fn whole_bytes(text: &str, bits: u32) -> Vec<u8> {
    text.as_bytes().windows(2).map(|two| (two[0] >> (8 - bits)) | (two[1] << bits)).collect()
}

/// The data as it reads from that bit of its first byte.
fn from_bit(data: &[u8], bits: u32) -> Vec<u8> {
    data.windows(2).map(|two| (two[0] >> bits) | (two[1] << (8 - bits))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_whatever_bit_it_starts_with() {
        for bits in 1..8 {
            // Beside other bits, and where the data ends with it.
            let number = (u128::from_le_bytes(*b"/w/target/out/x\0") << bits) | ((1 << bits) - 1);
            let data = [b"//".as_slice(), &number.to_le_bytes()].concat();
            let found: Vec<_> = texts(&data, "/w/target", 4).collect();
            assert_eq!(found, [b"/w/target/out".to_vec()], "{bits}");
            let found: Vec<_> = texts(&data, "/w/target", 99).collect();
            assert!(found.len() == 1 && found[0].starts_with(b"/w/target/out/x"), "{bits}: {found:?}");
            assert_eq!(texts(&data, "/w/targes", 4).count(), 0, "{bits}");
        }
    }
}
