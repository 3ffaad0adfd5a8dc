//! Deployment settings. Business policy is not here: it is rows that staff change.

use std::net::SocketAddr;
use std::path::PathBuf;

use platform::keys::SigningKey;
use platform::settings::BadSettings;
use platform::telemetry::LogFormat;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use sqlx::postgres::PgConnectOptions;

/// All of them. File: `--config`; environment: `BACKEND_SECTION__KEY`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where the API listens.
    pub http: Http,
    /// The system of record.
    pub database: Database,
    /// The cached `/access` decision.
    pub redis: Redis,
    /// The bus.
    pub nats: Nats,
    /// Who signs fans in.
    pub identity: Identity,
    /// How staff are known.
    #[serde(default)]
    pub staff: Staff,
    /// Who admits fans.
    pub waiting_room: WaitingRoom,
    /// Who takes their money.
    pub stripe: Stripe,
    /// Who brings them mail.
    pub mail: Mail,
    /// Keys outside the database.
    pub secrets: Secrets,
    /// How log lines look.
    #[serde(default)]
    pub log: Log,
}

/// Where the API listens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// Address and port.
    pub listen: SocketAddr,
    /// How clients reach it.
    pub public_url: String,
    /// Worker threads.
    #[serde(default = "two")]
    pub workers: usize,
}

/// The system of record.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// `postgres://user:password@host:port/name`.
    pub url: SecretString,
    /// Connections of this process, kept open.
    #[serde(default = "eight")]
    pub max_connections: u32,
}

/// The cached `/access` decision.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Redis {
    /// `redis://host:port`.
    pub url: SecretString,
}

/// The bus.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Nats {
    /// `nats://host:port`.
    pub url: SecretString,
    /// Folder with `stream.json` and `consumers/`.
    pub files: PathBuf,
}

/// Who signs fans in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// OIDC issuer; its discovery document names the keys.
    pub issuer: String,
    /// What `aud` of a fan's token must hold.
    pub audience: String,
}

/// How staff are known: their tokens are of the same issuer as fans', for an audience of their own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Staff {
    /// What `aud` of a staff token must hold.
    pub audience: String,
    /// Where roles are kept.
    pub roles: RolesFrom,
    /// The claim with the names of roles, a list; dots lead into objects: `realm_access.roles`.
    pub roles_claim: String,
    /// Values of `amr` (RFC 8176) that show a second factor.
    pub second_factor_amr: Vec<String>,
    /// Values of `acr` that show one, as the provider names its levels.
    pub second_factor_acr: Vec<String>,
    /// How long after signing in somebody may do what cannot be taken back, seconds.
    pub step_up_seconds: u32,
}

/// Where roles are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RolesFrom {
    /// In our table: `backend admin staff grant`.
    Table,
    /// In the token: the identity provider gives and takes them.
    Claim,
}

impl Default for Staff {
    fn default() -> Self {
        Self {
            audience: "tribina-staff".to_owned(),
            roles: RolesFrom::Table,
            roles_claim: "roles".to_owned(),
            second_factor_amr: vec!["mfa".to_owned()],
            second_factor_acr: Vec::new(),
            step_up_seconds: 300,
        }
    }
}

/// Who admits fans.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WaitingRoom {
    /// The room's API as we reach it, without a trailing slash.
    pub api_url: String,
    /// The same as fans reach it, if that is another address.
    pub public_url: Option<String>,
    /// Our name there.
    pub tenant: String,
    /// The room's name in session passes.
    pub issuer: String,
    /// Seed of the key that signs our service tokens and join grants.
    pub signing_key: SecretString,
}

/// Who takes the money.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stripe {
    /// `https://api.stripe.com`, or a stand-in.
    pub api_url: String,
    /// `sk_…`, or `rk_…` for a restricted key.
    pub secret_key: SecretString,
    /// `whsec_…`.
    pub webhook_secret: SecretString,
    /// `metadata.site` of what we create: routes its events back to us.
    pub site: String,
    /// Our share of the account's budget.
    #[serde(default = "twenty_five")]
    pub requests_per_second: u32,
}

/// Who brings the mail.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// `smtp://host:port` or `smtps://user:password@host`.
    pub smtp_url: SecretString,
    /// `Name <address>`.
    pub from: String,
}

/// Keys outside the database: 32 bytes each, base64.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Encrypts OIBs and passport numbers.
    pub personal_data_key: SecretString,
    /// Indexes them.
    pub blind_index_key: SecretString,
    /// Signs ticket codes (Ed25519 seed).
    pub ticket_signing_key: SecretString,
}

/// How log lines look.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// `text` or `json`.
    #[serde(default)]
    pub format: LogFormat,
}

fn two() -> usize {
    2
}

fn eight() -> u32 {
    8
}

fn twenty_five() -> u32 {
    25
}

/// Fewer characters after the prefix are no secret: anybody could sign in Stripe's name.
const STRIPE_SECRET_CHARS_MIN: usize = 8;

/// What the settings mean, once checked.
#[derive(Debug)]
pub struct Checked {
    /// Where Postgres is.
    pub database: PgConnectOptions,
    /// Signs service tokens and join grants.
    pub tenant_key: SigningKey,
    /// Signs ticket codes.
    pub ticket_key: SigningKey,
}

