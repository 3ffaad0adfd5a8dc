//! What a person sees once the stack is up: addresses, a token, something to try, and the way to become staff.

use std::path::Path;

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use comfy_table::{Table, presets};

use crate::ports::{self, Ports};
use crate::settings::Stack;

/// Who becomes the first Super Admin, if the reader does as is printed.
const STAFF: &str = "iva";

/// Prints the table of addresses, a development token, a ready call, and how to make the first Super Admin.
pub(crate) fn print(stack: &Stack, ports: Ports, state: &Path) -> anyhow::Result<()> {
    println!("{}", addresses(stack, ports, state));
    match &stack.match_id {
        Some(match_id) => {
            let token = development_token(ports.identity(), "username=ana")?;
            println!("\nA fan's token, valid for an hour:\n\n  TOKEN={token}\n");
            println!(
                "Try:\n\n  curl -s {}/matches/{match_id}/zones -H \"Authorization: Bearer $TOKEN\"\n",
                stack.backend_url
            );
        }
        None => println!(
            "\nNothing is on sale yet: docs/SET-UP-A-SALE.md goes on from here, by API;\n\
             docs/SET-UP-A-SALE-BY-COMMAND.md, by command line.\n"
        ),
    }
    print_staff(stack, ports)?;
    println!("Ctrl-C stops everything; `cargo xtask status` tells from elsewhere how it does.");
    Ok(())
}

fn addresses(stack: &Stack, ports: Ports, state: &Path) -> Table {
    let backend = format!("http://127.0.0.1:{}", ports.backend());
    let room = &stack.waiting_room_url;
    let file = |name: &str| state.join(name).display().to_string();
    let rows = [
        ("fan API", Some(format!("{}/matches", stack.backend_url))),
        ("its documents, to browse", Some(format!("{backend}/docs/"))),
        ("waiting room", Some(room.clone())),
        ("its documents, to browse", Some(format!("{room}/docs/"))),
        (
            "sockets of its first node",
            Some(format!("ws://127.0.0.1:{}", ports.sockets_of(0))),
        ),
        ("mails that were sent", Some(stack.mail_url.clone())),
        ("Stripe stand-in", Some(stack.stripe_url.clone())),
        (
            "identity provider",
            Some(format!("{}/.well-known/openid-configuration", stack.identity_url)),
        ),
        ("PostgreSQL, backend", Some(stack.backend_database_url.clone())),
        (
            "PostgreSQL, waiting room",
            Some(stack.waiting_room_database_url.clone()),
        ),
        ("Redis", Some(format!("redis://127.0.0.1:{}", ports.redis()))),
        ("NATS", Some(stack.nats_url.clone())),
        ("match on sale", stack.match_id.clone()),
        ("all this, as JSON", Some(file("stack.json"))),
        ("logs", Some(file("log"))),
    ];
    let mut table = Table::new();
    table.load_style(presets::UTF8_BORDERS_ONLY);
    for (what, value) in rows {
        if let Some(value) = value {
            table.add_row([what, &value]);
        }
    }
    table
}

fn print_staff(stack: &Stack, ports: Ports) -> anyhow::Result<()> {
    let form = format!("username={STAFF}&scope=staff");
    let subject = subject_in(&development_token(ports.identity(), &form)?)?;
    println!("{STAFF} signs in as staff, with a second factor:\n");
    println!(
        "  STAFF=$(curl -s {}/token -d grant_type=password -d username={STAFF} -d scope=staff | jq -r .access_token)\n",
        stack.identity_url
    );
    println!("and becomes the first Super Admin:\n");
    println!(
        "  cargo xtask admin staff grant --subject {subject} --role SUPER_ADMIN --reason 'the first one'\n"
    );
    Ok(())
}

/// The development identity provider gives anybody a token for any name.
fn development_token(port: u16, form: &str) -> anyhow::Result<String> {
    let form = format!("grant_type=password&{form}");
    let answer = ports::request(port, "POST", "/token", &form)?;
    let answer: serde_json::Value = serde_json::from_str(&answer)?;
    Ok(answer["access_token"]
        .as_str()
        .context("the identity provider gave no token")?
        .to_owned())
}

/// Whom a token is about.
fn subject_in(token: &str) -> anyhow::Result<String> {
    let claims = token.split('.').nth(1).context("the token has no claims")?;
    let claims: serde_json::Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
    Ok(claims["sub"]
        .as_str()
        .context("the token is about nobody")?
        .to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_whom_it_is_about() {
        let token = |claims: &str| format!("e30.{}.c2ln", URL_SAFE_NO_PAD.encode(claims));
        assert_eq!(subject_in(&token("{\"sub\":\"3f2a\"}")).unwrap(), "3f2a");
        for other in ["", "e30", &token("{}"), "e30.!.c2ln"] {
            assert!(subject_in(other).is_err(), "{other}");
        }
    }
}
