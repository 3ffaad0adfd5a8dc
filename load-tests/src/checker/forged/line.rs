//! Lies about the line.

use super::{Forged, PLACE, at, changed, first_was_told, id};
use crate::checker::facts::{Facts, LineEntry, Time};
use crate::fans::history::{Step, What};

pub(super) fn histories() -> Vec<Forged> {
    let fifo = "fifo_inversions";
    let lost = ("lost_places", 1);
    let ticket_id = id(PLACE, 1);
    vec![
        Forged::lie(
            (fifo, 2),
            "who came later was admitted earlier",
            changed(|facts| {
                facts.sessions_max = 3;
                for entry in of_first(facts, "ADMITTED") {
                    (entry.at, entry.session_expires_at) = (at(35_000), Some(at(215_000)));
                }
                move_first(facts, "COMPLETED", at(36_000));
            }),
        ),
        Forged::lie(
            (fifo, 3),
            "who came first still waits at the end",
            changed(one_waits_for_ever),
        ),
        Forged::lie(
            ("cap_overruns", 1),
            "one session was open too many",
            changed(|facts| move_first(facts, "COMPLETED", at(21_500))),
        ),
        Forged::lie(
            lost,
            "a place got worse",
            changed(|facts| {
                let position = 2;
                first_was_told(facts, What::Placed { ticket_id, position });
            }),
        ),
        Forged::lie(
            lost,
            "a place was not known although its token was shown",
            changed(|facts| first_was_told(facts, What::PlaceUnknown { ticket_id })),
        ),
        Forged::lie(
            lost,
            "a place was given and is not in the log",
            changed(|facts| {
                let ticket_id = id(PLACE, 99);
                first_was_told(facts, What::Joined { ticket_id });
            }),
        ),
        Forged::lie(
            lost,
            "an admission was told and is not in the log",
            changed(|facts| {
                let ticket_id = id(PLACE, 99);
                first_was_told(facts, What::Admitted { ticket_id });
            }),
        ),
    ]
}

/// What the log says of the first fan.
fn of_first<'a>(facts: &'a mut Facts, kind: &str) -> impl Iterator<Item = &'a mut LineEntry> {
    let wanted = move |entry: &&mut LineEntry| entry.ticket_id == id(PLACE, 1) && entry.kind == kind;
    facts.line.iter_mut().filter(wanted)
}

fn move_first(facts: &mut Facts, kind: &str, when: Time) {
    for entry in of_first(facts, kind) {
        entry.at = when;
    }
}

fn one_waits_for_ever(facts: &mut Facts) {
    let ticket_id = id(PLACE, 50);
    facts.line.push(LineEntry {
        kind: "JOINED".to_owned(),
        ticket_id,
        at: at(0),
        session_expires_at: None,
    });
    let joined = Step {
        sent_us: 0,
        answered_us: 1,
        what: What::Joined { ticket_id },
    };
    facts.histories[3].steps.insert(0, joined);
}
