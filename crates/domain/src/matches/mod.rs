//! A match's sale: its terms, when it is open, what a seat costs when (E2-F2, E4-F2, decision "Price").

mod lifecycle;

use chrono::{NaiveDate, TimeDelta};
use chrono_tz::Europe::Zagreb;

use crate::Timestamp;
use crate::money::{Currency, Money, Rate};
use crate::phases::Phase;

pub use lifecycle::{Missing, Preparation, Standing, Turn, WrongTurn, decide_turn, missing};

/// State of a match (decision "Match states").
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "match_state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum MatchState {
    /// Being prepared.
    Draft,
    /// Visible; on sale within its sale's times.
    Published,
    /// Played.
    Closed,
    /// Called off.
    Cancelled,
}

impl MatchState {
    /// As bodies and tables name it.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Published => "PUBLISHED",
            Self::Closed => "CLOSED",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The state of this name.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        let all = [Self::Draft, Self::Published, Self::Closed, Self::Cancelled];
        all.into_iter().find(|state| state.code() == code)
    }
}

/// The policy of one match's sale: a row that staff change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaleTerms {
    /// The match's state.
    pub state: MatchState,
    /// Nothing is sold while somebody's wish to cancel the match waits for approval.
    pub is_held: bool,
    /// Kick-off: its day in Zagreb is match day.
    pub kick_off_at: Timestamp,
    /// The phase that is open, or the next one, or else the last one.
    pub phase: Phase,
    /// Currency of all prices.
    pub currency: Currency,
    /// Tickets per buyer, over all phases.
    pub ticket_limit: u32,
    /// Service fee, of the ticket price.
    pub fee: Rate,
    /// VAT contained in the ticket price.
    pub ticket_vat: Rate,
    /// VAT contained in the fee.
    pub fee_vat: Rate,
    /// Length of a session of the waiting room, from admission.
    pub session: TimeDelta,
    /// No payment attempt starts in so much of the session's end.
    pub last_attempt: TimeDelta,
    /// A started attempt may land so long after the session's end.
    pub landing: TimeDelta,
    /// Buyers give tickets back by themselves until so long before kick-off.
    pub refund_deadline: TimeDelta,
}

impl SaleTerms {
    /// Whether anything is sold of the match at all: not before its publication, not once it is over or called off, and not while
    /// somebody's wish to call it off waits for approval.
    #[must_use]
    pub fn is_sold(&self) -> bool {
        self.state == MatchState::Published && !self.is_held
    }

    /// Whether seats may be held at `now`.
    #[must_use]
    pub fn is_open(&self, now: Timestamp) -> bool {
        self.is_sold() && self.phase.is_open(now)
    }

    /// Whether a session that ends then was opened in the phase that is on: each phase has a line of its own, and who was let in for
    /// an earlier one does not buy ahead of it. Both instants are the room's, in its milliseconds, so that no two clocks are compared.
    #[must_use]
    pub fn is_of_this_phase(&self, session_ends_at: Timestamp) -> bool {
        (session_ends_at - self.session).timestamp_millis() >= self.phase.starts_at.timestamp_millis()
    }

    /// The terms for a buyer with so many loyalty points: no more tickets than the phase gives them.
    #[must_use]
    pub fn for_points(&self, points: u32) -> Self {
        Self {
            ticket_limit: self.ticket_limit.min(self.phase.allowance(points)),
            ..self.clone()
        }
    }

    /// Whether the match-day price holds at `now`: the pre-sale ends at 24:00 of the day before, in Zagreb.
    #[must_use]
    pub fn is_match_day(&self, now: Timestamp) -> bool {
        day_in_zagreb(now) >= day_in_zagreb(self.kick_off_at)
    }
}

/// The calendar day of an instant where our venues are.
#[must_use]
pub fn day_in_zagreb(instant: Timestamp) -> NaiveDate {
    instant.with_timezone(&Zagreb).date_naive()
}

/// An instant as people at our venues write it: `05.09.2026. 20:45`.
#[must_use]
pub fn local_time(instant: Timestamp) -> String {
    instant
        .with_timezone(&Zagreb)
        .format("%d.%m.%Y. %H:%M")
        .to_string()
}

/// The two prices of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ZonePrices {
    /// Until the end of the day before the match.
    pub presale: Money,
    /// On match day.
    pub match_day: Money,
}

impl ZonePrices {
    /// What a seat costs at `now`.
    #[must_use]
    pub fn at(&self, terms: &SaleTerms, now: Timestamp) -> Money {
        if terms.is_match_day(now) {
            self.match_day
        } else {
            self.presale
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::phases::PhaseKind;

    pub(crate) fn at(seconds: i64) -> Timestamp {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    pub(crate) fn terms() -> SaleTerms {
        SaleTerms {
            state: MatchState::Published,
            is_held: false,
            kick_off_at: "2026-09-05T18:45:00Z".parse().unwrap(),
            phase: Phase {
                kind: PhaseKind::GeneralPublic,
                starts_at: at(10),
                ends_at: "2026-09-05T18:45:00Z".parse().unwrap(),
                ticket_limit: 4,
                thresholds: Vec::new(),
            },
            currency: Currency::Eur,
            ticket_limit: 4,
            fee: Rate::percent(6.into()),
            ticket_vat: Rate::percent(5.into()),
            fee_vat: Rate::percent(25.into()),
            session: TimeDelta::seconds(990),
            last_attempt: TimeDelta::seconds(90),
            refund_deadline: TimeDelta::hours(48),
            landing: TimeDelta::seconds(60),
        }
    }

    #[test]
    fn a_session_is_of_the_phase_in_which_it_was_opened_to_the_millisecond() {
        let opened = |millis: i64| at(10) + TimeDelta::milliseconds(millis);
        let begins_within_a_millisecond = SaleTerms {
            phase: Phase {
                starts_at: at(10) + TimeDelta::microseconds(999),
                ..terms().phase
            },
            ..terms()
        };
        for terms in [terms(), begins_within_a_millisecond] {
            assert!(terms.is_of_this_phase(opened(0) + terms.session));
            assert!(!terms.is_of_this_phase(opened(-1) + terms.session));
        }
    }

    #[test]
    fn the_pre_sale_price_holds_until_midnight_in_zagreb() {
        let prices = ZonePrices {
            presale: Money::from_cents(4000, Currency::Eur),
            match_day: Money::from_cents(5000, Currency::Eur),
        };
        // 22:00 UTC is midnight in Zagreb in September.
        assert_eq!(
            prices.at(&terms(), "2026-09-04T21:59:59Z".parse().unwrap()),
            prices.presale
        );
        assert_eq!(
            prices.at(&terms(), "2026-09-04T22:00:00Z".parse().unwrap()),
            prices.match_day
        );
    }

    #[test]
    fn only_a_published_match_is_on_sale_and_only_in_its_times() {
        assert!(terms().is_open(at(10)));
        assert!(!terms().is_open(at(9)));
        assert!(
            !SaleTerms {
                state: MatchState::Closed,
                ..terms()
            }
            .is_open(at(10))
        );
        assert!(!terms().is_open(terms().phase.ends_at));
        assert!(
            !SaleTerms {
                is_held: true,
                ..terms()
            }
            .is_open(at(10))
        );
    }
}
