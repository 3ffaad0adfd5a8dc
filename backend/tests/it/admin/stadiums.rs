//! `/admin/stadiums`, `/admin/stadium-imports`.

use domain::staff::Role;
use serde_json::{Value, json};

use crate::world::{Answer, Clerk, World, answer};

fn stadium(name: &str, rows: &[(&str, &str)]) -> Value {
    let row = |(label, seats): &(&str, &str)| json!({"label": label, "seats": seats});
    json!({
        "name": name, "city": "Osijek", "country": "HR",
        "price_categories": [{"code": 1, "name": "Kategorija 1", "presale_price": "40.00", "match_day_price": "50.00"}],
        "sectors": [{
            "code": "A", "name": "Zona A", "stand": "WEST", "price_category": 1,
            "snake": {"best_row": "1", "direction": "BOTTOM_TO_TOP"}, "rows": rows.iter().map(row).collect::<Vec<_>>(),
        }],
    })
}

async fn import(clerk: &Clerk<'_>, query: &str, file: String) -> Answer {
    let path = format!("/stadium-imports?reason=season&{query}");
    answer(clerk.request(reqwest::Method::POST, &path).body(file)).await
}

#[tokio::test]
async fn a_stadium_is_made_read_changed_and_taken_away_with_one_entry_each() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::StadiumOperator]).await;

    let made = iva
        .post(
            "/stadiums",
            &json!({"stadium": stadium("Gradski vrt", &[("1", "1-3,4T")]), "reason": "new"}),
        )
        .await
        .ok();
    assert_eq!(
        (&made["version"], &made["capacity"], &made["seats"]),
        (&json!(1), &json!(3), &json!(4))
    );
    let path = format!("/stadiums/{}", made["stadium_id"].as_str().unwrap());
    let read = iva.get(&path).await.ok();
    assert_eq!(read["sectors"][0]["capacity"], 3);

    let larger =
        json!({"stadium": stadium("Gradski vrt", &[("1", "1-3,4T"), ("2", "1-4")]), "reason": "a new row"});
    let changed = iva.put(&path, &larger).await.ok();
    assert_eq!(
        (&changed["version"], &changed["capacity"]),
        (&json!(2), &json!(7))
    );
    assert_eq!(iva.put(&path, &larger).await.ok()["version"], 2);

    assert_eq!(iva.delete(&path, "pulled down").await.status, 204);
    iva.get(&path).await.refused(404, "not-found");
    let id = made["stadium_id"].as_str().unwrap().parse().unwrap();
    let deeds: Vec<Value> = world
        .audit_of(id)
        .await
        .into_iter()
        .map(|entry| entry["deed"].clone())
        .collect();
    assert_eq!(deeds, ["stadium.created", "stadium.changed", "stadium.deleted"]);
    let change = &world.audit_of(id).await[1]["details"];
    assert_eq!(
        (&change["before"]["capacity"], &change["after"]["capacity"]),
        (&json!(3), &json!(7))
    );
    assert_eq!(change["reason"], "a new row");
    world.stop().await;
}

