//! Give points, count them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::Timestamp;
use domain::ids::UserId;
use domain::loyalty::{counts_since, match_key};
use domain::matches::day_in_zagreb;
use domain::users::{Document, Oib};
use platform::ids::Ids;
use serde_json::json;
use sqlx::PgConnection;

use super::store::{self, PointColumns, PointRow};
use crate::app::App;
use crate::audit::{self, Actor, Entry};
use crate::secrets::PersonalData;
use crate::tables::{self, Row};
use crate::users;

const HEAD: [&str; 3] = ["oib", "played_on", "match"];
/// Points of one history: a match a week for ten years.
const HISTORY_MAX: i64 = 520;
/// Longest name of a match, characters.
const TITLE_CHARS_MAX: usize = 120;

/// Why no point was given: what is wrong, line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotImported(pub Vec<String>);

impl std::fmt::Display for NotImported {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{} lines are wrong; nothing was imported", self.0.len())?;
        for line in &self.0 {
            writeln!(f, "  {line}")?;
        }
        Ok(())
    }
}

impl std::error::Error for NotImported {}

/// What an import did, or would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Imported {
    /// Different points in the file.
    pub named: usize,
    /// Points that are new.
    pub added: u64,
}

/// Gives every point that a file names: CSV with the head `oib,played_on,match`. All or nothing; a point that is there stays one.
///
/// # Errors
/// [`NotImported`], or when the database fails.
pub async fn import(
    conn: &mut PgConnection,
    (ids, personal_data, today): (Ids, &PersonalData, NaiveDate),
    (actor, reason): (Actor, &str),
    (text, source): (&str, &str),
) -> anyhow::Result<Imported> {
    let (points, wrong) = read(personal_data, text, today);
    if !wrong.is_empty() {
        return Err(NotImported(wrong).into());
    }
    let named: BTreeSet<_> = points.identities.iter().zip(&points.keys).collect();
    let done = Imported {
        named: named.len(),
        added: store::insert_points(conn, &points, source).await?,
    };
    let entry = Entry {
        actor,
        deed: "loyalty.imported",
        subject_id: ids.next(),
        details: json!({"before": {"points": u64::try_from(done.named)?.saturating_sub(done.added)}, "after": {"points": done.named},
            "source": source, "named": done.named, "added": done.added, "reason": reason}),
    };
    audit::record(conn, entry).await?;
    Ok(done)
}

/// What somebody has.
#[derive(Debug, Clone)]
pub struct Balance {
    /// Points that count today.
    pub points: i64,
    /// All of them, the newest first, those that no longer count among them.
    pub history: Vec<PointRow>,
    /// Points of matches since then count.
    pub since: NaiveDate,
}

/// The points of an account's own OIB; none without a profile.
///
/// # Errors
/// When the database fails.
pub async fn balance(app: &App, user: UserId) -> anyhow::Result<Balance> {
    let today = day_in_zagreb(app.clock.now());
    let since = counts_since(today);
    let mut conn = app.db.acquire().await?;
    let Some(identity) = users::identity_of(&mut conn, user).await? else {
        return Ok(Balance {
            points: 0,
            history: Vec::new(),
            since,
        });
    };
    Ok(Balance {
        points: store::count_points(&mut conn, &identity, (since, today)).await?,
        history: store::list_points(&mut conn, &identity, HISTORY_MAX).await?,
        since,
    })
}

/// How many people have how many points today; most points first.
///
/// # Errors
/// When the database fails.
pub async fn distribution(app: &App) -> Result<Vec<(i64, i64)>, sqlx::Error> {
    let today = day_in_zagreb(app.clock.now());
    let mut conn = app.db.acquire().await?;
    store::list_distribution(&mut conn, (counts_since(today), today)).await
}

/// Points of several buyers at `now`; whoever has none is left out.
///
/// # Errors
/// When the database fails.
pub async fn points_of(
    conn: &mut PgConnection,
    users: &[UserId],
    now: Timestamp,
) -> Result<BTreeMap<UserId, u32>, sqlx::Error> {
    let today = day_in_zagreb(now);
    let counted = store::count_points_of(conn, users, (counts_since(today), today)).await?;
    let points = |count: i64| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(counted
        .into_iter()
        .map(|(user, count)| (user, points(count)))
        .collect())
}

fn read(personal_data: &PersonalData, text: &str, today: NaiveDate) -> (PointColumns, Vec<String>) {
    let (mut points, mut wrong) = (PointColumns::default(), Vec::new());
    for Row { line, cells } in tables::read(text) {
        if cells
            .as_ref()
            .is_ok_and(|cells| line == 1 && tables::is_head(cells, &HEAD))
        {
            continue;
        }
        match cells.and_then(|cells| read_row(&cells, today)) {
            Err(what) => wrong.push(format!("line {line}: {what}")),
            Ok((oib, played_on, title)) => {
                points
                    .identities
                    .push(personal_data.identity(&Document::Oib(oib)).0);
                points.keys.push(match_key(played_on, &title));
                points.days.push(played_on);
                points.titles.push(title);
            }
        }
    }
    if points.days.is_empty() && wrong.is_empty() {
        wrong.push("line 1: the file names no point".to_owned());
    }
    (points, wrong)
}

fn read_row(cells: &[String], today: NaiveDate) -> Result<(Oib, NaiveDate, String), &'static str> {
    let [oib, played_on, title] = cells else {
        return Err("a point has three cells: oib,played_on,match");
    };
    let oib = Oib::parse(oib).map_err(|_| "not an OIB (11 digits with a valid check digit)")?;
    let played_on: Result<NaiveDate, _> = played_on.parse();
    let played_on = played_on.map_err(|_| "the day of the match must be like 2026-09-05")?;
    if played_on > today {
        return Err("the match was not played yet");
    }
    let is_name = title.contains(char::is_alphabetic) && !title.contains(char::is_control);
    if !is_name || !(3..=TITLE_CHARS_MAX).contains(&title.chars().count()) {
        return Err("the match must be named in 3 to 120 characters");
    }
    Ok((oib, played_on, title.clone()))
}
