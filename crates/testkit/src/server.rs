//! How every stand-in serves HTTP.

use std::net::SocketAddr;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use anyhow::Context;
use platform::settings::BadSettings;
use platform::tasks::Tasks;

/// Seconds that requests in flight get when a stand-in stops.
const STOP_SECONDS: u64 = 1;

/// A running HTTP server; it stops when `tasks` shut down.
#[derive(Debug, Clone)]
pub(crate) struct Server {
    pub(crate) base_url: String,
    handle: ServerHandle,
}

impl Server {
    /// Binds `address` (port 0: any free one) and serves `routes` in the background. The setting of `address` is called
    /// `{name}_listen`.
    pub(crate) fn start<F>(
        tasks: &Tasks,
        name: &'static str,
        address: SocketAddr,
        routes: F,
    ) -> anyhow::Result<Self>
    where
        F: Fn(&mut web::ServiceConfig) + Send + Clone + 'static,
    {
        let http = HttpServer::new(move || App::new().configure(routes.clone()))
            .workers(1)
            .disable_signals()
            .shutdown_timeout(STOP_SECONDS)
            .bind(address)
            .map_err(|error| BadSettings::unusable_address(&format!("{name}_listen"), address, &error))?;
        let address = *http.addrs().first().context("the server has no address")?;
        let running = http.run();
        let handle = running.handle();

        tasks.spawn(name, async move {
            if let Err(error) = running.await {
                tracing::error!(name, %error, "A stand-in's server broke");
            }
        });
        let (stop, at_stop) = (tasks.shutting_down().clone(), handle.clone());
        tasks.spawn(name, async move {
            stop.cancelled().await;
            at_stop.stop(true).await;
        });
        Ok(Self {
            base_url: format!("http://{address}"),
            handle,
        })
    }

    /// Stops it before its tasks do.
    pub(crate) async fn stop(&self) {
        self.handle.stop(true).await;
    }
}

/// For `GET /healthz`.
pub(crate) async fn healthy() -> &'static str {
    "ok"
}
