//! Verifies the bearer tokens of fans and staff against the issuer's published keys (OIDC discovery, JWKS). We keep no passwords.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, JwkSet};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};
use platform::clock::Clock;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tokio::sync::{Mutex, RwLock};

use crate::settings::Identity;

/// Clocks of issuer and backend may differ by so much, seconds.
const LEEWAY_SECONDS: u64 = 30;

/// An unknown key id asks the issuer again at most this often, so that forged ids cannot make us hammer it.
const REFETCH_COOL_DOWN: TimeDelta = TimeDelta::seconds(10);

/// Who a token speaks for.
#[derive(Debug, Clone, Deserialize)]
pub struct Claims {
    /// The issuer.
    pub iss: String,
    /// The person, as the issuer names them.
    pub sub: String,
    /// When it ends, seconds since 1970.
    pub exp: i64,
}

/// Why a token does not help.
#[derive(Debug, thiserror::Error)]
pub enum BadBearer {
    /// Forged, expired, or for somebody else.
    #[error("the token is not valid: {0}")]
    Invalid(&'static str),
    /// The issuer cannot be asked for its keys.
    #[error("the identity provider cannot be reached")]
    IssuerUnreachable,
}

struct Key {
    algorithm: Algorithm,
    decoding: DecodingKey,
}

/// Verifies tokens; keeps the issuer's keys.
pub struct TokenVerifier {
    issuer: String,
    audience: String,
    http: reqwest::Client,
    clock: Arc<dyn Clock>,
    keys: RwLock<HashMap<String, Arc<Key>>>,
    last_fetch: Mutex<Option<DateTime<Utc>>>,
}

impl TokenVerifier {
    /// A verifier that has not asked for keys yet.
    #[must_use]
    pub fn new(settings: &Identity, http: reqwest::Client, clock: Arc<dyn Clock>) -> Self {
        Self {
            issuer: settings.issuer.clone(),
            audience: settings.audience.clone(),
            http,
            clock,
            keys: RwLock::default(),
            last_fetch: Mutex::default(),
        }
    }

    /// The claims of a fan's valid token.
    ///
    /// # Errors
    /// [`BadBearer`].
    pub async fn verify(&self, token: &str) -> Result<Claims, BadBearer> {
        self.verify_for(&self.audience, token).await
    }

    /// What a valid token for `audience` claims.
    ///
    /// # Errors
    /// [`BadBearer`].
    pub async fn verify_for<C: DeserializeOwned + Clone>(
        &self,
        audience: &str,
        token: &str,
    ) -> Result<C, BadBearer> {
        let header = decode_header(token).map_err(|_| BadBearer::Invalid("it cannot be read"))?;
        let kid = header.kid.ok_or(BadBearer::Invalid("it names no key"))?;
        let key = self.key(&kid).await?;

        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.validate_nbf = true;
        validation.leeway = LEEWAY_SECONDS;
        decode::<C>(token, &key.decoding, &validation)
            .map(|data| data.claims)
            .map_err(|_| BadBearer::Invalid("its signature, issuer, audience or time does not fit"))
    }

    async fn key(&self, kid: &str) -> Result<Arc<Key>, BadBearer> {
        if let Some(key) = self.keys.read().await.get(kid) {
            return Ok(key.clone());
        }
        // Single flight: whoever waited here finds the keys that the first one fetched.
        let mut last_fetch = self.last_fetch.lock().await;
        if let Some(key) = self.keys.read().await.get(kid) {
            return Ok(key.clone());
        }
        let now = self.clock.now();
        if last_fetch.is_none_or(|at| now - at >= REFETCH_COOL_DOWN) {
            let fetched = self.fetch().await.map_err(|error| {
                tracing::warn!(%error, "The identity provider's keys cannot be read");
                BadBearer::IssuerUnreachable
            })?;
            *self.keys.write().await = fetched;
            *last_fetch = Some(now);
        }
        self.keys
            .read()
            .await
            .get(kid)
            .cloned()
            .ok_or(BadBearer::Invalid("its key is unknown"))
    }

    async fn fetch(&self) -> anyhow::Result<HashMap<String, Arc<Key>>> {
        #[derive(Deserialize)]
        struct Discovery {
            issuer: String,
            jwks_uri: String,
        }
        let address = format!("{}/.well-known/openid-configuration", self.issuer);
        let discovery: Discovery = self
            .http
            .get(address)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        anyhow::ensure!(
            discovery.issuer == self.issuer,
            "the discovery document is of {}",
            discovery.issuer
        );
        let set: JwkSet = self
            .http
            .get(discovery.jwks_uri)
            .send()
            .await?
            .error_for_status()?
            .json()
            .await?;
        Ok(set.keys.iter().filter_map(usable_key).collect())
    }
}

/// A key fixes its algorithm: a token cannot choose another.
fn usable_key(jwk: &Jwk) -> Option<(String, Arc<Key>)> {
    let algorithm = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Algorithm::RS256,
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => Algorithm::ES256,
        AlgorithmParameters::OctetKeyPair(_) => Algorithm::EdDSA,
        _ => return None,
    };
    let decoding = DecodingKey::from_jwk(jwk).ok()?;
    Some((jwk.common.key_id.clone()?, Arc::new(Key { algorithm, decoding })))
}
