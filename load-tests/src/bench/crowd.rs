//! A running on-sale: fans in open sessions who hold seats and give them back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use contracts::room::{JoinQueue, Ticket, TicketState};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::clock::pause;
use crate::stack::Stack;

/// Between giving seats back and wanting some again.
const THINKS: Duration = Duration::from_millis(100);
/// Between two looks at the line.
const LOOKS_EVERY: Duration = Duration::from_millis(200);
/// So often a fan looks whether it is their turn.
const LOOKS: u32 = 300;

/// A hold of two seats.
pub(crate) struct Hold {
    pub(crate) began: Instant,
    pub(crate) taken: Duration,
}

/// Fans at work.
pub(crate) struct Crowd {
    fans: Vec<JoinHandle<anyhow::Result<Vec<Hold>>>>,
    go_home: Arc<AtomicBool>,
}

/// A fan in an open session.
#[derive(Clone)]
pub(crate) struct Buyer {
    http: reqwest::Client,
    token: String,
    pass: String,
    cart_url: String,
    zone_id: Uuid,
}

/// Lets so many fans into the sale of a match, spread over its zones.
pub(crate) async fn admit(
    stack: &Stack,
    http: &reqwest::Client,
    (match_id, fans): (Uuid, usize),
) -> anyhow::Result<Vec<Buyer>> {
    let zones_url = format!("{}/matches/{match_id}/zones", stack.backend_url);
    let zones: Value = http
        .get(&zones_url)
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    let zones: Vec<Uuid> = zones["zones"]
        .as_array()
        .context("a match has zones")?
        .iter()
        .filter_map(|zone| zone["zone_id"].as_str()?.parse().ok())
        .collect();
    ensure!(!zones.is_empty(), "the match has no zones");
    let buyers = (0..fans).zip(zones.iter().cycle()).map(|(number, zone_id)| {
        let name = format!("bench-{}-{number}", match_id.simple());
        let cart_url = format!("{}/matches/{match_id}/cart", stack.backend_url);
        async move {
            let token = token(stack, http, &[("username", name.as_str())]).await?;
            let pass = join(stack, http, match_id, &token).await?;
            anyhow::Ok(Buyer {
                http: http.clone(),
                token,
                pass,
                cart_url,
                zone_id: *zone_id,
            })
        }
    });
    try_join_all(buyers).await
}

/// An access token of the development identity provider.
pub(crate) async fn token(
    stack: &Stack,
    http: &reqwest::Client,
    who: &[(&str, &str)],
) -> anyhow::Result<String> {
    let mut form = vec![("grant_type", "password")];
    form.extend_from_slice(who);
    let url = format!("{}/token", stack.identity_url);
    let answer: Value = http
        .post(url)
        .form(&form)
        .send()
        .await?
        .error_for_status()?
        .json()
        .await?;
    Ok(answer["access_token"].as_str().context("no token")?.to_owned())
}

async fn join(stack: &Stack, http: &reqwest::Client, match_id: Uuid, token: &str) -> anyhow::Result<String> {
    let url = format!("{}/matches/{match_id}/join-grant", stack.backend_url);
    let grant = http.post(url).bearer_auth(token).header("Idempotency-Key", key());
    let grant: Value = grant.send().await?.error_for_status()?.json().await?;
    let text = |name: &str| {
        grant[name]
            .as_str()
            .map(str::to_owned)
            .context("a grant says all")
    };
    let body = JoinQueue {
        grant: Some(text("grant")?),
        user_id: None,
    };
    let joined = http.post(text("join_url")?).json(&body).send().await?;
    let joined: Ticket = joined.error_for_status()?.json().await?;
    let shown = joined
        .ticket_token
        .context("the answer to joining has the ticket's token")?;
    let url = format!("{}/tickets/{}", stack.waiting_room_url, joined.ticket_id);
    for _ in 0..LOOKS {
        let ticket = http.get(&url).bearer_auth(&shown).send().await?;
        let ticket: Ticket = ticket.error_for_status()?.json().await?;
        if let (TicketState::Admitted, Some(pass)) = (ticket.state, ticket.pass) {
            return Ok(pass);
        }
        pause(LOOKS_EVERY).await;
    }
    anyhow::bail!("a fan was not admitted")
}

/// A fresh name for a request.
pub(crate) fn key() -> String {
    hex::encode(rand::random::<[u8; 16]>())
}

impl Crowd {
    /// Everybody begins to buy.
    pub(crate) fn start(buyers: &[Buyer]) -> Self {
        let go_home = Arc::new(AtomicBool::new(false));
        let fans = buyers.iter().cloned().map(|buyer| {
            let is_over = go_home.clone();
            #[expect(
                clippy::disallowed_methods,
                reason = "a fan ends with `stop`, which waits for them"
            )]
            tokio::spawn(async move { buyer.shop(&is_over).await })
        });
        Self {
            fans: fans.collect(),
            go_home,
        }
    }

    /// Everybody goes home: all of their holds.
    pub(crate) async fn stop(self) -> anyhow::Result<Vec<Hold>> {
        self.go_home.store(true, Ordering::Relaxed);
        let mut all = Vec::new();
        for fan in self.fans {
            all.extend(fan.await??);
        }
        Ok(all)
    }
}

impl Buyer {
    /// Holds two seats and gives them back, again and again.
    async fn shop(&self, is_over: &AtomicBool) -> anyhow::Result<Vec<Hold>> {
        let mut holds = Vec::new();
        while !is_over.load(Ordering::Relaxed) {
            let wish = json!({"zone_id": self.zone_id, "quantity": 2});
            let hold = self.signed(self.http.put(&self.cart_url)).json(&wish);
            let began = Instant::now();
            let answer = hold.send().await?;
            let taken = began.elapsed();
            let status = answer.status();
            ensure!(
                status.is_success(),
                "a hold was answered {status}: {}",
                answer.text().await?
            );
            holds.push(Hold { began, taken });
            let release = self.signed(self.http.delete(&self.cart_url));
            release.send().await?.error_for_status()?;
            pause(THINKS).await;
        }
        Ok(holds)
    }

    fn signed(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        request
            .bearer_auth(&self.token)
            .header(contracts::SESSION_PASS_HEADER, &self.pass)
            .header("Idempotency-Key", key())
    }
}
