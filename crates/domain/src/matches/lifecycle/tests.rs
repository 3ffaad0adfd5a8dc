use proptest::prelude::*;

use super::*;
use crate::matches::tests::at;
use crate::phases::PhaseKind;

fn standing(state: MatchState) -> Standing {
    Standing {
        state,
        is_being_cancelled: false,
        kick_off_at: at(100),
        has_tickets: false,
    }
}

#[test]
fn a_wrong_turn_is_answered_with_those_that_are_right() {
    let published = standing(MatchState::Published);
    let wrong = decide_turn(&published, Turn::Publish, at(50)).unwrap_err();
    assert_eq!(wrong.possible, [Turn::StartCancellation]);
    assert_eq!(
        wrong.advice(),
        "it is published already: now one can ask for its cancellation"
    );
    let wrong = decide_turn(&published, Turn::Delete, at(100)).unwrap_err();
    assert_eq!(wrong.possible, [Turn::Close, Turn::StartCancellation]);
    let asked = Standing {
        is_being_cancelled: true,
        ..published
    };
    let wrong = decide_turn(&asked, Turn::Close, at(100)).unwrap_err();
    assert_eq!(
        wrong.possible,
        [Turn::WithdrawCancellation, Turn::ApproveCancellation]
    );
    assert_eq!(
        wrong.advice(),
        "somebody has asked for its cancellation: now one can withdraw that, or approve it (somebody else than who asked)"
    );
}

#[test]
fn nothing_is_closed_before_kick_off() {
    assert!(decide_turn(&standing(MatchState::Published), Turn::Close, at(99)).is_err());
    assert!(decide_turn(&standing(MatchState::Published), Turn::Close, at(100)).is_ok());
}

fn phase(starts: i64, ends: i64) -> Phase {
    Phase {
        kind: PhaseKind::GeneralPublic,
        starts_at: at(starts),
        ends_at: at(ends),
        ticket_limit: 4,
        thresholds: Vec::new(),
    }
}

#[test]
fn everything_that_is_missing_is_named_at_once() {
    let bare = Preparation {
        kick_off_at: at(1_000),
        has_seats: false,
        without_prices: vec!["ZD1".to_owned(), "ZD2".to_owned()],
        phases: Vec::new(),
    };
    let told: Vec<String> = missing(&bare, at(0)).iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            "no sector has a seat for sale: choose a stadium and open its sectors",
            "sector ZD1 has no price category with prices: give its price category both of them, or close the sector",
            "sector ZD2 has no price category with prices: give its price category both of them, or close the sector",
            "there is no sales phase",
        ]
    );
    let ready = Preparation {
        has_seats: true,
        without_prices: Vec::new(),
        phases: vec![phase(0, 100), phase(100, 1_000)],
        ..bare
    };
    assert_eq!(missing(&ready, at(0)), []);
    assert_eq!(missing(&ready, at(999)), []);
    assert_eq!(
        missing(&ready, at(1_000)),
        [Missing::KickOffOver, Missing::AllOver]
    );
    let clumsy = Preparation {
        phases: vec![phase(0, 100), phase(99, 2_000)],
        ..ready
    };
    let late = BadPhase::AfterKickOff(at(1_000));
    assert_eq!(
        missing(&clumsy, at(0)),
        [Missing::Overlap(1, 2), Missing::Phase(2, late)]
    );
}

/// Every state, and who may do what there: before kick-off, after it, while somebody has asked for the cancellation, and what
/// becomes of it when somebody has a ticket.
#[test]
fn from_every_state_there_is_a_way_there_and_no_other() {
    use MatchState::{Cancelled, Closed, Draft, Published};
    use Turn::{ApproveCancellation, Close, Delete, Publish, StartCancellation, WithdrawCancellation};
    let asked = [WithdrawCancellation, ApproveCancellation];
    for (state, is_being_cancelled, has_tickets, now, ways) in [
        (Draft, false, false, 50, &[Publish, Delete][..]),
        (Draft, false, false, 150, &[Publish, Delete]),
        (Published, false, false, 50, &[StartCancellation]),
        (Published, false, true, 50, &[StartCancellation]),
        (Published, false, true, 150, &[Close, StartCancellation]),
        (Published, true, false, 50, &asked),
        (Published, true, true, 150, &asked),
        (Closed, false, true, 150, &[]),
        (Closed, false, false, 150, &[Delete]),
        (Cancelled, false, true, 50, &[]),
        (Cancelled, false, false, 50, &[Delete]),
        (Cancelled, false, false, 150, &[Delete]),
    ] {
        let standing = Standing {
            is_being_cancelled,
            has_tickets,
            ..standing(state)
        };
        for turn in Turn::ALL {
            let decided = decide_turn(&standing, turn, at(now));
            let of = format!("{standing:?} at {now}: {turn:?}");
            assert_eq!(decided.is_ok(), ways.contains(&turn), "{of}");
            if let Err(wrong) = decided {
                assert_eq!(wrong.possible, ways, "{of}");
            }
        }
    }
}
fn states() -> impl Strategy<Value = MatchState> {
    proptest::sample::select(vec![
        MatchState::Draft,
        MatchState::Published,
        MatchState::Closed,
        MatchState::Cancelled,
    ])
}

proptest! {
    #[test]
    fn what_is_refused_is_never_among_what_would_be_right(
        state in states(), is_being_cancelled in any::<bool>(), has_tickets in any::<bool>(), now in 0_i64..200,
        turn in proptest::sample::select(Turn::ALL.to_vec()),
    ) {
        let standing = Standing { is_being_cancelled, has_tickets, ..standing(state) };
        match decide_turn(&standing, turn, at(now)) {
            Ok(()) => prop_assert!(standing.allows(turn, at(now))),
            Err(wrong) => {
                prop_assert!(!wrong.possible.contains(&turn));
                prop_assert!(wrong.possible.iter().all(|other| decide_turn(&standing, *other, at(now)).is_ok()));
            }
        }
    }

    #[test]
    fn what_has_tickets_is_never_hidden_and_what_is_over_never_comes_back(
        state in states(), is_being_cancelled in any::<bool>(), now in 0_i64..200,
    ) {
        let standing = Standing { is_being_cancelled, has_tickets: true, ..standing(state) };
        if state != MatchState::Draft {
            prop_assert!(!standing.allows(Turn::Delete, at(now)));
            prop_assert!(!standing.allows(Turn::Publish, at(now)));
        }
    }
}
