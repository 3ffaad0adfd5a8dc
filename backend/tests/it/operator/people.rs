//! `backend admin blacklist …`, `backend admin loyalty …`.

use serde_json::json;

use crate::world::World;

#[tokio::test]
async fn a_blacklist_is_imported_printed_without_oibs_and_cleared_by_who_knows_how_many_are_on_it() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    ana.hold(world.zones[0], 1).await.ok();
    let (oib, other) = (
        ana.profile["oib"].as_str().unwrap(),
        testkit::oib::from_number(777_777),
    );
    let list = format!("oib,first_name,last_name\n{oib},Ana,Anić\n{other},Ivo,Ivić\n{other},Ivo,Ivić\n");
    let file = world.write("list.csv", &list);
    let import = [
        "blacklist",
        "import",
        file.to_str().unwrap(),
        "--source",
        "MUP",
        "--reason",
        "order 511-01-27",
    ];

    let done = world.admin(&import).await.ok();

    assert_eq!(
        (&done["named"], &done["added"], &done["repeated_lines"]),
        (&json!(2), &json!(2), &json!([4]))
    );
    assert_eq!(
        world.admin(&import).await.ok()["added"],
        0,
        "they are on it already"
    );
    let listed = world.admin(&["blacklist", "list"]).await;
    let names: Vec<_> = listed
        .lines()
        .iter()
        .map(|entry| entry["last_name"].clone())
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(
        !listed.printed.contains(oib) && !listed.printed.contains(&other),
        "{}",
        listed.printed
    );

    let wrong = world.admin(&["blacklist", "clear", "--entries", "3"]).await;
    assert!(wrong.refused().contains("entries: 2"), "{wrong:?}");
    let cleared = world.admin(&["blacklist", "clear", "--entries", "2"]).await.ok();
    assert_eq!(cleared["removed"], 2);
    assert!(world.admin(&["blacklist", "list"]).await.lines().is_empty());
    let history = world.admin(&["blacklist", "list", "--history"]).await.lines();
    assert_eq!(history.len(), 2);
    let entries = "SELECT string_agg(deed || ' ' || actor, ', ' ORDER BY entry_no) FROM audit_entries
         WHERE deed LIKE 'blacklist.%'";
    assert_eq!(
        world.text(entries).await.unwrap(),
        "blacklist.imported operator, blacklist.imported operator, blacklist.cleared operator",
        "one for each file and one for the clearing, and what was refused left none"
    );
    world.stop().await;
}

#[tokio::test]
async fn a_list_with_a_wrong_line_puts_nobody_on_the_blacklist_and_gives_nobody_points() {
    let world = World::start().await;
    let before = world.fingerprint().await;
    let file = world.write("list.csv", "94577403194\n94577403195\n");
    let refused = world
        .admin(&[
            "blacklist",
            "import",
            file.to_str().unwrap(),
            "--reason",
            "order 511-01-27",
        ])
        .await;
    assert!(
        refused
            .refused()
            .contains("line 2: not an OIB (11 digits with a valid check digit)"),
        "{refused:?}"
    );

    let file = world.write("points.csv", "94577403194,20.3.2026,Hrvatska – Malta\n");
    let points = [
        "loyalty",
        "import",
        file.to_str().unwrap(),
        "--source",
        "gates",
        "--reason",
        "match report",
    ];
    let refused = world.admin(&points).await;
    assert!(refused.refused().contains("line 1: "), "{refused:?}");
    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn points_of_a_file_are_the_fans_and_come_once() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let oib = ana.profile["oib"].as_str().unwrap();
    let played_on = crate::world::now().date_naive() - chrono::Days::new(30);
    let file = world.write(
        "points.csv",
        &format!("oib,played_on,match\n{oib},{played_on},Hrvatska – Francuska\n"),
    );
    let import = [
        "loyalty",
        "import",
        file.to_str().unwrap(),
        "--source",
        "gates",
        "--reason",
        "match report",
    ];

    let done = world.admin(&import).await.ok();
    let again = world.admin(&import).await.ok();

    assert_eq!(
        (&done["added"], &again["added"], &again["named"]),
        (&json!(1), &json!(0), &json!(1))
    );
    assert_eq!(ana.get("/users/me/loyalty").await.ok()["points"], 1);
    let entries = "SELECT string_agg(deed || ' ' || actor, ', ' ORDER BY entry_no) FROM audit_entries
         WHERE deed LIKE 'loyalty.%'";
    assert_eq!(
        world.text(entries).await.unwrap(),
        "loyalty.imported operator, loyalty.imported operator"
    );
    world.stop().await;
}
