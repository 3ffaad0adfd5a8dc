//! The identity provider, seen by whoever verifies its tokens.
#![expect(clippy::unwrap_used, reason = "what tests share may fail as tests do")]

use std::time::Duration;

use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use platform::tasks::Tasks;
use serde_json::Value;
use testkit::identity::{self, Settings};

fn http() -> reqwest::Client {
    platform::http_client(Duration::from_secs(5)).unwrap()
}

async fn token_of(base: &str, username: &str) -> String {
    let form = [("grant_type", "password"), ("username", username)];
    let answer: Value = http()
        .post(format!("{base}/token"))
        .form(&form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn claims_of(base: &str, audience: &str, token: &str) -> Result<Value, jsonwebtoken::errors::Error> {
    let discovery: Value = http()
        .get(format!("{base}/.well-known/openid-configuration"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let keys: JwkSet = http()
        .get(discovery["jwks_uri"].as_str().unwrap())
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let kid = jsonwebtoken::decode_header(token).unwrap().kid.unwrap();
    let key = DecodingKey::from_jwk(keys.find(&kid).unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::ES256);
    validation.set_issuer(&[discovery["issuer"].as_str().unwrap()]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["iss", "aud", "sub", "exp", "nbf"]);
    jsonwebtoken::decode::<Value>(token, &key, &validation).map(|token| token.claims)
}

#[tokio::test]
async fn tokens_verify_by_discovery_and_keys() {
    let tasks = Tasks::new();
    let provider = identity::start(&tasks, Settings::for_tests("tribina-fans")).unwrap();
    let token = token_of(provider.base_url(), "ana").await;
    let claims = claims_of(provider.base_url(), "tribina-fans", &token)
        .await
        .unwrap();
    assert_eq!(claims["sub"].as_str().unwrap(), identity::subject_of("ana"));
    assert_eq!(claims["email"], "ana@fans.example");
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        3600
    );
    assert!(
        claims_of(provider.base_url(), "somebody-else", &token)
            .await
            .is_err()
    );

    let again = token_of(provider.base_url(), "ana").await;
    let again = claims_of(provider.base_url(), "tribina-fans", &again)
        .await
        .unwrap();
    assert_eq!(claims["sub"], again["sub"]);
    let direct = provider.token_for("ana").unwrap();
    assert!(
        claims_of(provider.base_url(), "tribina-fans", &direct)
            .await
            .is_ok()
    );
    assert!(tasks.shutdown(Duration::from_secs(5)).await);
}

#[tokio::test]
async fn a_grant_that_is_none_is_refused() {
    let tasks = Tasks::new();
    let provider = identity::start(&tasks, Settings::for_tests("tribina-fans")).unwrap();
    for form in [
        [("grant_type", "magic"), ("username", "ana")],
        [("grant_type", "password"), ("username", " ")],
    ] {
        let answer = http()
            .post(format!("{}/token", provider.base_url()))
            .form(&form)
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 400);
    }
}
