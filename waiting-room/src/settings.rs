//! The settings of `waiting-room.toml`, checked before anything starts.

use std::net::SocketAddr;
use std::path::Path;
use std::str::FromStr;

use platform::keys::SigningKey;
use platform::settings::BadSettings;
use platform::telemetry::LogFormat;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;

/// Where a line can live; without TLS, which the client is built without and would leave out without a word.
const REDIS_SCHEMES: [&str; 6] = [
    "redis",
    "valkey",
    "redis-cluster",
    "valkey-cluster",
    "redis-sentinel",
    "valkey-sentinel",
];

/// Environment variables that set a setting start so.
pub const ENVIRONMENT_PREFIX: &str = "WAITING_ROOM_";

/// Everything that can be set.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where it listens and how it is reached.
    pub http: Http,
    /// Its own Postgres database.
    pub database: Database,
    /// Where the line lives.
    pub redis: Redis,
    /// Who signs passes and ticket tokens.
    pub signing: Signing,
    /// How log lines look.
    #[serde(default)]
    pub log: Log,
}

/// Where the waiting room listens and how it is reached.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address of the API.
    pub listen: SocketAddr,
    /// The API as its clients reach it.
    pub public_url: String,
    /// Address of the sockets.
    pub sockets_listen: SocketAddr,
    /// The sockets as fans reach them.
    pub sockets_public_url: String,
    /// Threads that serve the API.
    #[serde(default = "two_workers")]
    pub workers: usize,
}

/// The Postgres database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgres://…`
    pub url: SecretString,
    /// Connections kept open.
    pub max_connections: u32,
}

/// The store of the line.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://…`
    pub url: SecretString,
}

/// The key of this waiting room.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signing {
    /// The name in `iss`.
    pub issuer: String,
    /// Ed25519 seed: 32 bytes, standard base64.
    pub key: SecretString,
}

/// The log.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Text for people or JSON for machines.
    #[serde(default)]
    pub format: LogFormat,
}

fn two_workers() -> usize {
    2
}

impl Settings {
    /// Reads and checks the settings.
    ///
    /// # Errors
    /// One sentence: the setting, its value, what would be right.
    pub fn load(file: Option<&Path>) -> Result<Self, BadSettings> {
        let settings: Self = platform::settings::load(file, ENVIRONMENT_PREFIX)?;
        settings.check()?;
        Ok(settings)
    }

    fn check(&self) -> Result<(), BadSettings> {
        crate::sabotage::refuse_real_database(&self.database.options()?)?;
        self.redis.config()?;
        self.signing.key()?;
        if !(1..=64).contains(&self.http.workers) {
            return Err(BadSettings::new(
                "http.workers",
                &self.http.workers.to_string(),
                "from 1 to 64",
            ));
        }
        if !(2..=1_000).contains(&self.database.max_connections) {
            let value = self.database.max_connections.to_string();
            return Err(BadSettings::new(
                "database.max_connections",
                &value,
                "from 2 to 1000",
            ));
        }
        if self.signing.issuer.is_empty() {
            return Err(BadSettings::new(
                "signing.issuer",
                "empty",
                "the name that tokens carry in `iss`",
            ));
        }
        check_url("http.public_url", &self.http.public_url, &["http://", "https://"])?;
        check_url(
            "http.sockets_public_url",
            &self.http.sockets_public_url,
            &["ws://", "wss://"],
        )
    }
}

impl Database {
    pub(crate) fn options(&self) -> Result<PgConnectOptions, BadSettings> {
        let url = self.url.expose_secret();
        // The parser takes any scheme.
        let options = has_scheme(url, &["postgres", "postgresql"])
            .then(|| PgConnectOptions::from_str(url).ok())
            .flatten();
        options.ok_or_else(|| {
            BadSettings::new(
                "database.url",
                "not a Postgres address",
                "like postgres://user@host:5432/name",
            )
        })
    }
}

impl Redis {
    pub(crate) fn config(&self) -> Result<fred::types::config::Config, BadSettings> {
        let url = self.url.expose_secret();
        // The parser takes any scheme.
        let config = has_scheme(url, &REDIS_SCHEMES)
            .then(|| fred::types::config::Config::from_url(url).ok())
            .flatten();
        config.ok_or_else(|| BadSettings::new("redis.url", "not a Redis address", "like redis://host:6379"))
    }
}

impl Signing {
    pub(crate) fn key(&self) -> Result<SigningKey, BadSettings> {
        SigningKey::from_seed_base64(self.key.expose_secret()).map_err(|_| {
            BadSettings::new(
                "signing.key",
                "not an Ed25519 seed",
                "32 bytes in standard base64",
            )
        })
    }
}

fn has_scheme(url: &str, schemes: &[&str]) -> bool {
    url.split_once("://")
        .is_some_and(|(scheme, _)| schemes.contains(&scheme))
}

fn check_url(setting: &str, value: &str, schemes: &[&str]) -> Result<(), BadSettings> {
    let fits = schemes
        .iter()
        .any(|scheme| value.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()));
    if fits && !value.ends_with('/') {
        return Ok(());
    }
    Err(BadSettings::new(
        setting,
        &format!("`{value}`"),
        &format!(
            "an address starting with {}, without a slash at its end",
            schemes.join(" or ")
        ),
    ))
}
