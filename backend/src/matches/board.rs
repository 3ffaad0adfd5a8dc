//! The board every fan looks at. Read a hundred times more often than seats are held, so each process counts a hot match
//! about once a second, in one statement, and hands out prepared bytes.

use std::sync::Arc;
use std::time::Duration;

use actix_web::web::Bytes;
use chrono::{DateTime, Utc};
use domain::ids::MatchId;
use domain::inventory::SeatQuantity;
use domain::money::with_cents;
use moka::future::Cache;
use rust_decimal::Decimal;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store::{self, ZoneRow};
use crate::app::Db;

/// How old a count may be.
const COUNT_LIFE: Duration = Duration::from_secs(1);

/// Matches counted at once: more are never on sale together.
const MATCHES_MAX: u64 = 64;

/// A zone as fans see it.
#[derive(Debug, Serialize, ToSchema)]
pub struct ZoneView {
    zone_id: Uuid,
    zone_name: String,
    /// Seats nobody owns at `as_of`.
    available_count: i64,
    /// Until the end of the day before the match; VAT included.
    #[schema(value_type = String, example = "40.00")]
    presale_price: Decimal,
    /// On match day; VAT included.
    #[schema(value_type = String, example = "50.00")]
    match_day_price: Decimal,
    /// What a seat costs now.
    #[schema(value_type = String, example = "40.00")]
    current_price: Decimal,
    #[schema(example = "EUR")]
    currency: &'static str,
    /// min(4, available).
    max_quantity: i64,
}

/// All zones of a match.
#[derive(Debug, Serialize, ToSchema)]
pub struct ZonesView {
    match_id: Uuid,
    zones: Vec<ZoneView>,
    /// The database's time of the count: at most about a second ago.
    as_of: DateTime<Utc>,
}

/// The boards of the matches that somebody looks at.
pub struct ZoneBoard {
    db: Db,
    boards: Cache<MatchId, Option<Bytes>>,
}

impl ZoneBoard {
    /// An empty cache over `db`.
    #[must_use]
    pub fn new(db: Db) -> Self {
        Self {
            db,
            boards: Cache::builder()
                .max_capacity(MATCHES_MAX)
                .time_to_live(COUNT_LIFE)
                .build(),
        }
    }

    /// The board of a match as JSON; `None` for one that the public may not see.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(&self, match_id: MatchId) -> Result<Option<Bytes>, Arc<anyhow::Error>> {
        self.boards.try_get_with(match_id, self.count(match_id)).await
    }

    async fn count(&self, match_id: MatchId) -> anyhow::Result<Option<Bytes>> {
        let mut conn = self.db.acquire().await?;
        if store::find_public(&mut conn, match_id).await?.is_none() {
            return Ok(None);
        }
        let Some(terms) = store::sale_terms(&mut conn, match_id).await? else {
            return Ok(None);
        };
        let now = store::now(&mut conn).await?;
        let rows = store::count_zones(&mut conn, match_id).await?;
        let is_match_day = terms.is_match_day(now);
        let zone = |row: ZoneRow| ZoneView {
            zone_id: row.zone_id.0,
            zone_name: row.name,
            available_count: row.free,
            presale_price: with_cents(row.presale_price),
            match_day_price: with_cents(row.match_day_price),
            current_price: with_cents(if is_match_day {
                row.match_day_price
            } else {
                row.presale_price
            }),
            currency: terms.currency.code(),
            max_quantity: row.free.min(i64::from(SeatQuantity::MAX)),
        };
        let view = ZonesView {
            match_id: match_id.0,
            zones: rows.into_iter().map(zone).collect(),
            as_of: now,
        };
        Ok(Some(Bytes::from(serde_json::to_vec(&view)?)))
    }
}
