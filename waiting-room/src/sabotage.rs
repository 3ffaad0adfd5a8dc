//! The negative control. A build with `--features sabotage` leaves out one guard, named by `TRIBINA_SABOTAGE`, so that the
//! checker of a simulated sale can prove that it sees what the guard prevents (`cargo xtask controls`). Such a binary
//! refuses every database whose name does not end in `_sabotage`. In every other build [`lifts`] is a constant `false`, and
//! nothing of what stands behind it is left.

#[cfg(not(feature = "sabotage"))]
pub(crate) use kept::{lifts, refuse_real_database, script};
#[cfg(feature = "sabotage")]
pub(crate) use lifted::{lifts, refuse_real_database, script};

/// A guard, by what it guarantees.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guard {
    /// Who came first is admitted first.
    #[cfg_attr(
        not(feature = "sabotage"),
        expect(dead_code, reason = "stands in a script only")
    )]
    FrontFirst,
    /// No more sessions are open than may be.
    SessionCap,
    /// Who comes joins behind all others, and a place told never rises.
    NewcomersLast,
}

/// Every guard is there.
#[cfg(not(feature = "sabotage"))]
mod kept {
    use std::borrow::Cow;

    use platform::settings::BadSettings;
    use sqlx::postgres::PgConnectOptions;

    use super::Guard;

    #[inline]
    pub(crate) const fn lifts(_: Guard) -> bool {
        false
    }

    /// A script of the line, as it is.
    pub(crate) fn script(text: &str) -> Cow<'_, str> {
        Cow::Borrowed(text)
    }

    pub(crate) fn refuse_real_database(_: &PgConnectOptions) -> Result<(), BadSettings> {
        Ok(())
    }
}

/// One of them is not.
#[cfg(feature = "sabotage")]
mod lifted {
    use std::borrow::Cow;
    use std::sync::LazyLock;

    use platform::settings::BadSettings;
    use sqlx::postgres::PgConnectOptions;

    use super::Guard;

    const VARIABLE: &str = "TRIBINA_SABOTAGE";

    /// `cargo xtask` knows these names; a test there compares.
    const NAMES: [(&str, Guard); 3] = [
        ("front-first", Guard::FrontFirst),
        ("session-cap", Guard::SessionCap),
        ("newcomers-last", Guard::NewcomersLast),
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

    /// The script without the part of it that is the guard, if it has one.
    pub(crate) fn script(text: &str) -> Cow<'_, str> {
        let (guard, instead) = match *LIFTED {
            Some(Guard::FrontFirst) => ("'ZPOPMIN'", "'ZPOPMAX'"),
            Some(Guard::SessionCap) => ("meta_number('cap') - redis.call('ZCARD', ACTIVE)", "math.huge"),
            Some(Guard::NewcomersLast) => (
                "redis.call('HINCRBY', META, 'sequence', 1)",
                "1000000 - redis.call('HINCRBY', META, 'sequence', 1)",
            ),
            None => return Cow::Borrowed(text),
        };
        Cow::Owned(text.replace(guard, instead))
    }

    /// Such a binary must never come near a real line, and never run without saying what it lacks.
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
}
