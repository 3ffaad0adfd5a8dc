//! What was received, for people (`/`) and for programs (`/api/…`).

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::json;

use crate::mail_sink::mailbox::{Mail, Mailbox};

/// Mails on the page: what a person scrolls through.
const SHOWN: usize = 100;

pub(crate) fn mount(config: &mut web::ServiceConfig) {
    config
        .route("/", web::get().to(page))
        .route("/api/mails", web::get().to(mails))
        .route("/api/count", web::get().to(count));
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct MailsQuery {
    to: Option<String>,
}

async fn mails(mailbox: web::Data<Mailbox>, query: web::Query<MailsQuery>) -> HttpResponse {
    let found = match &query.to {
        Some(address) => mailbox.to(address),
        None => mailbox.all(),
    };
    let items: Vec<&Mail> = found.iter().map(AsRef::as_ref).collect();
    HttpResponse::Ok().json(json!({"items": items}))
}

async fn count(mailbox: web::Data<Mailbox>) -> HttpResponse {
    let (received, kept) = mailbox.counts();
    HttpResponse::Ok().json(json!({"received": received, "kept": kept}))
}

async fn page(mailbox: web::Data<Mailbox>) -> HttpResponse {
    let (received, _) = mailbox.counts();
    let mails: String = mailbox.newest(SHOWN).iter().map(|mail| entry(mail)).collect();
    let shown = if mails.is_empty() {
        "<p>No mail yet: buy a ticket.</p>".to_owned()
    } else {
        mails
    };
    HttpResponse::Ok().content_type("text/html; charset=utf-8").body(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Mail sink</title><style>{STYLE}</style>\
         <h1>Mail sink</h1><p>{received} mails received; the newest {SHOWN} are below. Nothing leaves this machine.</p>{shown}</html>"
    ))
}

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}\
    details{border:1px solid #ccc;border-radius:6px;margin:.5rem 0;padding:.5rem 1rem}\
    summary{cursor:pointer}time{color:#666;float:right}pre{white-space:pre-wrap}\
    iframe{width:100%;height:24rem;border:1px solid #ddd;background:#fff}";

fn entry(mail: &Mail) -> String {
    let html = if mail.html.is_empty() {
        String::new()
    } else {
        format!(
            "<iframe sandbox title=\"HTML part\" srcdoc=\"{}\"></iframe>",
            escaped(&mail.html)
        )
    };
    format!(
        "<details><summary><strong>{}</strong> to {} <time>{}</time></summary><pre>{}</pre>{html}</details>",
        escaped(&mail.subject),
        escaped(&mail.to.join(", ")),
        mail.received_at.format("%H:%M:%S"),
        escaped(&mail.text),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}
