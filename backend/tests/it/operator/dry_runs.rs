//! `--dry-run`: the same answers and the same refusals, and nothing changed.

use chrono::TimeDelta;
use domain::staff::Role;
use serde_json::json;
use testkit::identity::subject_of;

use super::matches::{draft, phase};
use crate::world::{World, now};

const BECAUSE: [&str; 2] = ["--reason", "as announced"];

/// A command answers as in earnest and changes nothing.
async fn try_out(world: &World, words: &[&str], more: &[&str]) {
    let before = world.fingerprint().await;
    let words = [words, more, &["--dry-run"]].concat();
    let told = world.admin(&words).await.ok();
    assert_eq!(told["dry_run"], true, "{words:?}");
    let after = world.fingerprint().await;
    let moved: Vec<&String> = before
        .iter()
        .filter(|(table, print)| after.get(*table) != Some(print))
        .map(|(table, _)| table)
        .collect();
    assert!(moved.is_empty(), "{words:?} changed {moved:?}");
}

/// The only phase of a match.
async fn phase_of(world: &World, match_id: &str) -> String {
    let phases = world.admin(&["match", "phase", "list", match_id]).await.ok();
    phases["phase_id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_dry_run_of_a_draft_answers_as_in_earnest_and_changes_nothing() {
    let world = World::start().await;
    let file = |name: &str, text: &str| world.write(name, text).to_str().unwrap().to_owned();
    let drafted = draft(&world).await;
    let planned = phase_of(&world, &drafted).await;
    let shown = world.admin(&["match", "show", &drafted]).await.printed;
    let other = file("other.toml", &shown.replace("Turska", "Malta"));
    let later = file("later.toml", &phase("", now() + TimeDelta::days(6)));
    let of = drafted.as_str();

    try_out(&world, &["match", "create", "--from", &other], &[]).await;
    try_out(&world, &["match", "change", of, "--from", &other], &[]).await;
    try_out(&world, &["match", "publish", of], &[]).await;
    try_out(&world, &["match", "delete", of], &BECAUSE).await;
    try_out(&world, &["match", "phase", "add", of, "--from", &later], &[]).await;
    let change = ["match", "phase", "change", of, &planned, "--from", &later];
    try_out(&world, &change, &[]).await;
    try_out(&world, &["match", "phase", "remove", of, &planned], &BECAUSE).await;
    world.stop().await;
}

#[tokio::test]
async fn a_dry_run_of_a_published_match_answers_as_in_earnest_and_changes_nothing() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::MatchManager]).await;
    let (of, published) = (world.match_id.to_string(), draft(&world).await);
    world.admin(&["match", "publish", &published]).await.ok();
    let (open, to_come) = (phase_of(&world, &of).await, phase_of(&world, &published).await);
    let path = format!("/matches/{of}/cancellation");
    iva.post(&path, &json!({"reason": "a storm"})).await.ok();

    try_out(
        &world,
        &["match", "phase", "open", &published, &to_come],
        &BECAUSE,
    )
    .await;
    try_out(&world, &["match", "phase", "close", &of, &open], &BECAUSE).await;
    let sector = ["match", "sector", &of, "B", "--state", "CLOSED"];
    try_out(&world, &sector, &BECAUSE).await;
    try_out(&world, &["match", "call-off", "approve", &of], &BECAUSE).await;
    try_out(&world, &["match", "call-off", "withdraw", &of], &BECAUSE).await;
    world
        .execute("UPDATE matches SET kick_off_at = now() - interval '1 hour'")
        .await;
    try_out(&world, &["match", "close", &published], &BECAUSE).await;
    world.stop().await;
}

#[tokio::test]
async fn a_dry_run_of_a_file_or_a_role_answers_as_in_earnest_and_changes_nothing() {
    let world = World::start().await;
    world.clerk("iva", &[Role::Finance]).await;
    let ana = world.fan("ana").await;
    let file = |name: &str, text: &str| world.write(name, text).to_str().unwrap().to_owned();
    let stadium = world.admin(&["stadium", "list"]).await.ok();
    let export = ["stadium", "export", stadium["stadium_id"].as_str().unwrap()];
    let exported = world.admin(&export).await.printed;
    let stadium = file("another.json", &exported.replace("Igralište", "Drugo igralište"));
    let oib = ana.profile["oib"].as_str().unwrap();
    let list = file("list.csv", &format!("{oib}\n"));
    let points = file("points.csv", &format!("{oib},2026-09-05,Hrvatska – Francuska\n"));
    let (iva, ghost) = (subject_of("iva"), subject_of("ghost"));

    try_out(&world, &["stadium", "import", &stadium], &BECAUSE).await;
    try_out(&world, &["blacklist", "import", &list], &BECAUSE).await;
    try_out(&world, &["blacklist", "clear", "--entries", "0"], &[]).await;
    let import = ["loyalty", "import", &points, "--source", "gates"];
    try_out(&world, &import, &BECAUSE).await;
    let grant = ["staff", "grant", "--role", "FINANCE", "--subject", &ghost];
    try_out(&world, &grant, &BECAUSE).await;
    let revoke = ["staff", "revoke", "--role", "FINANCE", "--subject", &iva];
    try_out(&world, &revoke, &BECAUSE).await;
    world.stop().await;
}
