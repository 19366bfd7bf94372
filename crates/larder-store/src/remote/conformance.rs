//! What every remote does, tried on one.

use super::contract::{Put, Remote, Trouble};
use crate::{Error, inside::Inside};

pub(crate) fn name(text: &str) -> Inside {
    Inside::new(text).unwrap()
}

/// Reading: `one` holds "first", `v1/deep/two` holds 100,000 bytes, `empty` nothing, and nothing else is there.
pub(crate) fn reads(remote: &dyn Remote) {
    let get = |text: &str, most| remote.get(&name(text), most);
    assert_eq!(get("one", 5).unwrap().as_deref(), Some(b"first".as_slice()));
    assert_eq!(get("one", 100).unwrap().as_deref(), Some(b"first".as_slice()));
    assert_eq!(get("v1/deep/two", 100_000).unwrap().map(|bytes| bytes.len()), Some(100_000));
    assert_eq!(get("empty", 0).unwrap().as_deref(), Some([].as_slice()));
    assert_eq!(get("v1/deep/three", 10).unwrap(), None);
    assert_eq!(get("nowhere/at/all", 10).unwrap(), None);
    for (text, most) in [("one", 4), ("v1/deep/two", 99_999)] {
        let error = get(text, most).unwrap_err();
        assert!(matches!(error, Error::Remote { trouble: Trouble::Lasting(_), .. }), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

/// Writing what [`reads`] asks for.
pub(crate) fn writes(remote: &dyn Remote) {
    assert_eq!(remote.put_new(&name("one"), b"first").unwrap(), Put::Written);
    assert_eq!(remote.put_new(&name("one"), b"second").unwrap(), Put::Present);
    remote.put(&name("v1/deep/two"), b"replaced").unwrap();
    remote.put(&name("v1/deep/two"), &vec![7; 100_000]).unwrap();
    assert_eq!(remote.put_new(&name("empty"), b"").unwrap(), Put::Written);
}
