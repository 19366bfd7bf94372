//! The table: the committed form of all recipes of a project, a line for each package and source.
//!
//! ```text
//! # comments, at the top alone
//! larder 2
//! platforms TRIPLE…
//! toolchain "CHANNEL"
//! shared KEY = VALUE
//! slice LETTER NAME MOST STUBS {"origin": …, "args": […], …}
//! env MARKS NAME "VALUE"
//! config MARKS KEY = VALUE
//! cargo-lock MARKS FORMAT
//! manifest MARKS KEY = VALUE
//! unused MARKS NAME VERSION [SOURCE]
//! source ID PLACE SOURCE [ENTRY]
//! packages
//! NAME VERSION MARKS DEPENDENCY… | PIN… | [ID] [CHECKSUM]
//! end
//! ```
//!
//! A DEPENDENCY is `name@range[@place][/marks]`, a PIN is `letter[@platform][/marks][:feature,…]`; marks that are the
//! line's own are left out. The module `marks` says what marks are. Lines are sorted, so that the same recipes are
//! the same bytes, and a text that is anything but these bytes is refused.
//!
//! A layer has one version of each range of a package. If the marks of several lines hold for it, the one whose range
//! begins last is meant, and the ranges of the others must be open at their end. So a line may leave its end open only if
//! each layer above has another line of the package. A slice has MOST layers, but for the last ones if no line tells them
//! from the layer below. So a bump adds a line and changes none, and git merges bumps of neighbours; nothing counts or
//! digests the whole.

#[cfg(test)]
mod chains;
mod cooked;
mod read;
mod text;

pub(super) use self::read::{MOST_LAYERS, is_feature, is_name, is_variable, ours, read};
pub(super) use self::text::text;
