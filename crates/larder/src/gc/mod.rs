//! Clearing caches.

pub mod delete;
pub mod guard;
pub mod locks;
pub mod measure;
