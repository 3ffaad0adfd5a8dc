//! Hold seats, read the cart, give it back.

use domain::ids::{MatchId, ZoneId};
use domain::inventory::{HoldRefused, HoldWish, SeatQuantity};

use super::store::{self, Cart, CartEnd, LabelledCart};
use super::{buyers, seats};
use crate::admission::Entered;
use crate::app::App;
use crate::http::actor::Fan;
use crate::http::fault::Fault;
use crate::matches;

/// What a fan asks for.
#[derive(Debug, Clone)]
pub struct Hold {
    /// Where.
    pub zone_id: ZoneId,
    /// How many.
    pub quantity: SeatQuantity,
    /// The cart's version that the app saw.
    pub seen_version: Option<i32>,
    /// The client's name for this request.
    pub key: String,
}

/// Holds seats for the length of the fan's session. The answer is the committed claim: nothing else is on this path.
pub(super) async fn hold(
    app: &App,
    entered: &Entered,
    match_id: MatchId,
    hold: Hold,
) -> Result<LabelledCart, Fault<HoldRefused>> {
    if !app.known_zones.contains_key(&(match_id, hold.zone_id)) {
        let mut conn = app.db.acquire().await?;
        matches::zone_sale(&mut conn, match_id, hold.zone_id)
            .await?
            .ok_or(HoldRefused::NoSuchZone)?;
        app.known_zones.insert((match_id, hold.zone_id), ()).await;
    }
    let wish = HoldWish {
        quantity: hold.quantity,
        seen_version: hold.seen_version,
        session_ends_at: entered.session.ends_at,
    };

    app.lanes
        .hold(match_id, hold.zone_id, (entered.fan.id, hold.key), wish)
        .await
}

/// The fan's live cart.
pub(super) async fn read(
    app: &App,
    fan: &Fan,
    match_id: MatchId,
) -> Result<Option<LabelledCart>, Fault<HoldRefused>> {
    let mut conn = app.db.acquire().await?;
    let now = seats::now(&mut conn).await?;
    let buyer = buyers::find(&mut conn, match_id, fan.id).await?;
    let Some(live) = buyer.as_ref().and_then(|buyer| buyer.live_cart(now)) else {
        return Ok(None);
    };
    let cart = store::find_cart(&mut conn, live.cart_id).await?;
    drop(conn);
    match cart {
        Some(cart) => Ok(Some(
            label(
                app,
                Cart {
                    locked_until: live.until,
                    ..cart
                },
            )
            .await?,
        )),
        None => Ok(None),
    }
}

/// Gives the cart back: its seats are free at once. Nothing to give back is fine.
pub(super) async fn release(app: &App, fan: &Fan, match_id: MatchId) -> Result<(), Fault<HoldRefused>> {
    let mut tx = app.db.begin().await?;
    let Some(buyer) = buyers::lock(&mut tx, match_id, fan.id).await? else {
        return Ok(());
    };
    let Some(live) = buyer.live_cart(seats::now(&mut tx).await?).copied() else {
        return Ok(());
    };
    let Some(cart) = store::find_cart(&mut tx, live.cart_id).await? else {
        return Ok(());
    };

    if let Some(order_id) = live.order_id {
        return Err(HoldRefused::OrderOpen { order_id }.into());
    }

    let owned = seats::lock_of_cart(&mut tx, match_id, (cart.cart_id, &cart.seat_ids)).await?;
    seats::release(&mut tx, match_id, (cart.cart_id, &owned)).await?;
    store::end_cart(&mut tx, &[cart.cart_id], CartEnd::Released).await?;
    buyers::clear_cart(&mut tx, (match_id, fan.id), cart.cart_id).await?;

    tx.commit().await?;
    Ok(())
}

async fn label(app: &App, cart: Cart) -> Result<LabelledCart, sqlx::Error> {
    let mut conn = app.db.acquire().await?;
    let found = store::list_labels(&mut conn, &cart.seat_ids).await?;
    let now = seats::now(&mut conn).await?;
    let in_order = cart
        .seat_ids
        .iter()
        .filter_map(|id| found.iter().find(|label| label.seat_id == *id).cloned());
    Ok(LabelledCart {
        seats: in_order.collect(),
        cart,
        now,
    })
}
