//! What a person sees once the stack is up: addresses, a token, something to try.

use std::path::Path;

use anyhow::Context;
use comfy_table::{Table, presets};

use crate::ports::{self, Ports};
use crate::settings::Stack;

/// Prints the table of addresses, a development token and a ready call.
pub(crate) fn print(stack: &Stack, ports: Ports, state: &Path) -> anyhow::Result<()> {
    let backend = format!("http://127.0.0.1:{}", ports.backend());
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    let rows = [
        ("fan API", format!("{backend}/api/v1/matches")),
        ("its documents, to browse", format!("{backend}/docs/")),
        ("waiting room", stack.waiting_room_url.clone()),
        (
            "its documents, to browse",
            format!("{}/docs/", stack.waiting_room_url),
        ),
        (
            "sockets of its first node",
            format!("ws://127.0.0.1:{}", ports.sockets_of(0)),
        ),
        ("mails that were sent", stack.mail_url.clone()),
        ("Stripe stand-in", stack.stripe_url.clone()),
        (
            "identity provider",
            format!("{}/.well-known/openid-configuration", stack.identity_url),
        ),
        ("PostgreSQL, backend", stack.backend_database_url.clone()),
        (
            "PostgreSQL, waiting room",
            stack.waiting_room_database_url.clone(),
        ),
        ("Redis", format!("redis://127.0.0.1:{}", ports.redis())),
        ("NATS", stack.nats_url.clone()),
        ("match on sale", stack.match_id.clone()),
        ("logs", state.join("log").display().to_string()),
    ];
    for (what, value) in rows {
        table.add_row([what, &value]);
    }
    println!("{table}");
    let token = development_token(ports.identity())?;
    println!("\nA fan's token, valid for an hour:\n\n  TOKEN={token}\n");
    println!(
        "Try:\n\n  curl -s {backend}/api/v1/matches/{}/zones -H \"Authorization: Bearer $TOKEN\"\n",
        stack.match_id
    );
    println!("Ctrl-C stops everything; `cargo xtask status` tells from elsewhere how it does.");
    Ok(())
}

/// The development identity provider gives anybody a token for any name.
fn development_token(port: u16) -> anyhow::Result<String> {
    let answer = ports::request(port, "POST", "/token", "grant_type=password&username=ana")?;
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    Ok(answer["access_token"]
        .as_str()
        .context("the identity provider gave no token")?
        .to_owned())
}
