//! Why units are compiled: before a build, without touching anything, and after one.
//!
//! cargo itself is asked, with the very command of the build, in a [`skeleton`] of the build directory and with
//! a compiler that compiles nothing ([`pretend`](crate::shim::pretend)). Its objections to each unit are read from its
//! log and from the fingerprints it writes there, so no rule of cargo's is repeated here, and what is called fresh is
//! fresh.
//!
//! It must never write into a target directory that a build uses, and never run a build script.

pub mod answer;
mod ask;
mod call;
mod causes;
mod compare;
mod last_build;
pub mod layers;
mod lock_lines;
pub(crate) mod log;
pub mod nix;
mod profiles;
pub mod reason;
mod recorded;
pub mod skeleton;
pub mod summary;
mod watch;

pub use answer::{Answer, Cause, CompiledUnit};
pub use ask::ask;
pub use call::BuildCall;
pub use last_build::{Explained, LastBuild};
pub use profiles::Profiles;
pub use watch::{BuildFolders, Mode};
pub(crate) use watch::{Watch, is_instead, is_left_out};
