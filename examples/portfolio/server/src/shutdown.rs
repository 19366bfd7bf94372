//! Serving until somebody says stop, and then stopping soon.

use std::io;
use std::time::Duration;

use axum::Router;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// How long running requests may take to finish after the signal. A supervisor that waits one
/// second before it kills never has to.
const GRACE: Duration = Duration::from_millis(500);

/// Answers requests until SIGTERM or ctrl-c, then lets running ones finish within [`GRACE`].
pub(crate) async fn serve(listener: TcpListener, router: Router) -> io::Result<()> {
    let (stop, mut stopping) = watch::channel(false);
    let mut told = stop.subscribe();
    tokio::spawn(async move {
        signal().await;
        // No receiver is left only if the server has failed already.
        let _ = stop.send(true);
    });

    let server = axum::serve(listener, router).with_graceful_shutdown(async move {
        let _ = told.wait_for(|stop| *stop).await;
    });
    let deadline = async move {
        let _ = stopping.wait_for(|stop| *stop).await;
        tracing::info!("stopping");
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        result = server => result,
        () = deadline => {
            tracing::warn!("some requests did not finish in time");
            Ok(())
        }
    }
}

/// Waits for the first of ctrl-c and, if there is such a thing, SIGTERM.
async fn signal() {
    let ctrl_c = async {
        if tokio::signal::ctrl_c().await.is_err() {
            // Without a handler the signal ends the process by itself.
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => {
                signal.recv().await;
            }
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();

    tokio::select! {
        () = ctrl_c => {}
        () = terminate => {}
    }
}
