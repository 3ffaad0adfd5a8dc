//! Seed: load a stadium file once, and put one match of it on sale.

use std::path::PathBuf;

use anyhow::Context;
use chrono::TimeDelta;
use domain::Timestamp;
use domain::ids::{MatchId, StadiumId};
use domain::phases::{PhaseKind, TICKETS_MAX};
use platform::ids::Ids;
use sqlx::PgConnection;

use super::store;
use crate::app::Db;
use crate::audit::Actor;
use crate::matches::plans::actions::Planner;
use crate::matches::plans::body::{ContentBody, MatchBody, PhaseBody};
use crate::matches::plans::sale::SaleBody;
use crate::matches::plans::{self, publishing};
use crate::stadiums;
use crate::stadiums::actions::Author;
use crate::stadiums::file::CheckedFile;

/// What to seed.
#[derive(Debug, Clone, clap::Args)]
pub struct Seed {
    /// The stadium file.
    #[arg(long)]
    pub stadium: PathBuf,
    /// Seats on sale; the others are BLOCKED. Default: all of them.
    #[arg(long)]
    pub open_seats: Option<i64>,
    /// Length of a waiting-room session, seconds: also the life of a cart.
    #[arg(long, default_value_t = 1200)]
    pub session_seconds: i32,
    /// No payment attempt starts in so many last seconds of a session.
    #[arg(long, default_value_t = 90)]
    pub last_attempt_seconds: i32,
    /// A started payment may land so many seconds after the session's end.
    #[arg(long, default_value_t = 60)]
    pub landing_seconds: i32,
    /// Buyers give tickets back by themselves until so many hours before kick-off.
    #[arg(long, default_value_t = 48)]
    pub refund_deadline_hours: i32,
    /// Sessions open at once.
    #[arg(long, default_value_t = 500)]
    pub max_sessions: i32,
    /// Fans let in per minute, at most: what the slowest part can serve, such as the payment provider. Default: as many as
    /// sessions allow.
    #[arg(long)]
    pub admissions_per_minute: Option<i32>,
}

/// Loads the stadium if it is new, and puts a match of it on sale unless one is. Answers the match on sale.
///
/// # Errors
/// When the file does not hold or the database fails: then nothing is changed.
pub async fn seed(db: &Db, ids: Ids, seed: &Seed) -> anyhow::Result<MatchId> {
    let text = std::fs::read_to_string(&seed.stadium)
        .with_context(|| format!("cannot read {}", seed.stadium.display()))?;
    let file = CheckedFile::from_json(&text).with_context(|| seed.stadium.display().to_string())?;
    let mut tx = db.begin().await?;

    let author = Author {
        actor: Actor::Operator,
        reason: "seed".to_owned(),
    };
    let stadium = stadiums::actions::import(&mut tx, ids, &author, &file).await;
    let stadium = stadium.map_err(|fault| anyhow::anyhow!("{fault}"))?.stadium_id;
    let on_sale = store::find_open_match(&mut tx, stadium).await?;
    let match_id = match on_sale {
        Some(match_id) => match_id,
        None => put_on_sale(&mut tx, ids, stadium, seed).await?,
    };

    tx.commit().await?;
    Ok(match_id)
}

async fn put_on_sale(
    conn: &mut PgConnection,
    ids: Ids,
    stadium: StadiumId,
    seed: &Seed,
) -> anyhow::Result<MatchId> {
    /// A match that opens in part opens whole rows of some zones, so that parties sit together.
    const SEATS_PER_OPEN_ZONE: i64 = 100;
    /// So that a fan whose zone is gone has another one to try.
    const OPEN_ZONES_MIN: i64 = 2;

    let planner = Planner {
        actor: Actor::Operator,
        reason: Some("seed".to_owned()),
        step_up: None,
    };
    let body = body(store::database_now(conn).await?, stadium, seed);
    let drafted = plans::actions::create(conn, ids, &planner, &body).await;
    let match_id = drafted.map_err(|fault| anyhow::anyhow!("{fault}"))?.match_id;
    let published = publishing::publish(conn, ids, &planner, (match_id, None)).await;
    published.map_err(|fault| anyhow::anyhow!("{fault}"))?;
    if let Some(open_seats) = seed.open_seats {
        let open_zones = (open_seats / SEATS_PER_OPEN_ZONE).max(OPEN_ZONES_MIN);
        store::block_rest(conn, match_id, (open_zones, open_seats)).await?;
    }
    tracing::info!(match.id = %match_id, "Put match {match_id} on sale");
    Ok(match_id)
}

/// On sale for everybody from `now` until kick-off.
fn body(now: Timestamp, stadium: StadiumId, seed: &Seed) -> MatchBody {
    /// Far enough away that the pre-sale price holds during a demonstration.
    const KICK_OFF_IN: TimeDelta = TimeDelta::days(30);

    MatchBody {
        home_team: "Hrvatska".to_owned(),
        away_team: "Portugal".to_owned(),
        competition: "UEFA Nations League".to_owned(),
        kick_off_at: now + KICK_OFF_IN,
        stadium_id: stadium.0,
        layout_version: None,
        sectors: Vec::new(),
        price_categories: Vec::new(),
        phases: vec![PhaseBody {
            kind: PhaseKind::GeneralPublic,
            starts_at: now,
            ends_at: now + KICK_OFF_IN,
            ticket_limit: TICKETS_MAX,
            thresholds: Vec::new(),
        }],
        sale: Some(SaleBody {
            session_seconds: seed.session_seconds,
            last_attempt_seconds: seed.last_attempt_seconds,
            landing_seconds: seed.landing_seconds,
            refund_deadline_hours: seed.refund_deadline_hours,
            max_active_sessions: seed.max_sessions,
            admissions_per_minute: seed.admissions_per_minute,
            ..SaleBody::default()
        }),
        content: ContentBody::default(),
        visible_from: None,
    }
}
