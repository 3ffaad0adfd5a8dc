//! `/admin/staff`: who is staff, with which roles, and what a sign-in must show.

use chrono::TimeDelta;
use domain::staff::Role;
use serde_json::json;
use testkit::identity::subject_of;

use crate::world::{World, answer};

#[tokio::test]
async fn a_member_of_staff_reads_their_roles_and_what_these_may_do() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::ReadOnly]).await;

    let me = iva.get("/staff/me").await.ok();

    assert_eq!(me["user_id"], json!(iva.id));
    assert_eq!(me["roles"], json!(["READ_ONLY"]));
    assert_eq!(
        me["permissions"],
        json!(["staff.self", "matches.read", "stadiums.read"])
    );
    world.stop().await;
}

#[tokio::test]
async fn whoever_is_no_member_of_staff_is_told_so_and_a_fans_token_opens_nothing() {
    let world = World::start().await;
    let nobody = world.clerk("nobody", &[]).await;
    nobody.get("/staff/me").await.refused(403, "not-staff");

    let ana = world.fan("ana").await;
    let url = format!("{}/admin/staff/me", world.api_url);
    answer(world.http.get(&url)).await.refused(401, "unauthenticated");
    answer(world.http.get(&url).bearer_auth(&ana.token))
        .await
        .refused(401, "unauthenticated");
    world.stop().await;
}

#[tokio::test]
async fn staff_without_a_second_factor_are_told_to_use_one() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::SuperAdmin]).await;
    let iva = iva.without_second_factor();

    iva.get("/staff").await.refused(403, "second-factor-required");
    world.stop().await;
}

#[tokio::test]
async fn who_gives_roles_signed_in_just_now_and_is_told_how_to_do_that() {
    let world = World::start().await;
    let path = format!("/staff/{}/roles/FINANCE", world.clerk("ivo", &[]).await.id);
    let iva = world.clerk("iva", &[Role::SuperAdmin]).await;
    let iva = iva.signed_in(TimeDelta::minutes(6));

    iva.get("/staff").await.ok();
    let refused = iva.put(&path, &json!({"reason": "new in accounting"})).await;

    assert_eq!(
        refused.header("www-authenticate"),
        Some("Bearer error=\"insufficient_user_authentication\", max_age=\"300\"")
    );
    refused.refused(401, "sign-in-again");
    world.stop().await;
}

#[tokio::test]
async fn a_role_is_given_once_taken_once_and_each_leaves_one_entry() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::SuperAdmin]).await;
    let ivo = world.clerk("ivo", &[]).await;
    let path = format!("/staff/{}/roles/FINANCE", ivo.id);

    for _ in 0..2 {
        let given = iva.put(&path, &json!({"reason": "new in accounting"})).await.ok();
        assert_eq!(given["roles"], json!(["FINANCE"]));
    }
    ivo.get("/staff/me").await.ok();
    for _ in 0..2 {
        let left = iva.delete(&path, "left us").await.ok();
        assert_eq!(left["roles"], json!([]));
    }
    ivo.get("/staff/me").await.refused(403, "not-staff");

    let entries = world.audit_of(ivo.id).await;
    assert_eq!(
        entries,
        [
            json!({"actor": format!("staff:{}", iva.id), "deed": "staff.role-granted",
            "details": {"before": [], "after": ["FINANCE"], "reason": "new in accounting"}}),
            json!({"actor": format!("staff:{}", iva.id), "deed": "staff.role-revoked",
            "details": {"before": ["FINANCE"], "after": [], "reason": "left us"}}),
        ]
    );
    world.stop().await;
}

#[tokio::test]
async fn the_last_super_admin_stays_and_of_two_who_take_each_others_role_one_stays() {
    let world = World::start().await;
    let (iva, eva) = (
        world.clerk("iva", &[Role::SuperAdmin]).await,
        world.clerk("eva", &[Role::SuperAdmin]).await,
    );
    let (of_iva, of_eva) = (
        format!("/staff/{}/roles/SUPER_ADMIN", iva.id),
        format!("/staff/{}/roles/SUPER_ADMIN", eva.id),
    );

    let (one, other) = tokio::join!(iva.delete(&of_eva, "a quarrel"), eva.delete(&of_iva, "a quarrel"));

    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert!(matches!(statuses, [200, 403 | 409]), "{one:?} {other:?}");
    let left = if one.status == 200 {
        (&iva, &of_iva)
    } else {
        (&eva, &of_eva)
    };
    left.0
        .delete(left.1, "alone")
        .await
        .refused(409, "last-super-admin");
    world.stop().await;
}

