//! Import, change, export and take away stadiums.

use domain::ids::{LayoutId, SeatId, SectorId, StadiumId};
use domain::stadiums::StadiumKind;
use platform::ids::Ids;
use platform::problems::Problem;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::file::{CheckedFile, PriceCategory, StadiumFile};
use super::store::{self, SeatColumns, SectorColumns, SectorRow, SnakeRow, StadiumRow};
use super::trail;
use crate::app::Db;
use crate::audit::{self, Actor, Entry};
use crate::http::fault::{Fault, Refusal};
use crate::http::ids::{STADIUM_SECTORS_LISTED, STADIUMS_LISTED};
use crate::http::pages::PAGE_ITEMS_MAX;
use crate::http::problems::{NO_DESCRIPTION, NOT_FOUND, STADIUM_CHANGED, STADIUM_EXISTS};

/// Why a stadium stays as it is, or cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StadiumRefused {
    /// There is none, or no more.
    NoSuchStadium,
    /// Another one has this name.
    NameTaken,
    /// Somebody changed it meanwhile: this is its version now.
    Changed(i32),
    /// It was loaded before descriptions were kept.
    NoDescription,
    /// A list of seats would lose what else is said of this one.
    MoreThanSeats(StadiumId),
    /// Its newest layout has no sector of this code.
    NoSuchSector,
}

impl Refusal for StadiumRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::NoSuchStadium => Problem::new(NOT_FOUND).detail(STADIUMS_LISTED),
            Self::NameTaken => Problem::new(STADIUM_EXISTS),
            Self::Changed(version) => Problem::new(STADIUM_CHANGED).member("version", *version),
            Self::NoDescription => Problem::new(NO_DESCRIPTION),
            Self::MoreThanSeats(stadium) => Problem::new(STADIUM_EXISTS).detail(format!(
                "a list says only seats, and of this stadium more is said (its kind, prices, names or snakes): write it as a file \
                 with `backend admin stadium export {stadium}` or GET /admin/stadiums/{stadium}/file, change that and import it"
            )),
            Self::NoSuchSector => Problem::new(NOT_FOUND).detail(STADIUM_SECTORS_LISTED),
        }
    }
}

/// Who changes a stadium, and why.
#[derive(Debug, Clone)]
pub struct Author {
    /// Who.
    pub actor: Actor,
    /// Why.
    pub reason: String,
}

/// Makes a stadium. The same stadium again is the same answer.
///
/// # Errors
/// [`StadiumRefused::NameTaken`] when there is another one of this name.
pub async fn create(
    conn: &mut PgConnection,
    ids: Ids,
    author: &Author,
    file: &CheckedFile,
) -> Result<StadiumRow, Fault<StadiumRefused>> {
    let stadium = StadiumId(ids.next());
    let draft = &file.plan.draft;
    let named = (draft.name.as_str(), draft.city.as_str(), draft.country.as_str());
    if !store::insert_stadium(conn, stadium, named, file.kind).await? {
        let present = store::find_id(conn, &draft.name)
            .await?
            .ok_or(StadiumRefused::NameTaken)?;
        let found = find(conn, present).await?;
        return if is_same(describe(conn, &found).await?.as_ref(), file) {
            Ok(found)
        } else {
            Err(StadiumRefused::NameTaken.into())
        };
    }
    add_layout(conn, ids, stadium, file).await?;
    let made = find(conn, stadium).await?;
    let told = (None, Some(trail::told(&made)));
    record(conn, author, ("stadium.created", stadium), told).await?;
    Ok(made)
}

/// Gives a stadium a new layout, unless it is as described already. Matches keep the one they have.
///
/// # Errors
/// [`StadiumRefused`]; `seen` is the version that the change was based on, if somebody says.
pub async fn change(
    conn: &mut PgConnection,
    ids: Ids,
    author: &Author,
    (stadium, seen, file): (StadiumId, Option<i32>, &CheckedFile),
) -> Result<StadiumRow, Fault<StadiumRefused>> {
    if !store::lock_stadium(conn, stadium).await? {
        return Err(StadiumRefused::NoSuchStadium.into());
    }
    let before = find(conn, stadium).await?;
    let described = describe(conn, &before).await?;
    if is_same(described.as_ref(), file) {
        return Ok(before);
    }
    if seen.is_some_and(|seen| seen != before.version) {
        return Err(StadiumRefused::Changed(before.version).into());
    }
    let draft = &file.plan.draft;
    let other = store::find_id(conn, &draft.name).await?;
    if other.is_some_and(|other| other != stadium) {
        return Err(StadiumRefused::NameTaken.into());
    }
    if file.is_seat_list {
        let present = described.as_ref().ok_or(StadiumRefused::NoDescription)?;
        if !present.is_as_listed() {
            return Err(StadiumRefused::MoreThanSeats(stadium).into());
        }
    }

    let named = (draft.name.as_str(), draft.city.as_str(), draft.country.as_str());
    store::save_stadium(conn, stadium, named, file.kind).await?;
    add_layout(conn, ids, stadium, file).await?;
    let after = find(conn, stadium).await?;
    let (old, new) = trail::change((&before, described.as_ref()), (&after, &file.to_file()));
    record(conn, author, ("stadium.changed", stadium), (Some(old), Some(new))).await?;
    Ok(after)
}

