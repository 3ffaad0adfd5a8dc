//! Loyalty points: one for every attended paid match, for five years, never spent (E6-F1).

use chrono::{Months, NaiveDate};

/// How long a point counts.
const LIFE: Months = Months::new(60);

/// The first day whose points count on `today`: a point counts until the day before its fifth birthday.
#[must_use]
pub fn counts_since(today: NaiveDate) -> NaiveDate {
    let five_years_ago = today.checked_sub_months(LIFE).unwrap_or(NaiveDate::MIN);
    five_years_ago.succ_opt().unwrap_or(NaiveDate::MAX)
}

/// The last day on which a point of `played_on` counts.
#[must_use]
pub fn counts_until(played_on: NaiveDate) -> NaiveDate {
    let birthday = played_on.checked_add_months(LIFE).unwrap_or(NaiveDate::MAX);
    birthday.pred_opt().unwrap_or(NaiveDate::MIN)
}

/// What makes two entries the same match: its day and the sides, however they are written.
#[must_use]
pub fn match_key(played_on: NaiveDate, title: &str) -> String {
    let letters = title
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase);
    format!("{played_on}|{}", letters.collect::<String>())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn a_point_counts_until_the_day_before_its_fifth_birthday() {
        let played = day("2021-11-21");
        assert_eq!(counts_until(played), day("2026-11-20"));
        assert!(played >= counts_since(day("2026-11-20")));
        assert!(played < counts_since(day("2026-11-21")));
    }

    #[test]
    fn the_same_match_is_known_however_it_is_written() {
        let played = day("2026-03-20");
        assert_eq!(
            match_key(played, "Hrvatska – Francuska"),
            match_key(played, " HRVATSKA-francuska ")
        );
        assert_ne!(
            match_key(played, "Hrvatska – Francuska"),
            match_key(day("2026-03-21"), "Hrvatska – Francuska")
        );
    }

    proptest! {
        #[test]
        fn the_two_ends_of_a_points_life_are_one_rule(played in 0_i32..4_000, later in 0_i32..3_000) {
            let first = day("2015-01-01");
            let played = first + chrono::Days::new(u64::try_from(played).unwrap());
            let today = played + chrono::Days::new(u64::try_from(later).unwrap());
            prop_assert_eq!(played >= counts_since(today), today <= counts_until(played));
        }
    }
}
