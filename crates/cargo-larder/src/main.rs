//! `cargo larder`
fn main() {}