#[tokio::test]
async fn two_hundred_mistakes_are_named_and_nothing_is_there() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::StadiumOperator]).await;
    let labels: Vec<String> = (1..=500).map(|label| label.to_string()).collect();
    let rows: Vec<(&str, &str)> = (1..)
        .zip(&labels)
        .map(|(number, label)| (label.as_str(), if number <= 200 { "1-18,17" } else { "1-18" }))
        .collect();
    let before = world.fingerprint().await;

    let refused = import(&iva, "format=STADIUM", stadium("Velik", &rows).to_string()).await;

    let told = refused.refused(422, "invalid-stadium");
    assert_eq!(told["mistakes"].as_array().unwrap().len(), 200);
    assert_eq!(
        told["mistakes"][199],
        "sector A, row 200: seat 17 does not come after the one before it: it is there twice, or out of turn"
    );
    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn mistakes_of_one_sector_do_not_hide_each_other_and_two_hundred_unknown_words_are_all_named() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::StadiumOperator]).await;
    let mistakes = async |file: &Value| {
        let answer = import(&iva, "format=STADIUM", file.to_string()).await;
        answer.refused(422, "invalid-stadium")["mistakes"].clone()
    };
    let mut wrong = stadium("Velik", &[("1", "1-3,x"), ("2", "1-3"), ("2", "1-3")]);
    wrong["sectors"][0]["snake"]["best_row"] = json!("9");
    assert_eq!(
        mistakes(&wrong).await,
        json!([
            "sector A, row 1: `x` is no seat, range of seats or kind",
            "sector A: row 2 is there twice",
            "sector A: the best row 9 is not there",
        ])
    );

    let labels: Vec<String> = (1..=200).map(|label| label.to_string()).collect();
    let rows: Vec<(&str, &str)> = labels.iter().map(|label| (label.as_str(), "1-3")).collect();
    let mut wrong = stadium("Velik", &rows);
    for row in wrong["sectors"][0]["rows"].as_array_mut().unwrap() {
        row["numbering"] = json!("RTL");
    }
    let told = mistakes(&wrong).await;
    assert_eq!(told.as_array().unwrap().len(), 200);
    let last = told[199].as_str().unwrap();
    assert!(
        last.starts_with("sector A, row 200: `numbering`: unknown variant `RTL`"),
        "{last}"
    );
    world.stop().await;
}

#[tokio::test]
async fn a_stadium_too_large_for_any_memory_is_refused_by_its_count() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::StadiumOperator]).await;
    let mut wrong = stadium("Velik", &[]);
    let standing = |code: u32| {
        let places = json!({"total": 10_000});
        json!({"code": code.to_string(), "name": "S", "stand": "S", "price_category": 1, "places": places})
    };
    wrong["sectors"] = (0..20_000).map(standing).collect();

    let refused = import(&iva, "format=STADIUM", wrong.to_string()).await;

    assert_eq!(
        refused.refused(422, "invalid-stadium")["mistakes"],
        json!(["stadium: 200000000 seats are more than any stadium has (150000)"])
    );
    world.stop().await;
}

#[tokio::test]
async fn a_dry_run_says_what_would_be_and_changes_nothing() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::StadiumOperator]).await;
    let file = stadium("Gradski vrt", &[("1", "1-3,5-6")]).to_string();
    let before = world.fingerprint().await;

    let told = import(&iva, "format=STADIUM&dry_run=true", file.clone())
        .await
        .ok();

    assert_eq!(
        (&told["dry_run"], &told["stadium"]["capacity"]),
        (&json!(true), &json!(5))
    );
    assert_eq!(
        told["doubts"],
        json!(["sector A, row 1: 3 and 5 are neighbours, and the numbers between them are missing"])
    );
    assert_eq!(world.fingerprint().await, before);
    assert_eq!(
        import(&iva, "format=STADIUM", file).await.ok()["stadium"]["version"],
        1
    );
    world.stop().await;
}

#[tokio::test]
async fn a_list_of_seats_is_imported_or_refused_line_by_line() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::StadiumOperator]).await;
    let place = "format=SEAT_LIST&name=Gradski%20vrt&city=Osijek&country=HR";
    let list = "sector,row,seat,kind\nA,1,1,WHEELCHAIR\nA,1,2,COMPANION\nA,1,4,STANDARD\n";

    let made = import(&iva, place, list.to_owned()).await.ok();
    assert_eq!(made["stadium"]["capacity"], 3);
    let path = format!(
        "/stadiums/{}/file",
        made["stadium"]["stadium_id"].as_str().unwrap()
    );
    assert_eq!(
        iva.get(&path).await.ok()["sectors"][0]["rows"],
        json!([{"label": "1", "seats": "1W,2C|4"}])
    );

    let twice = import(&iva, place, format!("{list}A,1,4,STANDARD\n"))
        .await
        .refused(422, "invalid-stadium");
    assert_eq!(
        twice["mistakes"],
        json!(["line 5: this seat is in line 4 already"])
    );
    import(&iva, "format=SEAT_LIST", list.to_owned())
        .await
        .refused(400, "invalid-request");
    world.stop().await;
}

