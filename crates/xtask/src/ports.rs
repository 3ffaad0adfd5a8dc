//! TCP ports on 127.0.0.1: which ones a stack takes, and who sits on them when they are taken.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, bail};

/// A port is asked for so long before it counts as silent.
const ANSWER_PATIENCE: Duration = Duration::from_secs(2);

/// How many processes serve.
#[derive(Clone, Copy)]
pub(crate) struct StackSize {
    pub(crate) backends: u16,
    /// Of the waiting room.
    pub(crate) nodes: u16,
}

/// The ports of one stack: fixed distances from a base.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    base: u16,
}

impl Ports {
    pub(crate) fn from_base(base: u16) -> Self {
        Self { base }
    }

    /// HTTP of all backends, balanced.
    pub(crate) fn backend(self) -> u16 {
        self.base
    }

    /// HTTP of all nodes of the waiting room, balanced.
    pub(crate) fn room(self) -> u16 {
        self.base + 1
    }

    /// HTTP of one backend, counted from 0.
    pub(crate) fn backend_of(self, index: u16) -> u16 {
        self.base + 100 * (index + 1)
    }

    /// HTTP of one node of the waiting room, counted from 0.
    pub(crate) fn room_of(self, index: u16) -> u16 {
        self.backend_of(index) + 1
    }

    /// Sockets of one node of the waiting room: a fan is sent to those of the node that gave the place.
    pub(crate) fn sockets_of(self, index: u16) -> u16 {
        self.backend_of(index) + 2
    }

    pub(crate) fn identity(self) -> u16 {
        self.base + 10
    }

    pub(crate) fn stripe(self) -> u16 {
        self.base + 11
    }

    pub(crate) fn mail(self) -> u16 {
        self.base + 12
    }

    pub(crate) fn nats(self) -> u16 {
        self.base + 22
    }

    pub(crate) fn smtp(self) -> u16 {
        self.base + 25
    }

    pub(crate) fn postgres(self) -> u16 {
        self.base + 32
    }

    pub(crate) fn redis(self) -> u16 {
        self.base + 79
    }

    /// All ports of a stack with so many processes are free, or an error that says which is not, whose it is, and the way out.
    pub(crate) fn must_be_free(self, size: StackSize) -> anyhow::Result<()> {
        let mut wanted = vec![
            (self.postgres(), "PostgreSQL"),
            (self.redis(), "Redis"),
            (self.nats(), "NATS"),
            (self.identity(), "identity stand-in"),
            (self.stripe(), "Stripe stand-in"),
            (self.mail(), "mail sink (HTTP)"),
            (self.smtp(), "mail sink (SMTP)"),
            (self.backend(), "backends"),
            (self.room(), "waiting room"),
        ];
        wanted.extend((0..size.backends).map(|index| (self.backend_of(index), "a backend")));
        for index in 0..size.nodes {
            wanted.push((self.room_of(index), "a node of the waiting room"));
            wanted.push((self.sockets_of(index), "sockets of a node"));
        }
        for (port, what) in wanted {
            if TcpListener::bind(local(port)).is_err() {
                let owner = listener_on(port).unwrap_or_else(|| "another process".to_owned());
                bail!(
                    "port {port} ({what}) is taken by {owner}: stop it, or take other ports with `--port-base {}`",
                    if self.base == 7400 { 17400 } else { 7400 }
                );
            }
        }
        Ok(())
    }
}

fn local(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// So many different ports that nobody uses now.
pub(crate) fn free<const N: usize>() -> anyhow::Result<[u16; N]> {
    let mut held = Vec::new();
    let mut ports = [0; N];
    for port in &mut ports {
        let listener = TcpListener::bind(local(0))?;
        *port = listener.local_addr()?.port();
        held.push(listener);
    }
    Ok(ports)
}

/// Connects, sends `question`, and says whether what comes back starts with `answer`.
pub(crate) fn answers(port: u16, question: &str, answer: &str) -> bool {
    exchange(port, question, answer.len()).is_ok_and(|reply| reply.starts_with(answer.as_bytes()))
}

fn exchange(port: u16, question: &str, length: usize) -> anyhow::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&local(port), ANSWER_PATIENCE)?;
    stream.set_read_timeout(Some(ANSWER_PATIENCE))?;
    stream.write_all(question.as_bytes())?;
    let mut reply = vec![0; length];
    stream.read_exact(&mut reply)?;
    Ok(reply)
}

