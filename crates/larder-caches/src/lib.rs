//! The care of caches: what each cache of a project takes, how much of it is still useful, and what can be deleted.
//!
//! ```
//! use std::path::Path;
//!
//! use larder::{Result, Silent, cargo::Cargo, process::Environment, project::Project, text::columns};
//!
//! fn main() -> Result<()> {
//!     let env = Environment::new(std::env::vars_os());
//!     let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
//!     let project = Project::load(Cargo::locate(&env)?, folder, None, None)?;
//!     for cache in larder_caches::usage::gather(&project, &env, &Silent).caches {
//!         println!("{}: {}", cache.name, columns::bytes(cache.size().on_disk));
//!     }
//!     Ok(())
//! }
//! ```
//!
//! 1. [`usage`] looks at every cache, and only looks.
//! 2. [`gc`] plans what goes, in rows with bytes, and deletes no more than that.
//!
//! It uses `larder`, which reads target directories and knows cargo, Docker and Nix; `larder` never uses it.
//! As there, nothing is printed, and the environment and the working directory come in as values.

#[doc(hidden)]
pub mod fuzz;
pub mod gc;
pub mod usage;
