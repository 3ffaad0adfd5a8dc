//! Where the stack under test is: a JSON file written by whoever started it.

use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::Deserialize;
use uuid::Uuid;

/// Addresses of one running stack and the match on sale there.
///
/// The file says more, for people and other tools.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Stack {
    /// With `/api/v1`.
    pub(crate) backend_url: String,
    pub(crate) identity_url: String,
    pub(crate) stripe_url: String,
    pub(crate) mail_url: String,
    #[serde(alias = "room_url")]
    pub(crate) waiting_room_url: String,
    pub(crate) backend_database_url: String,
    pub(crate) waiting_room_database_url: String,
    /// For `scan`: the bus is read too.
    #[serde(default)]
    pub(crate) nats_url: Option<String>,
    pub(crate) match_id: Uuid,
    /// One backend process, with `/api/v1`: for benches, which measure no balancer.
    #[serde(default)]
    pub(crate) one_backend_url: Option<String>,
    #[serde(default)]
    pub(crate) redis_url: Option<String>,
    /// PostgreSQL's own load generator.
    #[serde(default)]
    pub(crate) pgbench: Option<PathBuf>,
}

impl Stack {
    pub(crate) fn read(file: &Path) -> anyhow::Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| {
            format!(
                "cannot read the stack file {}; `cargo xtask up` writes it",
                file.display()
            )
        })?;
        serde_json::from_str(&text).with_context(|| format!("{} is no stack file", file.display()))
    }

    pub(crate) fn one_backend_url(&self) -> anyhow::Result<&str> {
        self.one_backend_url
            .as_deref()
            .context("the stack file names no backend process")
    }
}
