//! A wire that can be cut: TCP to a server, until it is not.

use std::net::SocketAddr;
use std::sync::Arc;

use platform::tasks::Tasks;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Everything that goes through `address` ends where it was told to.
pub(crate) struct Wire {
    /// Where to connect instead.
    pub(crate) address: SocketAddr,
    whole: Arc<watch::Sender<bool>>,
}

impl Wire {
    /// A wire to `target` (`host:port`).
    pub(crate) async fn to(target: &str, tasks: &Tasks) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let whole = Arc::new(watch::Sender::new(true));
        let (target, own_whole, own_tasks) = (target.to_owned(), whole.clone(), tasks.clone());
        tasks.spawn("wire", async move {
            while let Some(Ok((near, _))) = own_tasks
                .shutting_down()
                .run_until_cancelled(listener.accept())
                .await
            {
                if *own_whole.borrow() {
                    own_tasks.spawn(
                        "wire",
                        carry(near, target.clone(), own_whole.subscribe(), own_tasks.clone()),
                    );
                }
            }
        });
        Self { address, whole }
    }

    /// Ends every connection and refuses new ones.
    pub(crate) fn cut(&self) {
        self.whole.send_replace(false);
    }

    /// Lets connections through again.
    pub(crate) fn mend(&self) {
        self.whole.send_replace(true);
    }
}

async fn carry(mut near: TcpStream, target: String, mut whole: watch::Receiver<bool>, tasks: Tasks) {
    let Ok(mut far) = TcpStream::connect(target).await else {
        return;
    };
    tokio::select! {
        _ = tokio::io::copy_bidirectional(&mut near, &mut far) => {}
        _ = whole.wait_for(|whole| !whole) => {}
        () = tasks.shutting_down().cancelled() => {}
    }
}
