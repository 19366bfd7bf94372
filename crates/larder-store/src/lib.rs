//! The store: external units that were compiled once, for every checkout and every machine that needs them again.
//!
//! ```
//! use larder_store::{
//!     Result,
//!     local::{Store, verify::DamageTreatment},
//! };
//!
//! fn main() -> Result<()> {
//!     let folder = tempfile::tempdir().expect("a folder");
//!     let store = Store::open(folder.path().join("store"))?;
//!     let digest = store.add_bytes(b"what a compiler wrote")?;
//!     assert!(store.blob(digest).is_file());
//!     let verified = store.verify(DamageTreatment::Remove)?;
//!     assert_eq!((verified.files, verified.damaged.len()), (1, 0));
//!     Ok(())
//! }
//! ```
//!
//! # Reading order
//!
//! 1. [`record`]: what is kept of a unit, and [`inside`], the paths that it may have.
//! 2. [`scope`]: what units have in common that can stand in for each other, in [`parts`]: a [`toolchain`] among it.
//! 3. [`local`]: the store on this machine.
//! 4. [`publish`](mod@publish): from a target directory into the store; [`conditions`] are what a unit asks of a machine.
//! 5. [`restore`](mod@restore): from the store into a target directory, with [`moved`] paths.
//!    [`rebuild`] compiles some again and compares.
//! 6. [`archive`]: units in one file.
//! 7. [`exchange`]: between the store of this machine and a [`remote`] of a [`team`], in [packs](pack), believed by
//!    [signatures](signature). Who may write is told by [`trust`].
//!
//! [`Session`] does all of that beside the builds of a project; [`health`] says what makes it miss.
//!
//! # Invariants
//!
//! - A fault of the store costs time, never correctness, and never the build: what cannot be restored is compiled.
//! - Nothing here calls a unit fresh. A restored unit has the fingerprint that cargo wrote for that very unit; if
//!   paths differ, it is written anew, but only after cargo's own hash of it was computed and found to be the same.
//!   cargo judges it afterwards as any other.
//! - A unit is restored only onto the very bytes of its dependencies that it was compiled with.
//! - Bytes are compared with their digests before cargo can see them.
//! - Nothing is written outside of the build directory and the store, and no link is written or followed.

pub mod archive;
pub mod conditions;
pub mod digest;
mod error;
pub mod exchange;
#[cfg(test)]
mod faults;
mod frame;
pub mod health;
pub mod inside;
pub mod local;
pub mod moved;
pub mod pack;
pub mod parts;
pub mod publish;
pub mod rebuild;
pub mod record;
pub mod remote;
pub mod restore;
mod rights;
pub mod scope;
mod session;
mod shared_blocks;
pub mod signature;
#[cfg(test)]
mod stub;
pub mod team;
pub mod toolchain;
pub mod trust;

pub use error::{Error, Result};
pub use session::{Access, Before, Options, Session};
