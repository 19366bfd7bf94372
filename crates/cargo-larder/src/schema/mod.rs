//! The JSON that verbs print: each format is a type here, with its version. `docs/src/json.md` says what they mean.
//!
//! Formats are made of what a verb has found. They must never find out anything, and never change within a version but by
//! a field more.

pub(crate) mod build;
pub(crate) mod deploy;
pub(crate) mod docker;
pub(crate) mod doctor;
pub(crate) mod gc;
pub(crate) mod init;
pub(crate) mod lock;
pub(crate) mod observe;
pub(crate) mod plan;
#[cfg(feature = "store")]
pub(crate) mod store;
#[cfg(feature = "store")]
pub(crate) mod store_remote;
pub(crate) mod usage;
pub(crate) mod why;

use serde::Serialize;
use serde_json::Value;

/// A value that programs read.
pub(crate) trait Format: Serialize {
    /// Raised if a field goes or changes its meaning.
    const VERSION: u32;
}

/// The value with its version, its keys sorted.
pub(crate) fn versioned<T: Format>(value: &T) -> serde_json::Result<Value> {
    let mut all = serde_json::to_value(value)?;
    all["version"] = T::VERSION.into();
    Ok(all)
}

/// Seconds to the millisecond.
pub(crate) fn seconds(time: std::time::Duration) -> f64 {
    (time.as_secs_f64() * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests;
