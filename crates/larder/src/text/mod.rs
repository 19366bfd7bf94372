//! Text for people: tables, sizes and ages in words, and names of others, spelt out if they would act on a terminal.

pub mod columns;
pub(crate) mod nesting;
pub(crate) mod slashes;
pub mod visible;
