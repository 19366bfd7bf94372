//! Opening the database and bringing it up to date.

use std::str::FromStr;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use crate::error::StartError;

/// Used when `DATABASE_URL` is not set: a file in the working directory, made on first use.
const DEFAULT_URL: &str = "sqlite://portfolio.sqlite";

/// Opens the database that `DATABASE_URL` names and runs the migrations it has not seen.
pub(crate) async fn open() -> Result<SqlitePool, StartError> {
    let url = std::env::var("DATABASE_URL").unwrap_or_else(|_| DEFAULT_URL.to_owned());
    let pool = connect(&url).await.map_err(|source| StartError::Database { url: url.clone(), source })?;
    sqlx::migrate!("../migrations")
        .run(&pool)
        .await
        .map_err(|source| StartError::Migrate { url: url.clone(), source })?;
    tracing::info!("database {url} is up to date");
    Ok(pool)
}

async fn connect(url: &str) -> sqlx::Result<SqlitePool> {
    let options = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        // Readers do not wait for the writer, and with it NORMAL is safe against a crash of ours.
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        // There is one writer at a time; let the others wait instead of failing.
        .busy_timeout(Duration::from_secs(5));
    SqlitePoolOptions::new()
        .max_connections(4)
        .acquire_timeout(Duration::from_secs(5))
        .connect_with(options)
        .await
}
