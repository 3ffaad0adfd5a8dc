//! One round of a lane: one transaction that claims seats for a whole batch. Reads top to bottom as the design does:
//! lock buyers → lock free seats → decide in memory → write → commit.
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use std::collections::{BTreeMap, BTreeSet};

use domain::Timestamp;
use domain::ids::{CartId, MatchId, SeatId, UserId, ZoneId};
use domain::inventory::{Buyer, FreeSeat, HoldPlan, HoldRefused, HoldWish, Shelf, decide_hold};
use domain::money::Money;
use domain::phases::PhaseKind;
use domain::stadiums::SECTOR_SEATS_MAX;
use platform::ids::Ids;
use sqlx::postgres::PgPool;
use sqlx::{Acquire, PgConnection, query, query_as};
use uuid::Uuid;

use super::buyers;
use super::store::{self, BatchFacts, Cart, CartColumns, CartEnd};
use super::{end_cart, seats};
use crate::loyalty;
use crate::matches::{self, ZoneSale};
use crate::sabotage::{self, Guard};

/// Seats locked beyond what a batch needs, so that neighbours are found: a few rows' worth.
const ADJACENCY_MARGIN: i64 = 64;

/// Seats one round locks at most; a second look at a zone may lock all of it.
const LOCKED_SEATS_MAX: i64 = 512;

/// One fan's request for seats, as it waits in a lane.
#[derive(Debug, Clone)]
pub(super) struct HoldRequest {
    pub(super) user_id: UserId,
    pub(super) key: String,
    pub(super) wish: HoldWish,
    /// Set once the whole zone has shown that no neighbours can be had.
    pub(super) singles: bool,
    /// Set once the first locked seats were not enough.
    pub(super) whole_zone: bool,
}

/// What a round says of one request.
#[derive(Debug, Clone)]
pub(super) enum Verdict {
    /// Committed.
    Held(Cart),
    /// A rule forbids it; nothing was written for it.
    Refused(HoldRefused),
    /// The buyer's row is locked by somebody else, or another request of the same buyer is in this batch.
    BuyerBusy,
    /// The locked seats did not hold what was asked: the zone must be read whole before anything is said.
    Short,
}

/// Why a round said nothing.
#[derive(Debug)]
pub(super) enum RoundFailed {
    /// Refused before COMMIT: nothing happened, the requests can be tried one by one.
    BeforeCommit(anyhow::Error),
    /// COMMIT was sent and its answer is lost: read back before anything is answered.
    CommitUnknown(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for RoundFailed {
    fn from(error: E) -> Self {
        Self::BeforeCommit(error.into())
    }
}

/// What was decided for one request and must now be written.
struct Claim<'a> {
    request: &'a HoldRequest,
    plan: HoldPlan,
    seats: Vec<SeatId>,
    adjacent: bool,
}

/// Claims seats for a batch of requests of one zone, in one transaction.
pub(super) async fn claim_batch(
    db: &PgPool,
    ids: Ids,
    (match_id, zone_id): (MatchId, ZoneId),
    requests: &[HoldRequest],
) -> Result<Vec<Verdict>, RoundFailed> {
    let mut conn = db.acquire().await?;
    let mut tx = conn.begin().await?;

    let Some(sale) = matches::zone_sale(&mut tx, match_id, zone_id).await? else {
        tx.rollback().await?;
        return Ok(vec![Verdict::Refused(HoldRefused::NoSuchZone); requests.len()]);
    };
    let (mut verdicts, plans) = plan_batch(&mut tx, match_id, zone_id, &sale, requests).await?;
    if plans.is_empty() {
        tx.rollback().await?;
        return Ok(in_order(requests.len(), verdicts));
    }
    let free = lock_free_seats(&mut tx, zone_id, seats_to_lock(&plans)).await?;

    let claims = give_seats(&free, plans, &mut verdicts);
    if claims.is_empty() {
        tx.rollback().await?;
        return Ok(in_order(requests.len(), verdicts));
    }

    if !release_replaced(&mut tx, match_id, &claims).await? {
        tx.rollback().await?;
        return Ok(vec![Verdict::BuyerBusy; requests.len()]);
    }
    let price = sale.prices.at(&sale.terms, sale.now);
    let batch = BatchFacts {
        match_id,
        zone_id,
        price,
    };
    let held = write_claims(&mut tx, ids, &batch, &claims).await?;

    let first = held.first().map_or(Uuid::nil(), |(_, cart)| cart.cart_id.0);
    if sabotage::lifts_for(Guard::CommitBeforeAnswer, first) {
        tx.rollback().await?;
    } else {
        tx.commit()
            .await
            .map_err(|error| RoundFailed::CommitUnknown(error.into()))?;
    }
    verdicts.extend(held.into_iter().map(|(index, cart)| (index, Verdict::Held(cart))));
    Ok(in_order(requests.len(), verdicts))
}

type Plans<'a> = Vec<(usize, &'a HoldRequest, HoldPlan)>;
type Verdicts = BTreeMap<usize, Verdict>;

