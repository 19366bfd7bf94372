//! Which address leads where.

use app::{App, shell};
use axum::Router;
use axum::extract::FromRef;
use axum::routing::get;
use leptos::prelude::{LeptosOptions, provide_context};
use leptos_axum::{LeptosRoutes, file_and_error_handler_with_context, generate_route_list};
use sqlx::SqlitePool;
use tower_http::compression::CompressionLayer;
use tower_http::trace::{DefaultMakeSpan, DefaultOnResponse, TraceLayer};
use tracing::Level;

use crate::health::health;

/// What handlers can ask for.
#[derive(Clone)]
struct AppState {
    options: LeptosOptions,
    pool: SqlitePool,
}

impl FromRef<AppState> for LeptosOptions {
    fn from_ref(state: &AppState) -> Self {
        state.options.clone()
    }
}

impl FromRef<AppState> for SqlitePool {
    fn from_ref(state: &AppState) -> Self {
        state.pool.clone()
    }
}

/// The whole site: health, server functions, pages, and files from the site folder.
pub(crate) fn router(options: LeptosOptions, pool: SqlitePool) -> Router {
    let state = AppState { options: options.clone(), pool: pool.clone() };
    // Server functions and pages alike find the database in their context.
    let context = move || provide_context(pool.clone());
    let page = move || shell(options.clone());

    Router::new()
        .route("/health", get(health))
        .leptos_routes_with_context(&state, generate_route_list(App), context.clone(), page)
        .fallback(file_and_error_handler_with_context::<AppState, _>(context, shell))
        // The WASM shrinks to about a third on the wire.
        .layer(CompressionLayer::new())
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(DefaultMakeSpan::new().level(Level::INFO))
                .on_response(DefaultOnResponse::new().level(Level::INFO)),
        )
        .with_state(state)
}
