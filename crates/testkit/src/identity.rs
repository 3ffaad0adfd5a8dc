//! A small OpenID provider: discovery, keys, and tokens for whoever asks.
//!
//! `POST /token` with `grant_type=password&username=ana` answers an access token (JWT, ES256) for the user `ana`; with
//! `scope=staff` one for staff, signed in at this moment with a second factor, and with the `roles` that the request lists.
//! There are no passwords: it is a stand-in for the provider of a deployment, and knows nobody's secrets.

use std::net::SocketAddr;
use std::sync::Arc;

use actix_web::{HttpResponse, web};
use anyhow::Context;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use platform::clock::{Clock, SystemClock};
use platform::tasks::Tasks;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::server::{Server, healthy};

/// How long a token lives, seconds: longer than any simulated on-sale.
const TOKEN_SECONDS: i64 = 3600;
/// Longest user name, characters: it becomes part of a token that travels in a header.
const USERNAME_MAX: usize = 120;

/// Where to listen and for whom tokens are.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Port 0 takes any free one.
    pub listen: SocketAddr,
    /// `aud` of fans' tokens.
    pub audience: String,
    /// `aud` of staff's.
    pub staff_audience: String,
}

/// How a member of staff signed in.
#[derive(Debug, Clone)]
pub struct SignIn {
    /// Their roles, if the provider keeps them.
    pub roles: Vec<String>,
    /// `amr`: `mfa` shows a second factor.
    pub methods: Vec<String>,
    /// When.
    pub at: DateTime<Utc>,
}

impl Settings {
    /// For tests: any free port.
    #[must_use]
    pub fn for_tests(audience: &str) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            audience: audience.to_owned(),
            staff_audience: format!("staff-{audience}"),
        }
    }
}

/// A running provider.
#[derive(Debug, Clone)]
pub struct Identity {
    issuer: Arc<Issuer>,
    server: Server,
}

impl Identity {
    /// Its base URL, which is also the `iss` of its tokens.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.server.base_url
    }

    /// A token for `username`, without asking over HTTP.
    ///
    /// # Errors
    /// When signing fails.
    pub fn token_for(&self, username: &str) -> anyhow::Result<String> {
        self.token_issued_at(username, SystemClock.now())
    }

    /// A token for `username` as it was given out at an instant; it may have expired since.
    ///
    /// # Errors
    /// When signing fails.
    pub fn token_issued_at(&self, username: &str, at: DateTime<Utc>) -> anyhow::Result<String> {
        self.issuer.token(&self.server.base_url, username, at)
    }

    /// A staff token for `username`.
    ///
    /// # Errors
    /// When signing fails.
    pub fn staff_token(&self, username: &str, sign_in: &SignIn) -> anyhow::Result<String> {
        self.issuer.staff_token(&self.server.base_url, username, sign_in)
    }

    /// Stops serving.
    pub async fn stop(&self) {
        self.server.stop().await;
    }
}

/// Starts a provider with a fresh key.
///
/// # Errors
/// When the address is taken or a key cannot be made.
pub fn start(tasks: &Tasks, settings: Settings) -> anyhow::Result<Identity> {
    let issuer = Arc::new(Issuer::with_fresh_key(
        settings.audience,
        settings.staff_audience,
    )?);
    let shared = web::Data::from(issuer.clone());
    let server = Server::start(tasks, "identity", settings.listen, move |config| {
        config
            .app_data(shared.clone())
            .route("/healthz", web::get().to(healthy))
            .route("/.well-known/openid-configuration", web::get().to(discovery))
            .route("/jwks", web::get().to(keys))
            .route("/token", web::post().to(token));
    })?;
    Ok(Identity { issuer, server })
}

/// Who a user name is to everybody else: stable, and unlike the name itself.
#[must_use]
pub fn subject_of(username: &str) -> String {
    let digest = hex::encode(Sha256::digest(format!("tribina-identity|{username}").as_bytes()));
    digest.chars().take(32).collect()
}

/// The address in the token of a user name that is no address itself.
#[must_use]
pub fn email_of(username: &str) -> String {
    if username.contains('@') {
        username.to_owned()
    } else {
        format!("{username}@fans.example")
    }
}

struct Issuer {
    audience: String,
    staff_audience: String,
    key_id: String,
    key: EncodingKey,
    /// The public point, without its leading format byte: x, then y.
    point: Vec<u8>,
}

impl std::fmt::Debug for Issuer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Issuer({})", self.key_id)
    }
}

#[derive(Debug, Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: String,
    email: String,
    email_verified: bool,
    preferred_username: &'a str,
    iat: i64,
    nbf: i64,
    exp: i64,
    #[serde(flatten)]
    sign_in: Option<StaffClaims<'a>>,
}

#[derive(Debug, Serialize)]
struct StaffClaims<'a> {
    auth_time: i64,
    amr: &'a [String],
    roles: &'a [String],
}

