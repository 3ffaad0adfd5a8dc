//! Mail by SMTP.

use std::time::Duration;

use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::{self, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use platform::settings::BadSettings;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::templates::Rendered;
use crate::settings::Mail;

/// Connections to the mail server, and so mails at once: what small providers accept from one client.
pub(super) const CONNECTIONS_MAX: u32 = 8;
/// A command that the server does not answer by then has failed.
const COMMAND_LIMIT: Duration = Duration::from_secs(5);

/// Sends mails as us.
pub(super) struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Why the server did not accept a mail. Without the address: this is logged and kept.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotAccepted {
    /// It refuses this mail for good, or this is no mail.
    #[error("refused: {0}")]
    Refused(String),
    /// It does not want this mail now.
    #[error("not now: {0}")]
    NotNow(String),
    /// It does not talk to us at all.
    #[error("the mail server is away: {0}")]
    Away(String),
}

impl Mailer {
    /// Checks the settings; connects when there is something to send.
    pub(super) fn new(settings: &Mail) -> Result<Self, BadSettings> {
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(settings.smtp_url.expose_secret())
            .map_err(|_| {
                let wanted = "smtp://host:port or smtps://user:password@host";
                BadSettings::new("mail.smtp_url", "not an SMTP address", wanted)
            })?
            .timeout(Some(COMMAND_LIMIT))
            .pool_config(PoolConfig::new().max_size(CONNECTIONS_MAX))
            .build();
        let from = settings
            .from
            .parse()
            .map_err(|_| BadSettings::new("mail.from", &settings.from, "Name <address>"))?;
        Ok(Self { transport, from })
    }

    /// Gives a mail to the server. The Message-ID comes from the event: a mail sent twice is known by it.
    pub(super) async fn send(&self, event: Uuid, to: &str, mail: Rendered) -> Result<(), NotAccepted> {
        let to: Mailbox = to
            .parse()
            .map_err(|_| NotAccepted::Refused("the recipient is no address".to_owned()))?;
        let address = to.email.to_string();
        let message = Message::builder()
            .message_id(Some(format!("<{event}@{}>", self.from.email.domain())))
            .from(self.from.clone())
            .to(to)
            .subject(mail.subject)
            .multipart(MultiPart::alternative_plain_html(mail.text, mail.html))
            .map_err(|error| NotAccepted::Refused(error.to_string()))?;

        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.explain(&error, &address).await),
        }
    }

    /// A connection that broke may be this mail's fault or the server's: a second, empty one tells.
    async fn explain(&self, error: &smtp::Error, address: &str) -> NotAccepted {
        let reason = error.to_string().replace(address, "<recipient>");
        if error.is_permanent() || error.is_client() {
            return NotAccepted::Refused(reason);
        }
        if error.is_transient() {
            return NotAccepted::NotNow(reason);
        }
        match self.transport.test_connection().await {
            Ok(true) => NotAccepted::NotNow(reason),
            Ok(false) | Err(_) => NotAccepted::Away(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use secrecy::SecretString;

    use super::*;

    fn settings(smtp_url: &str, from: &str) -> Mail {
        Mail {
            smtp_url: SecretString::from(smtp_url),
            from: from.to_owned(),
        }
    }

    #[tokio::test]
    async fn a_wrong_setting_is_named_and_a_password_is_not() {
        let wrong = settings("http://user:secret@mail", "Tribina <a@tribina.example>");
        let sentence = Mailer::new(&wrong).err().unwrap().to_string();
        assert!(
            sentence.contains("mail.smtp_url") && !sentence.contains("secret"),
            "{sentence}"
        );
        let wrong = settings("smtp://127.0.0.1:25", "Tribina");
        let sentence = Mailer::new(&wrong).err().unwrap().to_string();
        assert!(sentence.contains("`mail.from` is Tribina"), "{sentence}");
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_not_the_mails_fault() {
        let mailer = Mailer::new(&settings("smtp://127.0.0.1:1", "Tribina <a@tribina.example>")).unwrap();
        let mail = Rendered {
            subject: String::new(),
            text: String::new(),
            html: String::new(),
        };
        let outcome = mailer.send(Uuid::nil(), "fan@example.com", mail).await;
        assert!(matches!(outcome, Err(NotAccepted::Away(_))), "{outcome:?}");
    }

    #[tokio::test]
    async fn a_recipient_that_is_no_address_is_refused_without_being_repeated() {
        let mailer = Mailer::new(&settings("smtp://127.0.0.1:1", "Tribina <a@tribina.example>")).unwrap();
        let mail = Rendered {
            subject: String::new(),
            text: String::new(),
            html: String::new(),
        };
        let outcome = mailer.send(Uuid::nil(), "not an address", mail).await;
        let Err(NotAccepted::Refused(reason)) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(!reason.contains("not an address"), "{reason}");
    }
}
