//! `cargo larder` on real workspaces with the real cargo.

mod bad_input;
mod docker;
mod exact;
mod interrupted;
mod layers;
mod leptos;
mod lock;
mod nix;
mod observe;
mod packages;
mod platforms;
mod words;
