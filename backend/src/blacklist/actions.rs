//! Put people on the blacklist, take them off, ask for them.

use domain::ids::UserId;
use domain::users::{Document, Oib};
use platform::ids::Ids;
use platform::problems::Problem;
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::file::{self, Listed, NotImported};
use super::read_models::{self, OrderOpen, TicketHeld};
use super::store::{self, EntryColumns, EntryFilter, EntryRow, ViolationFilter, ViolationRow, list_blocked};
use crate::app::Db;
use crate::audit::{self, Actor, Entry};
use crate::http::fault::{Fault, Refusal};
use crate::http::pages::PAGE_ITEMS_MAX;
use crate::http::problems::{LIST_CHANGED, NOT_FOUND, ON_THE_LIST};
use crate::secrets::PersonalData;

/// Why the list stays as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListRefused {
    /// There is no such entry, or it is history.
    NoSuchEntry,
    /// This person is on it.
    OnTheList,
    /// So many are on it, and another number was confirmed.
    OtherNumber(u64),
}

impl Refusal for ListRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::NoSuchEntry => Problem::new(NOT_FOUND),
            Self::OnTheList => Problem::new(ON_THE_LIST),
            Self::OtherNumber(entries) => Problem::new(LIST_CHANGED).member("entries", *entries),
        }
    }
}

/// Who changes the list, and what they say of it.
#[derive(Debug, Clone)]
pub struct Keeper {
    /// Who.
    pub actor: Actor,
    /// Why.
    pub reason: String,
}

impl Keeper {
    /// Their account; an operator at the command line has none.
    fn account(&self) -> Option<UserId> {
        match self.actor {
            Actor::Staff(by) => Some(by),
            Actor::Fan(_) | Actor::Operator | Actor::System(_) => None,
        }
    }
}

/// What people who are new on the list have: a warning. It stays as it is until somebody cancels it.
#[derive(Debug, Clone)]
pub struct Possessions {
    /// Tickets to matches to come.
    pub tickets: Vec<TicketHeld>,
    /// Orders that wait for their payment, and become tickets when it lands.
    pub open_orders: Vec<OrderOpen>,
}

async fn possessions(conn: &mut PgConnection, people: &[Vec<u8>]) -> Result<Possessions, sqlx::Error> {
    Ok(Possessions {
        tickets: read_models::list_tickets_of(conn, people).await?,
        open_orders: read_models::list_open_orders_of(conn, people).await?,
    })
}

/// What an import did, or would do.
#[derive(Debug, Clone)]
pub struct Imported {
    /// Different people in the list.
    pub named: usize,
    /// New on the blacklist.
    pub added: usize,
    /// Lines that name somebody again.
    pub repeated: Vec<u64>,
    /// Lines of people who were on it already.
    pub present: Vec<u64>,
    /// What those have who are new on it.
    pub possessions: Possessions,
}

/// Puts everybody whom `text` names on the blacklist. All or nothing; whoever is on it already stays as they are.
///
/// # Errors
/// [`NotImported`], by every line that names nobody, or when the database fails.
pub async fn import(
    conn: &mut PgConnection,
    ids: Ids,
    personal_data: &PersonalData,
    keeper: &Keeper,
    (text, source): (&str, &str),
) -> anyhow::Result<Imported> {
    let read = file::read(text);
    if !read.wrong.is_empty() {
        return Err(NotImported(read.wrong).into());
    }
    let people = columns(ids, personal_data, &read.listed)?;
    let everybody = EntryFilter {
        is_active: Some(true),
        ..EntryFilter::default()
    };
    // Nobody is put on it or taken off between the count and the insert.
    store::lock_list(conn).await?;
    let before = store::count_entries(conn, &everybody).await?;
    let added = store::insert_entries(conn, &people, (source, keeper.account())).await?;
    let of_line = people.identities.iter().zip(&read.listed);
    let present = of_line
        .filter(|(identity, _)| !added.contains(identity))
        .map(|(_, listed)| listed.line);
    let done = Imported {
        named: read.listed.len(),
        added: added.len(),
        repeated: read.repeated,
        present: present.collect(),
        possessions: possessions(conn, &added).await?,
    };
    let entry = Entry {
        actor: keeper.actor,
        deed: "blacklist.imported",
        subject_id: ids.next(),
        details: json!({"before": {"entries": before}, "after": {"entries": before + i64::try_from(done.added)?},
            "source": source, "named": done.named, "added": done.added, "reason": keeper.reason}),
    };
    audit::record(conn, entry).await?;
    Ok(done)
}