impl Settings {
    /// Checks what types alone cannot.
    ///
    /// # Errors
    /// [`BadSettings`] for the first setting that cannot be right.
    pub fn check(&self) -> Result<Checked, BadSettings> {
        let url = self.database.url.expose_secret();
        let parsed = if url.starts_with("postgres") {
            url.parse().ok()
        } else {
            None
        };
        let database: PgConnectOptions = parsed.ok_or_else(|| {
            BadSettings::new(
                "database.url",
                "not a Postgres address",
                "postgres://user:password@host:port/name",
            )
        })?;
        crate::sabotage::refuse_real_database(&database)?;
        let workers = u32::try_from(self.http.workers).unwrap_or(u32::MAX);
        for (name, value, least, most) in [
            ("database.max_connections", self.database.max_connections, 2, 500),
            (
                "stripe.requests_per_second",
                self.stripe.requests_per_second,
                1,
                1_000,
            ),
            ("http.workers", workers, 1, 256),
            ("staff.step_up_seconds", self.staff.step_up_seconds, 30, 3_600),
        ] {
            if !(least..=most).contains(&value) {
                let wanted = format!("{least} to {most}");
                return Err(BadSettings::new(name, &value.to_string(), &wanted));
            }
        }
        let room_public_url = self.waiting_room.public_url.as_ref();
        for (name, url) in [
            ("http.public_url", &self.http.public_url),
            ("identity.issuer", &self.identity.issuer),
            ("waiting_room.api_url", &self.waiting_room.api_url),
            (
                "waiting_room.public_url",
                room_public_url.unwrap_or(&self.waiting_room.api_url),
            ),
            ("stripe.api_url", &self.stripe.api_url),
        ] {
            if !(url.starts_with("http://") || url.starts_with("https://")) || url.ends_with('/') {
                return Err(BadSettings::new(
                    name,
                    url,
                    "an http(s) address without a slash at its end",
                ));
            }
        }
        if !self.nats.files.join("stream.json").is_file() {
            let folder = self.nats.files.display().to_string();
            return Err(BadSettings::new(
                "nats.files",
                &folder,
                "the folder that holds stream.json and consumers/",
            ));
        }
        self.check_names()?;
        self.check_secrets()?;
        crate::notifications::worker::check(&self.mail)?;
        crate::secrets::PersonalData::new(&self.secrets)?;
        Ok(Checked {
            database,
            tenant_key: signing_key("waiting_room.signing_key", &self.waiting_room.signing_key)?,
            ticket_key: signing_key("secrets.ticket_signing_key", &self.secrets.ticket_signing_key)?,
        })
    }

    fn check_names(&self) -> Result<(), BadSettings> {
        for (name, value) in [
            ("identity.audience", &self.identity.audience),
            ("staff.audience", &self.staff.audience),
            ("staff.roles_claim", &self.staff.roles_claim),
            ("waiting_room.tenant", &self.waiting_room.tenant),
            ("waiting_room.issuer", &self.waiting_room.issuer),
        ] {
            if value.trim().is_empty() {
                return Err(BadSettings::new(name, "empty", "a name"));
            }
        }
        if self.staff.audience == self.identity.audience {
            let wanted = "another audience than that of fans, whose tokens must not open the doors of staff";
            return Err(BadSettings::new("staff.audience", &self.staff.audience, wanted));
        }
        if self.staff.second_factor_amr.is_empty() && self.staff.second_factor_acr.is_empty() {
            let wanted = "a value of `amr` or `acr` that shows a second factor";
            return Err(BadSettings::new("staff.second_factor_amr", "empty", wanted));
        }
        crate::events::bus::check_site(&self.nats.files, &self.stripe.site)
    }

    /// Addresses with passwords in them, and secrets that are easily left out.
    fn check_secrets(&self) -> Result<(), BadSettings> {
        let redis = self.redis.url.expose_secret();
        // The parser takes any scheme, and the client is built without TLS, which it would leave out without a word.
        let plain = ["redis://", "valkey://"]
            .iter()
            .any(|scheme| redis.starts_with(scheme));
        if !plain || fred::types::config::Config::from_url(redis).is_err() {
            let wanted = "redis://user:password@host:port/number";
            return Err(BadSettings::new("redis.url", "not a Redis address", wanted));
        }
        let nats = self.nats.url.expose_secret().parse::<async_nats::ServerAddr>();
        if nats.is_err() {
            return Err(BadSettings::new(
                "nats.url",
                "not a NATS address",
                "nats://host:port",
            ));
        }
        for (name, secret, prefixes) in [
            (
                "stripe.secret_key",
                &self.stripe.secret_key,
                ["sk_test_", "sk_live_", "rk_test_", "rk_live_"].as_slice(),
            ),
            ("stripe.webhook_secret", &self.stripe.webhook_secret, &["whsec_"]),
        ] {
            let known = |prefix: &&str| secret.expose_secret().strip_prefix(*prefix);
            let random = prefixes.iter().find_map(known).map_or(0, str::len);
            if random < STRIPE_SECRET_CHARS_MIN {
                let wanted = format!("what Stripe's dashboard shows: {}…", prefixes.join("…, "));
                return Err(BadSettings::new(name, "not one of Stripe's", &wanted));
            }
        }
        Ok(())
    }
}

fn signing_key(name: &str, seed: &SecretString) -> Result<SigningKey, BadSettings> {
    SigningKey::from_seed_base64(seed.expose_secret())
        .map_err(|_| BadSettings::new(name, "not a key", "32 random bytes in base64"))
}
