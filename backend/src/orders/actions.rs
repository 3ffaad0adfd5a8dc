//! Check out a cart: holders, identities, prices, an order that waits for its payment.

use domain::ids::{MatchId, OrderId, SavedProfileId, SeatId};
use domain::inventory::BuyerCart;
use domain::matches::SaleTerms;
use domain::money::Money;
use domain::orders::{CheckoutRefused, LinePrice, OrderState, decide_checkout, name_holders};
use domain::users::Holder;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::store::{self, Line, NewLine, Order};
use crate::admission::Entered;
use crate::app::App;
use crate::audit::{self, Actor, Entry};
use crate::blacklist::Attempt;
use crate::http::actor::Fan;
use crate::http::client::Client;
use crate::http::fault::{Fault, constraint};
use crate::http::pages::PAGE_ITEMS_MAX;
use crate::inventory::{self, Cart, buyers, identities, seats};
use crate::jobs::{self, Job};
use crate::{blacklist, matches, users};

/// What a fan says at checkout.
#[derive(Debug, Clone)]
pub(super) struct Checkout {
    /// The cart's version that the app saw.
    pub cart_version: i32,
    /// Holders of the tickets that are not the buyer's own.
    pub holders: Vec<Holder>,
    /// More of them, by what the fan has saved of them.
    pub saved_holders: Vec<SavedProfileId>,
    /// Whether equal seats will do if a late payment finds these gone.
    pub accept_equal_seats: bool,
    /// The client's name for this request.
    pub key: String,
    /// What it said, hashed: the same key with another body is refused.
    pub request_hash: Vec<u8>,
}

/// Makes an order of the fan's cart. Its seats stay locked until the end of the fan's session.
pub(super) async fn check_out(
    app: &App,
    (entered, client): (&Entered, &Client),
    match_id: MatchId,
    checkout: Checkout,
) -> Result<(Order, Vec<Line>), Fault<CheckoutRefused>> {
    let fan = &entered.fan;
    let mut tx = app.db.begin().await?;
    let buyer = buyers::lock(&mut tx, match_id, fan.id).await?;
    // Read under the buyer's lock: whoever used the key before has committed.
    if let Some(order) = store::find_by_key(&mut tx, fan.id, &checkout.key).await? {
        return repeat_answer(&mut tx, order, &checkout).await;
    }
    let buyer = buyer.ok_or(CheckoutRefused::NoCart)?;
    let now = seats::now(&mut tx).await?;
    let live = decide_checkout(&buyer, checkout.cart_version, now)?;
    let cart = inventory::find_cart(&mut tx, live.cart_id)
        .await?
        .ok_or(CheckoutRefused::NoCart)?;
    let terms = matches::sale_terms(&mut tx, match_id)
        .await?
        .ok_or(CheckoutRefused::NoCart)?;

    if !terms.is_sold() {
        return Err(CheckoutRefused::SaleClosed.into());
    }
    let own = users::buyer_profile(&mut tx, app, fan.id)
        .await?
        .ok_or(CheckoutRefused::ProfileRequired)?;
    let own_identity = app.personal_data.identity(&own.document).0;
    let own = if identities::has_ticket(&mut tx, match_id, &own_identity).await? {
        None
    } else {
        Some(own)
    };
    let saved = users::saved::holders(&mut tx, app, (fan.id, &checkout.saved_holders)).await?;
    let saved = saved.ok_or(CheckoutRefused::NoSuchSavedProfile)?;
    let named = [checkout.holders.clone(), saved].concat();
    let holders = name_holders(own, named, cart.seat_ids.len())?;
    let lines = price_lines(app, &cart, &terms, holders)?;
    let blocked = list_blacklisted(&mut tx, &lines).await?;
    if !blocked.is_empty() {
        // Written down in a transaction of its own: this one takes nothing.
        tx.rollback().await?;
        let mut conn = app.db.acquire().await?;
        let attempt = Attempt {
            match_id,
            user: fan.id,
            session: Some(entered.session.ticket_id),
            address_class: client.address_class.as_deref(),
            user_agent: client.user_agent.as_deref(),
        };
        blacklist::insert_violations(&mut conn, app.ids, &attempt, &blocked).await?;
        return Err(CheckoutRefused::Blacklisted.into());
    }

    let order = draft(app, entered, &live, (&cart, &checkout), (now, &lines))?;
    let order = save(&mut tx, order, &lines).await?;
    take_identities(&mut tx, &order, &lines, live.until).await?;
    buyers::save_checked_out(&mut tx, (match_id, fan.id), order.order_id).await?;
    jobs::enqueue(
        &mut tx,
        app.ids,
        Job::CloseOrder(order.order_id),
        order.session_ends_at,
    )
    .await?;
    audit::record(&mut tx, placed(&order, lines.len())).await?;

    tx.commit().await?;
    Ok((order, lines.into_iter().map(|new| new.line).collect()))
}

async fn repeat_answer(
    conn: &mut PgConnection,
    order: Order,
    checkout: &Checkout,
) -> Result<(Order, Vec<Line>), Fault<CheckoutRefused>> {
    if order.request_hash != checkout.request_hash {
        return Err(CheckoutRefused::KeyReused.into());
    }
    let lines = store::list_lines(conn, order.order_id).await?;
    Ok((order, lines))
}

