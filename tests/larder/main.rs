//! `cargo larder` on real workspaces with the real cargo.

mod bad_input;
mod changes;
mod clean;
mod collectors;
mod docker;
mod exact;
mod gc;
mod interrupted;
mod layers;
mod leptos;
mod lock;
mod nix;
mod nix_build;
mod observe;
mod packages;
mod platforms;
mod rules_crates;
mod rules_flags;
mod rules_sources;
mod rules_workspaces;
mod target_folder;
mod usage;
mod why;
mod why_more;
mod why_stage;
mod words;
