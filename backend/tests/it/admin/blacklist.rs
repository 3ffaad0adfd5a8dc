//! `/admin/blacklist`, `/admin/blacklist-imports`.

use domain::staff::Role;
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::{Answer, Clerk, World, answer};

async fn import(clerk: &Clerk<'_>, query: &str, list: String) -> Answer {
    let path = format!("/blacklist-imports?source=MUP&reason=season{query}");
    answer(clerk.request(Method::POST, &path).body(list)).await
}

fn entry(oib: &Value) -> Value {
    json!({"oib": oib, "first_name": "Ivo", "last_name": "Ivić", "source": "MUP", "reason": "letter of 20 November"})
}

async fn is_blocked(clerk: &Clerk<'_>, oib: &Value) -> Value {
    clerk.post("/blacklist/checks", &json!({ "oib": oib })).await.ok()["is_blocked"].clone()
}

#[tokio::test]
async fn somebody_is_put_on_the_list_with_a_warning_of_their_tickets_and_taken_off_into_history() {
    let world = World::start().await;
    world.start_workers().await;
    let iva = world.clerk("iva", &[Role::Blackadmin]).await;
    let ana = world.fan("ana").await;
    let (order, _) = ana.order_and_pay(1).await;
    ana.sees(&order, "COMPLETED").await;
    let oib = ana.profile["oib"].clone();

    let added = iva.post("/blacklist", &entry(&oib)).await.ok();

    assert_eq!(added["tickets"].as_array().unwrap().len(), 1);
    assert_eq!(added["tickets"][0]["order_id"], order["order_id"]);
    let shown = added["entry"]["oib"].as_str().unwrap();
    assert!(
        shown.starts_with("*******") && shown.ends_with(&oib.as_str().unwrap()[7..]),
        "{shown}"
    );
    iva.post("/blacklist", &entry(&oib))
        .await
        .refused(409, "on-the-list");
    assert_eq!(is_blocked(&iva, &oib).await, true);

    let id = added["entry"]["entry_id"].as_str().unwrap();
    assert_eq!(
        iva.delete(&format!("/blacklist/{id}"), "a mistake of theirs")
            .await
            .status,
        204
    );
    iva.delete(&format!("/blacklist/{id}"), "again")
        .await
        .refused(404, "not-found");
    assert_eq!(is_blocked(&iva, &oib).await, false);
    let history = iva.get("/blacklist?active=false&search=ivić").await.ok();
    assert_eq!(history["items"][0]["removal_reason"], "a mistake of theirs");
    let deeds: Vec<Value> = world
        .audit_of(id.parse().unwrap())
        .await
        .into_iter()
        .map(|one| one["deed"].clone())
        .collect();
    assert_eq!(deeds, ["blacklist.added", "blacklist.removed"]);
    iva.post("/blacklist", &entry(&oib)).await.ok();
    world.stop().await;
}

#[tokio::test]
async fn whoever_is_put_on_the_list_in_the_middle_of_paying_or_as_a_holder_of_it_is_warned_of_too() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::Blackadmin]).await;
    let (ana, friend) = (world.fan("ana").await, world.person());
    let cart = ana.hold(world.zones[0], 2).await.ok();
    let order = ana.check_out(&cart, std::slice::from_ref(&friend)).await.ok();

    for (oib, is_buyer) in [(&friend["oib"], false), (&ana.profile["oib"], true)] {
        let added = iva.post("/blacklist", &entry(oib)).await.ok();
        assert_eq!(added["tickets"], json!([]));
        let open = &added["open_orders"][0];
        assert_eq!(
            (&open["order_id"], &open["is_buyer"], &open["match_title"]),
            (
                &order["order_id"],
                &json!(is_buyer),
                &json!("Hrvatska – Portugal")
            )
        );
    }
    world.stop().await;
}

#[tokio::test]
async fn an_entry_knows_who_made_it_and_who_ended_it_and_a_question_is_audited_without_its_answer_of_whom() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::Blackadmin]).await;
    let eva = world.clerk("eva", &[Role::Blackadmin]).await;
    let oib = json!(testkit::oib::from_number(902));
    let added = iva.post("/blacklist", &entry(&oib)).await.ok();
    let path = format!("/blacklist/{}", added["entry"]["entry_id"].as_str().unwrap());
    assert_eq!(is_blocked(&eva, &oib).await, true);
    eva.delete(&path, "a mistake of ours").await;

    let history = iva.get("/blacklist?active=false").await.ok();
    assert_eq!(
        (
            &history["items"][0]["added_by"],
            &history["items"][0]["removed_by"]
        ),
        (&json!(iva.id), &json!(eva.id))
    );
    assert_eq!(
        world
            .number(
                "SELECT count(*) FROM audit_entries
                 WHERE deed = 'blacklist.checked' AND details = '{\"is_blocked\": true}'"
            )
            .await,
        1
    );
    world.stop().await;
}

