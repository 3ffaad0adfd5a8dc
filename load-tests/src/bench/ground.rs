//! What the benches are measured on: a stadium of 50,000 seats, a match in it, and the same rows without us.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::clock::wall_now;

/// 50 sectors of 25 rows of 40 seats.
const SECTORS: usize = 50;
const ROWS: usize = 25;
const SEATS_IN_ROW: usize = 40;
/// All of them.
pub(super) const SEATS: usize = SECTORS * ROWS * SEATS_IN_ROW;

pub(super) const BARE_SEATS: &str =
    "INSERT INTO bench_seats (seat_id, sector_id, row_label, number, kind, snake_rank, run_id)
     SELECT gen_random_uuid(), s.sector_id, (i / 40)::text, (i % 40)::text, 'STANDARD', i, 0
     FROM (SELECT gen_random_uuid() AS sector_id FROM generate_series(1, 50)) s, generate_series(1, 1000) i";

pub(super) const BARE_INVENTORY: &str =
    "INSERT INTO bench_inventory (match_id, seat_id, zone_id, snake_rank, run_id, status)
     SELECT m.match_id, gen_random_uuid(), z.zone_id, i, 0, 'AVAILABLE'
     FROM (SELECT gen_random_uuid() AS match_id) m,
          (SELECT gen_random_uuid() AS zone_id FROM generate_series(1, 50)) z, generate_series(1, 1000) i";

/// Ten attempts of everybody who is on the blacklist.
pub(super) const MANY_VIOLATIONS: &str =
    "INSERT INTO blacklist_violations (violation_id, identity, match_id, user_id, blocked_at)
     SELECT gen_random_uuid(), b.identity, m.match_id, u.user_id, now() - i * interval '1 minute'
     FROM matches m, (SELECT user_id FROM users LIMIT 1) u, blacklist b, generate_series(1, 10) i";

pub(super) const MANY_MATCHES: &str = "INSERT INTO matches (match_id, stadium_id, layout_id, state, home_team, away_team, competition, kick_off_at, published_at)
     SELECT gen_random_uuid(), m.stadium_id, m.layout_id,
            (CASE WHEN i % 4 = 0 THEN 'DRAFT' ELSE 'PUBLISHED' END)::match_state, 'Hrvatska',
            CASE WHEN i % 10 = 0 THEN 'Portugal' ELSE 'guest-' || i END, 'bench', m.kick_off_at + i * interval '1 day', now()
     FROM matches m, generate_series(1, 1000) i";

/// A stadium of 50,000 seats; in so many of its rows a seat stands twice.
pub(super) fn stadium(name: &str, mistakes: usize) -> Value {
    let sector = |number: usize| {
        let row = |row: usize| {
            let is_wrong = number * ROWS + row < mistakes;
            let seats = if is_wrong {
                format!("1-{SEATS_IN_ROW},1")
            } else {
                format!("1-{SEATS_IN_ROW}")
            };
            json!({"label": (row + 1).to_string(), "seats": seats})
        };
        json!({"code": format!("S{number}"), "name": format!("Sektor {number}"), "stand": "WEST", "price_category": 1,
            "snake": {"best_row": "12", "direction": "BOTTOM_TO_TOP"}, "rows": (0..ROWS).map(row).collect::<Vec<_>>()})
    };
    json!({"name": format!("bench {name}"), "city": "Zagreb", "country": "HR",
        "price_categories": [{"code": 1, "name": "1", "presale_price": "40.00", "match_day_price": "50.00"}],
        "sectors": (0..SECTORS).map(sector).collect::<Vec<_>>()})
}

/// A match there, on sale from an instant until the day before its kick-off.
pub(super) fn plan(stadium_id: &str, opens_at: DateTime<Utc>) -> Value {
    let now = wall_now();
    json!({"home_team": "Hrvatska", "away_team": "Portugal", "competition": "UEFA Nations League", "stadium_id": stadium_id,
        "kick_off_at": now + TimeDelta::days(30), "sale": {"session_seconds": 7_200, "max_active_sessions": 500},
        "phases": [{"kind": "GENERAL_PUBLIC", "starts_at": opens_at, "ends_at": now + TimeDelta::days(29)}]})
}
