//! Who the fans are: decided before the run, by seed, in fixed shares, so that also twenty fans exercise every danger.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};

/// What makes a fan behave unlike the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quirk {
    /// None.
    Plain,
    /// Takes seats and walks away.
    Wanders(LeavesAt),
    /// Asks for five, presses twice for three each, comes back for more than the limit.
    Greedy,
    /// Every hold is sent twice with one key.
    DoublePresses,
    /// The first card is declined.
    Declined,
    /// Names a companion whom another fan names too.
    SharesCompanion,
    /// Changes the cart before checking out.
    ChangesMind,
    /// Presses "pay" when the session is over.
    PaysLate,
    /// Does everything on two devices at once.
    TwoDevices,
    /// Loses the connection in the middle of every order, and asks again.
    LosesAnswers,
    /// Shows other people's passes, and tampered ones.
    Replays,
    /// Names one person for two tickets.
    NamesTwice,
    /// Is on the blacklist.
    Blacklisted,
    /// Names somebody who is on the blacklist.
    NamesOutlaw,
    /// Has a card that asks for a second factor.
    SecondFactor,
    /// Fails the second factor first.
    FailsSecondFactor,
    /// Gives the tickets back.
    GivesBack,
    /// A program: no pauses, no respect.
    Bot,
}

impl Quirk {
    /// What these leave behind must come back while others still want it; and bots are fast. Not all at once: their sessions
    /// are as long as sessions get.
    fn comes_early(self) -> bool {
        matches!(
            self,
            Self::Wanders(_) | Self::Greedy | Self::PaysLate | Self::GivesBack | Self::Bot
        )
    }
}

/// Where a wanderer loses interest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeavesAt {
    Cart,
    Order,
    Payment,
}

/// How a fan follows the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follows {
    /// By WebSocket.
    Socket,
    /// By WebSocket, losing it again and again.
    ShakySocket,
    /// By polling: a network that breaks WebSockets.
    Polling,
}

/// One fan's nature.
#[derive(Debug, Clone)]
pub(crate) struct Character {
    /// Tickets wanted, 1 to 4.
    pub(crate) party: u32,
    pub(crate) quirk: Quirk,
    pub(crate) follows: Follows,
    /// Asks for the favourite zone first, whatever its count says.
    pub(crate) stubborn: bool,
    /// When the fan shows up.
    pub(crate) arrives_after: Duration,
    /// The longest pause for thought, milliseconds.
    pub(crate) thinks_ms_max: u64,
}

/// Shares of a crowd, per thousand.
const WANDERERS: usize = 40;
const GREEDY: usize = 30;
const DOUBLE_PRESSERS: usize = 20;
const DECLINED: usize = 40;
const COMPANION_SHARERS: usize = 20;
const MIND_CHANGERS: usize = 60;
const LATE_PAYERS: usize = 25;
const TWO_DEVICES: usize = 40;
const LOST_ANSWERS: usize = 40;
const REPLAYERS: usize = 20;
const TWICE_NAMERS: usize = 10;
const BLACKLISTED: usize = 5;
const OUTLAW_NAMERS: usize = 10;
const SECOND_FACTORS: usize = 60;
const FAILED_SECOND_FACTORS: usize = 10;
const GIVERS_BACK: usize = 10;
const BOTS: usize = 30;
/// One process has so many files to open, 20,000 as a rule; each socket is one, and the rest is for requests.
const SOCKETS_MAX: usize = 12_000;
const STUBBORN: f64 = 0.15;
const POLLING: f64 = 0.05;
const SHAKY: f64 = 0.10;

const SLOWEST_THINKER_MS: u64 = 1_500;
const FAST_THINKER_MS: u64 = 250;
const BOT_MS: u64 = 5;

/// The whole crowd of a seed.
pub(crate) fn crowd(fans: usize, seed: u64, arrivals: Duration) -> Vec<Character> {
    let mut rng = StdRng::seed_from_u64(seed);
    let mut quirks = quirks(fans);
    quirks.shuffle(&mut rng);
    // One, two, three, four, one, …: 2.5 seats per fan exactly, in any order.
    let mut parties: Vec<u32> = (1..=4).cycle().take(fans).collect();
    parties.shuffle(&mut rng);
    let arrivals_ms = u64::try_from(arrivals.as_millis()).unwrap_or(u64::MAX).max(1);
    quirks
        .into_iter()
        .zip(parties)
        .enumerate()
        .map(|(index, (quirk, party))| {
            let fan = character(quirk, party, arrivals_ms, &mut rng);
            if index < SOCKETS_MAX {
                return fan;
            }
            Character {
                follows: Follows::Polling,
                ..fan
            }
        })
        .collect()
}

