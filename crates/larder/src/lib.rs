//! Larder keeps dependency builds apart from application builds, so that dependencies are compiled once
//! and reused by the host, Docker and Nix alike. This library is everything but the terminal, the store of units and
//! the care of caches.
//!
//! ```
//! use std::path::Path;
//!
//! use larder::{Result, cargo::Cargo, process::Environment, project::Project};
//!
//! fn main() -> Result<()> {
//!     let env = Environment::new(std::env::vars_os());
//!     let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
//!     let project = Project::load(Cargo::locate(&env)?, folder, None, None)?;
//!     for slice in &project.slices {
//!         println!("{} is `cargo {}`", slice.name, slice.args.join(" "));
//!     }
//!     assert!(!project.slices.is_empty());
//!     Ok(())
//! }
//! ```
//!
//! A program that also plans for other platforms, or explains, records or repeats builds, calls [`shim::answer`] first.
//! So does one that is started by builds which somebody records.
//!
//! # Reading order
//!
//! 1. [`project`]: a [`workspace`] with its [`settings`], and the [`cargo`] that answers for it.
//! 2. [`slice`](mod@slice): the cargo invocations the project runs again and again.
//! 3. [`plan`]: a slice's external units and their keys, read from cargo's unit graph.
//! 4. [`recipe`]: the plain cargo workspace that builds exactly a plan's units, its proof, and the table that all are in.
//! 5. [`mod@cook`], [`docker`] and [`nix`]: where recipes are cooked; [`mod@rebuild`]: some units of one, again.
//!    [`deploy`]: an image on a server.
//! 6. [`target_dir`]: what builds left, read without asking cargo. The crate `larder-caches` looks at it and at every
//!    other cache, and clears them.
//! 7. [`why`]: why units are compiled, before a build and after one.
//! 8. [`init`] and [`doctor`]: what a workspace or a machine lacks; both change files by [`files::change`] and [`tuning`].
//!
//! # Files on a user's disk
//!
//! | path | written by | read by | version |
//! |---|---|---|---|
//! | `larder/larder.lock` | [`recipe::lock`] | every verb and backend | line `larder`, [`recipe::lock_file::VERSION`] |
//! | `larder/expand.awk` | [`recipe::lock`] | awk, in images and by hand | with the lock file |
//! | `larder/.gitattributes`, `larder/.gitignore` | [`recipe::lock`] | git | none |
//! | `target/larder/recipes/<slice>/<layer>/` | [`recipe::expand`] | cargo, nothing else | with the lock file |
//! | `target/larder/recipes/config.toml` | `larder/expand.awk` | cargo, if the workspace's own configuration is not there | with the lock file |
//! | `target/larder/proving/<slice>/0/` | [`recipe::lock`] while it proves | cargo, nothing else | none |
//! | `target/larder/asking/<slice>/<layer>/` | [`recipe::expand`] | cargo, to say what it would build | with the lock file |
//! | `.larder/work/` | the same, in the place of `target/larder/` for folders of recipes if `target` is a link | cargo, nothing else | as there |
//! | `target/larder/.gitignore`, `.larder/.gitignore` | whoever makes the folder | git | none |
//! | `target/larder/.lock` | whoever works in these folders | `larder-caches`, which deletes nothing that is held | none |
//! | `target/larder/locked.json` | [`recipe::memory`] | itself | `version` field |
//! | `target/larder/docker-images.json` | [`docker::images`] | `larder-caches` | `version` field |
//! | `target/larder/last-build.json` | verbs that build | [`why`] | `version` field |
//! | `larder-scratch-…` in the system's temporary folder | verbs that record or ask cargo, while they run | themselves; swept by the next run | none |
//!
//! # Invariants
//!
//! The library never prints, never reads the process environment and never assumes a working directory:
//! an [`Environment`](process::Environment) and paths come in as values, progress goes out through [`Report`].
//! Only [`process`] starts programs.

pub mod cargo;
pub mod cook;
pub mod deploy;
pub mod docker;
pub mod doctor;
pub mod error;
pub mod files;
#[doc(hidden)]
pub mod fuzz;
pub mod git;
mod hash;
pub mod init;
pub mod nix;
pub mod plan;
pub mod process;
pub mod project;
pub mod rebuild;
pub mod recipe;
mod report;
pub mod sccache;
pub mod secret;
mod seen;
pub mod settings;
pub mod shim;
pub mod side_by_side;
pub mod slice;
pub mod target_dir;
pub mod text;
mod toml_text;
pub mod tuning;
pub mod why;
pub mod workspace;

pub use cargo_metadata::camino;
// The interface has types of these, so a program that depends on other versions of them could not name its own.
pub use {bytesize, cargo_metadata, serde_json, toml_edit};

pub use error::{Error, Result};
pub use report::{Report, Silent};
