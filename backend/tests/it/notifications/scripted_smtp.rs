//! A mail server that answers `RCPT TO` as it is told: what a well-behaved one cannot be made to do.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use platform::tasks::Tasks;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Answers the n-th recipient by the n-th of `answers`, and all after them by `250`. Gives the address and what was asked.
pub(crate) async fn start(tasks: &Tasks, answers: &[&'static str]) -> (SocketAddr, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answers = Arc::new(Mutex::new(answers.iter().rev().copied().collect::<Vec<_>>()));
    let asked = Arc::new(Mutex::new(Vec::new()));
    let (own_tasks, own_asked) = (tasks.clone(), asked.clone());
    tasks.spawn("scripted smtp", async move {
        while let Some(Ok((socket, _))) = own_tasks
            .shutting_down()
            .run_until_cancelled(listener.accept())
            .await
        {
            own_tasks.spawn(
                "smtp connection",
                talk(socket, answers.clone(), own_asked.clone()),
            );
        }
    });
    (address, asked)
}

async fn talk(socket: TcpStream, answers: Arc<Mutex<Vec<&'static str>>>, asked: Arc<Mutex<Vec<String>>>) {
    let mut socket = BufReader::new(socket);
    let mut in_content = false;
    let mut reply = "220 scripted".to_owned();
    loop {
        if !reply.is_empty() && socket.write_all(format!("{reply}\r\n").as_bytes()).await.is_err() {
            return;
        }
        let mut line = String::new();
        if !matches!(socket.read_line(&mut line).await, Ok(1..)) {
            return;
        }
        let line = line.trim_end();
        reply = match line.split([' ', ':']).next().unwrap_or_default() {
            "." if in_content => {
                in_content = false;
                "250 accepted".to_owned()
            }
            _ if in_content => String::new(),
            "DATA" => {
                in_content = true;
                "354 go on".to_owned()
            }
            "RCPT" => {
                asked.lock().unwrap().push(line.to_owned());
                answers.lock().unwrap().pop().unwrap_or("250 ok").to_owned()
            }
            _ => "250 ok".to_owned(),
        };
    }
}
