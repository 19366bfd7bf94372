//! Clearing caches: `clean` by level and `gc` by policy. Every deletion is planned first, in rows with bytes; applied,
//! the plan deletes no more than it said.
//!
//! 1. [`guard`], [`locks`](larder::target_dir::locks), [`delete`], [`measure`]: the safe way to delete from a target folder.
//! 2. [`needs`], [`matching`], [`wanted`]: which units are still wanted, and [`rules`] which things go.
//! 3. [`docker`], [`nix`], [`downloads`]: caches of others, cleared by their own programs alone.
//!
//! It must never delete what a running build has locked, what the last build used, or what a current recipe builds. A
//! thing that it cannot judge stays.

mod branches;
mod budget;
mod call;
pub mod delete;
pub mod docker;
pub mod downloads;
pub mod guard;
mod item;
pub mod matching;
pub mod measure;
pub mod needs;
pub mod nix;
mod plan;
pub mod policy;
mod program;
pub mod report;
pub mod row;
pub mod rules;
mod target;
pub mod wanted;

pub use needs::Branches;
pub use plan::ClearingPlan;
pub use policy::{Level, Policy};
pub use row::{CacheKind, Freed, Row};
