//! Tell everybody with a ticket that their match was changed or called off: ordered in the transaction of the change, told by a
//! job, a few hundred people at a time (decision "Push": mass mail is rate-limited).
#![expect(
    clippy::as_conversions,
    reason = "sqlx's way to name a parameter's type: nothing is converted"
)]

use std::time::Duration;

use domain::ids::{MatchId, NoticeId, OrderId};
use domain::matches::local_time;
use platform::ids::Ids;
use sqlx::{PgConnection, query, query_as};

use crate::app::App;
use crate::events;
use crate::jobs::{self, Job, Outcome};
use crate::matches::match_title;
use crate::notifications::{MatchNotice, Recipient, match_notice};

/// Orders whose people are told in one go.
const ORDERS_MAX: i64 = 200;
/// Between two goes: about 400 mails a second at most, as much as a mail service takes.
const PAUSE: Duration = Duration::from_secs(1);

/// What there is to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::Type)]
#[sqlx(type_name = "match_notice_kind", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// Something fans rely on is different now.
    Changed,
    /// It will not be played.
    Cancelled,
}

impl Kind {
    const fn template(self) -> &'static str {
        match self {
            Self::Changed => "match_changed",
            Self::Cancelled => "match_cancelled",
        }
    }
}

/// Orders that everybody with a ticket be told, in the caller's transaction.
pub(super) async fn order(
    conn: &mut PgConnection,
    ids: Ids,
    (match_id, kind): (MatchId, Kind),
) -> Result<(), sqlx::Error> {
    let notice = NoticeId(ids.next());
    query!(
        "INSERT INTO match_notices (notice_id, match_id, kind) VALUES ($1, $2, $3)",
        notice as NoticeId,
        match_id as MatchId,
        kind as Kind,
    )
    .execute(&mut *conn)
    .await?;
    jobs::renew(conn, ids, Job::TellHolders(notice)).await
}

/// People of one order with a live ticket.
struct Party {
    order_id: OrderId,
    buyer_email: String,
    nationality: String,
    holder_emails: Vec<String>,
}

/// Job: tells the next people, each address once an order. Whoever was told is told once: progress and mails are one
/// transaction.
///
/// # Errors
/// When the database fails; the job is tried again.
pub async fn tell_holders(app: &App, notice: NoticeId) -> anyhow::Result<Outcome> {
    let mut tx = app.db.begin().await?;
    let row = query!(
        "SELECT match_id AS \"match_id: MatchId\", kind AS \"kind: Kind\", told_up_to AS \"told_up_to: OrderId\"
         FROM match_notices
         WHERE notice_id = $1 AND done_at IS NULL
         FOR UPDATE",
        notice as NoticeId,
    )
    .fetch_optional(&mut *tx)
    .await?;
    let Some(row) = row else { return Ok(Outcome::Done) };
    let parties = list_parties(&mut tx, row.match_id, row.told_up_to).await?;

    let title = match_title(&mut tx, row.match_id).await?;
    let said = MatchNotice {
        match_title: format!("{} – {}", title.home_team, title.away_team),
        kick_off: local_time(title.kick_off_at),
        venue: title.venue,
    };
    let mut mails = 0;
    for party in &parties {
        let language = if party.nationality == "HR" { "hr" } else { "en" };
        let mut addresses = party.holder_emails.clone();
        addresses.push(party.buyer_email.clone());
        addresses.sort_unstable();
        addresses.dedup();
        for to in &addresses {
            let mail = match_notice(
                row.kind.template(),
                party.order_id,
                Recipient { to, language },
                &said,
            );
            events::record(&mut tx, app.ids, mail).await?;
            mails += 1;
        }
    }
    let last = parties.last().map(|party| party.order_id);
    save_progress(&mut tx, notice, (last, mails)).await?;

    tx.commit().await?;
    Ok(if last.is_some() {
        Outcome::Again { after: PAUSE }
    } else {
        Outcome::Done
    })
}

async fn list_parties(
    conn: &mut PgConnection,
    match_id: MatchId,
    after: Option<OrderId>,
) -> Result<Vec<Party>, sqlx::Error> {
    query_as!(
        Party,
        "SELECT t.order_id AS \"order_id: OrderId\", p.email AS buyer_email, p.nationality,
                coalesce(array_agg(l.holder_email) FILTER (WHERE l.holder_email IS NOT NULL), '{}') AS \"holder_emails!\"
         FROM tickets t
         JOIN order_lines l ON l.order_id = t.order_id AND l.line_no = t.line_no
         JOIN user_profiles p ON p.user_id = t.user_id
         WHERE t.match_id = $1 AND t.state <> 'CANCELLED' AND ($2::uuid IS NULL OR t.order_id > $2)
         GROUP BY t.order_id, p.email, p.nationality
         ORDER BY t.order_id
         LIMIT $3",
        match_id as MatchId,
        after as Option<OrderId>,
        ORDERS_MAX,
    )
    .fetch_all(conn)
    .await
}

async fn save_progress(
    conn: &mut PgConnection,
    notice: NoticeId,
    (last, mails): (Option<OrderId>, i32),
) -> Result<(), sqlx::Error> {
    query!(
        "UPDATE match_notices
         SET told_up_to = coalesce($2, told_up_to), mails = mails + $3,
             done_at = CASE WHEN $2::uuid IS NULL THEN clock_timestamp() END
         WHERE notice_id = $1",
        notice as NoticeId,
        last as Option<OrderId>,
        mails,
    )
    .execute(conn)
    .await?;
    Ok(())
}
