//! What requests on the blacklist say, and what answers show: no OIB in the clear.

use chrono::{DateTime, Utc};
use domain::ids::MatchId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::actions::{Imported, Possessions};
use super::read_models::{OrderOpen, TicketHeld};
use super::store::{EntryRow, ViolationFilter, ViolationRow};
use crate::http::pages::Age;
use crate::secrets::PersonalData;

/// Somebody on the blacklist, or in its history.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntryView {
    pub(crate) entry_id: Uuid,
    /// Its last four digits.
    #[schema(example = "*******3194")]
    pub(crate) oib: Option<String>,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    /// Who says so.
    #[schema(example = "MUP")]
    pub(crate) source: String,
    pub(crate) added_at: DateTime<Utc>,
    /// Whose account put them on it; absent: an operator's command line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) added_by: Option<Uuid>,
    /// Absent while they are on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) removed_at: Option<DateTime<Utc>>,
    /// Whose account took them off; absent: an operator's command line, or while they are on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) removed_by: Option<Uuid>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) removal_reason: Option<String>,
}

impl EntryView {
    pub(crate) fn of(personal_data: &PersonalData, row: EntryRow) -> anyhow::Result<Self> {
        Ok(Self {
            entry_id: row.entry_id,
            oib: masked(personal_data, row.oib_encrypted.as_deref())?,
            first_name: row.first_name,
            last_name: row.last_name,
            source: row.source,
            added_at: row.created_at,
            added_by: row.added_by.map(|by| by.0),
            removed_at: row.removed_at,
            removed_by: row.removed_by.map(|by| by.0),
            removal_reason: row.removal_reason,
        })
    }
}

fn masked(personal_data: &PersonalData, stored: Option<&[u8]>) -> anyhow::Result<Option<String>> {
    let clear = stored.map(|stored| personal_data.decrypt(stored)).transpose()?;
    Ok(clear.map(|oib| format!("*******{}", oib.get(7..).unwrap_or_default())))
}

/// A ticket to a match to come of somebody on the blacklist.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct TicketHeldView {
    pub(super) ticket_id: Uuid,
    pub(super) order_id: Uuid,
    pub(super) match_id: Uuid,
    #[schema(example = "Hrvatska – Portugal")]
    pub(super) match_title: String,
    /// They bought it: then all of its order is concerned.
    pub(super) is_buyer: bool,
}

impl From<TicketHeld> for TicketHeldView {
    fn from(ticket: TicketHeld) -> Self {
        Self {
            ticket_id: ticket.ticket_id.0,
            order_id: ticket.order_id.0,
            match_id: ticket.match_id.0,
            match_title: ticket.match_title,
            is_buyer: ticket.is_buyer,
        }
    }
}

/// An order of somebody on the blacklist that waits for its payment.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct OrderOpenView {
    pub(super) order_id: Uuid,
    pub(super) match_id: Uuid,
    #[schema(example = "Hrvatska – Portugal")]
    pub(super) match_title: String,
    /// They are buying: then all of it is concerned.
    pub(super) is_buyer: bool,
}

impl From<OrderOpen> for OrderOpenView {
    fn from(order: OrderOpen) -> Self {
        Self {
            order_id: order.order_id.0,
            match_id: order.match_id.0,
            match_title: order.match_title,
            is_buyer: order.is_buyer,
        }
    }
}

/// What people have who are new on the blacklist. A warning: it stays valid until somebody cancels it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PossessionsView {
    /// Tickets to matches to come.
    tickets: Vec<TicketHeldView>,
    /// Orders that become tickets when their payment lands.
    open_orders: Vec<OrderOpenView>,
}

impl From<Possessions> for PossessionsView {
    fn from(has: Possessions) -> Self {
        Self {
            tickets: has.tickets.into_iter().map(TicketHeldView::from).collect(),
            open_orders: has.open_orders.into_iter().map(OrderOpenView::from).collect(),
        }
    }
}

/// Somebody to be put on the blacklist.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct EntryBody {
    /// 11 digits with a valid check digit.
    pub(super) oib: String,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    /// Who says so.
    #[schema(example = "MUP")]
    pub(super) source: String,
    /// 3 to 500 characters; no personal data.
    pub(super) reason: String,
}

/// Who was put on it, and what they have.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct AddedView {
    pub(super) entry: EntryView,
    #[serde(flatten)]
    pub(super) has: PossessionsView,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct EntriesQuery {
    /// In first or last name. People are looked up by OIB with `POST /admin/blacklist/checks`.
    pub(super) search: Option<String>,
    /// Only those on it (true), or in its history (false).
    pub(super) active: Option<bool>,
    /// NEWEST first, unless OLDEST is asked for.
    #[param(value_type = Option<String>)]
    pub(super) sort: Option<Age>,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<Uuid>,
}

