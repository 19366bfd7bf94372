//! How a verb speaks: the terminal, differences of files, the table of an image, warnings that several verbs have, and
//! the forms that services of CI show.
//!
//! What people read costs no verb its outcome if it cannot be shown. What programs read must arrive, or the verb fails.

pub(crate) mod annotation;
pub(crate) mod clones;
pub(crate) mod diff;
pub(crate) mod image;
pub(crate) mod step_summary;
pub(crate) mod terminal;
pub(crate) mod unused;
