//! What staff wait for: a stadium of 50,000 seats imported and published, lists beside a thousand matches and ten million seats,
//! and what fans in a running on-sale feel of a publication.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use chrono::{DateTime, TimeDelta, Utc};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use sqlx::postgres::PgPoolOptions;
use sqlx::{AssertSqlSafe, PgPool};
use uuid::Uuid;

use super::beside;
use super::crowd::{key, token};
use super::figures::{Summary, Times};
use super::ground::{BARE_INVENTORY, BARE_SEATS, MANY_MATCHES, MANY_VIOLATIONS, SEATS, plan, stadium};
use super::results::{Compared, List, Refusal, Results, compared, print};
use super::told;
use crate::clock::{pause, wall_now};
use crate::people::oib;
use crate::stack::Stack;

/// Imports and publications that are timed.
const ROUNDS: usize = 5;
/// Mistakes of the file that is refused.
const MISTAKES: usize = 200;
/// Matches in the lists, and how many of them have all their seats: ten million.
const MATCHES: usize = 1_000;
const MATCHES_WITH_SEATS: usize = 200;
/// People on the blacklist.
const BLACKLISTED: u64 = 5_000;
/// A connection that is idle longer may be closed by the server while a request is on its way: the server waits for 5 s.
const IDLE_MAX: Duration = Duration::from_secs(2);
/// Requests for each list.
const LOOKS: usize = 200;
/// Measures, writes `json`, prints a table.
pub(crate) async fn run(stack: &Stack, json: &Path, seconds: u64) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(stack).await?;
    let (import, publish, matches) = desk.import_and_publish().await?;
    let refusal = desk.refuse().await?;
    let sale = *matches.first().context("a match was published")?;
    let beside = beside::measure(&desk, stack, (sale, seconds)).await?;
    desk.fill(sale).await?;
    let lists = desk.lists(sale).await?;
    let publish_when_full = desk.publish_when_full(sale).await?;
    let results = Results {
        seats: SEATS,
        import,
        publish,
        refusal,
        lists,
        publish_when_full,
        beside,
    };
    std::fs::write(json, serde_json::to_string_pretty(&results)?)?;
    print(&results);
    Ok(told(&results.missed()))
}

/// Measures only what fans feel of a publication.
pub(crate) async fn run_beside(stack: &Stack, json: &Path, seconds: u64) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(stack).await?;
    let request = desk.request(Method::POST, "/stadium-imports?format=STADIUM&reason=bench");
    let imported = desk.ask(request.body(stadium(&key(), 0).to_string())).await?;
    let stadium_id = imported["stadium"]["stadium_id"].as_str().context("a stadium")?;
    let sale = desk.draft(stadium_id, wall_now()).await?;
    desk.publish(sale).await?;
    let beside = beside::measure(&desk, stack, (sale, seconds)).await?;
    std::fs::write(json, serde_json::to_string_pretty(&beside)?)?;
    println!("{beside}");
    Ok(told(&Vec::from_iter(beside.missed())))
}

/// Where a member of staff works.
pub(super) struct Desk {
    pub(super) http: Client,
    admin_url: String,
    token: String,
    db: PgPool,
}

