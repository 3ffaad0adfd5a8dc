//! Several nodes behind one address.
#![expect(clippy::unwrap_used, reason = "what tests share may fail as tests do")]

use std::net::SocketAddr;
use std::time::Duration;

use platform::tasks::Tasks;
use testkit::balancer::{self, Settings};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// A node that answers every byte with its own name, until its tasks are shut down.
async fn node(name: u8) -> (SocketAddr, Tasks) {
    let listener = TcpListener::bind(anywhere()).await.unwrap();
    let (address, tasks) = (listener.local_addr().unwrap(), Tasks::new());
    let (stop, own) = (tasks.shutting_down().clone(), tasks.clone());
    tasks.spawn("node", async move {
        while let Some(Ok((mut socket, _))) = stop.run_until_cancelled(listener.accept()).await {
            let stop = stop.clone();
            own.spawn("connection", async move {
                while let Some(Ok(_)) = stop.run_until_cancelled(socket.read_u8()).await {
                    socket.write_u8(name).await.unwrap();
                }
            });
        }
    });
    (address, tasks)
}

async fn ask(balancer: SocketAddr) -> u8 {
    let mut socket = TcpStream::connect(balancer).await.unwrap();
    socket.write_u8(0).await.unwrap();
    socket.read_u8().await.unwrap()
}

#[tokio::test]
async fn connections_go_to_the_nodes_in_turn_and_past_one_that_is_gone() {
    let tasks = Tasks::new();
    let ((one, first), (two, _)) = (node(b'1').await, node(b'2').await);
    let settings = Settings {
        listen: anywhere(),
        nodes: vec![one, two],
    };
    let balancer = balancer::start(&tasks, settings).await.unwrap();

    let answers = [ask(balancer).await, ask(balancer).await, ask(balancer).await];
    assert_eq!(answers, *b"121");

    assert!(first.shutdown(Duration::from_secs(5)).await);
    for _ in 0..4 {
        assert_eq!(ask(balancer).await, b'2');
    }
    assert!(tasks.shutdown(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn a_balancer_without_nodes_or_with_a_taken_address_is_refused_with_a_sentence() {
    let tasks = Tasks::new();
    let refusal = |listen, nodes| {
        let tasks = tasks.clone();
        async move {
            let settings = Settings { listen, nodes };
            balancer::start(&tasks, settings).await.unwrap_err().to_string()
        }
    };
    let empty = refusal(anywhere(), vec![]).await;
    assert_eq!(
        empty,
        "setting `balancers.nodes` is empty; it should be at least one address"
    );
    let taken = TcpListener::bind(anywhere()).await.unwrap();
    let taken = refusal(taken.local_addr().unwrap(), vec![anywhere()]).await;
    assert!(
        taken.starts_with("setting `balancers.listen` is 127.0.0.1:"),
        "{taken}"
    );
}
