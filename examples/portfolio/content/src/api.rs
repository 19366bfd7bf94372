//! The server functions: called like functions by the pages, run on the server.
//!
//! Each has a fixed address under `/api`, so that a page loaded from an older release still
//! reaches the newer server.

use leptos::prelude::*;
use leptos::server_fn::codec::GetUrl;

use crate::{error::AppError, model::{Entry, Project, ProjectSummary}};

/// The database, which the server provides to every request.
#[cfg(feature = "ssr")]
fn pool() -> Result<sqlx::SqlitePool, AppError> {
    use_context::<sqlx::SqlitePool>().ok_or_else(|| {
        tracing::error!("no database was provided to this request");
        AppError::Internal
    })
}

/// All projects, in the order of the home page.
#[server(endpoint = "projects", input = GetUrl)]
pub async fn list_projects() -> Result<Vec<ProjectSummary>, AppError> {
    Ok(crate::db::list_projects(&pool()?).await?)
}

/// One project; an unknown slug makes the whole page answer 404.
#[server(endpoint = "project", input = GetUrl)]
pub async fn find_project(
    /// The last part of the project's address.
    slug: String,
) -> Result<Project, AppError> {
    let found = crate::db::find_project(&pool()?, &slug).await?;
    if found.is_none()
        && let Some(response) = use_context::<leptos_axum::ResponseOptions>()
    {
        response.set_status(http::StatusCode::NOT_FOUND);
    }
    found.ok_or(AppError::NotFound)
}

/// The latest notes in the guestbook, newest first.
#[server(endpoint = "guestbook", input = GetUrl)]
pub async fn list_entries() -> Result<Vec<Entry>, AppError> {
    Ok(crate::db::list_entries(&pool()?).await?)
}

/// Writes a note into the guestbook.
#[server(endpoint = "guestbook/add")]
pub async fn add_entry(
    /// The visitor's name.
    name: String,
    /// The note itself.
    message: String,
) -> Result<(), AppError> {
    let entry = crate::guestbook::NewEntry::parse(&name, &message)?;
    Ok(crate::db::add_entry(&pool()?, &entry).await?)
}
