//! Ed25519 keys and the compact tokens signed with them (EdDSA JWTs whose header `typ` names their kind).

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Clocks of two machines may differ by so much, seconds.
const LEEWAY_SECONDS: i64 = 5;

/// Why a key is unusable.
#[derive(Debug, thiserror::Error)]
#[error("not an Ed25519 key: {0}")]
pub struct BadKey(&'static str);

/// Why a token is not accepted. Says nothing that would help a forger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadToken {
    /// Not a token of this kind, or not signed by this key.
    #[error("the token is not valid")]
    Invalid,
    /// For somebody else.
    #[error("the token is for another audience")]
    WrongAudience,
    /// Was valid once.
    #[error("the token has expired")]
    Expired,
}

/// A private key that signs tokens.
pub struct SigningKey {
    encoding: EncodingKey,
    public: Vec<u8>,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey({})", self.key_id())
    }
}

impl SigningKey {
    /// Reads a 32-byte seed in standard base64.
    ///
    /// # Errors
    /// [`BadKey`] when it is not one.
    pub fn from_seed_base64(seed: &str) -> Result<Self, BadKey> {
        let seed = STANDARD.decode(seed.trim()).map_err(|_| BadKey("not base64"))?;
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| BadKey("not 32 bytes"))?;
        let document = pair.to_pkcs8().map_err(|_| BadKey("cannot be encoded"))?;
        Ok(Self {
            encoding: EncodingKey::from_ed_der(document.as_ref()),
            public: pair.public_key().as_ref().to_vec(),
        })
    }

    /// Signs `claims` as a token of the kind `typ`.
    ///
    /// # Errors
    /// When the claims cannot be serialised.
    pub fn sign<C: Serialize>(&self, typ: &str, claims: &C) -> anyhow::Result<String> {
        let header = Header {
            typ: Some(typ.to_owned()),
            kid: Some(self.key_id()),
            ..Header::new(Algorithm::EdDSA)
        };
        Ok(jsonwebtoken::encode(&header, claims, &self.encoding)?)
    }

    /// The public half, standard base64 of 32 bytes.
    #[must_use]
    pub fn public_base64(&self) -> String {
        STANDARD.encode(&self.public)
    }

    /// The public half, to verify with.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey {
            decoding: DecodingKey::from_ed_der(&self.public),
        }
    }

    /// The public half as a JWK, for `/.well-known/jwks.json`.
    #[must_use]
    pub fn jwk(&self) -> serde_json::Value {
        serde_json::json!({
            "kty": "OKP", "crv": "Ed25519", "alg": "EdDSA", "use": "sig",
            "kid": self.key_id(), "x": URL_SAFE_NO_PAD.encode(&self.public),
        })
    }

    fn key_id(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.public.get(..6).unwrap_or_default())
    }
}

/// A public key that verifies tokens.
#[derive(Clone)]
pub struct VerifyingKey {
    decoding: DecodingKey,
}

impl std::fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("VerifyingKey")
    }
}

impl VerifyingKey {
    /// Reads 32 bytes in standard base64.
    ///
    /// # Errors
    /// [`BadKey`] when they are not.
    pub fn from_base64(public: &str) -> Result<Self, BadKey> {
        let bytes = STANDARD.decode(public.trim()).map_err(|_| BadKey("not base64"))?;
        if bytes.len() != 32 {
            return Err(BadKey("not 32 bytes"));
        }
        Ok(Self {
            decoding: DecodingKey::from_ed_der(&bytes),
        })
    }

    /// Reads the `x` of a JWK (base64url).
    ///
    /// # Errors
    /// [`BadKey`] when it is not an Ed25519 public key.
    pub fn from_jwk_x(x: &str) -> Result<Self, BadKey> {
        let bytes = URL_SAFE_NO_PAD.decode(x).map_err(|_| BadKey("not base64url"))?;
        Self::from_base64(&STANDARD.encode(bytes))
    }

