//! How the library tells about long work without owning a terminal.

/// Receives progress. The command line prints it; tests collect or drop it.
pub trait Report: Sync {
    /// One step, as a verb in the present participle (`Cooking`) and its object.
    fn step(&self, verb: &str, object: &str);
    /// Something the user should know but that does not stop the work.
    fn warn(&self, message: &str);
}

/// Drops everything.
#[derive(Debug, Clone, Copy, Default)]
pub struct Silent;

impl Report for Silent {
    fn step(&self, _verb: &str, _object: &str) {}
    fn warn(&self, _message: &str) {}
}
