//! The terms of a match's sale, as staff say them.

use domain::stadiums::StadiumKind;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Fee, VAT and clocks of a sale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SaleBody {
    /// Service fee, percent of the ticket price.
    #[schema(value_type = String, example = "6.00")]
    pub fee_percent: Decimal,
    /// VAT contained in the ticket price, percent; left out, and not told: 5 at home, 0 away.
    #[schema(value_type = Option<String>, example = "5.00")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ticket_vat_percent: Option<Decimal>,
    /// VAT contained in the fee, percent; left out, and not told: 25 at home, 0 away.
    #[schema(value_type = Option<String>, example = "25.00")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee_vat_percent: Option<Decimal>,
    /// Length of a session of the waiting room, seconds: also the life of a cart.
    pub session_seconds: i32,
    /// No payment attempt starts in so many last seconds of a session.
    pub last_attempt_seconds: i32,
    /// A started payment may land so many seconds after the session's end.
    pub landing_seconds: i32,
    /// Buyers give tickets back by themselves until so many hours before kick-off.
    pub refund_deadline_hours: i32,
    /// Sessions open at once.
    pub max_active_sessions: i32,
    /// Fans let in per minute, at most; left out: as many as sessions allow.
    pub admissions_per_minute: Option<i32>,
}

impl Default for SaleBody {
    fn default() -> Self {
        Self {
            fee_percent: Decimal::from(6),
            ticket_vat_percent: None,
            fee_vat_percent: None,
            session_seconds: 1_200,
            last_attempt_seconds: 90,
            landing_seconds: 60,
            refund_deadline_hours: 48,
            max_active_sessions: 500,
            admissions_per_minute: None,
        }
    }
}

/// VAT contained in tickets and fees unless somebody says otherwise, percent.
pub(super) fn usual_vat(kind: StadiumKind) -> (Decimal, Decimal) {
    match kind {
        StadiumKind::Home => (Decimal::from(5), Decimal::from(25)),
        StadiumKind::Away => (Decimal::ZERO, Decimal::ZERO),
    }
}

impl SaleBody {
    /// The terms without what is as usual, so that it stays so when the match moves to another ground.
    pub(super) fn said_at(self, kind: StadiumKind) -> Self {
        let (ticket_vat, fee_vat) = usual_vat(kind);
        Self {
            ticket_vat_percent: self.ticket_vat_percent.filter(|percent| *percent != ticket_vat),
            fee_vat_percent: self.fee_vat_percent.filter(|percent| *percent != fee_vat),
            ..self
        }
    }

    /// Everything that is wrong with them.
    pub(super) fn mistakes(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (what, value, (least, most)) in [
            ("session_seconds", self.session_seconds, (10, 7_200)),
            (
                "last_attempt_seconds",
                self.last_attempt_seconds,
                (1, self.session_seconds - 1),
            ),
            ("landing_seconds", self.landing_seconds, (1, 600)),
            ("refund_deadline_hours", self.refund_deadline_hours, (0, 720)),
            ("max_active_sessions", self.max_active_sessions, (1, 100_000)),
            (
                "admissions_per_minute",
                self.admissions_per_minute.unwrap_or(1),
                (1, 100_000),
            ),
        ] {
            if !(least..=most).contains(&value) {
                wrong.push(format!("sale.{what} must be {least} to {most}"));
            }
        }
        for (what, percent) in [
            ("fee_percent", Some(self.fee_percent)),
            ("ticket_vat_percent", self.ticket_vat_percent),
            ("fee_vat_percent", self.fee_vat_percent),
        ] {
            let fits = |percent: Decimal| {
                !percent.is_sign_negative() && percent <= Decimal::from(100) && percent.scale() <= 2
            };
            if percent.is_some_and(|percent| !fits(percent)) {
                wrong.push(format!("sale.{what} must be 0 to 100 with two digits"));
            }
        }
        wrong
    }
}
