//! Lies about the line.

use super::*;

#[test]
fn who_came_later_and_was_admitted_earlier_is_an_inversion() {
    let mut facts = clean();
    facts.sessions_max = 3;
    let first = facts
        .line
        .iter_mut()
        .find(|entry| entry.kind == "ADMITTED")
        .unwrap();
    (first.at, first.session_expires_at) = (at(35.0), Some(at(215.0)));
    let ended = facts
        .line
        .iter_mut()
        .find(|entry| entry.kind == "COMPLETED")
        .unwrap();
    ended.at = at(36.0);
    names(&facts, "fifo_inversions", 2);
}

#[test]
fn who_still_waits_at_the_end_was_passed_by() {
    let mut facts = clean();
    let ticket_id = id(PLACE, 50);
    facts.line.push(LineEntry {
        kind: "JOINED".to_owned(),
        ticket_id,
        at: at(0.0),
        session_expires_at: None,
    });
    facts.histories[3].steps.insert(
        0,
        Step {
            sent_us: 0,
            answered_us: 1,
            what: What::Joined { ticket_id },
        },
    );
    names(&facts, "fifo_inversions", 3);
}

#[test]
fn one_session_too_many_is_a_cap_overrun() {
    let mut facts = clean();
    let completed = facts
        .line
        .iter_mut()
        .find(|entry| entry.kind == "COMPLETED")
        .unwrap();
    completed.at = at(21.5);
    names(&facts, "cap_overruns", 1);
}

#[test]
fn a_place_that_gets_worse_or_is_not_known_is_lost() {
    let mut facts = clean();
    let ticket_id = id(PLACE, 1);
    facts.histories[0].steps.push(Step {
        sent_us: 1,
        answered_us: 2,
        what: What::Placed {
            ticket_id,
            position: 2,
        },
    });
    names(&facts, "lost_places", 1);

    let mut facts = clean();
    facts.histories[0].steps.push(Step {
        sent_us: 1,
        answered_us: 2,
        what: What::PlaceUnknown { ticket_id },
    });
    names(&facts, "lost_places", 1);

    let mut facts = clean();
    let ticket_id = id(PLACE, 99);
    facts.histories[0].steps.push(Step {
        sent_us: 1,
        answered_us: 2,
        what: What::Joined { ticket_id },
    });
    names(&facts, "lost_places", 1);
}
