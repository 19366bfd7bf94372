//! What can go wrong with a server function, in the visitor's words.

use leptos::server_fn::codec::JsonEncoding;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use serde::{Deserialize, Serialize};

/// An error that crosses from the server to the browser, so it says nothing about the inside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum AppError {
    /// The form was filled in wrongly; the text says how.
    #[error("{0}")]
    Invalid(String),
    /// Nothing has that address.
    #[error("there is nothing here")]
    NotFound,
    /// The server failed. Its log has the cause.
    #[error("something went wrong on our side; please try again")]
    Internal,
    /// The call did not reach the server, or its answer did not reach us.
    #[error("the server could not be reached: {0}")]
    Transport(String),
}

impl FromServerFnError for AppError {
    type Encoder = JsonEncoding;

    fn from_server_fn_error(error: ServerFnErrorErr) -> Self {
        match error {
            // A form with fields missing or too many: not sent by our pages, but not our fault.
            ServerFnErrorErr::Args(_) | ServerFnErrorErr::MissingArg(_) => {
                Self::Invalid("the form was incomplete".to_owned())
            }
            other => Self::Transport(other.to_string()),
        }
    }
}

#[cfg(feature = "ssr")]
impl From<sqlx::Error> for AppError {
    fn from(error: sqlx::Error) -> Self {
        tracing::error!(%error, "database query failed");
        Self::Internal
    }
}
