//! Logs, on standard error.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// What is logged when `RUST_LOG` says nothing.
const DEFAULT_FILTER: &str = "info,sqlx=warn";

/// Starts logging with the filter in `RUST_LOG`, for example `info,sqlx=debug`.
pub(crate) fn init() {
    let wanted = std::env::var("RUST_LOG").ok();
    let parsed = wanted.as_deref().map(str::parse::<Targets>);
    let (filter, problem) = match parsed {
        Some(Ok(filter)) => (filter, None),
        Some(Err(error)) => (default_filter(), Some(error)),
        None => (default_filter(), None),
    };
    let lines = tracing_subscriber::fmt::layer().with_writer(stderr).with_ansi(stderr().is_terminal());
    tracing_subscriber::registry().with(lines).with(filter).init();
    if let Some(error) = problem {
        tracing::warn!("ignoring RUST_LOG: {error}");
    }
}

fn default_filter() -> Targets {
    DEFAULT_FILTER.parse().expect("the default filter is valid")
}
