//! A value that nobody looks at, made all the same: for parsers whose results have no other use in the mutation loop.

/// Takes it.
pub fn seen<T>(value: T) {
    drop(std::hint::black_box(value));
}