    /// Checks signature, kind, audience (`aud`) and expiry (`exp`) at `now`, and gives the claims.
    ///
    /// # Errors
    /// [`BadToken`], by what is wrong.
    pub fn verify<C: DeserializeOwned>(
        &self,
        typ: &str,
        token: &str,
        audience: Option<&str>,
        now: DateTime<Utc>,
    ) -> Result<C, BadToken> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let data = jsonwebtoken::decode::<serde_json::Value>(token, &self.decoding, &validation)
            .map_err(|_| BadToken::Invalid)?;
        if data.header.typ.as_deref() != Some(typ) {
            return Err(BadToken::Invalid);
        }
        if audience.is_some() && data.claims.get("aud").and_then(serde_json::Value::as_str) != audience {
            return Err(BadToken::WrongAudience);
        }
        let expires = data
            .claims
            .get("exp")
            .and_then(serde_json::Value::as_i64)
            .ok_or(BadToken::Invalid)?;
        if expires.saturating_add(LEEWAY_SECONDS) <= now.timestamp() {
            return Err(BadToken::Expired);
        }
        serde_json::from_value(data.claims).map_err(|_| BadToken::Invalid)
    }
}

/// What a token claims, whoever signed it: for deciding whether it is worth verifying, and for nothing else.
#[must_use]
pub fn unverified<C: DeserializeOwned>(token: &str) -> Option<C> {
    let claims = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use serde_json::{Value, json};

    use super::*;

    fn key(byte: u8) -> SigningKey {
        SigningKey::from_seed_base64(&STANDARD.encode([byte; 32])).unwrap()
    }

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    #[test]
    fn a_token_is_accepted_by_its_key_kind_and_audience_until_it_expires() {
        let token = key(1)
            .sign("a+jwt", &json!({"aud": "room", "exp": 100, "sub": "x"}))
            .unwrap();
        let verifying = key(1).verifying_key();

        let claims: Value = verifying.verify("a+jwt", &token, Some("room"), at(99)).unwrap();
        assert_eq!(claims["sub"], "x");
        assert_eq!(
            verifying.verify::<Value>("b+jwt", &token, Some("room"), at(99)),
            Err(BadToken::Invalid)
        );
        assert_eq!(
            verifying.verify::<Value>("a+jwt", &token, Some("shop"), at(99)),
            Err(BadToken::WrongAudience)
        );
        assert_eq!(
            verifying.verify::<Value>("a+jwt", &token, Some("room"), at(106)),
            Err(BadToken::Expired)
        );
        assert_eq!(
            key(2)
                .verifying_key()
                .verify::<Value>("a+jwt", &token, Some("room"), at(99)),
            Err(BadToken::Invalid)
        );
    }

    #[test]
    fn claims_can_be_read_of_any_token_and_of_nothing_else() {
        let token = key(1).sign("a+jwt", &json!({"sub": "x"})).unwrap();
        assert_eq!(unverified::<Value>(&token).unwrap()["sub"], "x");
        for bad in ["", "a", "a.b.c", "..", "a.e30"] {
            assert!(
                unverified::<Value>(bad).is_none_or(|claims| claims == json!({})),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_public_key_survives_the_trip_through_base64_and_jwk() {
        let token = key(3).sign("a+jwt", &json!({"exp": 100})).unwrap();
        let by_base64 = VerifyingKey::from_base64(&key(3).public_base64()).unwrap();
        let by_jwk = VerifyingKey::from_jwk_x(key(3).jwk()["x"].as_str().unwrap()).unwrap();
        assert!(by_base64.verify::<Value>("a+jwt", &token, None, at(1)).is_ok());
        assert!(by_jwk.verify::<Value>("a+jwt", &token, None, at(1)).is_ok());
    }

    #[test]
    fn a_seed_of_the_wrong_length_is_refused() {
        assert!(SigningKey::from_seed_base64("AAAA").is_err());
        assert!(SigningKey::from_seed_base64("not base64!").is_err());
    }
}
