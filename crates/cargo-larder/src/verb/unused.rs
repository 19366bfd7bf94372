//! What a verb says about recipes that no build may ever use. No verb of its own.

use larder::{Report as _, project::Project};

use crate::terminal::Terminal;

/// Warns of build drivers whose calls are no slices, with the command that makes them slices.
pub(super) fn warn_of_drivers(project: &Project, terminal: Terminal) {
    for driver in project.other_drivers() {
        terminal.warn(&format!("{}; `{}` writes its calls down", driver.reason(), driver.observe()));
    }
}

/// Warns of slices without an external unit.
pub(super) fn warn_of_empty<'a>(slices: impl IntoIterator<Item = &'a str>, terminal: Terminal) {
    for slice in slices {
        terminal.warn(&format!("slice `{slice}` has no external unit: there is nothing to cook for it"));
    }
}