#[tokio::test]
async fn the_list_is_of_everybody_with_a_role_filtered_and_counted() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::SuperAdmin, Role::Finance]).await;
    world.clerk("ivo", &[Role::Finance]).await;
    world.clerk("eva", &[Role::ReadOnly]).await;
    world.clerk("nobody", &[]).await;

    let all = iva.get("/staff").await.ok();
    let finance = iva.get("/staff?role=FINANCE").await.ok();

    assert_eq!(
        (&all["total"], all["items"].as_array().unwrap().len()),
        (&json!(3), 3)
    );
    assert_eq!(finance["total"], 2);
    assert_eq!(finance["items"][0]["subject"], subject_of("iva"));
    assert_eq!(finance["items"][0]["roles"], json!(["SUPER_ADMIN", "FINANCE"]));
    iva.get("/staff?role=KING").await.refused(400, "invalid-request");
    let newest = iva.get("/staff?sort=NEWEST").await.ok();
    let subjects = |page: &serde_json::Value| {
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["subject"].clone()).collect::<Vec<_>>()
    };
    let mut oldest_first = subjects(&newest);
    oldest_first.reverse();
    assert_eq!(oldest_first, subjects(&all));
    world.stop().await;
}

#[tokio::test]
async fn a_role_without_a_reason_an_unknown_role_and_an_unknown_person_change_nothing() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::SuperAdmin]).await;
    let because = json!({"reason": "new in accounting"});
    let own = |role: &str| format!("/staff/{}/roles/{role}", iva.id);
    let before = world.fingerprint().await;

    iva.put(&own("FINANCE"), &json!({"reason": " "}))
        .await
        .refused(422, "reason-required");
    iva.put(&own("KING"), &because).await.refused(404, "not-found");
    let nobodys = "/staff/00000000-0000-0000-0000-000000000009/roles/FINANCE";
    iva.put(nobodys, &because).await.refused(404, "not-found");

    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn where_tokens_say_the_roles_they_alone_count_and_roles_are_not_given_here() {
    let world = World::start_with_roles_in_tokens().await;
    let iva = world.clerk("iva", &[Role::SuperAdmin]).await;
    iva.get("/staff/me").await.refused(403, "not-staff");

    let iva = iva.with_token_roles(&["READ_ONLY", "PRINTER_ADMIN"]);
    assert_eq!(iva.get("/staff/me").await.ok()["roles"], json!(["READ_ONLY"]));
    iva.get("/matches").await.ok();
    let planned = json!({});
    iva.post("/matches", &planned).await.refused(403, "role-required");

    let iva = iva.with_token_roles(&["MATCH_MANAGER"]);
    iva.post("/matches", &planned)
        .await
        .refused(400, "invalid-request");
    let iva = iva.with_token_roles(&["SUPER_ADMIN"]);
    let path = format!("/staff/{}/roles/FINANCE", iva.id);
    iva.put(&path, &json!({"reason": "new in accounting"}))
        .await
        .refused(409, "roles-are-claims");
    assert!(
        world
            .audit_of(iva.id)
            .await
            .iter()
            .all(|entry| entry["actor"] == "operator")
    );
    world.stop().await;
}

#[tokio::test]
async fn whoever_publishes_may_look_around_meanwhile() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::SuperAdmin]).await;
    // What a transaction holds that writes something of theirs.
    let mut tx = world.app.db.begin().await.unwrap();
    let held = format!("SELECT FROM users WHERE user_id = '{}' FOR KEY SHARE", iva.id);
    sqlx::raw_sql(sqlx::AssertSqlSafe(held))
        .execute(&mut *tx)
        .await
        .unwrap();

    iva.get("/staff/me").await.ok();

    tx.rollback().await.unwrap();
    world.stop().await;
}
