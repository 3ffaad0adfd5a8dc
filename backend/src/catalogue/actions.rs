//! Seed: load a stadium file once, and put one match of it on sale.

use std::path::PathBuf;

use chrono::TimeDelta;
use domain::ids::{MatchId, SeatId, SectorId, StadiumId, ZoneId};
use domain::stadiums::SeatKind;
use platform::ids::Ids;
use sqlx::PgConnection;

use super::file::StadiumFile;
use super::store::{self, NewZone, SeatColumns};
use crate::app::Db;
use crate::jobs::{self, Job};

/// What to seed.
#[derive(Debug, Clone, clap::Args)]
pub struct Seed {
    /// The stadium file.
    #[arg(long)]
    pub stadium: PathBuf,
    /// Seats on sale; the others are BLOCKED. Default: all of them.
    #[arg(long)]
    pub open_seats: Option<i64>,
    /// Length of a waiting-room session, seconds: also the life of a cart.
    #[arg(long, default_value_t = 1200)]
    pub session_seconds: i32,
    /// No payment attempt starts in so many last seconds of a session.
    #[arg(long, default_value_t = 90)]
    pub last_attempt_seconds: i32,
    /// A started payment may land so many seconds after the session's end.
    #[arg(long, default_value_t = 60)]
    pub landing_seconds: i32,
    /// Buyers give tickets back by themselves until so many hours before kick-off.
    #[arg(long, default_value_t = 48)]
    pub refund_deadline_hours: i32,
    /// Sessions open at once.
    #[arg(long, default_value_t = 500)]
    pub max_sessions: i32,
    /// Fans let in per minute, at most: what the slowest part can serve, such as the payment provider. Default: as many as
    /// sessions allow.
    #[arg(long)]
    pub admissions_per_minute: Option<i32>,
}

/// Loads the stadium if it is new, and puts a match of it on sale unless one is. Answers the match on sale.
///
/// # Errors
/// When the file does not hold or the database fails: then nothing is changed.
pub async fn seed(db: &Db, ids: Ids, seed: &Seed) -> anyhow::Result<MatchId> {
    let file = StadiumFile::read(&seed.stadium)?;
    let mut tx = db.begin().await?;

    let stadium = match store::find_stadium(&mut tx, &file.name).await? {
        Some(stadium) => stadium,
        None => load_stadium(&mut tx, ids, &file).await?,
    };
    let match_id = match store::find_open_match(&mut tx, stadium).await? {
        Some(on_sale) => on_sale,
        None => put_on_sale(&mut tx, ids, stadium, (&file, seed)).await?,
    };

    tx.commit().await?;
    Ok(match_id)
}

async fn load_stadium(conn: &mut PgConnection, ids: Ids, file: &StadiumFile) -> anyhow::Result<StadiumId> {
    let stadium = StadiumId(ids.next());
    store::insert_stadium(conn, stadium, file).await?;
    for entry in &file.sectors {
        let sector = SectorId(ids.next());
        store::insert_sector(conn, sector, stadium, entry).await?;
        let seats = entry.seats()?;
        let mut columns = SeatColumns::default();
        for seat in &seats.for_sale {
            push(
                &mut columns,
                ids,
                (&seat.row, seat.number, seat.kind),
                (seat.rank, seat.run),
            );
        }
        // Technical seats come after all others and are nobody's neighbours.
        for ((row, number), rank) in seats.technical.iter().zip(i32::try_from(seats.for_sale.len())?..) {
            push(&mut columns, ids, (row, *number, SeatKind::Technical), (rank, -1));
        }
        store::insert_seats(conn, sector, &columns).await?;
    }
    Ok(stadium)
}

fn push(
    columns: &mut SeatColumns,
    ids: Ids,
    (row, number, kind): (&str, u16, SeatKind),
    (rank, run): (i32, i32),
) {
    columns.seat_ids.push(SeatId(ids.next()));
    columns.rows.push(row.to_owned());
    columns.numbers.push(number.to_string());
    columns.kinds.push(kind);
    columns.ranks.push(rank);
    columns.runs.push(run);
}

async fn put_on_sale(
    conn: &mut PgConnection,
    ids: Ids,
    stadium: StadiumId,
    (file, seed): (&StadiumFile, &Seed),
) -> anyhow::Result<MatchId> {
    /// A match that opens in part opens whole rows of some zones, so that parties sit together.
    const SEATS_PER_OPEN_ZONE: i64 = 100;
    /// So that a fan whose zone is gone has another one to try.
    const OPEN_ZONES_MIN: i64 = 2;
    /// Far enough away that the pre-sale price holds during a demonstration.
    const KICK_OFF_IN: TimeDelta = TimeDelta::days(30);

    let match_id = MatchId(ids.next());
    let kick_off_at = store::database_now(conn).await? + KICK_OFF_IN;
    store::insert_match(conn, match_id, stadium, kick_off_at).await?;
    let opens_at = store::insert_sale(conn, match_id, seed, kick_off_at).await?;
    for (sector_id, name, category) in store::list_sectors(conn, stadium).await? {
        let prices = file
            .category(category)
            .ok_or_else(|| anyhow::anyhow!("no price category {category}"))?;
        let zone = NewZone {
            zone_id: ZoneId(ids.next()),
            sector_id,
            name: &name,
            presale_price: prices.presale_price,
            match_day_price: prices.match_day_price,
        };
        store::insert_zone(conn, match_id, &zone).await?;
    }
    let open_seats = seed.open_seats.unwrap_or(i64::MAX);
    let open_zones = (open_seats / SEATS_PER_OPEN_ZONE).max(OPEN_ZONES_MIN);
    let open = store::insert_inventory(conn, match_id, (open_zones, open_seats)).await?;
    store::analyze_inventory(conn).await?;
    jobs::enqueue(conn, ids, Job::ProvisionQueue(match_id), opens_at).await?;
    tracing::info!(match.id = %match_id, seats.open = open, "Put match {match_id} on sale");
    Ok(match_id)
}
