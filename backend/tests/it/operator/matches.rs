//! `backend admin match …`.

use chrono::{DateTime, TimeDelta, Utc};
use domain::staff::Role;
use serde_json::{Value, json};

use super::Done;
use crate::world::{World, now};

/// The match that every world has.
async fn stadium(world: &World) -> String {
    let listed = world.admin(&["stadium", "list"]).await.ok();
    listed["stadium_id"].as_str().unwrap().to_owned()
}

/// A match there, as a file says it.
pub(super) fn toml(stadium: &str) -> String {
    let at = |days| (now() + TimeDelta::days(days)).to_rfc3339();
    format!(
        "home_team = \"Hrvatska\"\naway_team = \"Turska\"\ncompetition = \"Prijateljska\"\n\
         kick_off_at = \"{}\"\nstadium_id = \"{stadium}\"\n\n{}",
        at(30),
        phase("[[phases]]\n", now() + TimeDelta::days(1)),
    )
}

/// A day of the general public, as a file says it.
pub(super) fn phase(head: &str, from: DateTime<Utc>) -> String {
    let (from, to) = (from.to_rfc3339(), (from + TimeDelta::days(1)).to_rfc3339());
    format!("{head}kind = \"GENERAL_PUBLIC\"\nstarts_at = \"{from}\"\nends_at = \"{to}\"\n")
}

/// A match drafted from a file: its id.
pub(super) async fn draft(world: &World) -> String {
    let file = world.write("match.toml", &toml(&stadium(world).await));
    let made = world
        .admin(&["match", "create", "--from", file.to_str().unwrap()])
        .await
        .ok();
    assert_eq!((&made["state"], &made["version"]), (&json!("DRAFT"), &json!(1)));
    made["match_id"].as_str().unwrap().to_owned()
}

impl World {
    /// A command on a phase, with a reason.
    async fn phase(&self, deed: &str, of: (&str, &str)) -> Done {
        let words = ["match", "phase", deed, of.0, of.1, "--reason", "as announced"];
        self.admin(&words).await
    }
}

#[tokio::test]
async fn a_match_goes_from_its_file_to_its_end_and_every_step_leaves_one_entry() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let id = draft(&world).await;
    let shown = world.admin(&["match", "show", &id]).await;
    let file = world.write(
        "match.toml",
        &shown.printed.replace("Prijateljska", "Liga nacija"),
    );
    let file = file.to_str().unwrap();
    let change = ["match", "change", &id, "--from", file, "--seen", "1"];
    assert_eq!(world.admin(&change).await.ok()["version"], 2);
    let late = world.admin(&change).await;
    assert!(late.refused().contains("version: 2"), "{late:?}");
    ana.get(&format!("/matches/{id}")).await.refused(404, "not-found");
    let published = world.admin(&["match", "publish", &id]).await.ok();
    assert_eq!(published["state"], "PUBLISHED");
    let seen = ana.get(&format!("/matches/{id}")).await.ok();
    assert_eq!(seen["competition"], "Liga nacija");

    let later = world.write("later.toml", &phase("", now() + TimeDelta::days(5)));
    let add = ["match", "phase", "add", &id, "--from", later.to_str().unwrap()];
    let added = world.admin(&add).await.ok();
    let later = world.write("later.toml", &phase("", now() + TimeDelta::days(6)));
    let added = added["phase_id"].as_str().unwrap();
    let change = [
        "match",
        "phase",
        "change",
        &id,
        added,
        "--from",
        later.to_str().unwrap(),
    ];
    world.admin(&change).await.ok();
    let phases = world.admin(&["match", "phase", "list", &id]).await.lines();
    let first = phases[0]["phase_id"].as_str().unwrap();
    assert_eq!(world.phase("open", (&id, first)).await.ok()["status"], "OPEN");
    let listed = ana.get(&format!("/matches/{id}")).await.ok();
    assert_eq!(listed["sale_status"], "ON_SALE");
    assert_eq!(world.phase("close", (&id, first)).await.ok()["status"], "OVER");
    assert_eq!(world.phase("remove", (&id, added)).await.ok()["removed"], true);

    world
        .execute(&format!(
            "UPDATE matches SET kick_off_at = now() - interval '1 hour' WHERE match_id = '{id}'"
        ))
        .await;
    let end = |deed| {
        let id = id.as_str();
        ["match", deed, id, "--reason", "was played"]
    };
    assert_eq!(world.admin(&end("close")).await.ok()["state"], "CLOSED");
    assert_eq!(world.admin(&end("delete")).await.ok()["deleted"], true);

    assert_eq!(
        world.deeds_of(&json!(id)).await,
        [
            "match.drafted",
            "match.changed",
            "match.published",
            "match.phase-added",
            "match.phase-changed",
            "match.phase-opened",
            "match.phase-closed",
            "match.phase-removed",
            "match.closed",
            "match.deleted",
        ]
    );
    let left = world.admin(&["match", "list"]).await.ok();
    assert_eq!(left["match_id"], json!(world.match_id));
    world.stop().await;
}