/// What a file says is so: the stadium of its name gets a new layout, or is made.
///
/// # Errors
/// [`StadiumRefused`].
pub async fn import(
    conn: &mut PgConnection,
    ids: Ids,
    author: &Author,
    file: &CheckedFile,
) -> Result<StadiumRow, Fault<StadiumRefused>> {
    match store::find_id(conn, &file.plan.draft.name).await? {
        Some(present) => change(conn, ids, author, (present, None, file)).await,
        None => create(conn, ids, author, file).await,
    }
}

/// Takes a stadium away: nobody makes a match there any more. Matches that are there keep what they have.
///
/// # Errors
/// [`StadiumRefused::NoSuchStadium`].
pub async fn delete(db: &Db, author: &Author, stadium: StadiumId) -> Result<(), Fault<StadiumRefused>> {
    let mut tx = db.begin().await?;
    let before = find(&mut tx, stadium).await?;

    if !store::delete_stadium(&mut tx, stadium).await? {
        return Err(StadiumRefused::NoSuchStadium.into());
    }
    let told = (Some(trail::told(&before)), None);
    record(&mut tx, author, ("stadium.deleted", stadium), told).await?;

    tx.commit().await?;
    Ok(())
}

/// A stadium and the sectors of its newest layout.
///
/// # Errors
/// [`StadiumRefused::NoSuchStadium`].
pub async fn read(
    db: &Db,
    stadium: StadiumId,
) -> Result<(StadiumRow, Vec<SectorRow>), Fault<StadiumRefused>> {
    let mut conn = db.acquire().await?;
    let found = find(&mut conn, stadium).await?;
    let sectors = store::list_sectors(&mut conn, found.layout_id).await?;
    Ok((found, sectors))
}

/// A page of stadiums, and how many there are.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    filter: (Option<&str>, Option<StadiumKind>),
    (by_name, cursor): (bool, Option<Uuid>),
) -> Result<(Vec<StadiumRow>, i64), sqlx::Error> {
    let mut conn = db.acquire().await?;
    let rows = store::list_stadiums(&mut conn, filter, (by_name, cursor, PAGE_ITEMS_MAX)).await?;
    Ok((rows, store::count_stadiums(&mut conn, filter).await?))
}

/// A stadium as the file that makes it again.
///
/// # Errors
/// [`StadiumRefused`].
pub async fn export(db: &Db, stadium: StadiumId) -> Result<StadiumFile, Fault<StadiumRefused>> {
    let mut conn = db.acquire().await?;
    let found = find(&mut conn, stadium).await?;
    describe(&mut conn, &found)
        .await?
        .ok_or_else(|| StadiumRefused::NoDescription.into())
}

/// In which order a sector's seats are given away, from the seat after `after` on.
///
/// # Errors
/// [`StadiumRefused::NoSuchStadium`] or [`StadiumRefused::NoSuchSector`].
pub async fn preview_snake(
    db: &Db,
    (stadium, sector): (StadiumId, &str),
    after: Option<i32>,
    limit: i64,
) -> Result<Vec<SnakeRow>, Fault<StadiumRefused>> {
    let mut conn = db.acquire().await?;
    let found = find(&mut conn, stadium).await?;
    let from = after.unwrap_or(-1);
    let seats = store::list_snake(&mut conn, (found.layout_id, sector), (from, limit)).await?;
    if seats.is_empty() {
        let sectors = store::list_sectors(&mut conn, found.layout_id).await?;
        if sectors.iter().all(|one| one.code != sector) {
            return Err(StadiumRefused::NoSuchSector.into());
        }
    }
    Ok(seats)
}

