//! One file per page.

mod about;
mod guestbook;
mod home;
mod not_found;
mod project;

pub(crate) use about::AboutPage;
pub(crate) use guestbook::GuestbookPage;
pub(crate) use home::HomePage;
pub(crate) use not_found::NotFound;
pub(crate) use project::ProjectPage;
