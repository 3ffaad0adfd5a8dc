//! Admission: facts in, plan out.

/// The ticker plans so often, per minute.
const TICKS_PER_MINUTE: u64 = 600;

/// What admission knows about a line at one instant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Where the line stands.
    pub standing: Standing,
    /// Fans in the line.
    pub waiting: u64,
    /// Open sessions.
    pub active: u64,
    /// Sessions that may be open at once.
    pub cap: u64,
    /// The cap on admissions per minute, if there is one.
    pub minute: Option<MinuteCap>,
    /// What is left to sell, if the origin said so lately.
    pub stock: Option<Stock>,
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its opening lies ahead.
    NotOpenYet,
    /// Takes joins and admits.
    Open,
    /// Takes joins, admits nobody.
    Paused,
    /// Over.
    Closed,
}

/// A cap on admissions per minute and what is used of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinuteCap {
    /// Admissions allowed within any 60 seconds.
    pub per_minute: u64,
    /// Admissions of the last 60 seconds.
    pub used: u64,
}

/// What is left to sell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stock {
    /// Pieces nobody holds.
    pub free: u64,
    /// Pieces held that may come back.
    pub held: u64,
    /// Pieces being paid for that may come back.
    pub paying: u64,
}

/// What to do now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Plan {
    /// Admit so many from the front.
    Admit(u64),
    /// Admit nobody, because …
    Hold(Hold),
    /// The line is over: nothing is left for anybody who waits.
    CloseSoldOut,
}

/// Why nobody is admitted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// The opening lies ahead.
    NotOpenYet,
    /// The tenant paused the line.
    Paused,
    /// The line is over.
    Closed,
    /// There is nobody to admit.
    NobodyWaits,
    /// As many sessions are open as may be.
    CapReached,
    /// The last minute's admissions are used up.
    MinuteCapReached,
    /// Nothing is free now, but something may come back.
    StockHeld,
}

impl Hold {
    /// The name on the wire.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotOpenYet => "NOT_OPEN_YET",
            Self::Paused => "PAUSED",
            Self::Closed => "CLOSED",
            Self::NobodyWaits => "NOBODY_WAITS",
            Self::CapReached => "CAP_REACHED",
            Self::MinuteCapReached => "MINUTE_CAP_REACHED",
            Self::StockHeld => "STOCK_HELD",
        }
    }
}

/// Decides one tick.
///
/// Invariant: `active + admitted <= cap`, or nobody is admitted; a lowered cap drains and never evicts.
#[must_use]
pub fn plan(facts: &Facts) -> Plan {
    match facts.standing {
        Standing::NotOpenYet => return Plan::Hold(Hold::NotOpenYet),
        Standing::Paused => return Plan::Hold(Hold::Paused),
        Standing::Closed => return Plan::Hold(Hold::Closed),
        Standing::Open => {}
    }
    if let Some(Stock {
        free: 0,
        held,
        paying,
    }) = facts.stock
    {
        return if held == 0 && paying == 0 {
            Plan::CloseSoldOut
        } else {
            Plan::Hold(Hold::StockHeld)
        };
    }
    if facts.waiting == 0 {
        return Plan::Hold(Hold::NobodyWaits);
    }
    let headroom = facts.cap.saturating_sub(facts.active);
    if headroom == 0 {
        return Plan::Hold(Hold::CapReached);
    }
    let allowance = facts.minute.map_or(u64::MAX, |minute| minute.allowance());
    if allowance == 0 {
        return Plan::Hold(Hold::MinuteCapReached);
    }
    Plan::Admit(facts.waiting.min(headroom).min(allowance))
}

impl MinuteCap {
    /// What one tick may use: an even share, so that a minute's admissions do not come in one burst.
    fn allowance(self) -> u64 {
        let left = self.per_minute.saturating_sub(self.used);
        left.min(self.per_minute.div_ceil(TICKS_PER_MINUTE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open() -> Facts {
        Facts {
            standing: Standing::Open,
            waiting: 100,
            active: 10,
            cap: 50,
            minute: None,
            stock: None,
        }
    }

    #[test]
    fn the_headroom_is_admitted() {
        assert_eq!(plan(&open()), Plan::Admit(40));
        assert_eq!(plan(&Facts { waiting: 3, ..open() }), Plan::Admit(3));
    }

    #[test]
    fn a_full_or_lowered_cap_holds() {
        assert_eq!(
            plan(&Facts { active: 50, ..open() }),
            Plan::Hold(Hold::CapReached)
        );
        assert_eq!(
            plan(&Facts { active: 80, ..open() }),
            Plan::Hold(Hold::CapReached)
        );
    }

    #[test]
    fn a_line_that_is_not_open_holds() {
        for (standing, hold) in [
            (Standing::NotOpenYet, Hold::NotOpenYet),
            (Standing::Paused, Hold::Paused),
            (Standing::Closed, Hold::Closed),
        ] {
            assert_eq!(plan(&Facts { standing, ..open() }), Plan::Hold(hold));
        }
    }

    #[test]
    fn nothing_free_but_something_held_holds_and_nothing_at_all_closes() {
        let stock = |free, held, paying| Facts {
            stock: Some(Stock { free, held, paying }),
            ..open()
        };
        assert_eq!(plan(&stock(0, 1, 0)), Plan::Hold(Hold::StockHeld));
        assert_eq!(plan(&stock(0, 0, 1)), Plan::Hold(Hold::StockHeld));
        assert_eq!(plan(&stock(0, 0, 0)), Plan::CloseSoldOut);
        assert_eq!(plan(&stock(1, 0, 0)), Plan::Admit(40));
    }

    #[test]
    fn a_minute_cap_is_spread_over_the_minute() {
        let minute = |per_minute, used| Facts {
            minute: Some(MinuteCap { per_minute, used }),
            ..open()
        };
        assert_eq!(plan(&minute(6000, 0)), Plan::Admit(10));
        assert_eq!(plan(&minute(10, 9)), Plan::Admit(1));
        assert_eq!(plan(&minute(10, 10)), Plan::Hold(Hold::MinuteCapReached));
        assert_eq!(plan(&minute(0, 0)), Plan::Hold(Hold::MinuteCapReached));
    }
}
