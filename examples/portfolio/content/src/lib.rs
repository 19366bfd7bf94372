//! What the site shows, and how both halves reach it.
//!
//! Pages only ever call [`api`]; only the server side of it, with the feature `ssr`, reaches [`db`].

pub mod api;
#[cfg(feature = "ssr")]
pub mod db;
pub mod error;
pub mod guestbook;
pub mod model;
