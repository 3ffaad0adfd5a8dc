//! The settings files of a stack's processes, and `stack.json`, which tells the simulated fans where everything is.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Serialize;

use crate::checkout::Checkout;
use crate::ports::{Ports, StackSize};
use crate::secrets::Secrets;
use crate::servers::Servers;

/// For whom the development identity provider issues tokens.
pub(crate) const AUDIENCE: &str = "tribina-fans";
/// The backend's name in the waiting room.
pub(crate) const TENANT: &str = "tribina";

/// The names of a stack's two databases.
#[derive(Clone, Copy)]
pub(crate) struct Databases {
    pub(crate) backend: &'static str,
    pub(crate) room: &'static str,
}

impl Databases {
    pub(crate) const REAL: Self = Self {
        backend: "tribina_backend",
        room: "tribina_waiting_room",
    };
    /// A binary without its guards refuses every database whose name ends otherwise.
    pub(crate) const SABOTAGE: Self = Self {
        backend: "tribina_backend_sabotage",
        room: "tribina_waiting_room_sabotage",
    };
}

/// The three settings files.
pub(crate) struct SettingsFiles {
    pub(crate) backend: PathBuf,
    pub(crate) room: PathBuf,
    pub(crate) stand_ins: PathBuf,
}

impl SettingsFiles {
    /// Writes all three below `state`.
    pub(crate) fn write(
        checkout: &Checkout,
        state: &Path,
        (servers, databases): (&Servers, Databases),
        (ports, size, secrets): (Ports, StackSize, &Secrets),
    ) -> anyhow::Result<Self> {
        let files = Self {
            backend: state.join("backend.toml"),
            room: state.join("waiting-room.toml"),
            stand_ins: state.join("stand-ins.toml"),
        };
        let nats_files = checkout.root().join("nats");
        write(
            &files.backend,
            &backend((servers, databases), (ports, secrets), &nats_files),
        )?;
        write(&files.room, &room((servers, databases), (ports, secrets)))?;
        write(&files.stand_ins, &stand_ins(ports, size, secrets))?;
        Ok(files)
    }
}

fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::write(file, text).with_context(|| format!("cannot write {}", file.display()))?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o600))?;
    Ok(())
}

fn backend(
    (servers, databases): (&Servers, Databases),
    (ports, secrets): (Ports, &Secrets),
    nats_files: &Path,
) -> String {
    format!(
        r#"# Written by `cargo xtask up`; changes are lost.
[http]
listen = "127.0.0.1:{http}"
public_url = "http://127.0.0.1:{http}"
workers = 2

[database]
url = "{database}"
max_connections = 24

[redis]
url = "{redis}"

[nats]
url = "{nats}"
files = {nats_files:?}

[identity]
issuer = "http://127.0.0.1:{identity}"
audience = "{AUDIENCE}"

[waiting_room]
api_url = "http://127.0.0.1:{room}"
tenant = "{TENANT}"
issuer = "tribina-waiting-room"
signing_key = "{tenant_key}"

[stripe]
api_url = "http://127.0.0.1:{stripe}"
secret_key = "{stripe_key}"
webhook_secret = "{webhook}"
site = "backend"
requests_per_second = 25

[mail]
smtp_url = "smtp://127.0.0.1:{smtp}"
from = "Tribina <ulaznice@tribina.example>"

[secrets]
personal_data_key = "{personal}"
blind_index_key = "{blind}"
ticket_signing_key = "{tickets}"
"#,
        http = ports.backend(),
        database = servers.database_url(databases.backend),
        redis = servers.redis_url(),
        nats = servers.nats_url(),
        identity = ports.identity(),
        room = ports.room(),
        tenant_key = secrets.tenant_signing_key,
        stripe = ports.stripe(),
        stripe_key = secrets.stripe_secret_key,
        webhook = secrets.stripe_webhook_secret,
        smtp = ports.smtp(),
        personal = secrets.personal_data_key,
        blind = secrets.blind_index_key,
        tickets = secrets.ticket_signing_key,
    )
}

fn room((servers, databases): (&Servers, Databases), (ports, secrets): (Ports, &Secrets)) -> String {
    format!(
        r#"# Written by `cargo xtask up`; changes are lost.
[http]
listen = "127.0.0.1:{http}"
public_url = "http://127.0.0.1:{http}"
sockets_listen = "127.0.0.1:{sockets}"
sockets_public_url = "ws://127.0.0.1:{sockets}"

[database]
url = "{database}"
max_connections = 8

[redis]
url = "{redis}"

[signing]
issuer = "tribina-waiting-room"
key = "{key}"
"#,
        http = ports.room(),
        sockets = ports.sockets_of(0),
        database = servers.database_url(databases.room),
        redis = servers.redis_url(),
        key = secrets.room_signing_key,
    )
}

