//! The backend as a process of its own.

use backend::settings::{RolesFrom, Settings};
use secrecy::{ExposeSecret, SecretString};

/// How a process is told its settings.
pub(crate) fn environment(settings: &Settings) -> Vec<(String, String)> {
    let secret = |text: &SecretString| text.expose_secret().to_owned();
    let roles = match settings.staff.roles {
        RolesFrom::Table => "table",
        RolesFrom::Claim => "claim",
    };
    let public_url = settings.waiting_room.public_url.clone();
    [
        ("HTTP__LISTEN", settings.http.listen.to_string()),
        ("HTTP__PUBLIC_URL", settings.http.public_url.clone()),
        ("HTTP__WORKERS", settings.http.workers.to_string()),
        ("DATABASE__URL", secret(&settings.database.url)),
        (
            "DATABASE__MAX_CONNECTIONS",
            settings.database.max_connections.to_string(),
        ),
        ("REDIS__URL", secret(&settings.redis.url)),
        ("NATS__URL", secret(&settings.nats.url)),
        ("NATS__FILES", settings.nats.files.display().to_string()),
        ("IDENTITY__ISSUER", settings.identity.issuer.clone()),
        ("IDENTITY__AUDIENCE", settings.identity.audience.clone()),
        ("STAFF__AUDIENCE", settings.staff.audience.clone()),
        ("STAFF__ROLES", roles.to_owned()),
        ("WAITING_ROOM__API_URL", settings.waiting_room.api_url.clone()),
        ("WAITING_ROOM__PUBLIC_URL", public_url.unwrap_or_default()),
        ("WAITING_ROOM__TENANT", settings.waiting_room.tenant.clone()),
        ("WAITING_ROOM__ISSUER", settings.waiting_room.issuer.clone()),
        (
            "WAITING_ROOM__SIGNING_KEY",
            secret(&settings.waiting_room.signing_key),
        ),
        ("STRIPE__API_URL", settings.stripe.api_url.clone()),
        ("STRIPE__SECRET_KEY", secret(&settings.stripe.secret_key)),
        ("STRIPE__WEBHOOK_SECRET", secret(&settings.stripe.webhook_secret)),
        ("STRIPE__SITE", settings.stripe.site.clone()),
        (
            "STRIPE__REQUESTS_PER_SECOND",
            settings.stripe.requests_per_second.to_string(),
        ),
        ("MAIL__SMTP_URL", secret(&settings.mail.smtp_url)),
        ("MAIL__FROM", settings.mail.from.clone()),
        (
            "SECRETS__PERSONAL_DATA_KEY",
            secret(&settings.secrets.personal_data_key),
        ),
        (
            "SECRETS__BLIND_INDEX_KEY",
            secret(&settings.secrets.blind_index_key),
        ),
        (
            "SECRETS__TICKET_SIGNING_KEY",
            secret(&settings.secrets.ticket_signing_key),
        ),
    ]
    .map(|(name, value)| (format!("BACKEND_{name}"), value))
    .to_vec()
}