/// Whom to look for: an OIB never stands in an address.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CheckBody {
    /// 11 digits with a valid check digit.
    pub(super) oib: String,
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct CheckView {
    /// Whether this person may not be sold a ticket.
    pub(super) is_blocked: bool,
    /// What they are to be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) message: Option<&'static str>,
}

/// That everybody is to be taken off.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClearingBody {
    /// How many people are on it, as a confirmation: `total` of `GET /admin/blacklist?active=true`.
    pub(super) entries: u64,
    /// 3 to 500 characters.
    #[schema(example = "Pre-match refresh")]
    pub(super) reason: String,
}

/// How many were taken off.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ClearedView {
    pub(super) removed: u64,
}

/// What an import is told beside the list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ImportQuery {
    /// Who says so.
    pub(super) source: String,
    /// Say what would be, and change nothing.
    #[serde(default)]
    pub(super) dry_run: bool,
    /// 3 to 500 characters; no personal data.
    pub(super) reason: String,
}

/// What an import did, or would do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportView {
    pub(super) dry_run: bool,
    /// Different people in the list.
    pub(super) named: usize,
    /// New on the blacklist.
    pub(super) added: usize,
    /// Lines that name somebody again.
    pub(super) repeated_lines: Vec<u64>,
    /// Lines of people who were on it already.
    pub(super) present_lines: Vec<u64>,
    #[serde(flatten)]
    pub(super) has: PossessionsView,
}

impl ImportView {
    pub(super) fn of(done: Imported, dry_run: bool) -> Self {
        Self {
            dry_run,
            named: done.named,
            added: done.added,
            repeated_lines: done.repeated,
            present_lines: done.present,
            has: done.possessions.into(),
        }
    }
}

/// Which blocked attempts.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ViolationsQuery {
    /// At or after.
    pub(super) from: Option<DateTime<Utc>>,
    /// Before.
    pub(super) to: Option<DateTime<Utc>>,
    /// For one match.
    pub(super) match_id: Option<Uuid>,
    /// Of one person: an entry of theirs on the blacklist.
    pub(super) entry_id: Option<Uuid>,
    /// In a name that the blacklist has, or had, for them.
    pub(super) search: Option<String>,
    /// NEWEST first, unless OLDEST is asked for.
    #[param(value_type = Option<String>)]
    pub(super) sort: Option<Age>,
    /// `next_cursor` of the page before.
    pub(super) cursor: Option<Uuid>,
}

impl ViolationsQuery {
    pub(super) fn filter(&self) -> ViolationFilter {
        ViolationFilter {
            from: self.from,
            to: self.to,
            match_id: self.match_id.map(MatchId),
            entry_id: self.entry_id,
            search: self.search.clone(),
            is_oldest_first: self.sort == Some(Age::Oldest),
        }
    }
}

/// An attempt that was blocked.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ViolationView {
    pub(super) violation_id: Uuid,
    pub(super) blocked_at: DateTime<Utc>,
    /// Its last four digits.
    pub(super) oib: Option<String>,
    pub(super) first_name: Option<String>,
    pub(super) last_name: Option<String>,
    pub(super) match_id: Uuid,
    pub(super) match_title: Option<String>,
    /// Whose account it was.
    pub(super) user_id: Uuid,
    /// The first half of the address it came from.
    #[schema(example = "161.53.0.0/16")]
    pub(super) address_class: Option<String>,
    pub(super) user_agent: Option<String>,
}

impl ViolationView {
    pub(super) fn of(personal_data: &PersonalData, row: ViolationRow) -> anyhow::Result<Self> {
        Ok(Self {
            violation_id: row.violation_id,
            blocked_at: row.blocked_at,
            oib: masked(personal_data, row.oib_encrypted.as_deref())?,
            first_name: row.first_name,
            last_name: row.last_name,
            match_id: row.match_id.0,
            match_title: row.match_title,
            user_id: row.user_id.0,
            address_class: row.address_class,
            user_agent: row.user_agent,
        })
    }

    /// A row of the report.
    pub(super) fn row(self) -> [String; 7] {
        [
            self.blocked_at.to_rfc3339(),
            self.first_name.unwrap_or_default(),
            self.last_name.unwrap_or_default(),
            self.oib.unwrap_or_default(),
            self.match_title.unwrap_or_default(),
            self.address_class.unwrap_or_default(),
            self.user_id.to_string(),
        ]
    }
}
