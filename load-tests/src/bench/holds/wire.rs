//! HTTP/1.1 on one connection that stays open: a general client would take more of the two cores than what it measures.

use std::net::SocketAddr;

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// An open connection.
pub(super) struct Wire {
    stream: TcpStream,
    /// What was read and not yet answered.
    read: Vec<u8>,
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Wire {
    pub(super) async fn open(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            read: Vec::with_capacity(4_096),
        })
    }

    /// Sends a whole request and reads its answer.
    pub(super) async fn ask(&mut self, request: &[u8]) -> anyhow::Result<Answer> {
        self.stream.write_all(request).await?;
        loop {
            if let Some((answer, length)) = parse(&self.read)? {
                self.read.drain(..length);
                return Ok(answer);
            }
            let count = self.stream.read_buf(&mut self.read).await?;
            ensure!(count > 0, "the server closed the connection");
        }
    }
}

/// The answer that `read` begins with and its length; none while a part of it is missing.
fn parse(read: &[u8]) -> anyhow::Result<Option<(Answer, usize)>> {
    let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") else {
        return Ok(None);
    };
    let (head, rest) = read.split_at(end + 4);
    let head = std::str::from_utf8(head)?;
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let status: u16 = status.context("an answer without a status")?.parse()?;
    let mut length = None;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else {
            continue;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse::<usize>()?);
        }
    }
    let length = match (length, status) {
        (Some(length), _) => length,
        (None, 204) => 0,
        (None, _) => bail!("an answer {status} without a length"),
    };
    let Some(body) = rest.get(..length) else {
        return Ok(None);
    };
    let body = body.to_vec();
    Ok(Some((Answer { status, body }, end + 4 + length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 204 No Content\r\n\r\n";

    #[test]
    fn an_answer_is_read_once_all_of_it_is_there_and_no_further() {
        for part in 0..40 {
            assert_eq!(parse(&TWO[..part]).unwrap(), None, "{part}");
        }
        let (first, length) = parse(TWO).unwrap().unwrap();
        assert_eq!((first.status, first.body.as_slice()), (200, b"ok".as_slice()));
        let (second, rest) = parse(&TWO[length..]).unwrap().unwrap();
        assert_eq!((second.status, rest), (204, TWO.len() - length));
    }

    #[test]
    fn an_answer_whose_end_nobody_can_know_is_an_error() {
        assert!(parse(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").is_err());
    }
}
