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
    /// By WebSocket, dropping it once on the way.
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
const STUBBORN: f64 = 0.15;
const POLLING: f64 = 0.05;
const SHAKY: f64 = 0.05;

/// Wanderers and greedy fans come first: what they leave behind must come back while others still want it.
const FIRST_COMERS_WITHIN_MS: u64 = 500;
const SLOWEST_THINKER_MS: u64 = 1_500;
const FAST_THINKER_MS: u64 = 250;

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
        .map(|(quirk, party)| character(quirk, party, arrivals_ms, &mut rng))
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
    let is_first = matches!(quirk, Quirk::Wanders(_) | Quirk::Greedy);
    let within_ms = if is_first {
        FIRST_COMERS_WITHIN_MS.min(arrivals_ms)
    } else {
        arrivals_ms
    };
    let draw: f64 = rng.random();
    Character {
        // The limit is 4: who is to ask for more in two purchases buys three first.
        party: if quirk == Quirk::Greedy { 3 } else { party },
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
        thinks_ms_max: if is_first {
            FAST_THINKER_MS
        } else {
            SLOWEST_THINKER_MS
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
        let has = |quirk: Quirk| fans.iter().any(|fan| fan.quirk == quirk);
        assert!(has(Quirk::Wanders(LeavesAt::Cart)) && has(Quirk::Greedy) && has(Quirk::DoublePresses));
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
