//! The parsers of answers that other programs give of their caches, for the mutation loop; see [`larder::fuzz`].

use larder::fuzz::Target;

use crate::{gc, usage};

/// All of them.
pub const TARGETS: [(&str, Target); 2] = [
    ("docker-cache", |_, bytes| gc::docker::read_all(&String::from_utf8_lossy(bytes))),
    ("nix-paths", |_, bytes| usage::nix::read_all(&String::from_utf8_lossy(bytes))),
];
