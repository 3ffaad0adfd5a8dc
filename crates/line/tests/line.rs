//! The line against a naive model of it.
#![expect(clippy::unwrap_used, reason = "a test helper that fails should say so")]

use std::collections::BTreeSet;

use line::admission::{Facts, MinuteCap, Plan, Standing, Stock, plan};
use line::positions::Positions;
use proptest::prelude::*;

#[derive(Debug, Clone)]
enum Step {
    Join,
    Leave(u64),
    Admit(usize),
    Rebuild,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => Just(Step::Join),
        2 => (0..400_u64).prop_map(Step::Leave),
        1 => (0..5_usize).prop_map(Step::Admit),
        1 => Just(Step::Rebuild),
    ];
    prop::collection::vec(step, 1..400)
}

fn redis_bitmap(waiting: &BTreeSet<u64>) -> Vec<u8> {
    let mut bytes = vec![0_u8; 64];
    for sequence in waiting {
        let byte = usize::try_from(sequence / 8).unwrap();
        bytes[byte] |= 0x80 >> (sequence % 8);
    }
    bytes
}

proptest! {
    #[test]
    fn places_equal_those_of_a_naive_model_and_never_go_up(steps in steps()) {
        let mut line = Positions::default();
        let mut model = BTreeSet::new();
        let mut last = 0;
        let mut shown = std::collections::BTreeMap::new();

        for step in steps {
            match step {
                Step::Join => {
                    last += 1;
                    prop_assert!(line.join(last));
                    model.insert(last);
                }
                Step::Leave(sequence) => prop_assert_eq!(line.leave(sequence), model.remove(&sequence)),
                Step::Admit(count) => {
                    let front: Vec<u64> = model.iter().copied().take(count).collect();
                    for sequence in front {
                        prop_assert_eq!(line.position(sequence), Some(1));
                        prop_assert!(line.leave(sequence));
                        model.remove(&sequence);
                    }
                }
                Step::Rebuild => line = Positions::from_bitmap(&redis_bitmap(&model), last),
            }

            prop_assert_eq!(line.size(), u64::try_from(model.len()).unwrap());
            for (place, sequence) in (1..).zip(&model) {
                prop_assert_eq!(line.position(*sequence), Some(place));
                let before = shown.insert(*sequence, place);
                prop_assert!(before.is_none_or(|before| place <= before));
            }
        }
    }

    #[test]
    fn a_plan_never_crosses_a_cap(
        waiting in 0..10_000_u64,
        active in 0..10_000_u64,
        cap in 0..10_000_u64,
        minute in prop::option::of((0..2_000_u64, 0..3_000_u64)),
        stock in prop::option::of((0..3_u64, 0..3_u64, 0..3_u64)),
    ) {
        let facts = Facts {
            standing: Standing::Open,
            waiting,
            active,
            cap,
            minute: minute.map(|(per_minute, used)| MinuteCap { per_minute, used }),
            stock: stock.map(|(free, held, paying)| Stock { free, held, paying }),
        };
        match plan(&facts) {
            Plan::Admit(admitted) => {
                prop_assert!(admitted > 0 && admitted <= waiting);
                prop_assert!(active + admitted <= cap);
                prop_assert!(minute.is_none_or(|(per_minute, used)| used + admitted <= per_minute));
                prop_assert!(stock.is_none_or(|(free, ..)| free > 0));
            }
            Plan::CloseSoldOut => prop_assert_eq!(stock, Some((0, 0, 0))),
            Plan::Hold(_) => {
                let stuck = waiting == 0
                    || active >= cap
                    || minute.is_some_and(|(per_minute, used)| used >= per_minute)
                    || stock.is_some_and(|(free, ..)| free == 0);
                prop_assert!(stuck, "held although somebody could be admitted");
            }
        }
    }

    /// Joins, endings, cap changes and ticks in any order: open sessions never exceed the largest of the cap now and
    /// the sessions that were already open when it was lowered.
    #[test]
    fn sessions_never_exceed_the_cap_however_it_moves(
        moves in prop::collection::vec((0..3_u8, 0..60_u64), 1..300),
    ) {
        let (mut waiting, mut active, mut cap) = (0_u64, 0_u64, 10_u64);
        for (what, amount) in moves {
            match what {
                0 => waiting += amount,
                1 => active = active.saturating_sub(amount),
                _ => cap = amount,
            }
            let facts = Facts { standing: Standing::Open, waiting, active, cap, minute: None, stock: None };
            if let Plan::Admit(admitted) = plan(&facts) {
                waiting -= admitted;
                active += admitted;
                prop_assert!(active <= cap);
            }
        }
    }
}