fn stand_ins(ports: Ports, size: StackSize, secrets: &Secrets) -> String {
    let nodes = |count: u16, port: fn(Ports, u16) -> u16| -> Vec<String> {
        (0..count)
            .map(|index| format!("127.0.0.1:{}", port(ports, index)))
            .collect()
    };
    format!(
        r#"# Written by `cargo xtask up`; changes are lost.
identity_listen = "127.0.0.1:{identity}"
stripe_listen = "127.0.0.1:{stripe}"
smtp_listen = "127.0.0.1:{smtp}"
mail_http_listen = "127.0.0.1:{mail}"
audience = "{AUDIENCE}"
stripe_secret_key = "{stripe_key}"
stripe_webhook_secret = "{webhook}"
stripe_webhook_url = "http://127.0.0.1:{backend}/api/v1/webhooks/stripe"

# As the real Stripe misbehaves, only more often: of a thousand webhooks so many.
[stripe_webhook_mischief]
seed = 1
duplicated = 50
delayed = 30
reordered = 50
lost = 10

[[balancers]]
listen = "127.0.0.1:{backend}"
nodes = {backends:?}

[[balancers]]
listen = "127.0.0.1:{room}"
nodes = {rooms:?}
"#,
        identity = ports.identity(),
        stripe = ports.stripe(),
        smtp = ports.smtp(),
        mail = ports.mail(),
        stripe_key = secrets.stripe_secret_key,
        webhook = secrets.stripe_webhook_secret,
        backend = ports.backend(),
        backends = nodes(size.backends, Ports::backend_of),
        room = ports.room(),
        rooms = nodes(size.nodes, Ports::room_of),
    )
}

/// The terms of the one match on sale.
#[derive(Clone, Copy)]
pub(crate) struct Sale {
    pub(crate) open_seats: u32,
    pub(crate) max_sessions: u32,
    pub(crate) admissions_per_minute: u32,
    pub(crate) session_seconds: u32,
    pub(crate) last_attempt_seconds: u32,
    pub(crate) landing_seconds: u32,
}

impl Sale {
    /// Two seats a fan, so that seats run short; a fifth of the fans at once. Twenty a second, because the stack's share of
    /// Stripe's budget is 25 calls a second.
    pub(crate) fn for_fans(fans: u32) -> Self {
        Self {
            open_seats: fans.saturating_mul(2),
            max_sessions: (fans / 5).clamp(5, 400),
            admissions_per_minute: 1_200,
            session_seconds: 180,
            last_attempt_seconds: 20,
            landing_seconds: 20,
        }
    }

    /// Half a minute a session: what nobody pays for comes back while others still want it.
    pub(crate) fn short(fans: u32, seats_per_fan: u32) -> Self {
        Self {
            open_seats: fans.saturating_mul(seats_per_fan),
            session_seconds: 30,
            last_attempt_seconds: 5,
            landing_seconds: 5,
            ..Self::for_fans(fans)
        }
    }
}

/// Where everything is: what the simulated fans and their checker need to know.
#[derive(Serialize)]
pub(crate) struct Stack {
    /// With the API's prefix.
    pub(crate) backend_url: String,
    pub(crate) waiting_room_url: String,
    pub(crate) identity_url: String,
    pub(crate) stripe_url: String,
    pub(crate) mail_url: String,
    pub(crate) nats_url: String,
    pub(crate) backend_database_url: String,
    pub(crate) waiting_room_database_url: String,
    /// The match on sale, if the stack was not to be empty.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) match_id: Option<String>,
    /// The first backend process, past the balancer.
    pub(crate) one_backend_url: String,
    pub(crate) redis_url: String,
    pub(crate) pgbench: PathBuf,
}

impl Stack {
    pub(crate) fn of(
        (servers, databases): (&Servers, Databases),
        ports: Ports,
        match_id: Option<String>,
    ) -> Self {
        let http = |port: u16| format!("http://127.0.0.1:{port}");
        Self {
            backend_url: format!("{}/api/v1", http(ports.backend())),
            waiting_room_url: http(ports.room()),
            identity_url: http(ports.identity()),
            stripe_url: http(ports.stripe()),
            mail_url: http(ports.mail()),
            nats_url: servers.nats_url(),
            backend_database_url: servers.database_url(databases.backend),
            waiting_room_database_url: servers.database_url(databases.room),
            match_id,
            one_backend_url: format!("{}/api/v1", http(ports.backend_of(0))),
            redis_url: servers.redis_url(),
            pgbench: servers.postgres().program("pgbench"),
        }
    }

    pub(crate) fn save(&self, file: &Path) -> anyhow::Result<()> {
        write(file, &serde_json::to_string_pretty(self)?)
    }
}