/// Locks the batch's buyers and decides, for each request, whether the buyer may hold what they wish for.
async fn plan_batch<'a>(
    conn: &mut PgConnection,
    match_id: MatchId,
    zone_id: ZoneId,
    sale: &ZoneSale,
    requests: &'a [HoldRequest],
) -> Result<(Verdicts, Plans<'a>), sqlx::Error> {
    let users: Vec<UserId> = requests.iter().map(|request| request.user_id).collect();
    let keys: Vec<String> = requests.iter().map(|request| request.key.clone()).collect();
    let locked: BTreeMap<UserId, Buyer> = buyers::lock_batch(conn, match_id, &users)
        .await?
        .into_iter()
        .collect();
    // Read under the lock: whoever used the key before has committed.
    let answered = store::list_by_key(conn, &users, &keys).await?;

    let points = if sale.terms.phase.kind == PhaseKind::Loyalty {
        loyalty::points_of(conn, &users, sale.now).await?
    } else {
        BTreeMap::new()
    };
    let (mut verdicts, mut plans, mut seen) = (Verdicts::new(), Plans::new(), BTreeSet::new());
    for (index, request) in requests.iter().enumerate() {
        let Some(buyer) = locked
            .get(&request.user_id)
            .filter(|_| seen.insert(request.user_id))
        else {
            verdicts.insert(index, Verdict::BuyerBusy);
            continue;
        };
        let repeated = answered
            .iter()
            .find(|cart| cart.user_id == request.user_id && cart.idempotency_key == request.key);
        if let Some(cart) = repeated {
            verdicts.insert(index, repeat_answer(cart, request, zone_id));
            continue;
        }
        let mut terms = sale
            .terms
            .for_points(points.get(&request.user_id).copied().unwrap_or(0));
        if sabotage::lifts(Guard::TicketLimit) {
            terms.ticket_limit = u32::MAX;
        }
        match decide_hold(buyer, &request.wish, &terms, sale.now) {
            Ok(plan) => plans.push((index, request, plan)),
            Err(refused) => {
                verdicts.insert(index, Verdict::Refused(refused));
            }
        }
    }
    Ok((verdicts, plans))
}

/// The same key for the same request: the same answer. For another request: refused.
fn repeat_answer(cart: &Cart, request: &HoldRequest, zone_id: ZoneId) -> Verdict {
    if cart.zone_id == zone_id && cart.seat_ids.len() == request.wish.quantity.seats() {
        Verdict::Held(cart.clone())
    } else {
        Verdict::Refused(HoldRefused::KeyReused)
    }
}

fn seats_to_lock(plans: &Plans<'_>) -> i64 {
    if plans.iter().any(|(_, request, _)| request.whole_zone) {
        return i64::from(SECTOR_SEATS_MAX);
    }
    let needed: usize = plans
        .iter()
        .map(|(_, request, _)| request.wish.quantity.seats())
        .sum();
    i64::try_from(needed)
        .unwrap_or(LOCKED_SEATS_MAX)
        .saturating_add(ADJACENCY_MARGIN)
        .min(LOCKED_SEATS_MAX)
}

/// Locks free seats in snake order. INV double_sold: a seat leaves here only under its row lock, and only if no live lock
/// is on it; what others have locked is skipped, never waited for.
async fn lock_free_seats(
    conn: &mut PgConnection,
    zone: ZoneId,
    limit: i64,
) -> Result<Vec<FreeSeat>, sqlx::Error> {
    #[cfg(feature = "sabotage")]
    if sabotage::lifts(Guard::SeatLock) {
        return seats::list_unguarded(conn, zone, limit).await;
    }
    query_as!(
        FreeSeat,
        "SELECT seat_id, snake_rank, run_id
         FROM match_seat_inventory
         WHERE zone_id = $1 AND status = 'AVAILABLE'
           AND (locked_until IS NULL OR locked_until <= clock_timestamp())
         ORDER BY snake_rank
         LIMIT $2
         FOR NO KEY UPDATE SKIP LOCKED",
        zone as ZoneId,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// Gives neighbours to whoever can have them, singles to whoever was shown that no neighbours can be had.
fn give_seats<'a>(
    free: &[FreeSeat],
    plans: Plans<'a>,
    verdicts: &mut Verdicts,
) -> BTreeMap<usize, Claim<'a>> {
    let mut shelf = Shelf::of(free);
    let mut claims = BTreeMap::new();
    for (index, request, plan) in plans {
        let quantity = request.wish.quantity;
        let together = shelf.take_adjacent(quantity).map(|seats| (seats, true));
        let apart = |shelf: &mut Shelf| shelf.take_singles(quantity).map(|seats| (seats, false));
        match together.or_else(|| if request.singles { apart(&mut shelf) } else { None }) {
            Some((seats, adjacent)) => {
                claims.insert(
                    index,
                    Claim {
                        request,
                        plan,
                        seats,
                        adjacent,
                    },
                );
            }
            None => {
                verdicts.insert(index, Verdict::Short);
            }
        }
    }
    claims
}

