//! Files and folders on disk: how much room they take, how they are changed as a whole, temporary folders, records
//! below the target directory, and cargo's mark on that.
//!
//! Nothing here follows a symbolic link out of the folder that it was given.

pub mod change;
pub mod disk;
mod facts;
pub(crate) mod folder;
pub mod own_folder;
pub mod read;
pub(crate) mod records;
pub mod scratch;
mod system;
pub mod tag;
pub(crate) mod temporary;
