//! Recognise an account; keep its ticketing profile.

use chrono::NaiveDate;
use domain::Timestamp;
use domain::ids::UserId;
use domain::matches::day_in_zagreb;
use domain::users::{Document, Email, FullName, Holder, Nationality, Oib, is_plausible_birth};
use platform::ids::Ids;
use platform::problems::Problem;
use sqlx::PgConnection;

use super::store::{self, Profile};
use crate::app::App;
use crate::http::actor::Fan;
use crate::http::fault::{Fault, Refusal};
use crate::http::problems::{INVALID_PROFILE, NO_PROFILE, OIB_FIXED, OIB_TAKEN, PROFILE_EXISTS};

/// Why a profile is not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ProfileRefused {
    /// There is none.
    NoProfile,
    /// There is one already.
    Exists,
    /// Another account has this OIB.
    OibTaken,
    /// The OIB is fixed once set.
    OibFixed,
    /// A field does not hold.
    Invalid(&'static str),
}

impl Refusal for ProfileRefused {
    fn problem(&self) -> Problem {
        match self {
            Self::NoProfile => Problem::new(NO_PROFILE),
            Self::Exists => Problem::new(PROFILE_EXISTS),
            Self::OibTaken => Problem::new(OIB_TAKEN),
            Self::OibFixed => Problem::new(OIB_FIXED),
            Self::Invalid(field) => Problem::new(INVALID_PROFILE).detail(*field),
        }
    }
}

/// What a fan says about themselves, parsed.
#[derive(Debug, Clone)]
pub(super) struct ProfileDraft {
    /// As in the documents.
    pub name: FullName,
    /// For the age rules.
    pub born: NaiveDate,
    /// Citizenship.
    pub nationality: Nationality,
    /// Croatian personal id.
    pub oib: Oib,
    /// Where mail goes.
    pub email: Email,
    /// If given.
    pub phone: Option<String>,
}

/// The account behind a verified token, made at its first visit.
///
/// # Errors
/// When the database fails.
pub async fn recognise(app: &App, issuer: &str, subject: &str) -> Result<UserId, sqlx::Error> {
    let _place = app.entrance.place().await?;
    let mut conn = app.db.acquire().await?;
    store::find_or_insert_user(&mut conn, UserId(app.ids.next()), issuer, subject).await
}

/// The account of somebody, if they ever had one.
///
/// # Errors
/// When the database fails.
pub async fn find(
    conn: &mut PgConnection,
    (issuer, subject): (&str, &str),
) -> Result<Option<UserId>, sqlx::Error> {
    store::find_user(conn, issuer, subject).await
}

/// The account of a member of staff, who does not wait at the entrance.
///
/// # Errors
/// When the database fails.
pub async fn recognise_staff(
    conn: &mut PgConnection,
    ids: Ids,
    (issuer, subject): (&str, &str),
) -> Result<UserId, sqlx::Error> {
    store::find_or_insert_user(conn, UserId(ids.next()), issuer, subject).await
}

/// The profile.
pub(super) async fn read(app: &App, fan: &Fan) -> Result<Profile, Fault<ProfileRefused>> {
    let _place = app.entrance.place().await?;
    let mut conn = app.db.acquire().await?;
    Ok(store::find_profile(&mut conn, fan.id)
        .await?
        .ok_or(ProfileRefused::NoProfile)?)
}

/// Creates the profile. The same profile again is the same answer.
pub(super) async fn create(
    app: &App,
    fan: &Fan,
    draft: ProfileDraft,
) -> Result<Profile, Fault<ProfileRefused>> {
    let profile = seal(app, &draft)?;
    let _place = app.entrance.place().await?;
    let mut conn = app.db.acquire().await?;

    // One statement is a transaction of its own, and takes one round trip instead of three.
    if store::insert_profile(&mut conn, fan.id, &profile).await? {
        return Ok(profile);
    }
    match store::find_profile(&mut conn, fan.id).await? {
        Some(present) if is_same(&present, &profile) => Ok(present),
        Some(_) => Err(ProfileRefused::Exists.into()),
        None => Err(ProfileRefused::OibTaken.into()),
    }
}

/// Changes what may change.
pub(super) async fn change(
    app: &App,
    fan: &Fan,
    draft: ProfileDraft,
) -> Result<Profile, Fault<ProfileRefused>> {
    let profile = seal(app, &draft)?;
    let _place = app.entrance.place().await?;
    let mut tx = app.db.begin().await?;

    let present = store::find_profile(&mut tx, fan.id)
        .await?
        .ok_or(ProfileRefused::NoProfile)?;
    if present.oib_index != profile.oib_index || present.nationality != profile.nationality {
        return Err(ProfileRefused::OibFixed.into());
    }
    if !store::save_profile(&mut tx, fan.id, &profile).await? {
        return Err(ProfileRefused::NoProfile.into());
    }

    tx.commit().await?;
    Ok(profile)
}

/// The buyer as the holder of ticket 1, and where their mail goes. `None` without a profile.
///
/// # Errors
/// When the database fails or the stored OIB cannot be decrypted.
pub async fn buyer_profile(
    conn: &mut PgConnection,
    app: &App,
    user: UserId,
) -> anyhow::Result<Option<Holder>> {
    let Some(profile) = store::find_profile(conn, user).await? else {
        return Ok(None);
    };
    let stored = || anyhow::anyhow!("the stored profile of user {user} does not hold");
    let oib = Oib::parse(&app.personal_data.decrypt(&profile.oib_encrypted)?)?;
    Ok(Some(Holder {
        name: FullName::parse(&profile.full_name).ok_or_else(stored)?,
        born: profile.date_of_birth,
        nationality: Nationality::parse(&profile.nationality).ok_or_else(stored)?,
        document: Document::Oib(oib),
        email: Email::parse(&profile.email),
    }))
}

/// The blind index of an account's own OIB. `None` without a profile.
///
/// # Errors
/// When the database fails.
pub async fn identity_of(conn: &mut PgConnection, user: UserId) -> Result<Option<Vec<u8>>, sqlx::Error> {
    Ok(store::find_profile(conn, user)
        .await?
        .map(|profile| profile.oib_index))
}

fn seal(app: &App, draft: &ProfileDraft) -> Result<Profile, Fault<ProfileRefused>> {
    let now: Timestamp = app.clock.now();
    if !is_plausible_birth(draft.born, day_in_zagreb(now)) {
        return Err(ProfileRefused::Invalid("date_of_birth is not plausible").into());
    }
    let document = Document::Oib(draft.oib.clone());
    Ok(Profile {
        full_name: draft.name.as_str().to_owned(),
        date_of_birth: draft.born,
        nationality: draft.nationality.code().to_owned(),
        oib_encrypted: app.personal_data.encrypt(&document, rand::random())?,
        oib_index: app.personal_data.identity(&document).0,
        email: draft.email.as_str().to_owned(),
        phone: draft.phone.clone(),
    })
}

fn is_same(a: &Profile, b: &Profile) -> bool {
    (
        &a.full_name,
        a.date_of_birth,
        &a.nationality,
        &a.oib_index,
        &a.email,
        &a.phone,
    ) == (
        &b.full_name,
        b.date_of_birth,
        &b.nationality,
        &b.oib_index,
        &b.email,
        &b.phone,
    )
}
