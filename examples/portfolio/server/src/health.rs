//! `/health`, for load balancers and for people in a hurry.

use std::{
    io::{Error, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    time::Duration,
};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use content::db;
use serde::Serialize;
use sqlx::SqlitePool;

/// What `/health` answers.
#[derive(Serialize)]
pub(crate) struct Health {
    /// `ok`, or `degraded` together with status 503.
    status: &'static str,
    /// `ok` or `unreachable`.
    database: &'static str,
    /// The version of this server.
    version: &'static str,
}

/// Healthy means that the database answers a query.
pub(crate) async fn health(State(pool): State<SqlitePool>) -> (StatusCode, Json<Health>) {
    let version = env!("CARGO_PKG_VERSION");
    match db::ping(&pool).await {
        Ok(()) => (StatusCode::OK, Json(Health { status: "ok", database: "ok", version })),
        Err(error) => {
            tracing::error!(%error, "the database does not answer");
            let health = Health { status: "degraded", database: "unreachable", version };
            (StatusCode::SERVICE_UNAVAILABLE, Json(health))
        }
    }
}

/// How long a server may take to answer before it counts as ill.
const PATIENCE: Duration = Duration::from_secs(2);

/// Asks the server on a port of this machine; anything but status 200 is an error.
pub(crate) fn ask(port: u16) -> Result<(), Error> {
    let mut stream = TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(b"GET /health HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    match answer.lines().next().and_then(|line| line.split(' ').nth(1)) {
        Some("200") => Ok(()),
        _ => Err(Error::other(answer.lines().next().unwrap_or("no answer").to_owned())),
    }
}