impl Desk {
    async fn open(stack: &Stack) -> anyhow::Result<Self> {
        let http = Client::builder()
            .timeout(Duration::from_secs(120))
            .pool_idle_timeout(IDLE_MAX)
            .build()?;
        let who = [("username", "bench-staff"), ("scope", "staff")];
        let token = token(stack, &http, &who).await?;
        let db = PgPoolOptions::new()
            .max_connections(2)
            .connect(&stack.backend_database_url)
            .await?;
        let desk = Self {
            http,
            admin_url: format!("{}/admin", stack.backend_url),
            token,
            db,
        };
        // The first request makes the account; nobody may do anything before they have a role.
        desk.request(Method::GET, "/staff/me").send().await?;
        desk.sql(
            "INSERT INTO staff_grants (user_id, role)
             SELECT user_id, 'SUPER_ADMIN' FROM users ORDER BY created_at DESC LIMIT 1
             ON CONFLICT DO NOTHING",
        )
        .await?;
        Ok(desk)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.admin_url));
        request.bearer_auth(&self.token).header("Idempotency-Key", key())
    }

    async fn ask(&self, request: RequestBuilder) -> anyhow::Result<Value> {
        let answer = request.send().await?;
        let status = answer.status();
        let text = answer.text().await?;
        ensure!(status.is_success(), "answered {status}: {text}");
        Ok(serde_json::from_str(&text)?)
    }

    async fn sql(&self, statement: &str) -> anyhow::Result<()> {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned()))
            .execute(&self.db)
            .await?;
        Ok(())
    }

    pub(super) async fn checkpoint(&self) -> anyhow::Result<()> {
        self.sql("CHECKPOINT").await
    }

    async fn import_and_publish(&self) -> anyhow::Result<(Compared, Compared, Vec<Uuid>)> {
        self.sql(
            "CREATE TABLE IF NOT EXISTS bench_seats (LIKE seats INCLUDING ALL);
                  CREATE TABLE IF NOT EXISTS bench_inventory (LIKE match_seat_inventory INCLUDING ALL)",
        )
        .await?;
        let (mut import, mut bare_import) = (Times::default(), Times::default());
        let (mut publish, mut bare_publish) = (Times::default(), Times::default());
        let mut matches = Vec::new();
        for round in 1..=ROUNDS {
            eprintln!("» import and publish, {round} of {ROUNDS}");
            let file = stadium(&key(), 0).to_string();
            let request = self.request(Method::POST, "/stadium-imports?format=STADIUM&reason=bench");
            let imported = import.of(self.ask(request.body(file))).await?;
            let stadium_id = imported["stadium"]["stadium_id"]
                .as_str()
                .context("a stadium")?
                .to_owned();
            bare_import.of(self.sql(BARE_SEATS)).await?;

            let match_id = self.draft(&stadium_id, wall_now()).await?;
            publish.of(self.publish(match_id)).await?;
            bare_publish.of(self.sql(BARE_INVENTORY)).await?;
            matches.push(match_id);
        }
        Ok((
            compared(&import, &bare_import),
            compared(&publish, &bare_publish),
            matches,
        ))
    }

    async fn refuse(&self) -> anyhow::Result<Refusal> {
        let file = stadium(&key(), MISTAKES).to_string();
        let request = self.request(Method::POST, "/stadium-imports?format=STADIUM&reason=bench");
        let mut times = Times::default();
        let answer = times.of(request.body(file).send()).await?;
        ensure!(answer.status() == 422, "answered {}", answer.status());
        let problem: Value = answer.json().await?;
        Ok(Refusal {
            mistakes_made: MISTAKES,
            mistakes_named: problem["mistakes"].as_array().map_or(0, Vec::len),
            ms: times.percentile(100),
        })
    }

    async fn publish_when_full(&self, like: Uuid) -> anyhow::Result<Summary> {
        let (stadium_id, mut times) = (self.stadium_of(like).await?, Times::default());
        for _ in 0..ROUNDS {
            let match_id = self.draft(&stadium_id, wall_now()).await?;
            times.of(self.publish(match_id)).await?;
        }
        Ok(times.summary())
    }

    /// Drafts a match that could be published at once, and is sold from an instant.
    pub(super) async fn draft(&self, stadium_id: &str, opens_at: DateTime<Utc>) -> anyhow::Result<Uuid> {
        let body = plan(stadium_id, opens_at);
        let request = self.request(Method::POST, "/matches").json(&body);
        let drafted = self.ask(request).await?;
        Ok(drafted["match_id"].as_str().context("a match")?.parse()?)
    }

    pub(super) async fn publish(&self, match_id: Uuid) -> anyhow::Result<()> {
        let path = format!("/matches/{match_id}/publication");
        self.ask(self.request(Method::POST, &path)).await?;
        Ok(())
    }

    pub(super) async fn until_queue_is_there(&self, match_id: Uuid) -> anyhow::Result<()> {
        let path = format!("/matches/{match_id}");
        for _ in 0..100 {
            if self.ask(self.request(Method::GET, &path)).await?["queue_ready"] == true {
                return Ok(());
            }
            pause(Duration::from_millis(200)).await;
        }
        anyhow::bail!("the match got no queue")
    }

    pub(super) async fn stadium_of(&self, match_id: Uuid) -> anyhow::Result<String> {
        let read = self
            .ask(self.request(Method::GET, &format!("/matches/{match_id}")))
            .await?;
        Ok(read["stadium_id"].as_str().context("a stadium")?.to_owned())
    }

    /// A thousand matches, two hundred of them with all their seats.
    async fn fill(&self, like: Uuid) -> anyhow::Result<()> {
        eprintln!("» {MATCHES} matches");
        self.sql(&format!("{MANY_MATCHES} WHERE m.match_id = '{like}'"))
            .await?;
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "SELECT match_id FROM matches WHERE competition = 'bench' AND state = 'PUBLISHED' ORDER BY match_id LIMIT $1",
        )
        .bind(i64::try_from(MATCHES_WITH_SEATS)?)
        .fetch_all(&self.db)
        .await?;
        for (number, id) in (1..).zip(&ids) {
            if number % 20 == 0 {
                eprintln!("» seats of {number} of {MATCHES_WITH_SEATS} matches");
            }
            self.sql(&format!(
                "INSERT INTO match_seat_inventory (match_id, seat_id, zone_id, snake_rank, run_id, status)
                 SELECT '{id}', seat_id, zone_id, snake_rank, run_id, status
                 FROM match_seat_inventory WHERE match_id = '{like}'"
            ))
            .await?;
        }
        let listed: Vec<String> = (1..=BLACKLISTED).map(|number| oib(7_000_000 + number)).collect();
        let import = self.request(Method::POST, "/blacklist-imports?source=MUP&reason=bench");
        self.ask(import.body(listed.join("\n"))).await?;
        self.sql(&format!("{MANY_VIOLATIONS} WHERE m.match_id = '{like}'"))
            .await?;
        self.sql("ANALYZE").await
    }

    async fn lists(&self, like: Uuid) -> anyhow::Result<Vec<List>> {
        let inventory_rows: i64 = sqlx::query_scalar("SELECT count(*) FROM match_seat_inventory")
            .fetch_one(&self.db)
            .await?;
        let first = self.ask(self.request(Method::GET, "/matches")).await?;
        let cursor = first["next_cursor"].as_str().context("there are more matches")?;
        let from = (wall_now() + TimeDelta::days(100)).format("%Y-%m-%dT%H:%M:%SZ");
        let paths = [
            "/matches".to_owned(),
            format!("/matches?cursor={cursor}"),
            "/matches?search=portugal".to_owned(),
            "/matches?search=guest-7&sort=CHANGED".to_owned(),
            format!("/matches?state=PUBLISHED&sort=KICK_OFF_DESC&from={from}"),
            format!("/matches/{like}"),
            format!("/matches/{like}/sales-phases"),
            "/stadiums?sort=NAME".to_owned(),
            "/stadiums?search=bench".to_owned(),
            "/staff".to_owned(),
            "/blacklist?active=true".to_owned(),
            "/blacklist/violations".to_owned(),
            "/blacklist/violations?search=nobody".to_owned(),
        ];
        let mut lists = Vec::new();
        for path in paths {
            let mut times = Times::default();
            for _ in 0..LOOKS {
                times.of(self.ask(self.request(Method::GET, &path))).await?;
            }
            lists.push(List {
                path: path
                    .replace(&like.to_string(), "{match_id}")
                    .replace(cursor, "{cursor}"),
                matches: MATCHES,
                inventory_rows,
                took: times.summary(),
            });
        }
        Ok(lists)
    }
}
