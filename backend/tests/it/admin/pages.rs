//! Lists of staff that are longer than a page: every page in turn is the whole list, in its order, and each item comes once.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::staff::Role;
use serde_json::{Value, json};

use crate::world::{Clerk, World};

/// Two full pages and a bit.
const ITEMS: usize = 120;

/// All pages of a list, one after the other, and the total that each of them told.
async fn walk(clerk: &Clerk<'_>, path: &str) -> Vec<Value> {
    let (mut items, mut cursor): (Vec<Value>, Option<String>) = (Vec::new(), None);
    loop {
        let sign = if path.contains('?') { '&' } else { '?' };
        let place = cursor.map(|cursor| format!("{sign}cursor={cursor}"));
        let page = clerk
            .get(&format!("{path}{}", place.unwrap_or_default()))
            .await
            .ok();
        let own = page["items"].as_array().unwrap();
        items.extend_from_slice(own);
        let Some(next) = page["next_cursor"].as_str() else {
            assert_eq!(page["total"], items.len(), "{path}");
            return items;
        };
        assert_eq!(own.len(), 50, "{path}: only the last page is short");
        cursor = Some(next.to_owned());
    }
}

/// All ids, of which there is each once.
fn ids(items: &[Value], member: &str) -> BTreeSet<String> {
    let ids: BTreeSet<String> = items.iter().map(|item| item[member].to_string()).collect();
    assert_eq!(ids.len(), items.len(), "an item came twice");
    ids
}

fn times(items: &[Value], member: &str) -> Vec<DateTime<Utc>> {
    let times = items.iter().map(|item| item[member].clone());
    times.map(|time| serde_json::from_value(time).unwrap()).collect()
}

/// Matches like the one that every world has: twenty each kick off and were changed at the same instant.
async fn many_matches(world: &World) {
    world
        .execute(&format!(
            "INSERT INTO matches
             SELECT (jsonb_populate_record(m, jsonb_build_object(
                'match_id', gen_random_uuid(), 'waiting_room_queue_id', null, 'state', 'DRAFT',
                'away_team', CASE WHEN n <= 60 THEN 'Malta' ELSE 'Turska' END,
                'kick_off_at', m.kick_off_at + n % 6 * interval '1 day', 'updated_at', m.updated_at + n % 6 * interval '1 hour'))).*
             FROM matches m, generate_series(1, {ITEMS}) n"
        ))
        .await;
}

#[tokio::test]
async fn matches_come_whole_in_each_order_also_where_many_have_the_same_place() {
    let world = World::start().await;
    many_matches(&world).await;
    let iva = world.clerk("iva", &[Role::ReadOnly]).await;

    let early_first = walk(&iva, "/matches").await;
    let late_first = walk(&iva, "/matches?sort=KICK_OFF_DESC").await;
    let changed_first = walk(&iva, "/matches?sort=CHANGED").await;

    assert_eq!(early_first.len(), ITEMS + 1);
    for list in [&late_first, &changed_first] {
        assert_eq!(ids(list, "match_id"), ids(&early_first, "match_id"));
    }
    assert!(times(&early_first, "kick_off_at").is_sorted());
    assert!(times(&late_first, "kick_off_at").is_sorted_by(|one, next| one >= next));
    assert!(times(&changed_first, "updated_at").is_sorted_by(|one, next| one >= next));
    assert_eq!(walk(&iva, "/matches?search=mALTA&state=DRAFT").await.len(), 60);
    world.stop().await;
}

#[tokio::test]
async fn the_blacklist_and_its_violations_come_whole_in_both_orders() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::Blackadmin]).await;
    let oibs: Vec<String> = (1..=120).map(testkit::oib::from_number).collect();
    let import = iva.request(
        reqwest::Method::POST,
        "/blacklist-imports?source=MUP&reason=season",
    );
    let done = crate::world::answer(import.body(oibs.join("\n"))).await.ok();
    assert_eq!(done["added"], ITEMS);
    world
        .execute(&format!(
            "INSERT INTO blacklist_violations (violation_id, identity, match_id, user_id, blocked_at)
             SELECT entry_id, identity, '{}', '{}', created_at FROM blacklist",
            world.match_id, iva.id
        ))
        .await;

    world.execute("UPDATE blacklist SET last_name = 'Ivić'").await;
    for (path, id) in [
        ("/blacklist", "entry_id"),
        ("/blacklist/violations", "violation_id"),
        ("/blacklist/violations?search=ivi", "violation_id"),
    ] {
        let newest_first = walk(&iva, path).await;
        let sign = if path.contains('?') { '&' } else { '?' };
        let oldest_first = walk(&iva, &format!("{path}{sign}sort=OLDEST")).await;
        assert_eq!(newest_first.len(), ITEMS);
        assert_eq!(ids(&newest_first, id), ids(&oldest_first, id));
        // Ids are made in the order of time.
        let by_age = |items: &[Value]| items.iter().map(|item| item[id].to_string()).collect::<Vec<_>>();
        assert!(by_age(&newest_first).is_sorted_by(|one, next| one > next));
        assert!(by_age(&oldest_first).is_sorted());
    }
    world.stop().await;
}

#[tokio::test]
async fn stadiums_and_staff_come_whole() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::SuperAdmin]).await;
    world
        .execute(&format!(
            "INSERT INTO users (user_id, issuer, subject)
             SELECT gen_random_uuid(), 'https://id.example', 'clerk ' || n FROM generate_series(1, {ITEMS}) n;
             INSERT INTO staff_grants (user_id, role)
             SELECT user_id, 'FINANCE' FROM users WHERE subject LIKE 'clerk %';
             WITH st AS (
                INSERT INTO stadiums SELECT (jsonb_populate_record(s, jsonb_build_object(
                    'stadium_id', gen_random_uuid(), 'name', 'Ground ' || n))).* FROM stadiums s, generate_series(1, {ITEMS}) n
                RETURNING stadium_id)
             INSERT INTO stadium_layouts SELECT (jsonb_populate_record(l, jsonb_build_object(
                'layout_id', gen_random_uuid(), 'stadium_id', st.stadium_id))).* FROM stadium_layouts l, st"
        ))
        .await;

    assert_eq!(ids(&walk(&iva, "/staff").await, "user_id").len(), ITEMS + 1);
    let newest = walk(&iva, "/staff?sort=NEWEST").await;
    assert_eq!(ids(&newest, "user_id").len(), ITEMS + 1);
    assert!(
        newest
            .iter()
            .map(|member| member["user_id"].to_string())
            .is_sorted_by(|one, next| one > next)
    );
    assert_eq!(walk(&iva, "/staff?role=FINANCE&search=CLERK").await.len(), ITEMS);
    let by_name = walk(&iva, "/stadiums?sort=NAME").await;
    assert_eq!(
        ids(&walk(&iva, "/stadiums").await, "stadium_id"),
        ids(&by_name, "stadium_id")
    );
    let names: Vec<&Value> = by_name.iter().map(|stadium| &stadium["name"]).collect();
    assert_eq!(names.len(), ITEMS + 1);
    assert_eq!(names.last(), Some(&&json!("Igralište")));
    world.stop().await;
}