#[tokio::test]
async fn a_list_is_imported_whole_with_its_repetitions_told_or_not_at_all() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::Blackadmin]).await;
    let oibs: Vec<String> = (1..=3)
        .map(|number| testkit::oib::from_number(900 + number))
        .collect();
    let before = world.fingerprint().await;

    let wrong = format!("{}\n94577403195\n", oibs[0]);
    let told = import(&iva, "", wrong).await.refused(422, "invalid-list");
    assert_eq!(
        told["mistakes"],
        json!(["line 2: not an OIB (11 digits with a valid check digit)"])
    );
    let dry = import(&iva, "&dry_run=true", oibs.join("\n")).await.ok();
    assert_eq!((&dry["named"], &dry["added"]), (&json!(3), &json!(3)));
    assert_eq!(world.fingerprint().await, before);

    let first = import(
        &iva,
        "",
        format!(
            "oib,first_name,last_name\n{},Ana,Anić\n{}\n{0}\n",
            oibs[0], oibs[1]
        ),
    )
    .await
    .ok();
    assert_eq!(
        (&first["named"], &first["added"], &first["repeated_lines"]),
        (&json!(2), &json!(2), &json!([4]))
    );
    let second = import(&iva, "", oibs.join("\n")).await.ok();
    assert_eq!(
        (&second["added"], &second["present_lines"]),
        (&json!(1), &json!([1, 2]))
    );
    world.stop().await;
}

#[tokio::test]
async fn the_list_is_cleared_only_by_who_knows_how_many_are_on_it() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::Blackadmin]).await;
    let oib = json!(testkit::oib::from_number(901));
    iva.post("/blacklist", &entry(&oib)).await.ok();
    let clear = |entries: u64| json!({"entries": entries, "reason": "Pre-match refresh"});

    let refused = iva
        .post("/blacklist/clearing", &clear(2))
        .await
        .refused(409, "list-changed");
    assert_eq!(
        (&refused["entries"], is_blocked(&iva, &oib).await),
        (&json!(1), json!(true))
    );

    assert_eq!(
        iva.post("/blacklist/clearing", &clear(1)).await.ok()["removed"],
        1
    );
    assert_eq!(is_blocked(&iva, &oib).await, false);
    assert_eq!(
        world
            .number("SELECT count(*) FROM audit_entries WHERE deed = 'blacklist.cleared'")
            .await,
        1
    );
    world.stop().await;
}

#[tokio::test]
async fn a_blocked_attempt_is_in_the_report_with_who_tried_where_from() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::Blackadmin]).await;
    let ana = world.fan("ana").await;
    let friend = world.person();
    iva.post("/blacklist", &entry(&friend["oib"])).await.ok();
    let cart = ana.hold(world.zones[0], 2).await.ok();
    ana.check_out(&cart, &[friend])
        .await
        .refused(403, "holder-blacklisted");

    let report = iva.get("/blacklist/violations").await.ok();

    assert_eq!(report["total"], 1);
    let attempt = &report["items"][0];
    assert_eq!(
        (&attempt["last_name"], &attempt["user_id"]),
        (&json!("Ivić"), &json!(ana.id))
    );
    assert_eq!(attempt["address_class"], "127.0.0.0/16");
    let csv = iva.get("/blacklist/violations.csv").await.ok();
    assert_eq!(csv.as_str().unwrap().lines().count(), 2);
    assert!(csv.as_str().unwrap().contains("\"Ivić\""), "{csv}");
    for (search, found) in [("iVI", 1), ("nobody", 0)] {
        let page = iva
            .get(&format!("/blacklist/violations?search={search}"))
            .await
            .ok();
        assert_eq!(page["total"], found);
        assert_eq!(page["items"].as_array().unwrap().len(), found);
    }
    let nobodys = format!("/blacklist/violations?match_id={}", uuid::Uuid::nil());
    assert_eq!(iva.get(&nobodys).await.ok()["total"], 0);
    world.stop().await;
}

#[tokio::test]
async fn everybody_in_an_order_who_is_on_the_list_is_in_the_report() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::Blackadmin]).await;
    let ana = world.fan("ana").await;
    let friends = [world.person(), world.person()];
    for friend in &friends {
        iva.post("/blacklist", &entry(&friend["oib"])).await.ok();
    }
    let cart = ana.hold(world.zones[0], 3).await.ok();
    ana.check_out(&cart, &friends)
        .await
        .refused(403, "holder-blacklisted");

    assert_eq!(iva.get("/blacklist/violations").await.ok()["total"], 2);
    world.stop().await;
}

#[tokio::test]
async fn a_name_or_a_source_is_a_few_words_by_whichever_door_it_comes() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::Blackadmin]).await;
    let oib = testkit::oib::from_number(4_711);
    let before = world.fingerprint().await;
    for (member, text) in [
        ("first_name", "x".repeat(81)),
        ("last_name", "a\nb".to_owned()),
        ("source", " ".to_owned()),
        ("source", "x".repeat(81)),
    ] {
        let mut wrong = entry(&json!(oib));
        wrong[member] = json!(text);
        let refused = iva.post("/blacklist", &wrong).await;
        assert!([400, 422].contains(&refused.status), "{member}: {refused:?}");
    }
    let import = iva.request(Method::POST, "/blacklist-imports?source=%20&reason=season");
    answer(import.body(oib)).await.refused(400, "invalid-request");
    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}
