//! What the seats of a lane's zone are called, remembered: a seat of a published match never changes its name.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use std::collections::HashMap;

use domain::ids::{SeatId, ZoneId};
use sqlx::{PgConnection, query_as};

use super::store::{SeatLabel, list_labels};

/// Seats whose names are read together: neighbours in the snake are asked for next.
const READ_AHEAD: i32 = 1_024;

/// Names a lane remembers; then it begins anew.
const REMEMBERED_MAX: usize = 16_384;

/// The names a lane knows.
#[derive(Default)]
pub(super) struct Labels(HashMap<SeatId, SeatLabel>);

impl Labels {
    /// Has the name of this seat, which stands at `rank`, and of those behind it.
    pub(super) async fn read_ahead(
        &mut self,
        conn: &mut PgConnection,
        zone_id: ZoneId,
        (seat, rank): (SeatId, i32),
    ) -> Result<(), sqlx::Error> {
        if !self.0.contains_key(&seat) {
            let read = list_from(conn, zone_id, rank).await?;
            self.remember(read);
        }
        Ok(())
    }

    /// What these seats are called, in their order.
    pub(super) async fn of(
        &mut self,
        conn: &mut PgConnection,
        seats: &[SeatId],
    ) -> Result<Vec<SeatLabel>, sqlx::Error> {
        if seats.iter().any(|seat| !self.0.contains_key(seat)) {
            let read = list_labels(conn, seats).await?;
            self.remember(read);
        }
        seats
            .iter()
            .map(|seat| self.0.get(seat).cloned().ok_or(sqlx::Error::RowNotFound))
            .collect()
    }

    fn remember(&mut self, read: Vec<SeatLabel>) {
        if self.0.len() + read.len() > REMEMBERED_MAX {
            self.0.clear();
        }
        self.0
            .extend(read.into_iter().map(|label| (label.seat_id, label)));
    }
}

/// Seats of a zone's sector from a rank on: one stretch of one index.
async fn list_from(
    conn: &mut PgConnection,
    zone_id: ZoneId,
    rank: i32,
) -> Result<Vec<SeatLabel>, sqlx::Error> {
    query_as!(
        SeatLabel,
        "SELECT s.seat_id AS \"seat_id!\", c.name AS \"sector!\", nullif(s.row_label, '') AS \"row?\",
                CASE WHEN s.row_label <> '' THEN s.number END AS \"number?\"
         FROM match_zones z
         JOIN sectors c USING (sector_id)
         CROSS JOIN LATERAL (
             SELECT seat_id, row_label, number
             FROM seats
             WHERE sector_id = z.sector_id AND snake_rank >= $2 AND snake_rank < $2 + $3
         ) s
         WHERE z.zone_id = $1",
        zone_id as ZoneId,
        rank,
        READ_AHEAD,
    )
    .fetch_all(conn)
    .await
}
