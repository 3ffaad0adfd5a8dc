//! A match as staff say it should be: the body of a request, and the file of `backend admin match create`.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::inventory::SeatStatus;
use domain::phases::{Phase, PhaseKind, Threshold};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::sale::SaleBody;
use crate::http::ids::STADIUMS_LISTED;
use crate::stadiums::file::PriceCategory;

/// Characters of a name that people read.
const NAME_CHARS_MAX: usize = 80;
/// Characters of a sector's purpose.
const PURPOSE_CHARS_MAX: usize = 40;
/// Characters of a text of the content.
const TEXT_CHARS_MAX: usize = 4_000;
/// Phases of one match.
pub(super) const PHASES_MAX: usize = 20;

/// A match as staff say it should be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MatchBody {
    /// Home side.
    #[schema(example = "Hrvatska")]
    pub home_team: String,
    /// Away side.
    #[schema(example = "Portugal")]
    pub away_team: String,
    /// Which cup or league.
    pub competition: String,
    /// Kick-off.
    pub kick_off_at: DateTime<Utc>,
    /// Where.
    #[serde(deserialize_with = "stadium_id")]
    pub stadium_id: Uuid,
    /// Which version of the stadium's layout; left out, a draft takes the newest, and a published match keeps its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layout_version: Option<i32>,
    /// How its sectors are used; those that are not named are ACTIVE at the stadium's own price category.
    #[serde(default)]
    pub sectors: Vec<SectorBody>,
    /// What seats cost; left out or empty, it is as the stadium says.
    #[serde(default)]
    #[schema(value_type = Vec<Object>)]
    pub price_categories: Vec<PriceCategory>,
    /// Who may buy when.
    #[serde(default)]
    pub phases: Vec<PhaseBody>,
    /// Fee, VAT and clocks of the sale; left out, they are as usual.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sale: Option<SaleBody>,
    /// What fans are shown.
    #[serde(default)]
    pub content: ContentBody,
    /// Before this instant a published match is not shown; left out, it is shown at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub visible_from: Option<DateTime<Utc>>,
}

fn stadium_id<'de, D: Deserializer<'de>>(text: D) -> Result<Uuid, D::Error> {
    let text = String::deserialize(text)?;
    let no_id = |_| D::Error::custom(format!("`{text}` is no id of a stadium: {STADIUMS_LISTED}"));
    text.parse().map_err(no_id)
}

/// What becomes of a sector in a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, sqlx::Type, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[sqlx(type_name = "match_sector_state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SectorState {
    /// Sold.
    #[default]
    Active,
    /// Not opened.
    Closed,
    /// Out of order.
    Maintenance,
    /// Kept empty between others.
    Sterile,
}

/// How a sector is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SectorBody {
    /// The sector's code.
    pub code: String,
    /// ACTIVE, CLOSED, MAINTENANCE or STERILE.
    #[serde(default)]
    pub state: SectorState,
    /// For whom it is (AWAY_FANS, VIP, PRESS, …): then its seats are not sold to the public. Left out: for the public.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
    /// Whether its tickets are free: then its seats are not sold to the public.
    #[serde(default)]
    pub is_free: bool,
    /// Another price category than the stadium's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub price_category: Option<i32>,
}

impl SectorBody {
    /// What a seat of this sector is, unless it is technical. Seats with a purpose and free ones are not for the public: they stay
    /// blocked until staff give them away.
    #[must_use]
    pub fn seat_status(&self) -> SeatStatus {
        match self.state {
            SectorState::Active if self.purpose.is_some() || self.is_free => SeatStatus::Blocked,
            SectorState::Active => SeatStatus::Available,
            SectorState::Closed => SeatStatus::Inactive,
            SectorState::Maintenance => SeatStatus::Maintenance,
            SectorState::Sterile => SeatStatus::Blocked,
        }
    }
}

/// A phase of the sale.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PhaseBody {
    /// LOYALTY or GENERAL_PUBLIC.
    #[schema(value_type = String, example = "GENERAL_PUBLIC")]
    pub kind: PhaseKind,
    /// Its first instant.
    pub starts_at: DateTime<Utc>,
    /// The first instant after it.
    pub ends_at: DateTime<Utc>,
    /// Tickets of one buyer by the end of it, 1 to 4.
    #[serde(default = "four")]
    pub ticket_limit: u32,
    /// Of a LOYALTY phase: highest `min_points` first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(value_type = Vec<Object>)]
    pub thresholds: Vec<Threshold>,
}

impl From<Phase> for PhaseBody {
    fn from(phase: Phase) -> Self {
        Self {
            kind: phase.kind,
            starts_at: phase.starts_at,
            ends_at: phase.ends_at,
            ticket_limit: phase.ticket_limit,
            thresholds: phase.thresholds,
        }
    }
}

fn four() -> u32 {
    domain::phases::TICKETS_MAX
}

impl From<&PhaseBody> for Phase {
    fn from(body: &PhaseBody) -> Self {
        Self {
            kind: body.kind,
            starts_at: body.starts_at,
            ends_at: body.ends_at,
            ticket_limit: body.ticket_limit,
            thresholds: body.thresholds.clone(),
        }
    }
}

/// What fans are shown of a match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ContentBody {
    /// A picture, https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub banner_url: Option<String>,
    /// A picture, https.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub logo_url: Option<String>,
    /// A few words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub promo: Option<String>,
    /// What everybody must know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub important_info: Option<String>,
}

