//! The only file that constructs things.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use anyhow::Context;
use platform::clock::{Clock, SystemClock};
use platform::ids::Ids;
use platform::keys::{SigningKey, VerifyingKey};
use platform::settings::BadSettings;
use platform::tasks::Tasks;
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::line_store::LineStore;
use crate::live::Lines;
use crate::settings::Settings;
use crate::tenants::Tenants;
use crate::{api, queues, sockets, tenants};

/// Sockets of one process; a process may open 20,000 files in many places, and more where it was told so.
const SOCKETS_MAX: usize = 200_000;

/// Everything stops within five seconds: tasks in four, stores in the rest.
const STOP_TASKS_WITHIN: Duration = Duration::from_secs(4);

/// One node of the waiting room.
pub(crate) struct App {
    pub(crate) db: PgPool,
    pub(crate) store: LineStore,
    pub(crate) tenants: Tenants,
    pub(crate) lines: Lines,
    pub(crate) issuer: String,
    pub(crate) key: SigningKey,
    pub(crate) verifying_key: VerifyingKey,
    pub(crate) clock: Box<dyn Clock>,
    pub(crate) ids: Ids,
    pub(crate) tasks: Tasks,
    /// This process among its like.
    pub(crate) node: String,
    pub(crate) sockets: Arc<Semaphore>,
    pub(crate) sockets_public_url: String,
}

/// A node that serves.
pub struct Running {
    app: Arc<App>,
    api: ServerHandle,
    /// Where the API listens.
    pub api_address: SocketAddr,
    /// Where the sockets listen.
    pub sockets_address: SocketAddr,
}

impl App {
    async fn new(settings: &Settings) -> anyhow::Result<Arc<Self>> {
        let ids = Ids;
        let key = settings.signing.key()?;
        let db = platform::database::pool(settings.database.options()?, settings.database.max_connections);
        let store = LineStore::connect(settings.redis.config()?);
        Ok(Arc::new(Self {
            db: db.await.context("Postgres cannot be reached at database.url")?,
            store: store.await.context("Redis cannot be reached at redis.url")?,
            tenants: Tenants::default(),
            lines: Lines::default(),
            issuer: settings.signing.issuer.clone(),
            verifying_key: key.verifying_key(),
            key,
            clock: Box::new(SystemClock),
            ids,
            tasks: Tasks::new(),
            node: ids.next().to_string(),
            sockets: Arc::new(Semaphore::new(SOCKETS_MAX)),
            sockets_public_url: settings.http.sockets_public_url.clone(),
        }))
    }
}

/// Starts a node: both listeners, and the lines of every queue that is not over.
///
/// # Errors
/// When a store cannot be reached or an address is taken.
pub async fn start(settings: &Settings) -> anyhow::Result<Running> {
    let app = App::new(settings).await?;
    app.tenants
        .reload(&app.db)
        .await
        .context("the tenants cannot be read; has `waiting-room migrate` been run?")?;
    let sockets_listen = settings.http.sockets_listen;
    let sockets = TcpListener::bind(sockets_listen)
        .await
        .map_err(|error| BadSettings::unusable_address("http.sockets_listen", sockets_listen, &error))?;
    let sockets_address = sockets.local_addr()?;
    let (server, api_address) = api::serve(&app, &settings.http)?;
    let api = server.handle();

    app.tasks.spawn("api", async move {
        if let Err(error) = server.await {
            tracing::error!("The API ended: {error}");
        }
    });
    app.tasks
        .spawn("sockets.listen", sockets::listen(Arc::clone(&app), sockets));
    app.tasks
        .spawn("queues.run", queues::run_queues(Arc::clone(&app)));
    app.tasks.spawn("tenants.watch", tenants::watch(Arc::clone(&app)));
    tracing::info!(url = settings.http.public_url, api = %api_address, sockets = %sockets_address, "The waiting room is open");
    Ok(Running {
        app,
        api,
        api_address,
        sockets_address,
    })
}

impl Running {
    /// Stops the node: no new requests, sockets are told to come back elsewhere, leases are given back, the log is
    /// written to the end.
    pub async fn stop(self) {
        let ((), in_time) = tokio::join!(self.api.stop(true), self.app.tasks.shutdown(STOP_TASKS_WITHIN));
        if !in_time {
            tracing::warn!("Not everything stopped in time");
        }
        self.app.store.close().await;
        self.app.db.close().await;
    }
}