/// Puts one person on the blacklist, and answers their entry and what they have.
///
/// # Errors
/// [`ListRefused::OnTheList`].
pub async fn add(
    conn: &mut PgConnection,
    ids: Ids,
    personal_data: &PersonalData,
    keeper: &Keeper,
    (person, source): (Listed, &str),
) -> Result<(EntryRow, Possessions), Fault<ListRefused>> {
    let people = columns(ids, personal_data, &[person])?;
    let added = store::insert_entries(conn, &people, (source, keeper.account())).await?;
    if added.is_empty() {
        return Err(ListRefused::OnTheList.into());
    }
    let filter = EntryFilter {
        identity: people.identities.first().cloned(),
        is_active: Some(true),
        ..EntryFilter::default()
    };
    let made = store::list_entries(conn, &filter, (None, 1)).await?.pop();
    let made = made.ok_or(ListRefused::NoSuchEntry)?;
    let has = possessions(conn, &people.identities).await?;
    let told = json!({"tickets": has.tickets.len(), "open_orders": has.open_orders.len()});
    record(conn, keeper, ("blacklist.added", &made), told).await?;
    Ok((made, has))
}

/// Takes somebody off; the entry stays as history.
///
/// # Errors
/// [`ListRefused::NoSuchEntry`].
pub async fn remove(db: &Db, keeper: &Keeper, entry: Uuid) -> Result<(), Fault<ListRefused>> {
    let mut tx = db.begin().await?;
    let removed = store::remove_entry(&mut tx, entry, (&keeper.reason, keeper.account())).await?;
    let removed = removed.ok_or(ListRefused::NoSuchEntry)?;
    record(&mut tx, keeper, ("blacklist.removed", &removed), json!({})).await?;

    tx.commit().await?;
    Ok(())
}

/// Takes everybody off, before a match's own list comes. `confirmed` is how many they believe to be on it.
///
/// # Errors
/// [`ListRefused::OtherNumber`] when it is another number.
pub async fn clear(
    conn: &mut PgConnection,
    ids: Ids,
    keeper: &Keeper,
    confirmed: u64,
) -> Result<u64, Fault<ListRefused>> {
    store::lock_list(conn).await?;
    let removed = store::remove_all(conn, (&keeper.reason, keeper.account())).await?;
    if removed != confirmed {
        return Err(ListRefused::OtherNumber(removed).into());
    }
    let entry = Entry {
        actor: keeper.actor,
        deed: "blacklist.cleared",
        subject_id: ids.next(),
        details: json!({"before": {"entries": removed}, "after": {"entries": 0}, "reason": keeper.reason}),
    };
    audit::record(conn, entry).await?;
    Ok(removed)
}

/// Whether this person may not be sold a ticket. That somebody asked is audited, and what they heard; not of whom.
///
/// # Errors
/// When the database fails.
pub async fn check(
    db: &Db,
    ids: Ids,
    personal_data: &PersonalData,
    (by, oib): (Actor, Oib),
) -> Result<bool, sqlx::Error> {
    let mut tx = db.begin().await?;
    let identity = personal_data.identity(&Document::Oib(oib)).0;
    let is_blocked = !list_blocked(&mut tx, &[identity]).await?.is_empty();
    let entry = Entry {
        actor: by,
        deed: "blacklist.checked",
        subject_id: ids.next(),
        details: json!({"is_blocked": is_blocked}),
    };
    audit::record(&mut tx, entry).await?;
    tx.commit().await?;
    Ok(is_blocked)
}

/// A page of entries, and how many there are.
///
/// # Errors
/// When the database fails.
pub async fn list(
    db: &Db,
    filter: &EntryFilter,
    cursor: Option<Uuid>,
) -> Result<(Vec<EntryRow>, i64), sqlx::Error> {
    let mut conn = db.acquire().await?;
    let rows = store::list_entries(&mut conn, filter, (cursor, PAGE_ITEMS_MAX)).await?;
    Ok((rows, store::count_entries(&mut conn, filter).await?))
}

/// A page of blocked attempts, and how many there are.
///
/// # Errors
/// When the database fails.
pub async fn list_violations(
    db: &Db,
    filter: &ViolationFilter,
    (cursor, limit): (Option<Uuid>, i64),
) -> Result<(Vec<ViolationRow>, i64), sqlx::Error> {
    let mut conn = db.acquire().await?;
    let rows = store::list_violations(&mut conn, filter, (cursor, limit)).await?;
    Ok((rows, store::count_violations(&mut conn, filter).await?))
}

fn columns(ids: Ids, personal_data: &PersonalData, people: &[Listed]) -> anyhow::Result<EntryColumns> {
    let mut columns = EntryColumns::default();
    for person in people {
        let document = Document::Oib(person.oib.clone());
        columns.entry_ids.push(ids.next());
        columns.identities.push(personal_data.identity(&document).0);
        columns
            .oibs
            .push(personal_data.encrypt(&document, rand::random())?);
        columns.first_names.push(person.first_name.clone());
        columns.last_names.push(person.last_name.clone());
    }
    Ok(columns)
}

/// Without a name: what an audit entry holds must never have to be erased.
async fn record(
    conn: &mut PgConnection,
    keeper: &Keeper,
    (deed, row): (&'static str, &EntryRow),
    more: serde_json::Value,
) -> Result<(), sqlx::Error> {
    let is_active = row.removed_at.is_none();
    let entry = Entry {
        actor: keeper.actor,
        deed,
        subject_id: row.entry_id,
        details: json!({"before": {"active": !is_active}, "after": {"active": is_active}, "source": row.source,
            "reason": keeper.reason, "more": more}),
    };
    audit::record(conn, entry).await
}
