//! The server half of the site.
//!
//! `server` serves; `server health` asks a running server on this machine how it is, and fails if it is not
//! well, so that a container needs no other program for its health check.
//!
//! Configuration comes from the environment: `LEPTOS_SITE_ADDR`, `LEPTOS_SITE_ROOT` and the other
//! settings of Leptos, `DATABASE_URL`, and `RUST_LOG`. Logs go to standard error.

mod database;
mod error;
mod health;
mod logging;
mod router;
mod shutdown;

use std::process::ExitCode;

use leptos::config::get_configuration;
use tokio::net::TcpListener;

use error::StartError;

#[tokio::main]
async fn main() -> ExitCode {
    logging::init();
    let health = std::env::args().nth(1).is_some_and(|word| word == "health");
    let result = if health { ask() } else { run().await };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Asks the server of the same configuration.
fn ask() -> Result<(), StartError> {
    let port = get_configuration(None)?.leptos_options.site_addr.port();
    health::ask(port).map_err(StartError::Health)
}

async fn run() -> Result<(), StartError> {
    let options = get_configuration(None)?.leptos_options;
    let pool = database::open().await?;

    let addr = options.site_addr;
    let listener = TcpListener::bind(addr)
        .await
        .map_err(|source| StartError::Bind { addr: addr.to_string(), source })?;
    let local = listener.local_addr().map_err(StartError::Serve)?;
    tracing::info!("listening on http://{local}");

    shutdown::serve(listener, router::router(options, pool.clone())).await.map_err(StartError::Serve)?;

    // Folds the write-ahead log back into the database file.
    pool.close().await;
    tracing::info!("stopped");
    Ok(())
}
