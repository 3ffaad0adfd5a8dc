//! `backend admin staff …`.

use backend::settings::{RolesFrom, Settings, Staff};
use domain::staff::Role;
use serde_json::json;
use testkit::identity::subject_of;

use super::run;
use crate::world::World;

fn change<'a>(deed: &'a str, subject: &'a str, role: &'a str) -> [&'a str; 8] {
    [
        "staff",
        deed,
        "--subject",
        subject,
        "--role",
        role,
        "--reason",
        "season 2026/27",
    ]
}

#[tokio::test]
async fn the_first_super_admin_is_made_before_they_ever_signed_in_and_may_then_do_all() {
    let world = World::start().await;
    let subject = subject_of("iva");

    let granted = world.admin(&change("grant", &subject, "SUPER_ADMIN")).await.ok();
    let again = world.admin(&change("grant", &subject, "SUPER_ADMIN")).await.ok();

    assert_eq!(
        (&granted["roles"], &granted["is_new"], &again["is_new"]),
        (&json!(["SUPER_ADMIN"]), &json!(true), &json!(false))
    );
    assert_eq!(
        world.deeds_of(&granted["user_id"]).await,
        ["staff.role-granted"],
        "the second time there was nothing to do"
    );
    let iva = world.clerk("iva", &[]).await;
    assert_eq!(json!(iva.id), granted["user_id"]);
    iva.get("/staff").await.ok();
    let listed = world.admin(&["staff", "list"]).await.ok();
    assert_eq!(
        (&listed["subject"], &listed["roles"]),
        (&json!(subject), &json!(["SUPER_ADMIN"]))
    );
    assert!(
        world
            .admin(&["staff", "list", "--role", "FINANCE"])
            .await
            .lines()
            .is_empty()
    );
    world.stop().await;
}

#[tokio::test]
async fn a_role_is_taken_but_not_the_last_super_admins_nor_from_somebody_whom_nobody_knows() {
    let world = World::start().await;
    world.clerk("iva", &[Role::SuperAdmin, Role::Finance]).await;
    let subject = subject_of("iva");

    let left = world.admin(&change("revoke", &subject, "FINANCE")).await.ok();
    assert_eq!(left["roles"], json!(["SUPER_ADMIN"]));
    let before = world.fingerprint().await;
    let last = world.admin(&change("revoke", &subject, "SUPER_ADMIN")).await;
    assert!(last.refused().contains("last-super-admin"), "{last:?}");
    let nobody = world
        .admin(&change("revoke", &subject_of("ghost"), "FINANCE"))
        .await;
    assert!(
        nobody.refused().contains("backend admin staff list"),
        "{nobody:?}"
    );
    assert_eq!(world.fingerprint().await, before);

    let king = world.admin(&change("grant", &subject, "KING")).await;
    assert_eq!(king.code, Some(2));
    assert!(
        king.said.contains("there are SUPER_ADMIN, MATCH_MANAGER,"),
        "{king:?}"
    );
    world.stop().await;
}

#[tokio::test]
async fn roles_that_come_with_the_tokens_are_neither_given_nor_taken_here() {
    let world = World::start().await;
    let settings = world.app.settings.clone();
    let settings = Settings {
        staff: Staff {
            roles: RolesFrom::Claim,
            ..settings.staff
        },
        ..settings
    };
    let before = world.fingerprint().await;

    for deed in ["grant", "revoke"] {
        let done = run(
            &settings,
            &world.folder,
            &change(deed, &subject_of("iva"), "FINANCE"),
        )
        .await;
        assert!(done.refused().contains("at the identity provider"), "{done:?}");
    }
    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}
