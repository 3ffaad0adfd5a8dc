//! Takes connections.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;

use super::{attend, handshake};
use crate::app::App;

/// A client that has not said what it wants by then never will.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// When the process has no file for another connection, wait so long for one.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Runs until the process stops.
pub(crate) async fn listen(app: Arc<App>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            () = app.tasks.shutting_down().cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let permit = Arc::clone(&app.sockets).try_acquire_owned().ok();
                // Boxed, since a tracked task holds its future twice.
                app.tasks
                    .spawn("sockets.serve", Box::pin(serve(Arc::clone(&app), stream, permit)));
            }
            Err(error) => {
                tracing::warn!("A socket could not be accepted: {error}");
                app.tasks.sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// From the handshake to the end. The handshake is boxed: its state is large and short-lived.
async fn serve(app: Arc<App>, stream: TcpStream, permit: Option<OwnedSemaphorePermit>) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!("A socket was gone at once: {error}");
        return;
    }
    let greeting = Box::pin(handshake::greet(&app, stream, permit.is_some()));
    let stopping = app.tasks.shutting_down();
    let greeted = tokio::select! {
        () = stopping.cancelled() => return,
        greeted = tokio::time::timeout(HANDSHAKE_TIMEOUT, greeting) => greeted,
    };
    match greeted {
        Ok(Ok((socket, claims))) => attend::attend(&app, socket, &claims).await,
        Ok(Err(error)) => tracing::debug!("A socket was not opened: {error}"),
        Err(_) => tracing::debug!("A socket said nothing in time"),
    }
}
