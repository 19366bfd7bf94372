//! The behaviour that every remote must have, tried on one. For tests alone: whatever does not hold is a panic.

use super::contract::{Put, Remote, Trouble};
use crate::{Error, inside::Inside};

/// A name that an object can have.
///
/// # Panics
/// If none can.
pub fn name(text: &str) -> Inside {
    Inside::new(text).unwrap()
}

/// Reading: `one` holds "first", `v1/deep/two` holds 100,000 bytes, `empty` nothing, and nothing else is there.
///
/// # Panics
/// If the remote is not as a remote is.
pub fn reads(remote: &dyn Remote) {
    assert_eq!(remote.get(&name("one"), 5).unwrap().as_deref(), Some(b"first".as_slice()));
    assert_eq!(remote.get(&name("one"), 100).unwrap().as_deref(), Some(b"first".as_slice()));
    assert_eq!(remote.get(&name("v1/deep/two"), 100_000).unwrap().map(|bytes| bytes.len()), Some(100_000));
    assert_eq!(remote.get(&name("empty"), 0).unwrap().as_deref(), Some([].as_slice()));
    for text in ["one", "v1/deep/two", "empty"] {
        assert!(remote.has(&name(text)).unwrap(), "{text}");
    }
    for text in ["v1/deep/three", "nowhere/at/all"] {
        assert_eq!(remote.get(&name(text), 10).unwrap(), None, "{text}");
        assert!(!remote.has(&name(text)).unwrap(), "{text}");
    }
    for (text, most) in [("one", 4), ("v1/deep/two", 99_999)] {
        let error = remote.get(&name(text), most).unwrap_err();
        assert!(matches!(error, Error::Remote { trouble: Trouble::Lasting(_), .. }), "{error}");
        assert!(error.to_string().contains(text), "{error}");
    }
}

/// Writing what [`reads`] asks for.
///
/// # Panics
/// If the remote is not as a remote is.
pub fn writes(remote: &dyn Remote) {
    assert_eq!(remote.put_new(&name("one"), b"first").unwrap(), Put::Written);
    assert_eq!(remote.put_new(&name("one"), b"second").unwrap(), Put::Present);
    remote.put(&name("v1/deep/two"), b"replaced").unwrap();
    remote.put(&name("v1/deep/two"), &vec![7; 100_000]).unwrap();
    assert_eq!(remote.put_new(&name("empty"), b"").unwrap(), Put::Written);
}

/// Writers at once, one object after the other: how many of them believed that theirs is the one, for each object. The
/// stored object is always what one of them wrote.
///
/// # Panics
/// If an object is none of those that were written.
pub fn race(open: impl Fn() -> Box<dyn Remote> + Sync, rounds: usize, writers: u8) -> Vec<usize> {
    (0..rounds).map(|round| race_for(&open, &name(&format!("v1/raced/object-{round}")), writers)).collect()
}

/// Lets writers race for one object, and says how many of them were told that they wrote it.
fn race_for(open: &(impl Fn() -> Box<dyn Remote> + Sync), name: &Inside, writers: u8) -> usize {
    let write = |number: u8| open().put_new(name, &[number; 1000]);
    let written: Vec<_> = std::thread::scope(|scope| {
        let writers: Vec<_> = (0..writers).map(|number| scope.spawn(move || write(number))).collect();
        writers.into_iter().map(|writer| writer.join().expect("a writer ends")).collect()
    });
    let bytes = open().get(name, 1000).expect("the remote answers").expect("one of them wrote it");
    assert!(bytes.len() == 1000 && bytes.iter().all(|byte| *byte == bytes[0]), "{bytes:?}");
    let winners: Vec<_> = written.iter().map(|put| matches!(put, Ok(Put::Written))).collect();
    assert!(winners.iter().filter(|won| **won).count() != 1 || winners[usize::from(bytes[0])]);
    winners.into_iter().filter(|won| *won).count()
}
