//! Every statement on `tenants`.

use sqlx::PgConnection;
use uuid::Uuid;

/// A row of `tenants`.
pub(super) struct TenantRow {
    pub(super) tenant_id: Uuid,
    pub(super) name: String,
    pub(super) public_key: String,
}

/// Everybody who is registered.
pub(super) async fn list_tenants(conn: &mut PgConnection) -> sqlx::Result<Vec<TenantRow>> {
    sqlx::query_as!(
        TenantRow,
        "SELECT tenant_id, name, public_key FROM tenants ORDER BY name"
    )
    .fetch_all(conn)
    .await
}

/// Registers `name` with this key, or gives it this key.
pub(super) async fn save_tenant(conn: &mut PgConnection, tenant: &TenantRow) -> sqlx::Result<Uuid> {
    sqlx::query_scalar!(
        "INSERT INTO tenants (tenant_id, name, public_key) VALUES ($1, $2, $3)
         ON CONFLICT ON CONSTRAINT tenants_one_per_name DO UPDATE SET public_key = EXCLUDED.public_key
         RETURNING tenant_id",
        tenant.tenant_id,
        tenant.name,
        tenant.public_key
    )
    .fetch_one(conn)
    .await
}
