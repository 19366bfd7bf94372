//! How a verb speaks to people: the terminal, differences of files, tables of an image, warnings that several verbs have,
//! and the forms that services of CI show.
//!
//! Nothing here decides anything: it is given values, and no fault of it ends a verb.

pub(crate) mod annotation;
pub(crate) mod clones;
pub(crate) mod diff;
pub(crate) mod image;
pub(crate) mod step_summary;
pub(crate) mod terminal;
pub(crate) mod unused;
