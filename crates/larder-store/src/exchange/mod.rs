//! Between the store of this machine and a team's remote.
//!
//! ```text
//! v1/packs/<digest>                      a unit, by the digest of its pack
//! v1/snapshots/<namespace>/<key>         the units of a recipe, signed
//! v1/scopes/<namespace>/<scope>          the units of the recipe that was pushed last, signed
//! ```
//!
//! The signature over a list covers everything: it names records by their digests, these name files by theirs. Lists are
//! written after all that they name, and nothing of a remote is believed without one.

mod pull;
mod push;
mod sides;

pub use self::{
    pull::{Pulled, pull},
    push::{Present, Pushed, Terms, push},
    sides::Exchange,
};

#[cfg(test)]
mod tests;