#[tokio::test]
async fn the_operator_is_the_second_person_who_calls_a_match_off_but_never_the_first() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::MatchManager]).await;
    let (id, path) = (
        world.match_id.to_string(),
        format!("/matches/{}/cancellation", world.match_id),
    );
    let call_off = async |deed| {
        let words = ["match", "call-off", deed, &id, "--reason", "a storm comes"];
        world.admin(&words).await
    };
    let alone = call_off("approve").await;
    assert!(
        alone
            .refused()
            .contains("there is no request that could be approved"),
        "{alone:?}"
    );

    iva.post(&path, &json!({"reason": "a storm"})).await.ok();
    assert_eq!(call_off("withdraw").await.ok()["state"], "PUBLISHED");
    iva.post(&path, &json!({"reason": "a storm after all"}))
        .await
        .ok();
    assert_eq!(call_off("approve").await.ok()["state"], "CANCELLED");
    world.stop().await;
}

/// Every command is refused with these words, and nothing is changed.
async fn refused(world: &World, commands: &[(&[&str], &[&str])]) {
    let before = world.fingerprint().await;
    for (words, wanted) in commands {
        let done = world.admin(words).await;
        let said = done.refused();
        for part in *wanted {
            assert!(said.contains(part), "{words:?}: {said}");
        }
    }
    assert_eq!(world.fingerprint().await, before);
}

#[tokio::test]
async fn a_file_that_does_not_fit_is_refused_with_its_line_and_how_it_is_written() {
    let world = World::start().await;
    let good = toml(&stadium(&world).await);
    let file = |name: &str, text: String| world.write(name, &text).to_str().unwrap().to_owned();
    let wrong_date = file(
        "wrong-date.toml",
        good.replace("kick_off_at = \"2", "kick_off_at = \"on 2"),
    );
    let wrong_member = file("wrong-member.toml", format!("home_taem = \"x\"\n{good}"));
    let no_toml = file("no.toml", "home_team = Hrvatska".to_owned());
    let create = |file| ["match", "create", "--from", file];

    refused(
        &world,
        &[
            (&create(&wrong_date), &["wrong-date.toml, line 4,", "kick_off_at"]),
            (
                &create(&wrong_member),
                &["wrong-member.toml, line 1,", "home_taem", "home_team"],
            ),
            (&create(&no_toml), &["no.toml, line 1,"]),
            (&create("nowhere.toml"), &["cannot read nowhere.toml"]),
        ],
    )
    .await;
    world.stop().await;
}

#[tokio::test]
async fn what_cannot_be_done_is_refused_with_what_would_be_right() {
    let world = World::start().await;
    let of = world.match_id.to_string();
    let phases = world.admin(&["match", "phase", "list", &of]).await.ok();
    let open: DateTime<Utc> = serde_json::from_value(phases["starts_at"].clone()).unwrap();
    let overlapping = world.write("overlapping.toml", &phase("", open + TimeDelta::hours(1)));
    let overlapping = overlapping.to_str().unwrap();
    let ghost = "01a2017d-4235-7699-bb8c-b908620a2054";

    refused(
        &world,
        &[
            (&["match", "publish", ghost], &["not-found", "admin match list"]),
            (
                &["match", "publish", &of],
                &["wrong-turn", "it is published already: now one can"],
            ),
            (
                &["match", "close", &of, "--reason", "was played"],
                &["wrong-turn", "it was not played yet"],
            ),
            (&["match", "close", &of, "--reason", " "], &["reason"]),
            (
                &["match", "phase", "add", &of, "--from", overlapping],
                &["overlap"],
            ),
            (
                &["match", "phase", "open", &of, ghost, "--reason", "as announced"],
                &["not-found"],
            ),
        ],
    )
    .await;
    let none = world
        .admin(&["match", "close", "the-last-one", "--reason", "x"])
        .await;
    assert_eq!(none.code, Some(2), "{none:?}");
    assert!(
        none.said
            .contains("this is no id; `backend admin match list` lists them"),
        "{none:?}"
    );
    let shown = world.admin(&["match", "show", &of, "--json"]).await.printed;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!(shown["home_team"], "Hrvatska");
    world.stop().await;
}
