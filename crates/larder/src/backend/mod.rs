//! Backends: where recipes are cooked.

pub mod docker;
pub mod host;
pub mod messages;
pub mod nix;
