//! Where the matches of tests are played: a ground of two zones, and its announcement.

use std::path::Path;

use backend::app::App;
use backend::catalogue::{self, Seed};
use domain::ids::MatchId;
use serde_json::{Value, json};

/// Seats of each of the two zones of [`Ground::SMALL`]: runs of three, three and six.
pub(crate) const ZONE_SEATS: i64 = 12;

/// A ground of two zones, A and B, that are alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ground<'a> {
    pub(crate) name: &'a str,
    /// The seats of each row of a zone, as stadium files write them.
    pub(crate) rows: &'a [&'a str],
    /// How many of them are for sale.
    pub(crate) zone_seats: i64,
}

impl Ground<'static> {
    /// Twelve seats a zone, and a technical one that nobody may have.
    pub(crate) const SMALL: Self = Self {
        name: "Igralište",
        rows: &["1-3|4-6", "1-6,7T"],
        zone_seats: ZONE_SEATS,
    };
}

impl Ground<'_> {
    /// Puts a match on sale here, unless one is. Its queue is a job's business.
    pub(crate) async fn announce(&self, app: &App, folder: &Path) -> MatchId {
        std::fs::create_dir_all(folder).unwrap();
        let file = folder.join("stadium.json");
        std::fs::write(&file, self.file().to_string()).unwrap();
        let seed = Seed {
            stadium: file,
            open_seats: None,
            session_seconds: 1_200,
            last_attempt_seconds: 90,
            landing_seconds: 60,
            refund_deadline_hours: 48,
            max_sessions: 100,
            admissions_per_minute: None,
        };
        let match_id = catalogue::seed(&app.db, app.ids, &seed).await.unwrap();
        // Its sale has been open for a day: sessions of any length were opened in it.
        sqlx::raw_sql("UPDATE sales_phases SET starts_at = starts_at - interval '1 day'")
            .execute(&app.db)
            .await
            .unwrap();
        match_id
    }

    fn file(&self) -> Value {
        let rows: Vec<Value> = (1..)
            .zip(self.rows)
            .map(|(number, seats)| json!({"label": number.to_string(), "seats": seats}))
            .collect();
        let sector = |code: &str| {
            json!({
                "code": code, "name": format!("Zona {code}"), "stand": "WEST", "price_category": 1,
                "snake": {"best_row": "1", "direction": "BOTTOM_TO_TOP"}, "rows": rows,
            })
        };
        json!({
            "name": self.name, "city": "Split", "country": "HR", "capacity": 2 * self.zone_seats,
            "price_categories":
                [{"code": 1, "name": "Kategorija 1", "presale_price": "40.00", "match_day_price": "50.00"}],
            "sectors": [sector("A"), sector("B")],
        })
    }
}
