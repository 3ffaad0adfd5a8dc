//! What people on the list have: their tickets and open orders, read across contexts.

use domain::ids::{MatchId, OrderId, TicketId};
use sqlx::{PgConnection, query_as};

/// A ticket of somebody on the list, for a match to come.
#[derive(Debug, Clone)]
pub struct TicketHeld {
    /// The ticket.
    pub ticket_id: TicketId,
    /// What it was bought with.
    pub order_id: OrderId,
    /// For which match.
    pub match_id: MatchId,
    /// As people call the match.
    pub match_title: String,
    /// Whether they bought it, rather than only hold it.
    pub is_buyer: bool,
}

/// Live tickets to matches to come of these people: those they hold, and all of orders they bought.
pub(super) async fn list_tickets_of(
    conn: &mut PgConnection,
    identities: &[Vec<u8>],
) -> Result<Vec<TicketHeld>, sqlx::Error> {
    query_as!(
        TicketHeld,
        "SELECT t.ticket_id, t.order_id, t.match_id, m.home_team || ' – ' || m.away_team AS \"match_title!\",
                EXISTS (
                    SELECT FROM user_profiles p WHERE p.user_id = t.user_id AND p.oib_index = ANY($1)
                ) AS \"is_buyer!\"
         FROM tickets t
         JOIN matches m USING (match_id)
         WHERE t.state = 'SOLD' AND m.kick_off_at > clock_timestamp()
           AND (t.ticket_id IN (SELECT ticket_id FROM match_identities WHERE identity = ANY($1) AND ticket_id IS NOT NULL)
                OR t.user_id IN (SELECT user_id FROM user_profiles WHERE oib_index = ANY($1)))
         ORDER BY t.ticket_id
         LIMIT 1000",
        identities,
    )
    .fetch_all(conn)
    .await
}

/// An order of somebody on the list that waits for its payment.
#[derive(Debug, Clone)]
pub struct OrderOpen {
    /// The order.
    pub order_id: OrderId,
    /// For which match.
    pub match_id: MatchId,
    /// As people call the match.
    pub match_title: String,
    /// Whether they are buying, rather than only named as a holder.
    pub is_buyer: bool,
}

/// Orders that wait for their payment: those that these people make, and those that name them.
pub(super) async fn list_open_orders_of(
    conn: &mut PgConnection,
    identities: &[Vec<u8>],
) -> Result<Vec<OrderOpen>, sqlx::Error> {
    query_as!(
        OrderOpen,
        "SELECT o.order_id, o.match_id, m.home_team || ' – ' || m.away_team AS \"match_title!\",
                EXISTS (
                    SELECT FROM user_profiles p WHERE p.user_id = o.user_id AND p.oib_index = ANY($1)
                ) AS \"is_buyer!\"
         FROM orders o
         JOIN matches m USING (match_id)
         WHERE o.state = 'AWAITING_PAYMENT'
           AND o.order_id IN (
               SELECT order_id FROM match_identities WHERE identity = ANY($1) AND ticket_id IS NULL
               UNION
               SELECT order_id FROM orders JOIN user_profiles USING (user_id) WHERE oib_index = ANY($1)
           )
         ORDER BY o.order_id
         LIMIT 1000",
        identities,
    )
    .fetch_all(conn)
    .await
}
