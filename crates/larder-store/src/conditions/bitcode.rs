//! Texts in bitcode of LLVM, which optimising while linking has in the place of objects.
//!
//! Bitcode is a stream of bits. A text of a program starts at any bit of a byte and has eight bits for each of its
//! letters from there on; texts for debuggers are in a table that starts with a whole byte.

use std::borrow::Cow;

/// The data as it reads from each bit of its first byte.
pub(super) fn readings(data: &[u8]) -> impl Iterator<Item = Cow<'_, [u8]>> {
    let shifted = (1..8).map(|bits| Cow::Owned(from_bit(data, bits)));
    std::iter::once(Cow::Borrowed(data)).chain(shifted)
}

fn from_bit(data: &[u8], bits: u32) -> Vec<u8> {
    data.windows(2).map(|two| (two[0] >> bits) | (two[1] << (8 - bits))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_whatever_bit_it_starts_with() {
        for bits in 0..8 {
            let number = u128::from_le_bytes(*b"/w/target/out/x\0") << bits;
            let data = [number.to_le_bytes().as_slice(), &[0]].concat();
            let found = readings(&data).filter(|text| text.starts_with(b"/w/target/out/"));
            assert_eq!(found.count(), 1, "{bits}");
        }
    }
}