fn quirks(fans: usize) -> Vec<Quirk> {
    let shares = [
        (Quirk::Wanders(LeavesAt::Cart), WANDERERS / 2),
        (Quirk::Wanders(LeavesAt::Order), WANDERERS / 4),
        (Quirk::Wanders(LeavesAt::Payment), WANDERERS / 4),
        (Quirk::Greedy, GREEDY),
        (Quirk::DoublePresses, DOUBLE_PRESSERS),
        (Quirk::Declined, DECLINED),
        (Quirk::SharesCompanion, COMPANION_SHARERS),
        (Quirk::ChangesMind, MIND_CHANGERS),
        (Quirk::PaysLate, LATE_PAYERS),
        (Quirk::TwoDevices, TWO_DEVICES),
        (Quirk::LosesAnswers, LOST_ANSWERS),
        (Quirk::Replays, REPLAYERS),
        (Quirk::NamesTwice, TWICE_NAMERS),
        (Quirk::Blacklisted, BLACKLISTED),
        (Quirk::NamesOutlaw, OUTLAW_NAMERS),
        (Quirk::SecondFactor, SECOND_FACTORS),
        (Quirk::FailsSecondFactor, FAILED_SECOND_FACTORS),
        (Quirk::GivesBack, GIVERS_BACK),
        (Quirk::Bot, BOTS),
    ];
    let many = |quirk: Quirk, per_thousand: usize| {
        let least = match quirk {
            Quirk::SharesCompanion => 2,
            Quirk::Wanders(LeavesAt::Order | LeavesAt::Payment) => 0,
            _ => 1,
        };
        std::iter::repeat_n(quirk, (fans * per_thousand / 1000).max(least))
    };
    let mut quirks: Vec<Quirk> = shares
        .into_iter()
        .flat_map(|(quirk, share)| many(quirk, share))
        .collect();
    quirks.resize(fans, Quirk::Plain);
    quirks
}

fn character(quirk: Quirk, party: u32, arrivals_ms: u64, rng: &mut StdRng) -> Character {
    let within_ms = if quirk.comes_early() {
        arrivals_ms.div_ceil(2)
    } else {
        arrivals_ms
    };
    let draw: f64 = rng.random();
    Character {
        party: match quirk {
            // The limit is 4: who is to ask for more in two purchases buys three first.
            Quirk::Greedy => 3,
            Quirk::NamesTwice | Quirk::NamesOutlaw => party.max(2),
            _ => party,
        },
        quirk,
        follows: if draw < POLLING {
            Follows::Polling
        } else if draw < POLLING + SHAKY {
            Follows::ShakySocket
        } else {
            Follows::Socket
        },
        stubborn: rng.random_bool(STUBBORN),
        arrives_after: Duration::from_millis(rng.random_range(0..within_ms)),
        thinks_ms_max: match quirk {
            Quirk::Bot => BOT_MS,
            quirk if quirk.comes_early() => FAST_THINKER_MS,
            _ => SLOWEST_THINKER_MS,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_crowd() {
        let text = |seed| format!("{:?}", crowd(50, seed, Duration::from_secs(10)));
        assert_eq!(text(1), text(1));
        assert_ne!(text(1), text(2));
    }

    #[test]
    fn twenty_fans_have_one_of_every_danger() {
        let fans = crowd(20, 3, Duration::from_secs(10));
        for quirk in [
            Quirk::Wanders(LeavesAt::Cart),
            Quirk::Greedy,
            Quirk::DoublePresses,
            Quirk::Declined,
            Quirk::SharesCompanion,
            Quirk::ChangesMind,
            Quirk::PaysLate,
            Quirk::TwoDevices,
            Quirk::LosesAnswers,
            Quirk::Replays,
            Quirk::NamesTwice,
            Quirk::Blacklisted,
            Quirk::NamesOutlaw,
            Quirk::SecondFactor,
            Quirk::FailsSecondFactor,
            Quirk::GivesBack,
            Quirk::Bot,
        ] {
            assert!(fans.iter().any(|fan| fan.quirk == quirk), "{quirk:?}");
        }
        assert_eq!(fans.len(), 20);
    }

    #[test]
    fn a_thousand_fans_want_about_two_and_a_half_seats_each() {
        let wanted: u32 = crowd(1000, 1, Duration::from_secs(10))
            .iter()
            .map(|fan| fan.party)
            .sum();
        assert!((2400..=2600).contains(&wanted), "{wanted}");
    }
}
