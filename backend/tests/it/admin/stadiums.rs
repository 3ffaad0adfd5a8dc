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
        .map(|(number, label)| (label.as_str(), if number <= 200 { "1-100,99" } else { "1-100" }))
        .collect();
    let before = world.fingerprint().await;

    let refused = import(&iva, "format=STADIUM", stadium("Velik", &rows).to_string()).await;

    let told = refused.refused(422, "invalid-stadium");
    assert_eq!(told["mistakes"].as_array().unwrap().len(), 200);
    assert_eq!(
        told["mistakes"][199],
        "sector A, row 200: seat 99 does not come after the one before it"
    );
    assert_eq!(world.fingerprint().await, before);
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
    world.stop().await;
}