fn price_lines(
    app: &App,
    cart: &Cart,
    terms: &SaleTerms,
    holders: Vec<Holder>,
) -> anyhow::Result<Vec<NewLine>> {
    let price = LinePrice::of(cart.price()?, terms)?;
    let seats = cart.seat_ids.iter().copied();
    (1..)
        .zip(seats.zip(holders))
        .map(|(line_no, (seat, holder))| line(app, line_no, (seat, holder), &price))
        .collect()
}

fn line(
    app: &App,
    line_no: i32,
    (seat_id, holder): (SeatId, Holder),
    price: &LinePrice,
) -> anyhow::Result<NewLine> {
    Ok(NewLine {
        born: holder.born,
        nationality: holder.nationality.code().to_owned(),
        document_kind: holder.document.kind(),
        document_encrypted: app.personal_data.encrypt(&holder.document, rand::random())?,
        line: Line {
            line_no,
            seat_id,
            holder_name: holder.name.as_str().to_owned(),
            holder_email: holder.email.as_ref().map(|email| email.as_str().to_owned()),
            identity: app.personal_data.identity(&holder.document).0,
            ticket_price: price.ticket.amount(),
            ticket_vat: price.ticket_vat.amount(),
            fee: price.fee.amount(),
            fee_vat: price.fee_vat.amount(),
        },
    })
}

/// One hit blocks the whole purchase (E4-F6), and each is written down (E11-F5).
async fn list_blacklisted(conn: &mut PgConnection, lines: &[NewLine]) -> Result<Vec<Vec<u8>>, sqlx::Error> {
    let named: Vec<Vec<u8>> = lines.iter().map(|new| new.line.identity.clone()).collect();
    blacklist::list_blocked(conn, &named).await
}

fn draft(
    app: &App,
    entered: &Entered,
    live: &BuyerCart,
    (cart, checkout): (&Cart, &Checkout),
    (now, lines): (domain::Timestamp, &[NewLine]),
) -> anyhow::Result<Order> {
    let currency = cart.price()?.currency();
    let mut total = Money::zero(currency);
    for new in lines {
        total = total
            .plus(Money::new(new.line.ticket_price, currency)?)?
            .plus(Money::new(new.line.fee, currency)?)?;
    }
    Ok(Order {
        order_id: OrderId(app.ids.next()),
        order_number: 0,
        match_id: cart.match_id,
        user_id: entered.fan.id,
        cart_id: cart.cart_id,
        zone_id: cart.zone_id,
        state: OrderState::AwaitingPayment,
        accept_equal_seats: checkout.accept_equal_seats,
        total: total.amount(),
        currency: currency.code().to_owned(),
        session_ends_at: live.until,
        session_ticket_id: entered.session.ticket_id,
        version: 1,
        created_at: now,
        end_reason: None,
        idempotency_key: checkout.key.clone(),
        request_hash: checkout.request_hash.clone(),
    })
}

async fn save(
    conn: &mut PgConnection,
    mut order: Order,
    lines: &[NewLine],
) -> Result<Order, Fault<CheckoutRefused>> {
    order.order_number =
        store::insert_order(conn, &order)
            .await
            .map_err(|error| match constraint(&error) {
                Some("orders_one_per_key") => Fault::Refused(CheckoutRefused::KeyReused),
                _ => error.into(),
            })?;
    for new in lines {
        store::insert_line(conn, order.order_id, new).await?;
    }
    Ok(order)
}

/// INV duplicate_holders: one person, one ticket of a match, over all channels.
async fn take_identities(
    conn: &mut PgConnection,
    order: &Order,
    lines: &[NewLine],
    held_until: domain::Timestamp,
) -> Result<(), Fault<CheckoutRefused>> {
    let mut sorted: Vec<Vec<u8>> = lines.iter().map(|new| new.line.identity.clone()).collect();
    sorted.sort();
    let taken = identities::take(conn, order.match_id, (order.order_id, &sorted), held_until).await?;
    if usize::try_from(taken).is_ok_and(|taken| taken == sorted.len()) {
        Ok(())
    } else {
        Err(CheckoutRefused::HolderHasTicket.into())
    }
}

fn placed(order: &Order, tickets: usize) -> Entry {
    Entry {
        actor: Actor::Fan(order.user_id),
        deed: "order.placed",
        subject_id: order.order_id.0,
        details: json!({
            "order_number": order.number(),
            "match_id": order.match_id,
            "tickets": tickets,
            "total": order.total.to_string(),
            "currency": order.currency,
        }),
    }
}

/// An order of the fan's own; anybody else's is not there.
pub(super) async fn read(
    app: &App,
    fan: &Fan,
    order_id: OrderId,
) -> Result<Option<(Order, Vec<Line>)>, sqlx::Error> {
    let mut conn = app.db.acquire().await?;
    let Some(order) = store::find_order(&mut conn, order_id)
        .await?
        .filter(|order| order.user_id == fan.id)
    else {
        return Ok(None);
    };
    let lines = store::list_lines(&mut conn, order_id).await?;
    Ok(Some((order, lines)))
}

/// The fan's orders, newest first.
pub(super) async fn list(app: &App, fan: &Fan, before: Option<Uuid>) -> Result<Vec<Order>, sqlx::Error> {
    let mut conn = app.db.acquire().await?;
    store::list_of_user(&mut conn, fan.id, before, PAGE_ITEMS_MAX).await
}
