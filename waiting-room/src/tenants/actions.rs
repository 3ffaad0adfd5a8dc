//! Registering tenants, and telling them by their tokens.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use platform::ids::Ids;
use platform::keys::{BadToken, VerifyingKey};
use platform::problems::Problem;
use serde::de::DeserializeOwned;
use sqlx::PgPool;
use uuid::Uuid;

use super::Tenant;
use super::store::{self, TenantRow};
use crate::app::App;
use crate::faults::Refusal;
use crate::ids::TenantId;
use crate::outage::Outage;
use crate::problems::SERVICE_TOKEN_INVALID;

/// How soon a new tenant, or a new key, is believed.
const RELOAD_EVERY: Duration = Duration::from_secs(1);

/// A token that a tenant signs lives at most so long (join grants: 10 minutes; clocks may differ a little), seconds.
const TOKEN_LIFE_MAX_SECONDS: i64 = 660;

/// The token speaks for no tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotATenant {
    /// There is none, or it is not signed by the tenant that it names.
    Invalid,
    /// It was valid once.
    Expired,
}

impl Refusal for NotATenant {
    fn problem(&self) -> Problem {
        let detail = match self {
            Self::Invalid => {
                "send `Authorization: Bearer <service token>`, signed with the tenant's registered key"
            }
            Self::Expired => "the service token has expired; sign a new one",
        };
        Problem::new(SERVICE_TOKEN_INVALID).detail(detail)
    }
}

/// The tenants, as last read: no request reads the table, so that forged names cannot burden Postgres.
#[derive(Debug, Default)]
pub(crate) struct Tenants {
    known: RwLock<Vec<Tenant>>,
}

impl Tenants {
    fn find(&self, name: &str) -> Option<Tenant> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.iter().find(|tenant| tenant.name == name).cloned()
    }

    /// Reads the table.
    pub(crate) async fn reload(&self, db: &PgPool) -> anyhow::Result<()> {
        let rows = store::list_tenants(&mut *db.acquire().await?).await?;
        let tenants = rows
            .into_iter()
            .map(read_row)
            .collect::<anyhow::Result<Vec<Tenant>>>()?;
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = tenants;
        Ok(())
    }
}

/// Reads the table again and again, until the process stops.
pub(crate) async fn watch(app: Arc<App>) {
    let mut outage = Outage::of("tenants.watch");
    while app.tasks.sleep(RELOAD_EVERY).await {
        match app.tenants.reload(&app.db).await {
            Ok(()) => outage.worked(),
            Err(error) => outage.failed(&error),
        }
    }
}

/// Registers a tenant; doing it again with the same key changes nothing, with another key replaces the key.
pub(crate) async fn register(db: &PgPool, ids: Ids, name: &str, public_key: &str) -> anyhow::Result<Uuid> {
    let tenant = TenantRow {
        tenant_id: ids.next(),
        name: name.to_owned(),
        public_key: public_key.trim().to_owned(),
    };
    Ok(store::save_tenant(&mut *db.acquire().await?, &tenant).await?)
}

/// The tenant who signed `token`, and its claims, if it is of the kind `typ` and for this room.
pub(crate) fn claims_of<C: DeserializeOwned>(
    app: &App,
    typ: &str,
    token: &str,
) -> Result<(Tenant, C), NotATenant> {
    let name = claimed_issuer(token).ok_or(NotATenant::Invalid)?;
    let tenant = app.tenants.find(&name).ok_or(NotATenant::Invalid)?;
    let claims = verify(&tenant, typ, token, app.clock.now())?;
    Ok((tenant, claims))
}

fn read_row(row: TenantRow) -> anyhow::Result<Tenant> {
    Ok(Tenant {
        id: TenantId(row.tenant_id),
        name: row.name,
        key: VerifyingKey::from_base64(&row.public_key)?,
    })
}

fn verify<C: DeserializeOwned>(
    tenant: &Tenant,
    typ: &str,
    token: &str,
    now: DateTime<Utc>,
) -> Result<C, NotATenant> {
    let audience = Some(contracts::tokens::WAITING_ROOM_AUDIENCE);
    let claims: serde_json::Value =
        tenant
            .key
            .verify(typ, token, audience, now)
            .map_err(|bad| match bad {
                BadToken::Expired => NotATenant::Expired,
                BadToken::Invalid | BadToken::WrongAudience => NotATenant::Invalid,
            })?;
    let second = |name| claims.get(name).and_then(serde_json::Value::as_i64);
    let life = second("exp")
        .zip(second("iat"))
        .map(|(exp, iat)| exp.saturating_sub(iat));
    if life.is_none_or(|life| life > TOKEN_LIFE_MAX_SECONDS) {
        return Err(NotATenant::Invalid);
    }
    serde_json::from_value(claims).map_err(|_| NotATenant::Invalid)
}

/// Whom the token names as its issuer: says only whose key to try.
fn claimed_issuer(token: &str) -> Option<String> {
    let claims = URL_SAFE_NO_PAD.decode(token.split('.').nth(1)?).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&claims).ok()?;
    claims.get("iss")?.as_str().map(ToOwned::to_owned)
}