impl MatchBody {
    /// Everything that is wrong with it in itself; what it lacks to be published is another question.
    #[must_use]
    pub fn mistakes(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (what, text) in [
            ("home_team", &self.home_team),
            ("away_team", &self.away_team),
            ("competition", &self.competition),
        ] {
            wrong.extend(bad_text(what, text, NAME_CHARS_MAX));
        }
        let purposes = self.sectors.iter().filter_map(|sector| sector.purpose.as_ref());
        wrong.extend(purposes.filter_map(|text| bad_text("purpose", text, PURPOSE_CHARS_MAX)));
        for (what, text) in [
            ("content.promo", &self.content.promo),
            ("content.important_info", &self.content.important_info),
        ] {
            wrong.extend(
                text.iter()
                    .filter_map(|text| bad_text(what, text, TEXT_CHARS_MAX)),
            );
        }
        for (what, url) in [
            ("content.banner_url", &self.content.banner_url),
            ("content.logo_url", &self.content.logo_url),
        ] {
            if url
                .as_ref()
                .is_some_and(|url| !url.starts_with("https://") || url.len() > 500)
            {
                wrong.push(format!(
                    "{what} must be an https address of at most 500 characters"
                ));
            }
        }
        wrong.extend(self.wrong_codes());
        wrong.extend(self.sale.iter().flat_map(SaleBody::mistakes));
        wrong.extend(self.wrong_phases());
        wrong
    }

    fn wrong_codes(&self) -> Vec<String> {
        let (mut codes, mut prices) = (BTreeSet::new(), BTreeSet::new());
        let twice = self
            .sectors
            .iter()
            .filter(|sector| !codes.insert(sector.code.as_str()));
        let mut wrong: Vec<String> = twice
            .map(|sector| format!("sector {} is there twice", sector.code))
            .collect();
        let twice = self
            .price_categories
            .iter()
            .filter(|one| !prices.insert(one.code));
        wrong.extend(twice.map(|one| format!("price category {} is there twice", one.code)));
        wrong
    }

    fn wrong_phases(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        if self.phases.len() > PHASES_MAX {
            wrong.push(format!("a match has at most {PHASES_MAX} phases"));
            return wrong;
        }
        let phases: Vec<Phase> = self.phases.iter().map(Phase::from).collect();
        for (number, phase) in (1..).zip(&phases) {
            wrong.extend(
                phase
                    .check(self.kick_off_at)
                    .err()
                    .map(|bad| format!("phase {number}: {bad}")),
            );
            let later = (1..).zip(&phases).skip(number);
            let overlapping = later.filter(|(_, other)| phase.overlaps(other));
            wrong.extend(overlapping.map(|(other, _)| {
                format!("phases {number} and {other} overlap: end one by the beginning of the other")
            }));
        }
        wrong
    }
}

fn bad_text(what: &str, text: &str, chars_max: usize) -> Option<String> {
    let chars = text.chars().count();
    let fits = text.trim() == text && (1..=chars_max).contains(&chars);
    (!fits).then(|| format!("{what} must have 1 to {chars_max} characters, none of them at its edges blank"))
}

#[cfg(test)]
mod tests {
    use rust_decimal::Decimal;

    use super::*;

    fn body() -> MatchBody {
        serde_json::from_value(serde_json::json!({
            "home_team": "Hrvatska", "away_team": "Portugal", "competition": "UEFA Nations League",
            "kick_off_at": "2027-03-25T19:45:00Z", "stadium_id": Uuid::from_u128(1),
        }))
        .unwrap()
    }

    #[test]
    fn a_match_needs_little_and_the_rest_is_as_usual() {
        assert_eq!(body().mistakes(), Vec::<String>::new());
        assert_eq!(
            (
                SaleBody::default().session_seconds,
                SaleBody::default().fee_percent
            ),
            (1_200, Decimal::from(6))
        );
    }

    #[test]
    fn what_show_prints_is_what_create_reads() {
        let mut whole = body();
        whole.visible_from = Some("2027-03-01T00:00:00Z".parse().unwrap());
        whole.content.promo = Some("Vatreni!".to_owned());
        whole.sectors = vec![SectorBody {
            code: "ZD1".to_owned(),
            state: SectorState::Sterile,
            purpose: None,
            is_free: true,
            price_category: Some(2),
        }];
        let shown = toml::to_string_pretty(&whole).unwrap();
        assert_eq!(toml::from_str::<MatchBody>(&shown).unwrap(), whole, "{shown}");
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let phase = |starts_at: &str, ends_at: &str| PhaseBody {
            kind: PhaseKind::GeneralPublic,
            starts_at: starts_at.parse().unwrap(),
            ends_at: ends_at.parse().unwrap(),
            ticket_limit: 4,
            thresholds: Vec::new(),
        };
        let mut wrong = body();
        wrong.home_team = " ".to_owned();
        wrong.content.banner_url = Some("http://x".to_owned());
        wrong.sale = Some(SaleBody {
            session_seconds: 9,
            fee_percent: Decimal::from(101),
            ..SaleBody::default()
        });
        wrong.phases = vec![
            phase("2027-03-01T10:00:00Z", "2027-03-05T10:00:00Z"),
            phase("2027-03-04T10:00:00Z", "2027-04-05T10:00:00Z"),
        ];
        assert_eq!(
            wrong.mistakes(),
            [
                "home_team must have 1 to 80 characters, none of them at its edges blank",
                "content.banner_url must be an https address of at most 500 characters",
                "sale.session_seconds must be 10 to 7200",
                "sale.last_attempt_seconds must be 1 to 8",
                "sale.fee_percent must be 0 to 100 with two digits",
                "phases 1 and 2 overlap: end one by the beginning of the other",
                "phase 2: a phase ends by kick-off (2027-03-25 19:45:00 UTC)",
            ]
        );
    }
}