impl Issuer {
    fn with_fresh_key(audience: String, staff_audience: String) -> anyhow::Result<Self> {
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new())
            .ok()
            .context("no key could be made")?;
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, document.as_ref())
            .ok()
            .context("the key made is unusable")?;
        let point = pair
            .public_key()
            .as_ref()
            .get(1..65)
            .context("the key has no point")?
            .to_vec();
        let key_id = hex::encode(Sha256::digest(&point)).chars().take(16).collect();
        Ok(Self {
            audience,
            staff_audience,
            key_id,
            key: EncodingKey::from_ec_der(document.as_ref()),
            point,
        })
    }

    fn token(&self, issuer: &str, username: &str, now: DateTime<Utc>) -> anyhow::Result<String> {
        self.sign(&Self::claims((issuer, &self.audience), username, now))
    }

    fn staff_token(&self, issuer: &str, username: &str, sign_in: &SignIn) -> anyhow::Result<String> {
        let claims = Self::claims((issuer, &self.staff_audience), username, SystemClock.now());
        self.sign(&Claims {
            sign_in: Some(StaffClaims {
                auth_time: sign_in.at.timestamp(),
                amr: &sign_in.methods,
                roles: &sign_in.roles,
            }),
            ..claims
        })
    }

    fn claims<'a>((iss, aud): (&'a str, &'a str), username: &'a str, now: DateTime<Utc>) -> Claims<'a> {
        Claims {
            iss,
            aud,
            sub: subject_of(username),
            email: email_of(username),
            email_verified: true,
            preferred_username: username,
            iat: now.timestamp(),
            nbf: now.timestamp(),
            exp: now.timestamp() + TOKEN_SECONDS,
            sign_in: None,
        }
    }

    fn sign(&self, claims: &Claims<'_>) -> anyhow::Result<String> {
        let header = Header {
            kid: Some(self.key_id.clone()),
            ..Header::new(Algorithm::ES256)
        };
        Ok(jsonwebtoken::encode(&header, claims, &self.key)?)
    }

    fn jwks(&self) -> Value {
        let (x, y) = self.point.split_at(self.point.len() / 2);
        json!({"keys": [{
            "kty": "EC", "crv": "P-256", "alg": "ES256", "use": "sig", "kid": self.key_id,
            "x": URL_SAFE_NO_PAD.encode(x), "y": URL_SAFE_NO_PAD.encode(y),
        }]})
    }
}

/// The issuer's URL as the caller reached it: tokens and discovery must agree on it.
fn issuer_url(request: &actix_web::HttpRequest) -> String {
    format!("http://{}", request.app_config().local_addr())
}

async fn discovery(request: actix_web::HttpRequest) -> HttpResponse {
    let issuer = issuer_url(&request);
    HttpResponse::Ok().json(json!({
        "issuer": issuer,
        "jwks_uri": format!("{issuer}/jwks"),
        "token_endpoint": format!("{issuer}/token"),
        "grant_types_supported": ["password"],
        "response_types_supported": ["token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "claims_supported": ["sub", "email", "email_verified", "preferred_username"],
    }))
}

async fn keys(issuer: web::Data<Issuer>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "max-age=300"))
        .json(issuer.jwks())
}

#[derive(Debug, Deserialize)]
struct TokenRequest {
    grant_type: String,
    username: Option<String>,
    scope: Option<String>,
    /// With `scope=staff`: names, separated by spaces.
    roles: Option<String>,
}

async fn token(
    request: actix_web::HttpRequest,
    form: web::Form<TokenRequest>,
    issuer: web::Data<Issuer>,
) -> HttpResponse {
    if form.grant_type != "password" {
        return refusal("unsupported_grant_type", "use grant_type=password");
    }
    let Some(username) = form
        .username
        .as_deref()
        .map(str::trim)
        .filter(|name| !name.is_empty())
    else {
        return refusal("invalid_request", "username is missing");
    };
    if username.chars().count() > USERNAME_MAX {
        return refusal("invalid_request", "username is too long");
    }
    let url = issuer_url(&request);
    let scope = form.scope.as_deref().unwrap_or("openid email");
    let signed = if scope.split(' ').any(|one| one == "staff") {
        let roles = form.roles.as_deref().unwrap_or_default();
        let sign_in = SignIn {
            roles: roles.split_whitespace().map(str::to_owned).collect(),
            methods: vec!["pwd".to_owned(), "mfa".to_owned()],
            at: SystemClock.now(),
        };
        issuer.staff_token(&url, username, &sign_in)
    } else {
        issuer.token(&url, username, SystemClock.now())
    };
    match signed {
        Ok(token) => HttpResponse::Ok()
            .insert_header(("Cache-Control", "no-store"))
            .json(json!({
                "access_token": token, "token_type": "Bearer", "expires_in": TOKEN_SECONDS, "scope": scope,
            })),
        Err(error) => {
            tracing::error!(%error, "A token could not be signed");
            HttpResponse::InternalServerError().json(json!({"error": "server_error"}))
        }
    }
}

fn refusal(error: &str, description: &str) -> HttpResponse {
    HttpResponse::BadRequest().json(json!({"error": error, "error_description": description}))
}
