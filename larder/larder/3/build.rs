//! Does nothing; it makes cargo build the dependencies of build scripts.
fn main() {}
