//! Captured money finds its one outcome: tickets, or all of it back.

use domain::ids::{RefundId, SeatId, TicketId};
use domain::inventory::{SeatQuantity, Shelf};
use domain::matches::MatchState;
use domain::money::Money;
use domain::orders::OrderState;
use domain::payments::{Fulfilment, FulfilmentFacts, RefundReason, decide_fulfilment};
use serde_json::json;
use sqlx::PgConnection;

use super::super::store::{self, Payment};
use super::super::{ledger, messages};
use super::release::give_back;
use crate::app::App;
use crate::audit::{self, Actor, Entry};
use crate::inventory::{self, CartEnd, buyers, identities, seats};
use crate::jobs::{self, Job};
use crate::orders::{self, Line, Order};
use crate::{events, matches, tickets};

/// Who acts when Stripe tells us something.
pub(super) const GATEWAY: Actor = Actor::System("stripe");

/// Fulfils the order or refunds it. Joins the transaction that has locked the order and its payment.
pub(super) async fn fulfil_or_refund(
    conn: &mut PgConnection,
    app: &App,
    (order, payment): (&Order, &Payment),
    captured: Money,
) -> anyhow::Result<&'static str> {
    let lines = orders::list_lines(conn, order.order_id).await?;
    let facts = read_facts(conn, order, &lines).await?;

    match decide_fulfilment(facts) {
        Fulfilment::SameSeats => {
            complete(conn, app, (order, payment, &lines), captured).await?;
            Ok("FULFILLED")
        }
        Fulfilment::EqualSeats(equal) => {
            let lines = move_lines(conn, order, lines, equal).await?;
            complete(conn, app, (order, payment, &lines), captured).await?;
            Ok("FULFILLED_WITH_EQUAL_SEATS")
        }
        Fulfilment::Refund(reason) => {
            refund_all(conn, app, (order, payment), captured, reason).await?;
            Ok(reason.code())
        }
    }
}

/// What can still be given, read under locks in their order: buyer → identities → seats.
async fn read_facts(
    conn: &mut PgConnection,
    order: &Order,
    lines: &[Line],
) -> anyhow::Result<FulfilmentFacts> {
    let terms = matches::sale_terms(conn, order.match_id).await?;
    let buyer = buyers::lock(conn, order.match_id, order.user_id).await?;
    let now = seats::now(conn).await?;
    let wanted = u32::try_from(lines.len())?;
    let is_played = terms
        .as_ref()
        .is_some_and(|terms| terms.state != MatchState::Cancelled);
    let within_limit = terms.zip(buyer).is_some_and(|(terms, buyer)| {
        let other_cart = buyer
            .live_cart(now)
            .filter(|cart| cart.cart_id != order.cart_id)
            .map_or(0, |cart| cart.seats);
        buyer.sold + wanted + other_cart <= terms.ticket_limit
    });

    let mut sorted: Vec<Vec<u8>> = lines.iter().map(|line| line.identity.clone()).collect();
    sorted.sort();
    let taken = identities::take(
        conn,
        order.match_id,
        (order.order_id, &sorted),
        order.session_ends_at,
    )
    .await?;

    let seat_ids: Vec<SeatId> = lines.iter().map(|line| line.seat_id).collect();
    let locked = seats::lock_for_sale(conn, order.match_id, &seat_ids, order.cart_id).await?;
    let same_seats = locked.len() == lines.len() && locked.iter().all(|seat| seat.is_ours_or_free);
    let equal_seats = if same_seats || !order.accept_equal_seats {
        None
    } else {
        let quantity = SeatQuantity::parse(wanted).ok();
        let mut shelf = Shelf::of(&seats::lock_equal_seats(conn, order.zone_id).await?);
        quantity.and_then(|quantity| shelf.take_adjacent(quantity))
    };
    Ok(FulfilmentFacts {
        is_played,
        same_seats,
        equal_seats,
        identities_free: taken == u64::from(wanted),
        within_limit,
    })
}

