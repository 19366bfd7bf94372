//! One file per page.
//!
//! Each page is given out with its type erased: what stands around the pages then compiles without compiling
//! their views again, on the server and in the browser.

mod about;
mod guestbook;
mod home;
mod not_found;
mod project;

pub use about::AboutPage;
pub use guestbook::GuestbookPage;
pub use home::HomePage;
pub use not_found::NotFound;
pub use project::ProjectPage;
