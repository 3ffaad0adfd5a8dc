//! One round of a lane: one transaction that claims seats for a whole batch. Reads top to bottom as the design does:
//! lock buyers → lock free seats → decide in memory → write → commit.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use domain::Timestamp;
use domain::ids::{CartId, MatchId, SeatId, UserId, ZoneId};
use domain::inventory::{HoldRefused, HoldWish, decide_hold};
use domain::money::Money;
use domain::phases::PhaseKind;
use platform::ids::Ids;
use sqlx::{Acquire, PgConnection};
use uuid::Uuid;

use super::buyers::{self, LockedBuyer};
use super::giving::{Claim, Claims, Planned, Plans, Verdicts, columns, give_seats, seats_to_lock};
use super::labels::Labels;
use super::locking::{LockedSeat, lock_free_seats, release_replaced};
use super::start::Start;
use super::store::{self, Cart, LabelledCart};
use super::writes::{RoundFacts, save_round};
use crate::loyalty;
use crate::matches::{self, ZoneSale};
use crate::sabotage::{self, Guard};

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
    Held(LabelledCart),
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

/// Another process was at the same buyer: neither is at fault, and the next round finds it done.
#[derive(Debug, thiserror::Error)]
#[error("another process made a buyer's row at the same time")]
struct BuyerMadeElsewhere;

impl RoundFailed {
    /// Whether others were in the way, for a moment.
    pub(super) fn is_contended(error: &anyhow::Error) -> bool {
        error.chain().any(|cause| {
            cause.is::<BuyerMadeElsewhere>()
                || cause.downcast_ref().is_some_and(platform::database::is_contended)
        })
    }
}

impl<E: Into<anyhow::Error>> From<E> for RoundFailed {
    fn from(error: E) -> Self {
        Self::BeforeCommit(error.into())
    }
}

/// Claims seats of one zone, and knows what helps with the next round.
pub(super) struct Claimer {
    match_id: MatchId,
    zone_id: ZoneId,
    ids: Ids,
    labels: Labels,
    start: Start,
}

impl Claimer {
    pub(super) fn new((match_id, zone_id): (MatchId, ZoneId), ids: Ids) -> Self {
        Self {
            match_id,
            zone_id,
            ids,
            labels: Labels::default(),
            start: Start::new(),
        }
    }

    /// Claims seats for a batch of requests, in one transaction.
    pub(super) async fn claim(
        &mut self,
        conn: &mut PgConnection,
        requests: &[HoldRequest],
    ) -> Result<Vec<Verdict>, RoundFailed> {
        let mut tx = conn.begin().await?;

        let Some(sale) = matches::zone_sale(&mut tx, self.match_id, self.zone_id).await? else {
            tx.rollback().await?;
            return Ok(vec![Verdict::Refused(HoldRefused::NoSuchZone); requests.len()]);
        };
        let (mut verdicts, plans) = self.plan_batch(&mut tx, &sale, requests).await?;
        if plans.is_empty() {
            tx.rollback().await?;
            return Ok(in_order(requests.len(), verdicts));
        }
        let locked = self.lock_seats(&mut tx, &plans).await?;

        let mut claims = give_seats(&locked, plans, &mut verdicts);
        self.release_replaced(&mut tx, &mut claims, &mut verdicts).await?;
        if claims.is_empty() {
            tx.rollback().await?;
            return Ok(in_order(requests.len(), verdicts));
        }

        let held = self.write(&mut tx, &sale, &claims, &locked).await?;

        let first = held.first().map_or(Uuid::nil(), |(_, held)| held.cart.cart_id.0);
        if sabotage::lifts_for(Guard::CommitBeforeAnswer, first) {
            tx.rollback().await?;
        } else {
            tx.commit()
                .await
                .map_err(|error| RoundFailed::CommitUnknown(error.into()))?;
        }
        self.remember_last(&locked, &claims);
        verdicts.extend(held.into_iter().map(|(index, held)| (index, Verdict::Held(held))));
        Ok(in_order(requests.len(), verdicts))
    }