/// Equal seats: the order gives up what it still owned, and its lines move.
async fn move_lines(
    conn: &mut PgConnection,
    order: &Order,
    mut lines: Vec<Line>,
    equal: Vec<SeatId>,
) -> anyhow::Result<Vec<Line>> {
    let old: Vec<SeatId> = lines.iter().map(|line| line.seat_id).collect();
    seats::release(conn, order.match_id, (order.cart_id, &old)).await?;
    for (line, seat) in lines.iter_mut().zip(equal) {
        line.seat_id = seat;
        orders::save_line_seat(conn, (order.order_id, line.line_no), seat).await?;
    }
    Ok(lines)
}

/// Paid: seats are sold, tickets issued, everybody told.
async fn complete(
    conn: &mut PgConnection,
    app: &App,
    (order, payment, lines): (&Order, &Payment, &[Line]),
    captured: Money,
) -> anyhow::Result<()> {
    let buyer = (order.match_id, order.user_id);
    let seat_ids: Vec<SeatId> = lines.iter().map(|line| line.seat_id).collect();
    let ticket_ids: Vec<TicketId> = lines.iter().map(|_| TicketId(app.ids.next())).collect();
    let identities: Vec<Vec<u8>> = lines.iter().map(|line| line.identity.clone()).collect();

    buyers::clear_cart(conn, buyer, order.cart_id).await?;
    buyers::save_sold(conn, buyer, i32::try_from(lines.len())?).await?;
    let tied = identities::save_tickets(conn, order.match_id, (&identities, &ticket_ids)).await?;
    let sold = seats::save_sold(conn, order.match_id, &seat_ids).await?;
    anyhow::ensure!(
        usize::try_from(sold)? == lines.len(),
        "{sold} of {} seats were sold",
        lines.len()
    );
    anyhow::ensure!(
        usize::try_from(tied)? == lines.len(),
        "{tied} of {} identities were tied",
        lines.len()
    );
    tickets::issue(conn, order, lines, &ticket_ids).await?;

    inventory::end_cart(conn, &[order.cart_id], CartEnd::Sold).await?;
    let version = orders::save_end(conn, order.order_id, OrderState::Completed, None).await?;
    store::save_captured(conn, payment.payment_id).await?;
    ledger::book_sale(conn, app.ids, order.order_id, (captured, lines)).await?;

    events::record(conn, app.ids, messages::completed(order, &ticket_ids, version)?).await?;
    if let Some(mail) = messages::confirmation(conn, app, order, &seat_ids).await? {
        events::record(conn, app.ids, mail).await?;
    }
    let now = seats::now(conn).await?;
    jobs::enqueue(conn, app.ids, Job::EndSession(order.order_id), now).await?;
    let details =
        json!({"order_number": order.number(), "tickets": ticket_ids, "captured": captured.to_string()});
    audit::record(
        conn,
        Entry {
            actor: GATEWAY,
            deed: "order.completed",
            subject_id: order.order_id.0,
            details,
        },
    )
    .await?;
    Ok(())
}

/// Too late, or not what was asked: all of it goes back, by a job that survives us.
pub(super) async fn refund_all(
    conn: &mut PgConnection,
    app: &App,
    (order, payment): (&Order, &Payment),
    captured: Money,
    reason: RefundReason,
) -> anyhow::Result<()> {
    give_back(conn, order).await?;
    inventory::end_cart(conn, &[order.cart_id], CartEnd::Expired).await?;
    let version = orders::save_end(conn, order.order_id, OrderState::Refunded, Some(reason.code())).await?;
    store::save_captured(conn, payment.payment_id).await?;
    store::insert_refund(conn, (RefundId(app.ids.next()), payment), captured, reason).await?;
    ledger::book_refund_due(conn, app.ids, order.order_id, captured).await?;

    events::record(
        conn,
        app.ids,
        messages::refunded(order, captured, reason, version)?,
    )
    .await?;
    let now = seats::now(conn).await?;
    jobs::enqueue(conn, app.ids, Job::RefundPayment(payment.payment_id), now).await?;
    jobs::enqueue(conn, app.ids, Job::EndSession(order.order_id), now).await?;
    let details =
        json!({"order_number": order.number(), "captured": captured.to_string(), "reason": reason.code()});
    audit::record(
        conn,
        Entry {
            actor: GATEWAY,
            deed: "order.refunded",
            subject_id: order.order_id.0,
            details,
        },
    )
    .await?;
    Ok(())
}
