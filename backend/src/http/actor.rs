//! Who asks. Permission is visible in a handler's type: a handler that takes a [`Fan`] cannot be reached without one.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::web::Data;
use actix_web::{FromRequest, HttpRequest};
use domain::ids::UserId;
use moka::future::Cache;
use platform::problems::{Problem, UNAVAILABLE};
use sha2::{Digest, Sha256};

use super::fault::Fault;
use super::problems::UNAUTHENTICATED;
use crate::app::App;
use crate::users::{self, tokens::BadBearer};

/// Accounts remembered by (issuer, subject), so that a request costs no look-up: an account's id never changes.
const ACCOUNTS_REMEMBERED: u64 = 200_000;

/// A token that was verified is believed for so long, and never past its end: a fan sends the same one again and again, and its
/// signature costs more than everything else that is asked about a request. Keys that the issuer withdraws are noticed so much later.
const BEARER_BELIEVED: Duration = Duration::from_secs(900);

/// A signed-in fan.
#[derive(Debug, Clone)]
pub struct Fan {
    /// Our id for them.
    pub id: UserId,
    /// The session pass that their app sent along, unverified.
    pub pass: Option<String>,
}

/// Remembers which account a subject has, and whose a token is that was just verified.
#[derive(Clone)]
pub struct Accounts {
    of_subjects: Cache<(String, String), UserId>,
    /// By the token's digest: the tokens themselves are kept nowhere.
    of_bearers: Cache<[u8; 32], Bearer>,
}

/// A verified token's bearer.
#[derive(Clone, Copy)]
struct Bearer {
    id: UserId,
    /// The token's end, seconds since 1970.
    ends_at: i64,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            of_subjects: Cache::builder()
                .max_capacity(ACCOUNTS_REMEMBERED)
                .time_to_idle(Duration::from_secs(3600))
                .build(),
            of_bearers: Cache::builder()
                .max_capacity(ACCOUNTS_REMEMBERED)
                .time_to_live(BEARER_BELIEVED)
                .build(),
        }
    }
}

impl FromRequest for Fan {
    type Error = Fault<Problem>;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let app = request.app_data::<Data<App>>().cloned();
        let token = bearer(request.headers()).map(str::to_owned);
        let pass = request.headers().get(contracts::SESSION_PASS_HEADER);
        let pass = pass.and_then(|value| value.to_str().ok()).map(str::to_owned);
        Box::pin(async move {
            let app = app.ok_or_else(|| Fault::Broken(anyhow::anyhow!("no App in this server")))?;
            let id = recognise(&app, &token?).await?;
            Ok(Self { id, pass })
        })
    }
}

/// The bearer token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Problem> {
    headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
        .ok_or_else(|| Problem::new(UNAUTHENTICATED).detail("send Authorization: Bearer <token>"))
}

impl BadBearer {
    /// What the client is told.
    pub(super) fn problem(self) -> Problem {
        match self {
            Self::Invalid(_) => Problem::new(UNAUTHENTICATED).detail(self.to_string()),
            Self::IssuerUnreachable => Problem::new(UNAVAILABLE).detail(self.to_string()).retry_after(1),
        }
    }
}

async fn recognise(app: &App, token: &str) -> Result<UserId, Fault<Problem>> {
    let digest: [u8; 32] = Sha256::digest(token).into();
    if let Some(known) = app.accounts.of_bearers.get(&digest).await
        && known.ends_at > app.clock.now().timestamp()
    {
        return Ok(known.id);
    }
    let claims = app.tokens.verify(token).await.map_err(BadBearer::problem)?;
    let ends_at = claims.exp;
    let key = (claims.iss, claims.sub);
    let id = app
        .accounts
        .of_subjects
        .try_get_with_by_ref(&key, users::recognise(app, &key.0, &key.1))
        .await
        .map_err(|error: Arc<sqlx::Error>| {
            if platform::database::is_unavailable(&error) {
                Fault::Unavailable(anyhow::anyhow!(error))
            } else {
                Fault::Broken(anyhow::anyhow!(error))
            }
        })?;
    app.accounts
        .of_bearers
        .insert(digest, Bearer { id, ends_at })
        .await;
    Ok(id)
}
