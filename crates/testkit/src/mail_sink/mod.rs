//! A mail server that keeps what it is sent: SMTP in, a page and JSON out. Nothing is ever forwarded.

mod mailbox;
mod pages;
mod smtp;

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::web;
use platform::tasks::Tasks;

pub use crate::mail_sink::mailbox::Mail;
use crate::mail_sink::mailbox::Mailbox;
use crate::server::{Server, healthy};

/// Where to listen.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Port 0 takes any free one.
    pub smtp_listen: SocketAddr,
    /// Port 0 takes any free one.
    pub http_listen: SocketAddr,
}

impl Settings {
    /// For tests: any free ports.
    #[must_use]
    pub fn for_tests() -> Self {
        let any = SocketAddr::from(([127, 0, 0, 1], 0));
        Self {
            smtp_listen: any,
            http_listen: any,
        }
    }
}

/// A running mail sink.
#[derive(Debug, Clone)]
pub struct MailSink {
    mailbox: Arc<Mailbox>,
    smtp: SocketAddr,
    server: Server,
}

impl MailSink {
    /// The page's base URL.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.server.base_url
    }

    /// Where mails go: `smtp://host:port`.
    #[must_use]
    pub fn smtp_url(&self) -> String {
        format!("smtp://{}", self.smtp)
    }

    /// Mails kept for this address, oldest first.
    #[must_use]
    pub fn mails_to(&self, address: &str) -> Vec<Arc<Mail>> {
        self.mailbox.to(address)
    }

    /// Stops the page; SMTP stops when the tasks shut down.
    pub async fn stop(&self) {
        self.server.stop().await;
    }
}

/// Starts an empty mail sink.
///
/// # Errors
/// When an address is taken.
pub async fn start(tasks: &Tasks, settings: Settings) -> anyhow::Result<MailSink> {
    let mailbox = Arc::new(Mailbox::default());
    let smtp = smtp::listen(tasks, settings.smtp_listen, mailbox.clone()).await?;
    let shared = web::Data::from(mailbox.clone());
    let server = Server::start(tasks, "mail_http", settings.http_listen, move |config| {
        config
            .app_data(shared.clone())
            .route("/healthz", web::get().to(healthy))
            .configure(pages::mount);
    })?;
    Ok(MailSink {
        mailbox,
        smtp,
        server,
    })
}
