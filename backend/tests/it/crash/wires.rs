//! TCP between the backend and a neighbour: whatever is said passes, until it tells of the backend's last effect.

use std::net::SocketAddr;
use std::sync::Arc;

use platform::tasks::Tasks;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

use super::fuse::{Fuse, Neighbour};
use super::speech::{Anything, Frame, NatsHears, NatsSays, PostgresSays, SmtpSays, Speech};

/// Where to connect instead of to `target` (`host:port`), as this neighbour.
pub(super) async fn wire(neighbour: Neighbour, target: &str, fuse: &Arc<Fuse>, tasks: &Tasks) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (target, fuse, own) = (target.to_owned(), fuse.clone(), tasks.clone());
    tasks.spawn("wire", async move {
        let stop = own.shutting_down();
        while let Some(Ok((near, _))) = stop.run_until_cancelled(listener.accept()).await {
            let (target, fuse, stop) = (target.clone(), fuse.clone(), stop.clone());
            own.spawn("wire", async move {
                if let Ok(far) = TcpStream::connect(target).await {
                    stop.run_until_cancelled(carry(neighbour, near, far, &fuse)).await;
                }
            });
        }
    });
    address
}

/// Carries both directions until one of them ends: a killed backend takes its connections along.
async fn carry(neighbour: Neighbour, near: TcpStream, far: TcpStream, fuse: &Fuse) {
    let (hears, says): (Box<dyn Speech>, Box<dyn Speech>) = match neighbour {
        Neighbour::Postgres => (Box::new(Anything), Box::<PostgresSays>::default()),
        Neighbour::Bus => (Box::new(NatsHears), Box::new(NatsSays)),
        Neighbour::Mail => (Box::new(Anything), Box::<SmtpSays>::default()),
        other => panic!("{other:?} speaks HTTP"),
    };
    near.set_nodelay(true).unwrap();
    far.set_nodelay(true).unwrap();
    let ((near_read, near_write), (far_read, far_write)) = (near.into_split(), far.into_split());
    tokio::select! {
        () = pass(near_read, far_write, (Speaker::Backend, hears), (neighbour, fuse)) => {}
        () = pass(far_read, near_write, (Speaker::Neighbour, says), (neighbour, fuse)) => {}
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Speaker {
    /// What it has said arrives, even if it died meanwhile.
    Backend,
    /// What the backend dies of, it never hears.
    Neighbour,
}

async fn pass(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    (speaker, mut speech): (Speaker, Box<dyn Speech>),
    (neighbour, fuse): (Neighbour, &Fuse),
) {
    let mut heard = Vec::new();
    while matches!(from.read_buf(&mut heard).await, Ok(1..)) {
        while let Some(Frame { length, effect }) = speech.next(&heard) {
            let survives = effect.is_none_or(|effect| fuse.survives(neighbour, &effect));
            let frame: Vec<u8> = heard.drain(..length).collect();
            if !survives && speaker == Speaker::Neighbour || to.write_all(&frame).await.is_err() {
                return;
            }
        }
    }
}
