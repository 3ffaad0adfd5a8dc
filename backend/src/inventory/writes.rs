//! What a round writes, in one statement: the carts, the locks on their seats, the buyers. Rows that the round has locked are
//! found by where they lie (`ctid`): nobody moves a row under its lock, and no index is asked a second time.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use domain::Timestamp;
use domain::ids::{CartId, MatchId, SeatId, UserId, ZoneId};
use domain::money::Money;
use sqlx::{PgConnection, query};

/// What all carts of a round share.
pub(super) struct RoundFacts {
    pub(super) match_id: MatchId,
    pub(super) zone_id: ZoneId,
    pub(super) price: Money,
}

/// New carts, column by column. Each says which of [`SeatColumns::seat_ids`] are its own, because arrays of arrays must be rectangular.
#[derive(Debug, Default)]
pub(super) struct CartColumns {
    pub(super) cart_ids: Vec<CartId>,
    pub(super) users: Vec<UserId>,
    /// Where the buyer's row lies; none of a buyer who has none yet.
    pub(super) buyer_places: Vec<Option<String>>,
    /// Its first seat, counted from 1; the others follow.
    pub(super) first_seats: Vec<i32>,
    pub(super) quantities: Vec<i32>,
    pub(super) adjacent: Vec<bool>,
    pub(super) versions: Vec<i32>,
    pub(super) keys: Vec<String>,
    pub(super) until: Vec<Timestamp>,
}

/// Seats that get their cart, column by column.
#[derive(Debug, Default)]
pub(super) struct SeatColumns {
    /// Where the seat's row lies.
    pub(super) places: Vec<String>,
    pub(super) seat_ids: Vec<SeatId>,
    pub(super) carts: Vec<CartId>,
    pub(super) until: Vec<Timestamp>,
}

/// What was written, to be compared with what was to be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) carts: usize,
    pub(super) seats: usize,
    /// One short: another process has just made that buyer's row.
    pub(super) buyers: usize,
    /// When: after the locks, so that no cart seems to begin before its seats were given up.
    pub(super) held_at: Timestamp,
}

/// Writes a round. The session's end is judged here, by the database's clock. `IS NOT DISTINCT FROM` compares without asking an
/// index: a row that lies elsewhere than it was locked must not be found.
pub(super) async fn save_round(
    conn: &mut PgConnection,
    round: &RoundFacts,
    carts: &CartColumns,
    seats: &SeatColumns,
) -> anyhow::Result<Written> {
    let written = query!(
        "WITH made AS MATERIALIZED (
             SELECT *
             FROM unnest($1::uuid[], $2::uuid[], $3::text[]::tid[], $4::int[], $5::int[], $6::bool[], $7::int[], $8::text[],
                         $9::timestamptz[])
                  AS m(cart_id, user_id, place, first, seats, adjacent, version, key, until)
         ), cart AS (
             INSERT INTO carts (cart_id, match_id, user_id, zone_id, seat_ids, unit_price, currency, adjacent, version,
                                idempotency_key, held_at, locked_until)
             SELECT cart_id, $10, user_id, $11, ($15::uuid[])[first:first + seats - 1], $12, $13, adjacent, version, key,
                    statement_timestamp(), until
             FROM made
             RETURNING 1
         ), seat AS (
             UPDATE match_seat_inventory i
             SET cart_id = s.cart_id, locked_until = s.until
             FROM unnest($14::text[]::tid[], $15::uuid[], $16::uuid[], $17::timestamptz[]) AS s(place, seat_id, cart_id, until)
             WHERE i.ctid = s.place AND i.seat_id IS NOT DISTINCT FROM s.seat_id AND i.match_id IS NOT DISTINCT FROM $10
               AND i.status = 'AVAILABLE' AND s.until > clock_timestamp()
             RETURNING 1
         ), known AS (
             UPDATE match_buyers b
             SET cart_id = m.cart_id, cart_seats = m.seats, cart_until = m.until, order_id = NULL, version = m.version
             FROM made m
             WHERE b.ctid = m.place AND b.user_id IS NOT DISTINCT FROM m.user_id AND b.match_id IS NOT DISTINCT FROM $10
             RETURNING 1
         ), new AS (
             INSERT INTO match_buyers (match_id, user_id, cart_id, cart_seats, cart_until, version)
             SELECT $10, user_id, cart_id, seats, until, version
             FROM made
             WHERE place IS NULL
             ORDER BY user_id
             ON CONFLICT DO NOTHING
             RETURNING 1
         )
         SELECT (SELECT count(*) FROM cart) AS \"carts!\", (SELECT count(*) FROM seat) AS \"seats!\",
                (SELECT count(*) FROM known) + (SELECT count(*) FROM new) AS \"buyers!\",
                statement_timestamp() AS \"held_at!\"",
        &carts.cart_ids as &[CartId],
        &carts.users as &[UserId],
        &carts.buyer_places as &[Option<String>],
        &carts.first_seats,
        &carts.quantities,
        &carts.adjacent,
        &carts.versions,
        &carts.keys,
        &carts.until,
        round.match_id as MatchId,
        round.zone_id as ZoneId,
        round.price.amount(),
        round.price.currency().code(),
        &seats.places,
        &seats.seat_ids as &[SeatId],
        &seats.carts as &[CartId],
        &seats.until,
    )
    .fetch_one(conn)
    .await?;
    Ok(Written {
        carts: usize::try_from(written.carts)?,
        seats: usize::try_from(written.seats)?,
        buyers: usize::try_from(written.buyers)?,
        held_at: written.held_at,
    })
}
