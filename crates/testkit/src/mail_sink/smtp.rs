//! SMTP (RFC 5321) as a receiver: EHLO, HELO, MAIL, RCPT, DATA, RSET, NOOP, VRFY, QUIT. No TLS, no login.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use platform::clock::{Clock, SystemClock};
use platform::settings::BadSettings;
use platform::tasks::Tasks;
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use crate::mail_sink::mailbox::{Envelope, Mailbox};

/// Largest mail, bytes.
const MAIL_MAX: usize = 1024 * 1024;
/// Longest line, bytes: RFC 5321 asks for 512 and 1000; some headers are longer.
const LINE_MAX: u64 = 8192;
/// Recipients of one mail: the least that RFC 5321 allows.
const RECIPIENTS_MAX: usize = 100;
/// Connections at once.
const CONNECTIONS_MAX: usize = 256;
/// A client that says nothing for so long is gone.
const IDLE_MAX: Duration = Duration::from_secs(300);

/// Binds and receives in the background.
pub(crate) async fn listen(
    tasks: &Tasks,
    address: SocketAddr,
    mailbox: Arc<Mailbox>,
) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|error| BadSettings::unusable_address("smtp_listen", address, &error))?;
    let bound = listener.local_addr()?;
    let slots = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let accepting = tasks.clone();
    tasks.spawn("smtp", async move {
        let stop = accepting.shutting_down().clone();
        loop {
            let slot = tokio::select! {
                () = stop.cancelled() => return,
                slot = slots.clone().acquire_owned() => slot,
            };
            let stream = tokio::select! {
                () = stop.cancelled() => return,
                accepted = listener.accept() => accepted,
            };
            let (Ok(slot), Ok((stream, _))) = (slot, stream) else {
                continue;
            };
            let (stop, mailbox) = (stop.clone(), mailbox.clone());
            accepting.spawn("smtp-connection", async move {
                tokio::select! {
                    () = stop.cancelled() => {}
                    // A broken connection is the client's affair: whatever was accepted is kept.
                    _ = serve(stream, &mailbox) => {}
                }
                drop(slot);
            });
        }
    });
    Ok(bound)
}

async fn serve(mut stream: TcpStream, mailbox: &Mailbox) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, writer) = stream.split();
    Conversation {
        reader: BufReader::new(reader),
        writer,
        mailbox,
        greeted: false,
        envelope: None,
    }
    .run()
    .await
}

struct Conversation<'a, R, W> {
    reader: R,
    writer: W,
    mailbox: &'a Mailbox,
    greeted: bool,
    /// Set between MAIL and the end of DATA.
    envelope: Option<Envelope>,
}

impl<R: AsyncBufRead + Unpin, W: AsyncWrite + Unpin> Conversation<'_, R, W> {
    async fn run(&mut self) -> std::io::Result<()> {
        self.say("220 mail-sink.tribina.example ESMTP").await?;
        loop {
            let Some(line) = self.line().await? else {
                return Ok(());
            };
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            let (verb, rest) = text.split_once(' ').unwrap_or((&text, ""));
            match verb.to_ascii_uppercase().as_str() {
                "EHLO" => self.greet(true).await?,
                "HELO" => self.greet(false).await?,
                "MAIL" => self.mail(rest).await?,
                "RCPT" => self.recipient(rest).await?,
                "DATA" => self.data().await?,
                "RSET" => {
                    self.envelope = None;
                    self.say("250 Forgotten").await?;
                }
                "NOOP" => self.say("250 Nothing done").await?,
                "VRFY" => self.say("252 Everybody has a mailbox here").await?,
                "QUIT" => return self.say("221 Bye").await,
                _ => self.say("500 Unknown command").await?,
            }
        }
    }

    async fn greet(&mut self, extended: bool) -> std::io::Result<()> {
        self.greeted = true;
        self.envelope = None;
        if !extended {
            return self.say("250 mail-sink.tribina.example").await;
        }
        self.say("250-mail-sink.tribina.example").await?;
        self.say("250-8BITMIME").await?;
        self.say("250-SMTPUTF8").await?;
        self.say("250-PIPELINING").await?;
        self.say(&format!("250 SIZE {MAIL_MAX}")).await
    }

    async fn mail(&mut self, rest: &str) -> std::io::Result<()> {
        if !self.greeted || self.envelope.is_some() {
            return self.say("503 EHLO first, one mail at a time").await;
        }
        let Some(from) = path(rest, "FROM:") else {
            return self.say("501 MAIL FROM:<address>").await;
        };
        let announced = rest.to_ascii_uppercase().split("SIZE=").nth(1).and_then(|size| {
            size.split_whitespace()
                .next()
                .and_then(|size| size.parse::<usize>().ok())
        });
        if announced.is_some_and(|size| size > MAIL_MAX) {
            return self.say("552 Too large").await;
        }
        self.envelope = Some(Envelope { from, to: Vec::new() });
        self.say("250 OK").await
    }

    async fn recipient(&mut self, rest: &str) -> std::io::Result<()> {
        let Some(envelope) = &mut self.envelope else {
            return self.say("503 MAIL first").await;
        };
        let Some(to) = path(rest, "TO:").filter(|to| to.contains('@')) else {
            return self.say("501 RCPT TO:<address>").await;
        };
        if envelope.to.len() >= RECIPIENTS_MAX {
            return self.say("452 Too many recipients").await;
        }
        envelope.to.push(to);
        self.say("250 OK").await
    }

    async fn data(&mut self) -> std::io::Result<()> {
        if self
            .envelope
            .as_ref()
            .is_none_or(|envelope| envelope.to.is_empty())
        {
            return self.say("503 MAIL and RCPT first").await;
        }
        self.say("354 End with a line that is a single dot").await?;
        let mut mail = Vec::new();
        let mut too_large = false;
        loop {
            let Some(line) = self.line().await? else {
                return Ok(());
            };
            if line == b".\r\n" || line == b".\n" {
                break;
            }
            // Dot-unstuffing: the sender doubled a leading dot.
            let line = line.strip_prefix(b".").unwrap_or(&line);
            too_large |= mail.len() + line.len() > MAIL_MAX;
            if !too_large {
                mail.extend_from_slice(line);
            }
        }
        let envelope = self.envelope.take().unwrap_or_default();
        if too_large {
            return self.say("552 Too large").await;
        }
        let id = self.mailbox.keep(envelope, &mail, SystemClock.now());
        self.say(&format!("250 Kept as {id}")).await
    }

    /// The next line with its end; `None` when the client is gone, silent or sends no ends of lines.
    async fn line(&mut self) -> std::io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        let mut limited = (&mut self.reader).take(LINE_MAX);
        match timeout(IDLE_MAX, limited.read_until(b'\n', &mut line)).await {
            Ok(Ok(_)) if line.ends_with(b"\n") => Ok(Some(line)),
            Ok(Err(error)) => Err(error),
            Ok(Ok(_)) | Err(_) => Ok(None),
        }
    }

    async fn say(&mut self, line: &str) -> std::io::Result<()> {
        self.writer.write_all(format!("{line}\r\n").as_bytes()).await?;
        self.writer.flush().await
    }
}

/// The address of `FROM:<…>` or `TO:<…>`.
fn path(rest: &str, keyword: &str) -> Option<String> {
    let rest = rest.trim_start();
    let after = rest
        .get(..keyword.len())
        .filter(|start| start.eq_ignore_ascii_case(keyword))
        .map(str::len)?;
    let inner = rest.get(after..)?.trim_start().strip_prefix('<')?;
    Some(inner.split_once('>')?.0.to_owned())
}