/// A stadium with its layout of this version, or its newest. `None` when there is none, or no more, unless stadiums count that are
/// gone too.
///
/// # Errors
/// When the database fails.
pub async fn with_layout(
    conn: &mut PgConnection,
    stadium: StadiumId,
    (version, is_gone_too): (Option<i32>, bool),
) -> Result<Option<StadiumRow>, sqlx::Error> {
    store::find_stadium(conn, stadium, (version, is_gone_too)).await
}

async fn find(conn: &mut PgConnection, stadium: StadiumId) -> Result<StadiumRow, Fault<StadiumRefused>> {
    let found = store::find_stadium(conn, stadium, (None, false)).await?;
    found.ok_or_else(|| StadiumRefused::NoSuchStadium.into())
}

async fn add_layout(
    conn: &mut PgConnection,
    ids: Ids,
    stadium: StadiumId,
    file: &CheckedFile,
) -> anyhow::Result<LayoutId> {
    let layout = LayoutId(ids.next());
    let counts = (
        i32::try_from(file.plan.capacity())?,
        i32::try_from(file.plan.seats())?,
    );
    store::insert_layout(conn, (layout, stadium), counts).await?;
    let prices = &file.price_categories;
    let codes: Vec<i32> = prices.iter().map(|one| one.code).collect();
    let names: Vec<String> = prices.iter().map(|one| one.name.clone()).collect();
    let presale: Vec<_> = prices.iter().map(|one| one.presale_price).collect();
    let match_day: Vec<_> = prices.iter().map(|one| one.match_day_price).collect();
    store::insert_prices(conn, layout, (&codes, &names), (&presale, &match_day)).await?;
    let (sectors, seats) = columns(ids, file)?;
    store::insert_sectors(conn, layout, &sectors).await?;
    store::insert_seats(conn, &seats).await?;
    Ok(layout)
}

fn columns(ids: Ids, file: &CheckedFile) -> anyhow::Result<(SectorColumns, SeatColumns)> {
    let (mut sectors, mut seats) = (SectorColumns::default(), SeatColumns::default());
    for (draft, planned) in file.plan.draft.sectors.iter().zip(&file.plan.sectors) {
        let sector = SectorId(ids.next());
        sectors.sector_ids.push(sector);
        sectors.codes.push(draft.code.clone());
        sectors.names.push(draft.name.clone());
        sectors.stands.push(draft.stand.clone());
        sectors.kinds.push(draft.kind);
        sectors.price_categories.push(draft.price_category);
        sectors.described.push(serde_json::to_value(draft)?);
        for seat in &planned.seats {
            seats.seat_ids.push(SeatId(ids.next()));
            seats.sector_ids.push(sector);
            seats.rows.push(seat.row.clone());
            seats.numbers.push(seat.number.to_string());
            seats.kinds.push(seat.kind);
            seats.ranks.push(seat.rank);
            seats.runs.push(seat.run);
        }
    }
    Ok((sectors, seats))
}

/// The file that a layout was made of; none if it has no description.
async fn describe(conn: &mut PgConnection, stadium: &StadiumRow) -> anyhow::Result<Option<StadiumFile>> {
    let mut sectors = Vec::new();
    for row in store::list_sectors(conn, stadium.layout_id).await? {
        let Some(described) = row.described else {
            return Ok(None);
        };
        sectors.push(serde_json::from_value(described)?);
    }
    let prices = store::list_prices(conn, stadium.layout_id).await?;
    let category = |(code, name, presale_price, match_day_price)| PriceCategory {
        code,
        name,
        presale_price,
        match_day_price,
    };
    Ok(Some(StadiumFile {
        name: stadium.name.clone(),
        city: stadium.city.clone(),
        country: stadium.country.clone(),
        kind: stadium.kind,
        capacity: Some(usize::try_from(stadium.capacity)?),
        price_categories: prices.into_iter().map(category).collect(),
        sectors,
    }))
}

fn is_same(described: Option<&StadiumFile>, file: &CheckedFile) -> bool {
    // A description has its prices by code.
    let mut wanted = file.to_file();
    wanted.price_categories.sort_by_key(|category| category.code);
    described == Some(&wanted)
}

async fn record(
    conn: &mut PgConnection,
    author: &Author,
    (deed, stadium): (&'static str, StadiumId),
    (before, after): (Option<Value>, Option<Value>),
) -> Result<(), sqlx::Error> {
    let entry = Entry {
        actor: author.actor,
        deed,
        subject_id: stadium.0,
        details: json!({"before": before, "after": after, "reason": author.reason}),
    };
    audit::record(conn, entry).await
}