/// Writes the claims: carts, seats, buyers.
async fn write_claims(
    conn: &mut PgConnection,
    ids: Ids,
    batch: &BatchFacts,
    claims: &BTreeMap<usize, Claim<'_>>,
) -> anyhow::Result<Vec<(usize, Cart)>> {
    let new: Vec<(CartId, usize, &Claim<'_>)> = claims
        .iter()
        .map(|(index, claim)| (CartId(ids.next()), *index, claim))
        .collect();
    let mut columns = CartColumns::default();
    let (mut seat_ids, mut owners, mut until) = (Vec::new(), Vec::new(), Vec::new());
    for (cart_id, _, claim) in &new {
        let (user_id, ends_at) = (claim.request.user_id, claim.request.wish.session_ends_at);
        columns.cart_ids.push(*cart_id);
        columns.users.push(user_id);
        columns.push_seats(&claim.seats)?;
        columns.adjacent.push(claim.adjacent);
        columns.versions.push(claim.plan.version);
        columns.keys.push(claim.request.key.clone());
        columns.until.push(ends_at);
        for seat in &claim.seats {
            seat_ids.push(*seat);
            owners.push(*cart_id);
            until.push(ends_at);
        }
    }

    let held_at = store::insert_carts(conn, batch, &columns).await?;
    let locked = save_locks(conn, batch.match_id, (&seat_ids, &owners, &until)).await?;
    anyhow::ensure!(
        usize::try_from(locked)? == seat_ids.len(),
        "{locked} of {} seats were locked",
        seat_ids.len()
    );
    let saved = buyers::save_carts(conn, batch.match_id, &columns).await?;
    anyhow::ensure!(
        usize::try_from(saved)? == new.len(),
        "{saved} of {} buyers were saved",
        new.len()
    );
    let held = |(cart_id, index, claim)| (index, cart_of(cart_id, held_at, batch, claim));
    Ok(new.into_iter().map(held).collect())
}

/// Gives the locked seats to their carts. The session's end is judged here, by the database's clock, in the statement.
async fn save_locks(
    conn: &mut PgConnection,
    match_id: MatchId,
    (seats, carts, until): (&[SeatId], &[CartId], &[Timestamp]),
) -> Result<u64, sqlx::Error> {
    let saved = query!(
        "UPDATE match_seat_inventory i
         SET cart_id = n.cart_id, locked_until = n.until
         FROM unnest($2::uuid[], $3::uuid[], $4::timestamptz[]) AS n(seat_id, cart_id, until)
         WHERE i.match_id = $1 AND i.seat_id = n.seat_id AND i.status = 'AVAILABLE' AND n.until > clock_timestamp()",
        match_id as MatchId,
        seats as &[SeatId],
        carts as &[CartId],
        until,
    )
    .execute(conn)
    .await?;
    Ok(saved.rows_affected())
}

/// The old set is given up once the new one is locked, in the same transaction. `false`: not now.
async fn release_replaced(
    conn: &mut PgConnection,
    match_id: MatchId,
    claims: &BTreeMap<usize, Claim<'_>>,
) -> Result<bool, sqlx::Error> {
    for old in claims.values().filter_map(|claim| claim.plan.replaces) {
        if let Some(cart) = store::find_cart(conn, old).await? {
            if !seats::release_skipping_locked(conn, match_id, (old, &cart.seat_ids)).await? {
                return Ok(false);
            }
            end_cart(conn, &[old], CartEnd::Replaced).await?;
        }
    }
    Ok(true)
}

fn cart_of(cart_id: CartId, held_at: Timestamp, batch: &BatchFacts, claim: &Claim<'_>) -> Cart {
    let price: Money = batch.price;
    Cart {
        cart_id,
        match_id: batch.match_id,
        user_id: claim.request.user_id,
        zone_id: batch.zone_id,
        seat_ids: claim.seats.clone(),
        unit_price: price.amount(),
        currency: price.currency().code().to_owned(),
        adjacent: claim.adjacent,
        version: claim.plan.version,
        held_at,
        locked_until: claim.request.wish.session_ends_at,
        idempotency_key: claim.request.key.clone(),
    }
}

fn in_order(count: usize, mut verdicts: Verdicts) -> Vec<Verdict> {
    (0..count)
        .map(|index| verdicts.remove(&index).unwrap_or(Verdict::BuyerBusy))
        .collect()
}

/// What was committed under these keys: the truth after a COMMIT whose answer was lost.
pub(super) async fn read_back(
    db: &PgPool,
    requests: &[HoldRequest],
) -> Result<Vec<Option<Cart>>, sqlx::Error> {
    let users: Vec<UserId> = requests.iter().map(|request| request.user_id).collect();
    let keys: Vec<String> = requests.iter().map(|request| request.key.clone()).collect();
    let mut conn = db.acquire().await?;
    let carts = store::list_by_key(&mut conn, &users, &keys).await?;
    let committed = |request: &HoldRequest| {
        carts
            .iter()
            .find(|cart| cart.user_id == request.user_id && cart.idempotency_key == request.key)
            .cloned()
    };
    Ok(requests.iter().map(committed).collect())
}
