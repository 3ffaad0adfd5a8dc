//! Who holds: fans with tokens of their own, let in by the waiting room a moment ago. None of them holds twice.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, ensure};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};
use contracts::tokens::SessionPassClaims;
use fred::clients::Client;
use fred::interfaces::{ClientLike, KeysInterface};
use fred::types::Expiration;
use fred::types::config::Config;
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use sqlx::PgPool;
use uuid::Uuid;

use super::arena::{Arena, fresh};
use super::wire::Wire;
use crate::bench::crowd::key;
use crate::clock::wall_now;
use crate::stack::Stack;

/// Connections on which fans sign in and ask for their way in.
const DOORS: usize = 16;
/// Fans written down at once.
const CHUNK: usize = 5_000;
/// Their sessions are longer than the bench.
const SESSION: TimeDelta = TimeDelta::hours(2);

/// Somebody who was let in.
pub(super) struct Fan {
    pub(super) token: String,
    /// As their app has it from the room.
    pub(super) pass: String,
}

/// So many new fans, known to the backend's database and let in.
pub(super) async fn gather(
    stack: &Stack,
    db: &PgPool,
    arena: &Arena,
    count: usize,
) -> anyhow::Result<Vec<Fan>> {
    let tokens = sign_in(stack, count).await?;
    let users = write_down(db, &tokens).await?;
    let ends_at = wall_now() + SESSION;
    let tickets: Vec<Uuid> = users.iter().map(|_| fresh()).collect();
    let_in(stack, (arena.queue_id, ends_at), &users, &tickets).await?;
    let mut fans = Vec::with_capacity(count);
    for ((token, user), ticket) in tokens.into_iter().zip(users).zip(tickets) {
        let pass = pass((user, arena.queue_id, ticket), ends_at)?;
        fans.push(Fan { token, pass });
    }
    Ok(fans)
}

/// Everybody asks for the way into the line, as their app did before they were let in: from then on their tokens are known.
pub(super) async fn make_known(stack: &Stack, arena: &Arena, fans: &[Fan]) -> anyhow::Result<()> {
    let (address, path) = place(stack.one_backend_url()?)?;
    let next = Arc::new(AtomicUsize::new(0));
    let doors = (0..DOORS).map(|_| {
        let (next, path) = (next.clone(), &path);
        async move {
            let mut wire = Wire::open(address).await?;
            while let Some(fan) = fans.get(next.fetch_add(1, Ordering::Relaxed)) {
                let request = format!(
                    "POST {path}/matches/{}/join-grant HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {}\r\nIdempotency-Key: {}\r\nContent-Length: 0\r\n\r\n",
                    arena.match_id,
                    fan.token,
                    key()
                );
                let answer = wire.ask(request.as_bytes()).await?;
                let told = String::from_utf8_lossy(&answer.body);
                ensure!(answer.status < 300, "a join grant was answered {}: {told}", answer.status);
            }
            anyhow::Ok(())
        }
    });
    try_join_all(doors).await?;
    Ok(())
}

async fn sign_in(stack: &Stack, count: usize) -> anyhow::Result<Vec<String>> {
    let (address, path) = place(&stack.identity_url)?;
    let run = fresh().simple().to_string();
    let next = Arc::new(AtomicUsize::new(0));
    let doors = (0..DOORS).map(|_| {
        let (next, path, run) = (next.clone(), &path, &run);
        async move {
            let mut wire = Wire::open(address).await?;
            let mut tokens = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= count {
                    return anyhow::Ok(tokens);
                }
                let form = format!("grant_type=password&username=hold-{run}-{number}");
                let request = format!(
                    "POST {path}/token HTTP/1.1\r\nHost: bench\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
                    form.len()
                );
                let answer = wire.ask(request.as_bytes()).await?;
                ensure!(answer.status == 200, "a fan could not sign in: {}", answer.status);
                let body: Value = serde_json::from_slice(&answer.body)?;
                tokens.push(body["access_token"].as_str().context("no token")?.to_owned());
            }
        }
    });
    Ok(try_join_all(doors).await?.concat())
}

/// Accounts for everybody, by what their tokens say.
async fn write_down(db: &PgPool, tokens: &[String]) -> anyhow::Result<Vec<Uuid>> {
    let mut users = Vec::with_capacity(tokens.len());
    for chunk in tokens.chunks(CHUNK) {
        let (mut ids, mut issuers, mut subjects) = (Vec::new(), Vec::new(), Vec::new());
        for token in chunk {
            let claims = token.split('.').nth(1).context("a token has claims")?;
            let claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims)?)?;
            ids.push(fresh());
            issuers.push(claims["iss"].as_str().context("an issuer")?.to_owned());
            subjects.push(claims["sub"].as_str().context("a subject")?.to_owned());
        }
        let _: i64 = sqlx::query_scalar(
            "WITH made AS (
                 INSERT INTO users (user_id, issuer, subject) SELECT * FROM unnest($1, $2, $3) RETURNING 1
             ) SELECT count(*) FROM made",
        )
        .bind(&ids)
        .bind(&issuers)
        .bind(&subjects)
        .fetch_one(db)
        .await?;
        users.extend(ids);
    }
    Ok(users)
}

/// What the backend remembers of the room's answers, as it remembers them: the gate asks the room for nobody.
async fn let_in(
    stack: &Stack,
    (queue, ends_at): (Uuid, DateTime<Utc>),
    users: &[Uuid],
    tickets: &[Uuid],
) -> anyhow::Result<()> {
    let url = stack
        .redis_url
        .as_deref()
        .context("the stack file names no Redis")?;
    let redis = Client::new(Config::from_url(url)?, None, None, None);
    redis.init().await?;
    let everybody: Vec<(&Uuid, &Uuid)> = users.iter().zip(tickets).collect();
    for chunk in everybody.chunks(CHUNK) {
        let pipeline = redis.pipeline();
        for (user, ticket) in chunk {
            let decision = json!({"Yes": {"ticket_id": ticket, "ends_at": ends_at}});
            let expiry = Some(Expiration::EX(SESSION.num_seconds()));
            let key = format!("access:{queue}:{user}");
            let () = pipeline
                .set(key, decision.to_string(), expiry, None, false)
                .await?;
        }
        let _: Vec<String> = pipeline.all().await?;
    }
    redis.quit().await?;
    Ok(())
}

/// A pass as long as the room's. Its signature is none: of somebody of whom the backend knows what the pass says it is not read.
fn pass((user, queue, ticket): (Uuid, Uuid, Uuid), ends_at: DateTime<Utc>) -> anyhow::Result<String> {
    let claims = SessionPassClaims {
        iss: "tribina-waiting-room".to_owned(),
        aud: "tribina".to_owned(),
        sub: user,
        queue_id: queue,
        ticket_id: ticket,
        iat: wall_now().timestamp(),
        exp: ends_at.timestamp(),
        session_expires_at_ms: ends_at.timestamp_millis(),
    };
    let header = json!({"typ": "session-pass+jwt", "alg": "EdDSA", "kid": "AAAAAAAA"}).to_string();
    let parts = [
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&claims)?),
        URL_SAFE_NO_PAD.encode([0; 64]),
    ];
    Ok(parts.join("."))
}

/// Where a URL's server listens, and the path behind it.
pub(super) fn place(url: &str) -> anyhow::Result<(SocketAddr, String)> {
    let rest = url.strip_prefix("http://").context("a plain http address")?;
    let (host, path) = rest
        .split_once('/')
        .map_or((rest, String::new()), |(host, path)| (host, format!("/{path}")));
    Ok((host.parse()?, path))
}
