//! The parts of the backend's answers that fans read.

use chrono::{DateTime, Utc};
use serde::Deserialize;
use uuid::Uuid;

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Token {
    pub(super) access_token: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct JoinGrant {
    pub(super) grant: String,
    pub(super) join_url: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Zones {
    pub(super) zones: Vec<Zone>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Zone {
    pub(super) zone_id: Uuid,
    pub(super) available_count: u32,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Cart {
    pub(super) cart_id: Uuid,
    pub(super) version: i32,
    pub(super) zone_id: Uuid,
    pub(super) seats: Vec<Seat>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(super) struct Seat {
    pub(super) seat_id: Uuid,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct GoneProblem {
    pub(super) as_of: DateTime<Utc>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Order {
    pub(super) order_id: Uuid,
    pub(super) state: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Payment {
    pub(super) payment_intent_id: String,
    pub(super) client_secret: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Tickets {
    pub(super) items: Vec<Ticket>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Ticket {
    pub(super) ticket_id: Uuid,
    pub(super) order_id: Uuid,
    pub(super) code: Option<String>,
}
