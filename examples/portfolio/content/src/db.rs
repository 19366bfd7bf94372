//! Every query of the site, each checked at compile time against `.sqlx/`.

use sqlx::SqlitePool;

use crate::{guestbook::NewEntry, model::{Entry, Project, ProjectSummary}};

/// How many notes the guestbook page shows.
const PAGE: i64 = 100;

/// All projects, in the order of the home page.
pub(crate) async fn list_projects(pool: &SqlitePool) -> sqlx::Result<Vec<ProjectSummary>> {
    sqlx::query_as!(
        ProjectSummary,
        "SELECT slug, title, kind, year, summary FROM projects ORDER BY position, slug"
    )
    .fetch_all(pool)
    .await
}

/// The project with that slug, if there is one.
pub(crate) async fn find_project(pool: &SqlitePool, slug: &str) -> sqlx::Result<Option<Project>> {
    sqlx::query_as!(Project, "SELECT title, kind, year, summary, body FROM projects WHERE slug = ?", slug)
        .fetch_optional(pool)
        .await
}

/// The latest notes, newest first.
pub(crate) async fn list_entries(pool: &SqlitePool) -> sqlx::Result<Vec<Entry>> {
    // By `id`, not by time: two notes of the same second keep their order.
    sqlx::query_as!(
        Entry,
        "SELECT id, name, message, created_at FROM guestbook_entries ORDER BY id DESC LIMIT ?",
        PAGE
    )
    .fetch_all(pool)
    .await
}

/// Writes a note.
pub(crate) async fn add_entry(pool: &SqlitePool, entry: &NewEntry) -> sqlx::Result<()> {
    sqlx::query!("INSERT INTO guestbook_entries (name, message) VALUES (?, ?)", entry.name, entry.message)
        .execute(pool)
        .await?;
    Ok(())
}

/// Asks the database for a constant: it answers if the file is there and readable.
///
/// # Errors
///
/// Whatever kept the database from answering.
pub async fn ping(pool: &SqlitePool) -> sqlx::Result<()> {
    sqlx::query!("SELECT count(*) AS projects FROM projects").fetch_one(pool).await?;
    Ok(())
}
