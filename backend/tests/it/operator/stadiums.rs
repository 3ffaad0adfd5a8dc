//! `backend admin stadium …`.

use serde_json::{Value, json};

use crate::world::World;

/// A list of seats: ten rows of thirty.
fn seat_list() -> String {
    let mut list = "sector,row,seat\n".to_owned();
    for row in 1..=10 {
        for seat in 1..=30 {
            list.push_str(&format!("West,{row},{seat}\n"));
        }
    }
    list
}

const HOUSE: [&str; 10] = [
    "--format",
    "seat-list",
    "--name",
    "Gradski vrt",
    "--city",
    "Osijek",
    "--country",
    "HR",
    "--reason",
    "list of the club",
];

#[tokio::test]
async fn a_list_of_seats_with_two_hundred_mistakes_is_refused_whole_and_each_is_named_by_its_line() {
    let world = World::start().await;
    let before = world.fingerprint().await;
    let list = seat_list();
    // Every seat of the last 200 lines is there already.
    let again: Vec<&str> = list.lines().skip(101).collect();
    assert_eq!(again.len(), 200);
    let file = world.write("seats.csv", &format!("{list}{}\n", again.join("\n")));
    let words: Vec<&str> = ["stadium", "import", file.to_str().unwrap()]
        .into_iter()
        .chain(HOUSE)
        .collect();

    let refused = world.admin(&words).await;

    let said = refused.refused();
    assert!(
        said.contains("200 mistakes; nothing was imported"),
        "{}",
        said.chars().take(200).collect::<String>()
    );
    for (of, line) in (102..=301).zip(302..) {
        let mistake = format!("line {line}: this seat is in line {of} already\n");
        assert!(said.contains(&mistake), "{mistake}");
    }
    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn a_stadium_is_imported_listed_exported_and_what_was_exported_makes_it_again() {
    let world = World::start().await;
    let file = world.write("seats.csv", &seat_list());
    let words = ["stadium", "import", file.to_str().unwrap()];
    let words: Vec<&str> = words.into_iter().chain(HOUSE).collect();

    let made = world.admin(&words).await.ok();

    assert_eq!(
        (&made["version"], &made["capacity"], &made["doubts"]),
        (&json!(1), &json!(300), &json!([]))
    );
    assert_eq!(
        world.deeds_of(&made["stadium_id"]).await,
        ["stadium.created"],
        "one entry for one import"
    );
    let listed = world.admin(&["stadium", "list"]).await.lines();
    let names: Vec<&Value> = listed.iter().map(|stadium| &stadium["name"]).collect();
    assert_eq!(names, ["Gradski vrt", "Igralište"]);

    let id = made["stadium_id"].as_str().unwrap();
    let exported = world.admin(&["stadium", "export", id]).await;
    assert_eq!(exported.code, Some(0));
    let file = world.write("stadium.json", &exported.printed);
    let again = world
        .admin(&[
            "stadium",
            "import",
            file.to_str().unwrap(),
            "--reason",
            "the same again",
        ])
        .await
        .ok();
    assert_eq!(
        (&again["stadium_id"], &again["capacity"]),
        (&made["stadium_id"], &made["capacity"])
    );
    let exported_again = world.admin(&["stadium", "export", id]).await;
    assert_eq!(exported_again.printed, exported.printed);
    world.stop().await;
}

#[tokio::test]
async fn a_file_that_is_not_there_or_is_something_else_is_named() {
    let world = World::start().await;
    let before = world.fingerprint().await;
    let missing = world
        .admin(&["stadium", "import", "nowhere.json", "--reason", "new"])
        .await;
    assert!(
        missing.refused().contains("cannot read nowhere.json"),
        "{missing:?}"
    );

    let csv = world.write("seats.csv", &seat_list());
    let other = world
        .admin(&["stadium", "import", csv.to_str().unwrap(), "--reason", "new"])
        .await;
    assert!(other.refused().contains("seat-list"), "{other:?}");

    let nobody = world
        .admin(&["stadium", "export", "01a2017d-4235-7699-bb8c-b908620a2054"])
        .await;
    assert!(nobody.refused().contains("stadium list"), "{nobody:?}");
    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}
