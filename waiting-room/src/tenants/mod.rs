//! Who may run queues here.
//!
//! Owns: table `tenants`; which key speaks for which tenant.
//! Publishes: [`Tenant`] as an extractor: a handler that takes it serves a tenant's server only.
//! Invariants: a token is believed only under the key registered for its `iss`; no request reads the table, which is
//! read once a second.

mod actions;
mod http;
mod store;

use platform::keys::VerifyingKey;

pub(crate) use actions::{NotATenant, Tenants, claims_of, register, watch};
pub(crate) use http::{bearer, tenant_of};

use crate::ids::TenantId;

/// A registered tenant.
#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) name: String,
    pub(crate) key: VerifyingKey,
}