#[tokio::test]
async fn a_list_of_seats_takes_the_place_of_another_list_but_not_of_a_stadium_of_which_more_is_said() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::StadiumOperator]).await;
    let place = "format=SEAT_LIST&name=Gradski%20vrt&city=Osijek&country=HR";
    let list = "sector,row,seat\nA,1,1\nA,2,1\n";
    let made = import(&iva, place, list.to_owned()).await.ok();
    let larger = import(&iva, place, format!("{list}A,2,2\n")).await.ok();
    assert_eq!(
        (&larger["stadium"]["version"], &larger["stadium"]["capacity"]),
        (&json!(2), &json!(3))
    );

    let id = made["stadium"]["stadium_id"].as_str().unwrap();
    let file = iva.get(&format!("/stadiums/{id}/file")).await.ok();
    let changes: [fn(&mut Value); 3] = [
        |file| file["kind"] = json!("AWAY"),
        |file| file["price_categories"][0]["presale_price"] = json!("10.00"),
        |file| file["sectors"][0]["snake"]["best_row"] = json!("1"),
    ];
    for change in changes {
        let mut more = file.clone();
        change(&mut more);
        import(&iva, "format=STADIUM", more.to_string()).await.ok();
        let before = world.fingerprint().await;
        for query in [place.to_owned(), format!("{place}&dry_run=true")] {
            let refused = import(&iva, &query, list.to_owned()).await;
            let told = refused.refused(409, "stadium-exists");
            let detail = told["detail"].as_str().unwrap();
            assert!(detail.contains(&format!("/admin/stadiums/{id}/file")), "{detail}");
        }
        assert_eq!(world.fingerprint().await, before);
    }
    world.stop().await;
}

#[tokio::test]
async fn an_entry_shows_which_prices_and_snakes_were_changed() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::StadiumOperator]).await;
    let mut file = stadium("Gradski vrt", &[("1", "1-3"), ("2", "1-3")]);
    let mut other = file["sectors"][0].clone();
    other["code"] = json!("B");
    file["sectors"].as_array_mut().unwrap().push(other);
    let body = json!({"stadium": file, "reason": "new"});
    let made = iva.post("/stadiums", &body).await.ok();
    let id = made["stadium_id"].as_str().unwrap();
    file["price_categories"][0]["presale_price"] = json!("45");
    file["sectors"][0]["snake"] = json!({"best_row": "2", "direction": "TOP_TO_BOTTOM"});
    file["sectors"][0]["rows"][1]["seats"] = json!("1-2|3");

    let body = json!({"stadium": file, "reason": "dearer"});
    iva.put(&format!("/stadiums/{id}"), &body).await.ok();

    let change = &world.audit_of(id.parse().unwrap()).await[1]["details"];
    let sides = [&change["before"], &change["after"]];
    assert_eq!(sides.map(|side| &side["sectors"]), [2, 2]);
    assert_eq!(
        sides.map(|side| &side["price_categories"]["1"]),
        [
            "Kategorija 1: 40.00, on match day 50.00",
            "Kategorija 1: 45.00, on match day 50.00",
        ]
    );
    let changed = sides.map(|side| &side["changed_sectors"]);
    assert_eq!(changed.map(|sectors| sectors.as_object().unwrap().len()), [1, 1]);
    assert_eq!(
        changed.map(|sectors| &sectors["A"]["snake"]),
        [
            &json!({"best_row": "1", "direction": "BOTTOM_TO_TOP"}),
            &json!({"best_row": "2", "direction": "TOP_TO_BOTTOM"}),
        ]
    );
    assert_eq!(
        changed.map(|sectors| &sectors["A"]["changed_rows"]),
        [
            &json!([{"label": "2", "seats": "1-3"}]),
            &json!([{"label": "2", "seats": "1-2|3"}]),
        ]
    );
    world.stop().await;
}

#[tokio::test]
async fn what_is_exported_imports_as_the_same_stadium_and_no_new_layout() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::StadiumOperator]).await;
    let rujevica = include_str!("../../../../data/stadiums/rujevica.json");
    let made = import(&iva, "format=STADIUM", rujevica.to_owned()).await.ok();
    let path = format!(
        "/stadiums/{}/file",
        made["stadium"]["stadium_id"].as_str().unwrap()
    );

    let file = iva.get(&path).await.ok();
    let again = import(&iva, "format=STADIUM", file.to_string()).await.ok();

    assert_eq!(
        (&again["stadium"]["version"], &again["stadium"]["capacity"]),
        (&json!(1), &json!(8279))
    );
    assert_eq!(world.number("SELECT count(*) FROM audit_entries WHERE deed LIKE 'stadium.%' AND details #>> '{after,name}' = 'Rujevica'").await, 1);
    world.stop().await;
}

