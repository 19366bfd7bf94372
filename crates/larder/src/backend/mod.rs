//! Backends: where recipes are cooked.

pub mod host;
pub mod messages;
