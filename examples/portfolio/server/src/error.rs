//! Why the server could not start, or could not go on.

use leptos::config::errors::LeptosConfigError;

/// One line for the log; it names the thing to look at.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StartError {
    #[error("cannot read the configuration from the environment: {0}")]
    Config(#[from] LeptosConfigError),
    #[error("cannot open the database {url}: {source}")]
    Database { url: String, source: sqlx::Error },
    #[error("cannot bring the database {url} up to date: {source}")]
    Migrate { url: String, source: sqlx::migrate::MigrateError },
    #[error("cannot listen on {addr}: {source}")]
    Bind { addr: String, source: std::io::Error },
    #[error("the server on this machine is not well: {0}")]
    Health(std::io::Error),
    #[error("the server stopped unexpectedly: {0}")]
    Serve(std::io::Error),
}