#[tokio::test]
async fn a_change_that_did_not_see_the_last_one_is_refused() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::StadiumOperator]).await;
    let body = |rows: &[(&str, &str)]| json!({"stadium": stadium("Gradski vrt", rows), "reason": "a change"});
    let made = iva.post("/stadiums", &body(&[("1", "1-3")])).await.ok();
    let path = format!("/stadiums/{}", made["stadium_id"].as_str().unwrap());
    iva.put(&path, &body(&[("1", "1-4")])).await.ok();

    let late = iva
        .request(reqwest::Method::PUT, &path)
        .header("If-Match", "\"1\"")
        .json(&body(&[("1", "1-5")]));

    assert_eq!(answer(late).await.refused(412, "stadium-changed")["version"], 2);
    world.stop().await;
}

#[tokio::test]
async fn of_two_stadiums_of_one_name_one_is_made_and_the_other_is_told_so() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::StadiumOperator]).await;
    let body = |rows: &[(&str, &str)]| json!({"stadium": stadium("Gradski vrt", rows), "reason": "new"});
    let made = iva.post("/stadiums", &body(&[("1", "1-3")])).await.ok();

    let again = iva.post("/stadiums", &body(&[("1", "1-3")])).await.ok();

    assert_eq!(again["stadium_id"], made["stadium_id"]);
    iva.post("/stadiums", &body(&[("1", "1-4")]))
        .await
        .refused(409, "stadium-exists");
    world.stop().await;
}

#[tokio::test]
async fn the_list_is_searched_filtered_and_counted() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::StadiumOperator]).await;
    for name in ["Gradski vrt", "Pampas"] {
        iva.post(
            "/stadiums",
            &json!({"stadium": stadium(name, &[("1", "1-3")]), "reason": "new"}),
        )
        .await
        .ok();
    }
    let names = |page: Value| -> Vec<String> {
        page["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|item| item["name"].as_str().unwrap().to_owned())
            .collect()
    };
    // The ground of every test's own match is there too.
    assert_eq!(
        names(iva.get("/stadiums").await.ok()),
        ["Igralište", "Gradski vrt", "Pampas"]
    );
    assert_eq!(names(iva.get("/stadiums?search=PAMP").await.ok()), ["Pampas"]);
    assert_eq!(iva.get("/stadiums?search=osijek").await.ok()["total"], 2);
    assert_eq!(iva.get("/stadiums?kind=AWAY").await.ok()["total"], 0);
    world.stop().await;
}

#[tokio::test]
async fn the_snake_is_shown_as_seats_will_be_given_away() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::ReadOnly, Role::StadiumOperator]).await;
    let file = stadium("Gradski vrt", &[("1", "1-2"), ("2", "1-2,3T")]);
    let made = iva
        .post("/stadiums", &json!({"stadium": file, "reason": "new"}))
        .await
        .ok();
    let path = format!(
        "/stadiums/{}/sectors/A/snake",
        made["stadium_id"].as_str().unwrap()
    );

    let seats = iva.get(&path).await.ok()["seats"].clone();

    let walked: Vec<String> = seats
        .as_array()
        .unwrap()
        .iter()
        .map(|seat| {
            format!(
                "{}/{} {}",
                seat["row"].as_str().unwrap(),
                seat["number"].as_str().unwrap(),
                seat["run"]
            )
        })
        .collect();
    assert_eq!(walked, ["1/1 0", "1/2 0", "2/2 1", "2/1 1", "2/3 null"]);
    assert_eq!(
        iva.get(&format!("{path}?after=3")).await.ok()["seats"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(iva.get(&format!("{path}?after=4")).await.ok()["seats"], json!([]));
    let nowhere = iva.get(&path.replace("/A/", "/B/")).await;
    let told = nowhere.refused(404, "not-found");
    assert!(told["detail"].as_str().unwrap().contains("/admin/stadiums/"));
    world.stop().await;
}
