//! What was received, within a bound of memory: the oldest mails go first, the count stays.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use mail_parser::MessageParser;
use serde::Serialize;

/// Memory for kept mails, bytes of their raw text: a sold-out stadium's confirmations fit.
const KEPT_BYTES_MAX: usize = 256 * 1024 * 1024;

/// A received mail.
#[derive(Debug, Clone, Serialize)]
pub struct Mail {
    /// Counts up from 1.
    pub id: u64,
    /// When its last line came.
    pub received_at: DateTime<Utc>,
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// Its own name for itself, without brackets: the same mail sent twice has one.
    pub message_id: String,
    /// Decoded.
    pub subject: String,
    /// The text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
    /// As it came.
    pub raw: String,
}

/// Who and what, as SMTP said it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Envelope {
    pub(crate) from: String,
    pub(crate) to: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Mailbox(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    mails: VecDeque<Arc<Mail>>,
    bytes: usize,
    received: u64,
}

impl Mailbox {
    pub(crate) fn keep(&self, envelope: Envelope, raw: &[u8], received_at: DateTime<Utc>) -> u64 {
        let parsed = MessageParser::default().parse(raw);
        let subject = parsed
            .as_ref()
            .and_then(|mail| mail.subject())
            .unwrap_or_default()
            .to_owned();
        let message_id = parsed
            .as_ref()
            .and_then(|mail| mail.message_id())
            .unwrap_or_default()
            .to_owned();
        let part = |text: Option<std::borrow::Cow<'_, str>>| text.unwrap_or_default().into_owned();
        let text = part(parsed.as_ref().and_then(|mail| mail.body_text(0)));
        let html = part(parsed.as_ref().and_then(|mail| mail.body_html(0)));

        let mut kept = self.kept();
        kept.received += 1;
        let mail = Mail {
            id: kept.received,
            received_at,
            from: envelope.from,
            to: envelope.to,
            message_id,
            subject,
            text,
            html,
            raw: String::from_utf8_lossy(raw).into_owned(),
        };
        kept.bytes += mail.raw.len();
        kept.mails.push_back(Arc::new(mail));
        while kept.bytes > KEPT_BYTES_MAX
            && let Some(oldest) = kept.mails.pop_front()
        {
            kept.bytes = kept.bytes.saturating_sub(oldest.raw.len());
        }
        kept.received
    }

    /// Mails for this address (any case), oldest first.
    pub(crate) fn to(&self, address: &str) -> Vec<Arc<Mail>> {
        let for_them = |mail: &&Arc<Mail>| mail.to.iter().any(|to| to.eq_ignore_ascii_case(address));
        self.kept().mails.iter().filter(for_them).cloned().collect()
    }

    /// The newest mails, newest first.
    pub(crate) fn newest(&self, at_most: usize) -> Vec<Arc<Mail>> {
        self.kept().mails.iter().rev().take(at_most).cloned().collect()
    }

    pub(crate) fn all(&self) -> Vec<Arc<Mail>> {
        self.kept().mails.iter().cloned().collect()
    }

    /// Received since the start, and kept now.
    pub(crate) fn counts(&self) -> (u64, usize) {
        let kept = self.kept();
        (kept.received, kept.mails.len())
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
