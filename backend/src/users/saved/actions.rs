//! Save the people one buys for.

use domain::ids::{SavedProfileId, UserId};
use domain::users::{Document, DocumentKind, Email, FullName, Holder, Nationality, Oib, PassportNumber};
use platform::problems::Problem;
use sqlx::PgConnection;

use super::store::{self, Saved, SavedProfile};
use crate::app::App;
use crate::http::actor::Fan;
use crate::http::fault::{Fault, Refusal};
use crate::http::problems::{NOT_FOUND, PERSON_SAVED, TEN_PROFILES};

/// Why somebody is not saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SaveRefused {
    /// There is no such profile of this fan.
    NoSuchProfile,
    /// Ten are saved.
    Ten,
    /// This person is saved already, or is the fan.
    PersonSaved,
}

impl Refusal for SaveRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::NoSuchProfile => Problem::new(NOT_FOUND),
            Self::Ten => Problem::new(TEN_PROFILES),
            Self::PersonSaved => Problem::new(PERSON_SAVED),
        }
    }
}

/// What a fan says of somebody, parsed.
#[derive(Debug, Clone)]
pub(super) struct Person {
    /// Who they are.
    pub(super) holder: Holder,
    /// If given.
    pub(super) phone: Option<String>,
    /// What they are to the fan, if given.
    pub(super) relationship: Option<String>,
}

/// All of them, as they were saved.
pub(super) async fn list(app: &App, fan: &Fan) -> Result<Vec<SavedProfile>, sqlx::Error> {
    let mut conn = app.db.acquire().await?;
    store::list_of_user(&mut conn, fan.id).await
}

/// One of them.
pub(super) async fn read(
    app: &App,
    fan: &Fan,
    id: SavedProfileId,
) -> Result<SavedProfile, Fault<SaveRefused>> {
    let all = list(app, fan).await?;
    let found = all.into_iter().find(|profile| profile.saved_profile_id == id);
    found.ok_or_else(|| SaveRefused::NoSuchProfile.into())
}

/// These saved people as holders of tickets, in this order. `None` when one of them is not there, or another fan's.
///
/// # Errors
/// When the database fails or what is stored does not hold.
pub async fn holders(
    conn: &mut PgConnection,
    app: &App,
    (user, ids): (UserId, &[SavedProfileId]),
) -> anyhow::Result<Option<Vec<Holder>>> {
    if ids.is_empty() {
        return Ok(Some(Vec::new()));
    }
    let saved = store::list_of_user(conn, user).await?;
    let mut holders = Vec::new();
    for id in ids {
        let Some(profile) = saved.iter().find(|profile| profile.saved_profile_id == *id) else {
            return Ok(None);
        };
        holders.push(holder(app, profile)?);
    }
    Ok(Some(holders))
}

fn holder(app: &App, profile: &SavedProfile) -> anyhow::Result<Holder> {
    let stored = || anyhow::anyhow!("saved profile {} does not hold", profile.saved_profile_id);
    let number = app.personal_data.decrypt(&profile.document_encrypted)?;
    let nationality = Nationality::parse(&profile.nationality).ok_or_else(stored)?;
    let document = match profile.document_kind {
        DocumentKind::Oib => Document::Oib(Oib::parse(&number)?),
        DocumentKind::Passport => {
            let number = PassportNumber::parse(&number).ok_or_else(stored)?;
            Document::Passport(number, nationality.clone())
        }
    };
    Ok(Holder {
        name: FullName::parse(&profile.full_name).ok_or_else(stored)?,
        born: profile.date_of_birth,
        nationality,
        document,
        email: profile.email.as_deref().and_then(Email::parse),
    })
}

/// Saves somebody. The same person with the same facts again is the same answer.
pub(super) async fn create(
    app: &App,
    fan: &Fan,
    person: &Person,
) -> Result<SavedProfile, Fault<SaveRefused>> {
    let profile = seal(app, SavedProfileId(app.ids.next()), person)?;
    let mut tx = app.db.begin().await?;
    store::lock_account(&mut tx, fan.id).await?;
    let present = store::list_of_user(&mut tx, fan.id).await?;
    if let Some(same) = present
        .into_iter()
        .find(|other| other.identity == profile.identity)
    {
        return if is_same(&same, &profile) {
            Ok(same)
        } else {
            Err(SaveRefused::PersonSaved.into())
        };
    }
    if store::is_own(&mut tx, fan.id, &profile.identity).await? {
        return Err(SaveRefused::PersonSaved.into());
    }
    let place = store::find_free_place(&mut tx, fan.id)
        .await?
        .ok_or(SaveRefused::Ten)?;

    store::insert(&mut tx, (fan.id, place), &profile).await?;

    tx.commit().await?;
    Ok(profile)
}

/// Says anew who somebody is.
pub(super) async fn change(
    app: &App,
    fan: &Fan,
    (id, person): (SavedProfileId, &Person),
) -> Result<SavedProfile, Fault<SaveRefused>> {
    let profile = seal(app, id, person)?;
    let mut tx = app.db.begin().await?;
    store::lock_account(&mut tx, fan.id).await?;
    if store::is_own(&mut tx, fan.id, &profile.identity).await? {
        return Err(SaveRefused::PersonSaved.into());
    }

    match store::save(&mut tx, fan.id, &profile).await? {
        Saved::Yes => tx.commit().await?,
        Saved::NotThere => return Err(SaveRefused::NoSuchProfile.into()),
        Saved::DocumentTwice => return Err(SaveRefused::PersonSaved.into()),
    }
    Ok(profile)
}

/// Forgets somebody; whoever is not there any more is told so.
pub(super) async fn delete(app: &App, fan: &Fan, id: SavedProfileId) -> Result<(), Fault<SaveRefused>> {
    let mut conn = app.db.acquire().await?;
    if store::delete(&mut conn, fan.id, id).await? {
        Ok(())
    } else {
        Err(SaveRefused::NoSuchProfile.into())
    }
}

fn seal(app: &App, id: SavedProfileId, person: &Person) -> anyhow::Result<SavedProfile> {
    let holder = &person.holder;
    Ok(SavedProfile {
        saved_profile_id: id,
        full_name: holder.name.as_str().to_owned(),
        date_of_birth: holder.born,
        nationality: holder.nationality.code().to_owned(),
        document_kind: holder.document.kind(),
        document_encrypted: app.personal_data.encrypt(&holder.document, rand::random())?,
        identity: app.personal_data.identity(&holder.document).0,
        email: holder.email.as_ref().map(|email| email.as_str().to_owned()),
        phone: person.phone.clone(),
        relationship: person.relationship.clone(),
    })
}

/// But for id and ciphertext, which differ each time.
fn is_same(one: &SavedProfile, other: &SavedProfile) -> bool {
    let comparable = |profile: &SavedProfile| SavedProfile {
        saved_profile_id: one.saved_profile_id,
        document_encrypted: Vec::new(),
        ..profile.clone()
    };
    comparable(one) == comparable(other)
}
