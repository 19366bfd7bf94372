//! The warnings about recipes that no build may ever use.

use larder::{Report as _, project::Project};

use super::terminal::Terminal;

/// Whether there was something to warn of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Warned {
    Nothing,
    Something,
}

/// Warns of build drivers whose calls are no slices, with the command that makes them slices.
pub(crate) fn warn_of_drivers(project: &Project, terminal: Terminal) -> Warned {
    let drivers = project.other_drivers().into_iter();
    warn_of(
        drivers.map(|driver| format!("{}; `{}` writes its calls down", driver.reason(), driver.observe())),
        terminal,
    )
}

/// Warns of slices without an external unit.
pub(crate) fn warn_of_empty<'a>(slices: impl IntoIterator<Item = &'a str>, terminal: Terminal) -> Warned {
    let line = |slice| format!("slice `{slice}` has no external unit: there is nothing to cook for it");
    warn_of(slices.into_iter().map(line), terminal)
}

/// Warns of everything that there is.
pub(crate) fn warn_of(lines: impl IntoIterator<Item = String>, terminal: Terminal) -> Warned {
    lines.into_iter().fold(Warned::Nothing, |_, line| {
        terminal.warn(&line);
        Warned::Something
    })
}
