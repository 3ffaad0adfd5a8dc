//! The negative control. A build with `--features sabotage` leaves out one guard, named by `TRIBINA_SABOTAGE`, so that the
//! checker of a simulated sale can prove that it sees what the guard prevents (`cargo xtask controls`). Such a binary
//! refuses every database whose name does not end in `_sabotage`. In every other build [`lifts`] is a constant `false`, and
//! nothing of what stands behind it is left.

#[cfg(not(feature = "sabotage"))]
pub(crate) use kept::{lifts, lifts_for, refuse_real_database};
#[cfg(feature = "sabotage")]
pub(crate) use lifted::{drop_constraint, lifts, lifts_for, refuse_real_database};

/// A guard, by what it guarantees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// A seat is claimed only under its row lock, and only if no live lock is on it; it has one live ticket at most.
    #[cfg_attr(
        not(feature = "sabotage"),
        expect(dead_code, reason = "its seam is a statement, compiled out")
    )]
    SeatLock,
    /// A hold stays within what one buyer may have.
    TicketLimit,
    /// A person has one ticket of a match.
    OneTicketPerPerson,
    /// A hold is committed before it is answered.
    CommitBeforeAnswer,
    /// Seats whose lock ends within the fan's session are not gone.
    BackWithinSession,
    /// A capture is applied: when it is told, or when it is asked about.
    CaptureApplied,
    /// A ledger movement sums to zero.
    BalancedMovement,
    /// An event counts as published only once the bus has it.
    SentBeforePublished,
    /// A change leaves an audit entry.
    AuditEntry,
}

/// Every guard is there.
#[cfg(not(feature = "sabotage"))]
mod kept {
    use platform::settings::BadSettings;
    use sqlx::postgres::PgConnectOptions;
    use uuid::Uuid;

    use super::Guard;

    #[inline]
    pub(crate) const fn lifts(_: Guard) -> bool {
        false
    }

    #[inline]
    pub(crate) const fn lifts_for(_: Guard, _: Uuid) -> bool {
        false
    }

    pub(crate) fn refuse_real_database(_: &PgConnectOptions) -> Result<(), BadSettings> {
        Ok(())
    }
}

/// One of them is not.
#[cfg(feature = "sabotage")]
mod lifted {
    use std::sync::LazyLock;

    use platform::settings::BadSettings;
    use sqlx::PgConnection;
    use sqlx::postgres::PgConnectOptions;
    use uuid::Uuid;

    use super::Guard;

    const VARIABLE: &str = "TRIBINA_SABOTAGE";

    /// `cargo xtask` knows these names; a test there compares.
    const NAMES: [(&str, Guard); 9] = [
        ("seat-lock", Guard::SeatLock),
        ("ticket-limit", Guard::TicketLimit),
        ("one-ticket-per-person", Guard::OneTicketPerPerson),
        ("commit-before-answer", Guard::CommitBeforeAnswer),
        ("back-within-session", Guard::BackWithinSession),
        ("capture-applied", Guard::CaptureApplied),
        ("balanced-movement", Guard::BalancedMovement),
        ("sent-before-published", Guard::SentBeforePublished),
        ("audit-entry", Guard::AuditEntry),
    ];

    #[expect(clippy::disallowed_methods, reason = "no setting of a real deployment")]
    static LIFTED: LazyLock<Option<Guard>> = LazyLock::new(|| {
        let named = std::env::var(VARIABLE).ok()?;
        let (_, guard) = NAMES.iter().find(|(name, _)| *name == named)?;
        Some(*guard)
    });

    pub(crate) fn lifts(guard: Guard) -> bool {
        *LIFTED == Some(guard)
    }

    /// One subject in four, always the same ones: a fault that strikes everybody stops the sale before it shows.
    pub(crate) fn lifts_for(guard: Guard, subject: Uuid) -> bool {
        lifts(guard) && subject.as_u128().is_multiple_of(4)
    }

    /// Such a binary must never come near real tickets, and never run without saying what it lacks.
    pub(crate) fn refuse_real_database(database: &PgConnectOptions) -> Result<(), BadSettings> {
        let name = database.get_database().unwrap_or_default();
        if !name.ends_with("_sabotage") {
            return Err(BadSettings::new(
                "database.url",
                &format!("database `{name}`"),
                "one whose name ends in `_sabotage`, because this binary is built without its guards",
            ));
        }
        if LIFTED.is_none() {
            let names: Vec<&str> = NAMES.iter().map(|(name, _)| *name).collect();
            let wanted = format!("the guard to leave out: {}", names.join(", "));
            return Err(BadSettings::new(VARIABLE, "no guard's name", &wanted));
        }
        Ok(())
    }

    /// Where Postgres would refuse what the code no longer does, the constraint goes too.
    pub(crate) async fn drop_constraint(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
        let statement = match *LIFTED {
            Some(Guard::SeatLock) => "DROP INDEX IF EXISTS tickets_one_live_per_seat",
            Some(Guard::OneTicketPerPerson) => "DROP INDEX IF EXISTS tickets_one_live_per_identity",
            Some(Guard::BalancedMovement) => {
                "DROP TRIGGER IF EXISTS ledger_movement_is_balanced ON ledger_entries"
            }
            Some(
                Guard::TicketLimit
                | Guard::CommitBeforeAnswer
                | Guard::BackWithinSession
                | Guard::CaptureApplied
                | Guard::SentBeforePublished
                | Guard::AuditEntry,
            )
            | None => return Ok(()),
        };
        sqlx::raw_sql(statement).execute(conn).await?;
        Ok(())
    }
}
