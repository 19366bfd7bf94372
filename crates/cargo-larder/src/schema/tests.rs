//! Tests of what all formats have in common.

use serde::Serialize;

use super::*;

#[derive(Serialize)]
struct Sizes {
    bytes: u64,
    all: bool,
}

impl Format for Sizes {
    const VERSION: u32 = 7;
}

#[test]
fn a_value_has_its_version_and_sorted_keys() {
    let value = versioned(&Sizes { bytes: 1, all: true }).unwrap();
    assert_eq!(value.to_string(), r#"{"all":true,"bytes":1,"version":7}"#);
}
