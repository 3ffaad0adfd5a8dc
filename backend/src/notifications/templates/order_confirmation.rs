//! "Your order is paid."

use domain::ids::OrderId;
use serde::{Deserialize, Serialize};

use super::{Recipient, Rendered, escape, one_line};
use crate::events::NewEvent;

/// What `order_confirmation` says; every value as the reader should see it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderConfirmation {
    /// `1042`.
    pub order_number: String,
    /// `Hrvatska – Portugal`.
    pub match_title: String,
    /// Date and time at the venue.
    pub kick_off: String,
    /// `Poljud, Split`.
    pub venue: String,
    /// One line per seat.
    pub seats: Vec<String>,
    /// `120.00 EUR`.
    pub total: String,
}

/// The event that confirms a paid order by mail.
#[must_use]
pub fn order_confirmation(order: OrderId, recipient: Recipient<'_>, details: &OrderConfirmation) -> NewEvent {
    NewEvent {
        nats_subject: "mail.order_confirmation".to_owned(),
        kind: "mail.order_confirmation",
        aggregate_id: order.0,
        aggregate_version: 1,
        data: serde_json::json!({
            "template": "order_confirmation",
            "language": recipient.language,
            "to": recipient.to,
            "variables": details,
        }),
    }
}

/// The words around the variables.
struct OrderConfirmationWords {
    language: &'static str,
    subject: &'static str,
    greeting: &'static str,
    thanks: &'static str,
    order: &'static str,
    match_title: &'static str,
    kick_off: &'static str,
    venue: &'static str,
    seats: &'static str,
    total: &'static str,
    tickets: &'static str,
}

const ORDER_CONFIRMATION_HR: OrderConfirmationWords = OrderConfirmationWords {
    language: "hr",
    subject: "Potvrda narudžbe",
    greeting: "Pozdrav,",
    thanks: "hvala na kupnji. Vaša je narudžba plaćena, a ulaznice su izdane.",
    order: "Narudžba",
    match_title: "Utakmica",
    kick_off: "Početak",
    venue: "Stadion",
    seats: "Sjedala",
    total: "Ukupno (s PDV-om)",
    tickets: "Ulaznice s kodom za ulaz nalaze se u aplikaciji Tribina, pod „Moje ulaznice”.",
};

const ORDER_CONFIRMATION_EN: OrderConfirmationWords = OrderConfirmationWords {
    language: "en",
    subject: "Order confirmation",
    greeting: "Hello,",
    thanks: "thank you for your purchase. Your order is paid and your tickets are issued.",
    order: "Order",
    match_title: "Match",
    kick_off: "Kick-off",
    venue: "Venue",
    seats: "Seats",
    total: "Total (incl. VAT)",
    tickets: "The tickets with their entry codes are in the Tribina app, under “My tickets”.",
};

pub(super) fn render(language: &str, details: &OrderConfirmation) -> Rendered {
    let words = if language == "hr" {
        &ORDER_CONFIRMATION_HR
    } else {
        &ORDER_CONFIRMATION_EN
    };
    let facts = [
        (words.order, &details.order_number),
        (words.match_title, &details.match_title),
        (words.kick_off, &details.kick_off),
        (words.venue, &details.venue),
        (words.total, &details.total),
    ];
    Rendered {
        subject: one_line(&format!(
            "{} {}: {}",
            words.subject, details.order_number, details.match_title
        )),
        text: order_confirmation_text(words, &facts, &details.seats),
        html: order_confirmation_html(words, &facts, &details.seats),
    }
}

fn order_confirmation_text(
    words: &OrderConfirmationWords,
    facts: &[(&str, &String)],
    seats: &[String],
) -> String {
    let facts: String = facts
        .iter()
        .map(|(name, value)| format!("{name}: {}\n", one_line(value)))
        .collect();
    let seats: String = seats
        .iter()
        .map(|seat| format!("- {}\n", one_line(seat)))
        .collect();
    format!(
        "{}\n\n{}\n\n{facts}{}:\n{seats}\n{}\n\nTribina\n",
        words.greeting, words.thanks, words.seats, words.tickets
    )
}

