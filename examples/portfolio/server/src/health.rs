//! `/health`, for load balancers and for people in a hurry.

use app::db;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
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
