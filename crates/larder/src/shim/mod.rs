//! Programs that cargo and build drivers start in the place of others: the recording cargo, the stand-in rustc, and the
//! compiler that compiles nothing. This binary is all of them, told apart by its environment and its name.
//!
//! None of them may change what is built.

pub mod pretend;
pub mod recorder;
pub mod stand_in;