fn order_confirmation_html(
    words: &OrderConfirmationWords,
    facts: &[(&str, &String)],
    seats: &[String],
) -> String {
    let facts: String = facts
        .iter()
        .map(|(name, value)| format!("<tr><th>{name}</th><td>{}</td></tr>\n", escape(value)))
        .collect();
    let seats: String = seats
        .iter()
        .map(|seat| format!("<li>{}</li>\n", escape(seat)))
        .collect();
    format!(
        "<!doctype html>\n<html lang=\"{language}\">\n<head><meta charset=\"utf-8\"><title>{subject}</title>\n\
         <style>body{{font-family:sans-serif}}th{{text-align:left;padding-right:1em}}</style></head>\n\
         <body>\n<p>{greeting}</p>\n<p>{thanks}</p>\n<table>\n{facts}</table>\n<p>{seats_name}:</p>\n\
         <ul>\n{seats}</ul>\n<p>{tickets}</p>\n<p>Tribina</p>\n</body>\n</html>\n",
        language = words.language,
        subject = words.subject,
        greeting = words.greeting,
        thanks = words.thanks,
        seats_name = words.seats,
        tickets = words.tickets,
    )
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use contracts::events::MailRequested;

    use super::super::{Unrenderable, render};
    use super::*;

    fn details() -> OrderConfirmation {
        OrderConfirmation {
            order_number: "1042".to_owned(),
            match_title: "Hrvatska – <b>Portugal</b>".to_owned(),
            kick_off: "14. 6. 2026. u 20:45".to_owned(),
            venue: "Poljud & \"Co\"".to_owned(),
            seats: vec![
                "Zapad, red 3, sjedalo 12".to_owned(),
                "<script>alert('x')</script>".to_owned(),
            ],
            total: "120.00 EUR".to_owned(),
        }
    }

    fn requested(language: &str) -> MailRequested {
        let recipient = Recipient {
            to: "ana@example.com",
            language,
        };
        let event = order_confirmation(OrderId(Uuid::nil()), recipient, &details());
        serde_json::from_value(event.data).unwrap()
    }

    #[test]
    fn a_confirmation_asked_for_is_one_that_can_be_rendered_in_both_languages() {
        let croatian = render(&requested("hr")).unwrap();
        assert_eq!(
            croatian.subject,
            "Potvrda narudžbe 1042: Hrvatska – <b>Portugal</b>"
        );
        assert!(
            croatian.text.contains("Početak: 14. 6. 2026. u 20:45\n"),
            "{}",
            croatian.text
        );
        assert!(
            croatian.text.contains("- Zapad, red 3, sjedalo 12\n"),
            "{}",
            croatian.text
        );

        let english = render(&requested("en")).unwrap();
        assert_eq!(
            english.subject,
            "Order confirmation 1042: Hrvatska – <b>Portugal</b>"
        );
        assert!(
            english.text.contains("Total (incl. VAT): 120.00 EUR\n"),
            "{}",
            english.text
        );
        assert!(english.html.contains("<html lang=\"en\">"), "{}", english.html);
    }

    #[test]
    fn no_variable_reaches_the_html_unescaped() {
        let html = render(&requested("en")).unwrap().html;
        assert!(html.contains("Hrvatska – &lt;b&gt;Portugal&lt;/b&gt;"), "{html}");
        assert!(html.contains("Poljud &amp; &quot;Co&quot;"), "{html}");
        assert!(
            html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;"),
            "{html}"
        );
        assert!(!html.contains("<script"), "{html}");
    }

    #[test]
    fn a_line_break_in_a_variable_adds_no_line() {
        let mut mail = requested("en");
        mail.variables
            .insert("match_title".to_owned(), "A\r\nBcc: everybody@example.com".into());
        let rendered = render(&mail).unwrap();
        assert!(!rendered.subject.contains(['\r', '\n']), "{}", rendered.subject);
        assert!(!rendered.text.contains("\nBcc"), "{}", rendered.text);
    }

    #[test]
    fn an_unknown_template_or_a_missing_variable_is_refused() {
        let mut mail = requested("en");
        mail.variables.remove("total");
        assert!(matches!(render(&mail), Err(Unrenderable::Variables(_))));
        mail.template = "of_tomorrow".to_owned();
        assert!(matches!(render(&mail), Err(Unrenderable::Template(_))));
    }
}
