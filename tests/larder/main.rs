//! `cargo larder` on real workspaces with the real cargo.

mod bad_input;
mod exact;
mod leptos;
mod lock;
mod observe;
mod packages;
mod words;
