//! What stands before several nodes in production: takes connections and joins each to a node that answers.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use platform::settings::BadSettings;
use platform::tasks::Tasks;
use serde::Deserialize;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

/// A node on this machine takes a connection at once, or it is not there.
const CONNECT_PATIENCE: Duration = Duration::from_millis(250);

/// Where to listen, and who is behind.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Address and port; port 0 takes any free one.
    pub listen: SocketAddr,
    /// The nodes, in turn.
    pub nodes: Vec<SocketAddr>,
}

/// Starts a balancer in the background and answers its address. A connection lives as long as both its ends do: a node
/// that is killed takes its connections along, and the next one comes to another node.
///
/// # Errors
/// [`BadSettings`] when there is no node, or the address is taken.
pub async fn start(tasks: &Tasks, settings: Settings) -> anyhow::Result<SocketAddr> {
    if settings.nodes.is_empty() {
        return Err(BadSettings::new("balancers.nodes", "empty", "at least one address").into());
    }
    let listener = TcpListener::bind(settings.listen)
        .await
        .map_err(|error| BadSettings::unusable_address("balancers.listen", settings.listen, &error))?;
    let address = listener.local_addr()?;
    let nodes = Arc::new(Nodes {
        addresses: settings.nodes,
        next: AtomicUsize::new(0),
    });
    let (stop, own) = (tasks.shutting_down().clone(), tasks.clone());
    tasks.spawn("balancer", async move {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((client, _)) => join(&own, client, Arc::clone(&nodes)),
                Err(error) => {
                    tracing::warn!(%error, "The balancer could not take a connection");
                    own.sleep(CONNECT_PATIENCE).await;
                }
            }
        }
    });
    Ok(address)
}

fn join(tasks: &Tasks, mut client: TcpStream, nodes: Arc<Nodes>) {
    let stop = tasks.shutting_down().clone();
    tasks.spawn("balanced connection", async move {
        let Some(mut node) = nodes.connect().await else {
            tracing::warn!("No node takes connections");
            return;
        };
        let (_, _) = (client.set_nodelay(true), node.set_nodelay(true));
        tokio::select! {
            () = stop.cancelled() => {}
            // How a connection ends is its two ends' affair.
            _ = copy_bidirectional(&mut client, &mut node) => {}
        }
    });
}

struct Nodes {
    addresses: Vec<SocketAddr>,
    next: AtomicUsize,
}

impl Nodes {
    /// A connection to the next node in turn that takes one.
    async fn connect(&self) -> Option<TcpStream> {
        let first = self.next.fetch_add(1, Ordering::Relaxed);
        for offset in 0..self.addresses.len() {
            let index = first.wrapping_add(offset).checked_rem(self.addresses.len())?;
            let address = self.addresses.get(index)?;
            if let Ok(Ok(node)) = timeout(CONNECT_PATIENCE, TcpStream::connect(address)).await {
                return Some(node);
            }
        }
        None
    }
}