/// Whether `GET /healthz` answers 200.
pub(crate) fn healthy(port: u16) -> bool {
    let question = format!("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n");
    answers(port, &question, "HTTP/1.1 200")
}

/// A small request to one of our own processes: the body of a 2xx answer.
pub(crate) fn request(port: u16, method: &str, path: &str, form: &str) -> anyhow::Result<String> {
    let mut stream = TcpStream::connect_timeout(&local(port), ANSWER_PATIENCE)?;
    stream.set_read_timeout(Some(ANSWER_PATIENCE))?;
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/x-www-form-urlencoded\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{form}",
        form.len()
    )?;
    let mut reply = String::new();
    stream.read_to_string(&mut reply)?;
    let (head, body) = reply.split_once("\r\n\r\n").context("not an HTTP answer")?;
    let status = head.split_whitespace().nth(1).unwrap_or_default();
    if !status.starts_with('2') {
        bail!("{method} {path} answered {status}: {body}");
    }
    Ok(body.to_owned())
}

/// Name and pid of the process that listens on a port, where the system tells.
fn listener_on(port: u16) -> Option<String> {
    let inode = socket_inode(&std::fs::read_to_string("/proc/net/tcp").ok()?, port)
        .or_else(|| socket_inode(&std::fs::read_to_string("/proc/net/tcp6").ok()?, port))?;
    let wanted = format!("socket:[{inode}]");
    for process in std::fs::read_dir("/proc").ok()?.flatten() {
        let pid = process.file_name().to_string_lossy().into_owned();
        // `self` and other words are second names of what has a number.
        if !pid.bytes().all(|sign| sign.is_ascii_digit()) {
            continue;
        }
        let Ok(handles) = std::fs::read_dir(process.path().join("fd")) else {
            continue;
        };
        let owns =
            |handle: &Path| std::fs::read_link(handle).is_ok_and(|link| link.to_string_lossy() == wanted);
        if handles.flatten().any(|handle| owns(&handle.path())) {
            let name = std::fs::read_to_string(process.path().join("comm")).ok()?;
            return Some(format!("`{}` (pid {pid})", name.trim()));
        }
    }
    None
}

/// The inode of the socket that listens on `port`, out of the text of `/proc/net/tcp`.
fn socket_inode(table: &str, port: u16) -> Option<String> {
    const LISTENING: &str = "0A";
    let ending = format!(":{port:04X}");
    table
        .lines()
        .skip(1)
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .find_map(|columns| {
            let listens = columns.get(1)?.ends_with(&ending) && *columns.get(3)? == LISTENING;
            listens
                .then(|| columns.get(9).map(|inode| (*inode).to_owned()))
                .flatten()
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_its_owner_and_the_way_out() {
        let listener = TcpListener::bind(local(0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        // PostgreSQL's is looked at first, so that no neighbour of the port can be named instead.
        let distance = Ports::from_base(0).postgres();

        let message = Ports::from_base(port - distance)
            .must_be_free(StackSize {
                backends: 1,
                nodes: 1,
            })
            .unwrap_err()
            .to_string();

        assert!(
            message.starts_with(&format!("port {port} (PostgreSQL) is taken by ")),
            "{message}"
        );
        let owner = if Path::new("/proc/net/tcp").exists() {
            format!("` (pid {}): ", std::process::id())
        } else {
            "another process: ".to_owned()
        };
        assert!(message.contains(&owner), "{message}");
        assert!(message.contains("--port-base 7400"), "{message}");
    }

    #[test]
    fn the_listening_socket_is_found_among_others() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
                     0: 0100007F:1CE8 0100007F:0001 01 0:0 0:0 0 0 0 11 1\n\
                     1: 0100007F:1CE8 00000000:0000 0A 0:0 0:0 0 0 0 4711 1\n";
        assert_eq!(socket_inode(table, 7400).as_deref(), Some("4711"));
        assert_eq!(socket_inode(table, 7401), None);
    }

    #[test]
    fn free_ports_differ() {
        let [one, two, three] = free::<3>().unwrap();
        assert!(one != two && two != three && one != three);
    }
}