    /// Locks the batch's buyers and decides, for each request, whether the buyer may hold what they wish for.
    async fn plan_batch<'a>(
        &mut self,
        conn: &mut PgConnection,
        sale: &ZoneSale,
        requests: &'a [HoldRequest],
    ) -> Result<(Verdicts, Plans<'a>), sqlx::Error> {
        let users: Vec<UserId> = requests.iter().map(|request| request.user_id).collect();
        let keys: Vec<String> = requests.iter().map(|request| request.key.clone()).collect();
        let sorted: Vec<UserId> = users
            .iter()
            .copied()
            .collect::<BTreeSet<_>>()
            .into_iter()
            .collect();
        let mut locked = buyers::lock_batch(conn, self.match_id, &sorted).await?;
        // Read under the lock: whoever used the key before has committed.
        let answered = store::list_by_key(conn, &users, &keys).await?;

        let points = if sale.terms.phase.kind == PhaseKind::Loyalty {
            loyalty::points_of(conn, &users, sale.now).await?
        } else {
            BTreeMap::new()
        };
        let (mut verdicts, mut plans) = (Verdicts::new(), Plans::new());
        for (index, request) in requests.iter().enumerate() {
            // Taken out: of two requests of one buyer the second one waits for the next round.
            let Some(LockedBuyer { buyer, place }) = locked.remove(&request.user_id) else {
                verdicts.insert(index, Verdict::BuyerBusy);
                continue;
            };
            let repeated = answered
                .iter()
                .find(|cart| cart.user_id == request.user_id && cart.idempotency_key == request.key);
            if let Some(cart) = repeated {
                let verdict = self.repeat_answer(conn, (cart, sale.now), request).await?;
                verdicts.insert(index, verdict);
                continue;
            }
            let mut terms = sale
                .terms
                .for_points(points.get(&request.user_id).copied().unwrap_or(0));
            if sabotage::lifts(Guard::TicketLimit) {
                terms.ticket_limit = u32::MAX;
            }
            match decide_hold(&buyer, &request.wish, &terms, sale.now) {
                Ok(plan) => {
                    let planned = Planned {
                        request,
                        plan,
                        buyer_place: place,
                    };
                    plans.insert(index, planned);
                }
                Err(refused) => {
                    verdicts.insert(index, Verdict::Refused(refused));
                }
            }
        }
        Ok((verdicts, plans))
    }

    /// The same key for the same request: the same answer. For another request: refused.
    async fn repeat_answer(
        &mut self,
        conn: &mut PgConnection,
        (cart, now): (&Cart, Timestamp),
        request: &HoldRequest,
    ) -> Result<Verdict, sqlx::Error> {
        if cart.zone_id != self.zone_id || cart.seat_ids.len() != request.wish.quantity.seats() {
            return Ok(Verdict::Refused(HoldRefused::KeyReused));
        }
        Ok(Verdict::Held(LabelledCart {
            seats: self.labels.of(conn, &cart.seat_ids).await?,
            cart: cart.clone(),
            now,
        }))
    }

    /// Locks as many free seats as the batch may need.
    async fn lock_seats(
        &mut self,
        conn: &mut PgConnection,
        plans: &Plans<'_>,
    ) -> Result<Vec<LockedSeat>, sqlx::Error> {
        let whole = plans.values().any(|planned| planned.request.whole_zone);
        let look = self.start.look(Instant::now(), whole);
        let locked = lock_free_seats(conn, self.zone_id, (look.from, seats_to_lock(plans))).await?;
        self.start.looked(look, Instant::now());
        Ok(locked)
    }

    /// The old set is given up once the new one is locked, in the same transaction; or the new one is not taken now.
    async fn release_replaced(
        &self,
        conn: &mut PgConnection,
        claims: &mut Claims<'_>,
        verdicts: &mut Verdicts,
    ) -> Result<(), sqlx::Error> {
        let old: Vec<CartId> = claims.values().filter_map(|claim| claim.plan.replaces).collect();
        let busy = release_replaced(conn, self.match_id, &old).await?;
        claims.retain(|index, claim| {
            let is_free = claim.plan.replaces.is_none_or(|old| !busy.contains(&old));
            if !is_free {
                verdicts.insert(*index, Verdict::BuyerBusy);
            }
            is_free
        });
        Ok(())
    }

    /// Writes the claims, and answers what was held.
    async fn write(
        &mut self,
        conn: &mut PgConnection,
        sale: &ZoneSale,
        claims: &Claims<'_>,
        locked: &[LockedSeat],
    ) -> anyhow::Result<Vec<(usize, LabelledCart)>> {
        let round = RoundFacts {
            match_id: self.match_id,
            zone_id: self.zone_id,
            price: sale.prices.at(&sale.terms, sale.now),
        };
        let cart_ids: Vec<CartId> = claims.values().map(|_| CartId(self.ids.next())).collect();
        let (carts, seats) = columns(&cart_ids, claims, locked)?;
        let given: BTreeSet<SeatId> = seats.seat_ids.iter().copied().collect();
        for one in locked.iter().filter(|one| given.contains(&one.seat.seat_id)) {
            let place = (one.seat.seat_id, one.seat.snake_rank);
            self.labels.read_ahead(conn, self.zone_id, place).await?;
        }

        let written = save_round(conn, &round, &carts, &seats).await?;
        if written.buyers < claims.len() && carts.buyer_places.iter().any(Option::is_none) {
            return Err(BuyerMadeElsewhere.into());
        }
        let expected = (claims.len(), seats.seat_ids.len(), claims.len());
        anyhow::ensure!(
            (written.carts, written.seats, written.buyers) == expected,
            "of (carts, seats, buyers) {expected:?} were to be written, and {written:?} were"
        );
        let mut held = Vec::with_capacity(claims.len());
        for (cart_id, (index, claim)) in cart_ids.into_iter().zip(claims) {
            let labelled = LabelledCart {
                seats: self.labels.of(conn, &claim.seats).await?,
                cart: cart_of(cart_id, written.held_at, &round, claim),
                now: written.held_at,
            };
            held.push((*index, labelled));
        }
        Ok(held)
    }

    /// The next round looks behind the last seat that this one gave.
    fn remember_last(&mut self, locked: &[LockedSeat], claims: &Claims<'_>) {
        let given: BTreeSet<SeatId> = claims
            .values()
            .flat_map(|claim| claim.seats.iter().copied())
            .collect();
        let last = locked.iter().rfind(|one| given.contains(&one.seat.seat_id));
        if let Some(last) = last {
            self.start.gave(last.seat.snake_rank);
        }
    }
}

fn cart_of(cart_id: CartId, held_at: Timestamp, round: &RoundFacts, claim: &Claim<'_>) -> Cart {
    let price: Money = round.price;
    Cart {
        cart_id,
        match_id: round.match_id,
        user_id: claim.request.user_id,
        zone_id: round.zone_id,
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
    conn: &mut PgConnection,
    requests: &[HoldRequest],
) -> Result<Vec<Option<Cart>>, sqlx::Error> {
    let users: Vec<UserId> = requests.iter().map(|request| request.user_id).collect();
    let keys: Vec<String> = requests.iter().map(|request| request.key.clone()).collect();
    let carts = store::list_by_key(conn, &users, &keys).await?;
    let committed = |request: &HoldRequest| {
        carts
            .iter()
            .find(|cart| cart.user_id == request.user_id && cart.idempotency_key == request.key)
            .cloned()
    };
    Ok(requests.iter().map(committed).collect())
}
