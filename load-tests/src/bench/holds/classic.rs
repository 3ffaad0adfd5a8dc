//! What a shop does that claims with one statement for each request: `pgbench`, without HTTP, tokens or an admission check.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, ensure};
use sqlx::PgPool;
use tokio::process::Command;

use super::arena::{rest, run};

const SEATS: &str = include_str!("../../../baseline/classic.sql");
const CLAIM: &str = include_str!("../../../baseline/classic-claim.pgbench");
const CLIENTS: &str = "16";

/// Claims a second on a fresh table, over as many seconds.
pub(super) async fn claims_per_second(
    db: &PgPool,
    (pgbench, database_url): (&Path, &str),
    seconds: u64,
) -> anyhow::Result<f64> {
    run(db, SEATS.to_owned()).await?;
    rest(db).await?;
    let script = std::env::temp_dir().join(format!("tribina-classic-{}.pgbench", std::process::id()));
    std::fs::write(&script, CLAIM)?;
    let output = Command::new(pgbench)
        .args([
            "-n",
            "-M",
            "prepared",
            "-c",
            CLIENTS,
            "-j",
            "2",
            "-T",
            &seconds.to_string(),
            "-f",
        ])
        .arg(&script)
        .arg(database_url)
        .stdin(Stdio::null())
        .output()
        .await
        .with_context(|| format!("cannot run {}", pgbench.display()))?;
    std::fs::remove_file(&script)?;
    let told = String::from_utf8_lossy(&output.stdout);
    ensure!(
        output.status.success(),
        "pgbench failed: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    let claimed: i64 = sqlx::query_scalar("SELECT count(*) FROM classic_seats WHERE cart_id IS NOT NULL")
        .fetch_one(db)
        .await?;
    let (per_second, transactions) = (tps(&told)?, transactions(&told)?);
    ensure!(
        claimed == transactions * 4,
        "{transactions} claims of pgbench took {claimed} seats instead of four each"
    );
    run(db, "DROP TABLE classic_seats".to_owned()).await?;
    Ok(per_second)
}

/// Transactions a second, as pgbench tells them.
fn tps(told: &str) -> anyhow::Result<f64> {
    let line = told.lines().find_map(|line| line.strip_prefix("tps = "));
    let number = line.and_then(|line| line.split(' ').next());
    Ok(number.context("pgbench told no tps")?.parse()?)
}

/// How many transactions it ran.
fn transactions(told: &str) -> anyhow::Result<i64> {
    let line = told
        .lines()
        .find_map(|line| line.strip_prefix("number of transactions actually processed: "));
    Ok(line.context("pgbench told no transactions")?.trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_pgbench_tells_is_understood() {
        let told = "number of transactions actually processed: 61234\nlatency average = 2.6 ms\ntps = 6123.456789 (without initial connection time)\n";
        assert_eq!(format!("{:.1}", tps(told).unwrap()), "6123.5");
        assert_eq!(transactions(told).unwrap(), 61_234);
        assert!(tps("nothing").is_err());
    }
}
