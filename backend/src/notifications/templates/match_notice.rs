//! "Your match was changed", "your match was called off".

use domain::ids::OrderId;
use serde::{Deserialize, Serialize};

use super::{Recipient, Rendered, escape, one_line};
use crate::events::NewEvent;

pub(super) const CHANGED: &str = "match_changed";
pub(super) const CANCELLED: &str = "match_cancelled";

/// What both say; every value as the reader should see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchNotice {
    /// `Hrvatska – Portugal`.
    pub match_title: String,
    /// Date and time at the venue.
    pub kick_off: String,
    /// `Poljud`.
    pub venue: String,
}

/// The event that tells somebody of an order, by mail, how their match is now; `template` is `match_changed` or
/// `match_cancelled`.
#[must_use]
pub fn match_notice(
    template: &'static str,
    order: OrderId,
    recipient: Recipient<'_>,
    said: &MatchNotice,
) -> NewEvent {
    NewEvent {
        nats_subject: format!("mail.{template}"),
        kind: if template == CANCELLED {
            "mail.match_cancelled"
        } else {
            "mail.match_changed"
        },
        aggregate_id: order.0,
        aggregate_version: 1,
        data: serde_json::json!({
            "template": template,
            "language": recipient.language,
            "to": recipient.to,
            "variables": said,
        }),
    }
}

struct Words {
    language: &'static str,
    subject: &'static str,
    greeting: &'static str,
    news: &'static str,
    kick_off: &'static str,
    venue: &'static str,
    next: &'static str,
}

const CHANGED_HR: Words = Words {
    language: "hr",
    subject: "Promjena utakmice",
    greeting: "Pozdrav,",
    news: "utakmica za koju imate ulaznicu je promijenjena. Sada vrijedi:",
    kick_off: "Početak",
    venue: "Stadion",
    next: "Vaše ulaznice i dalje vrijede.",
};
const CHANGED_EN: Words = Words {
    language: "en",
    subject: "Match changed",
    greeting: "Hello,",
    news: "the match you have a ticket for was changed. It is now:",
    kick_off: "Kick-off",
    venue: "Venue",
    next: "Your tickets stay valid.",
};
const CANCELLED_HR: Words = Words {
    language: "hr",
    subject: "Utakmica je otkazana",
    greeting: "Pozdrav,",
    news: "nažalost, utakmica za koju imate ulaznicu je otkazana:",
    kick_off: "Početak",
    venue: "Stadion",
    next: "Ne trebate ništa učiniti: o povratu novca javit ćemo vam se.",
};
const CANCELLED_EN: Words = Words {
    language: "en",
    subject: "Match cancelled",
    greeting: "Hello,",
    news: "we are sorry: the match you have a ticket for was called off:",
    kick_off: "Kick-off",
    venue: "Venue",
    next: "You need not do anything: we will write to you about your money.",
};

pub(super) fn render(template: &str, language: &str, said: &MatchNotice) -> Rendered {
    let words = match (template == CANCELLED, language == "hr") {
        (true, true) => &CANCELLED_HR,
        (true, false) => &CANCELLED_EN,
        (false, true) => &CHANGED_HR,
        (false, false) => &CHANGED_EN,
    };
    let Words {
        language,
        subject,
        greeting,
        news,
        kick_off,
        venue,
        next,
    } = words;
    Rendered {
        subject: one_line(&format!("{subject}: {}", said.match_title)),
        text: format!(
            "{greeting}\n\n{news}\n\n{}\n{kick_off}: {}\n{venue}: {}\n\n{next}\n\nTribina\n",
            one_line(&said.match_title),
            one_line(&said.kick_off),
            one_line(&said.venue),
        ),
        html: format!(
            "<!doctype html>\n<html lang=\"{language}\">\n<head><meta charset=\"utf-8\"><title>{subject}</title></head>\n\
             <body style=\"font-family:sans-serif\">\n<p>{greeting}</p>\n<p>{news}</p>\n<p><b>{}</b><br>{kick_off}: {}<br>\
             {venue}: {}</p>\n<p>{next}</p>\n<p>Tribina</p>\n</body>\n</html>\n",
            escape(&said.match_title),
            escape(&said.kick_off),
            escape(&said.venue),
        ),
    }
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::super::render as render_mail;
    use super::*;

    fn rendered(template: &'static str, language: &str, venue: &str) -> Rendered {
        let said = MatchNotice {
            match_title: "Hrvatska – Portugal".to_owned(),
            kick_off: "25.03.2027. 20:45".to_owned(),
            venue: venue.to_owned(),
        };
        let recipient = Recipient {
            to: "ana@example.com",
            language,
        };
        let event = match_notice(template, OrderId(Uuid::nil()), recipient, &said);
        assert_eq!(event.kind, format!("mail.{template}"));
        render_mail(&serde_json::from_value(event.data).unwrap()).unwrap()
    }

    #[test]
    fn a_notice_asked_for_is_one_that_can_be_rendered_in_both_languages() {
        let changed = rendered(CHANGED, "hr", "Poljud");
        assert_eq!(changed.subject, "Promjena utakmice: Hrvatska – Portugal");
        assert!(
            changed.text.contains("Početak: 25.03.2027. 20:45\n"),
            "{}",
            changed.text
        );
        let called_off = rendered(CANCELLED, "en", "Poljud");
        assert_eq!(called_off.subject, "Match cancelled: Hrvatska – Portugal");
        assert!(
            called_off.html.contains("<html lang=\"en\">"),
            "{}",
            called_off.html
        );
    }

    #[test]
    fn no_variable_reaches_the_html_unescaped() {
        let html = rendered(CHANGED, "en", "<script>x</script>").html;
        assert!(
            html.contains("&lt;script&gt;") && !html.contains("<script"),
            "{html}"
        );
    }
}
