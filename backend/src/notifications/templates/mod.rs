//! The words of each mail, Croatian and English, as text and as HTML.

mod match_notice;
mod order_confirmation;

use contracts::events::MailRequested;
use serde_json::Value;

pub use match_notice::{MatchNotice, match_notice};
pub use order_confirmation::{OrderConfirmation, order_confirmation};

/// To whom a mail goes and in which language.
#[derive(Debug, Clone, Copy)]
pub struct Recipient<'a> {
    /// The address.
    pub to: &'a str,
    /// `hr` or `en`.
    pub language: &'a str,
}

/// A mail ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rendered {
    pub(super) subject: String,
    pub(super) text: String,
    pub(super) html: String,
}

/// Why a request cannot become a mail, ever.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unrenderable {
    /// A newer version of this program asked.
    #[error("there is no template `{0}`")]
    Template(String),
    /// A placeholder has no value.
    #[error("the variables do not fit the template: {0}")]
    Variables(#[from] serde_json::Error),
}

pub(super) fn render(mail: &MailRequested) -> Result<Rendered, Unrenderable> {
    let variables = Value::Object(mail.variables.clone());
    match mail.template.as_str() {
        "order_confirmation" => {
            let details = serde_json::from_value(variables)?;
            Ok(order_confirmation::render(&mail.language, &details))
        }
        template @ (match_notice::CHANGED | match_notice::CANCELLED) => {
            let said = serde_json::from_value(variables)?;
            Ok(match_notice::render(template, &mail.language, &said))
        }
        other => Err(Unrenderable::Template(other.to_owned())),
    }
}

/// For HTML, in element content and in quoted attributes.
fn escape(value: &str) -> String {
    let mut escaped = String::with_capacity(value.len());
    for character in value.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Without line breaks: a value cannot add a header or a line of its own.
fn one_line(value: &str) -> String {
    value
        .chars()
        .map(|character| if character.is_control() { ' ' } else { character })
        .collect()
}
