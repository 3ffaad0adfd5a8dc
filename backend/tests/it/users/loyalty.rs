//! `/users/me/loyalty`, `/admin/loyalty-imports`, `/admin/users/{user_id}/loyalty`.

use chrono::{Days, Months};
use domain::matches::day_in_zagreb;
use domain::staff::Role;
use reqwest::Method;
use serde_json::json;

use crate::world::{Answer, Clerk, World, answer, now};

async fn import(clerk: &Clerk<'_>, query: &str, file: &str) -> Answer {
    let path = format!("/loyalty-imports?source=Dekod&reason=take-over{query}");
    answer(clerk.request(Method::POST, &path).body(file.to_owned())).await
}

#[tokio::test]
async fn points_come_before_the_account_count_once_a_match_and_for_five_years() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::MatchManager]).await;
    let ana = world.visitor("ana").await;
    let oib = ana.profile["oib"].as_str().unwrap();
    let today = day_in_zagreb(now());
    let fifth_birthday = today.checked_sub_months(Months::new(60)).unwrap();
    let day_after = fifth_birthday.checked_add_days(Days::new(1)).unwrap();
    let file = format!(
        "oib,played_on,match\n{oib},{today},Hrvatska – Francuska\n{oib},{day_after},Hrvatska – Malta\n{oib},{fifth_birthday},Hrvatska – Turska\n"
    );

    let done = import(&iva, "", &file).await.ok();
    assert_eq!((&done["named"], &done["added"]), (&json!(3), &json!(3)));
    assert_eq!(import(&iva, "", &file.to_uppercase()).await.ok()["added"], 0);
    assert_eq!(
        ana.get("/users/me/loyalty").await.ok()["points"],
        0,
        "nobody knows yet whose they are"
    );
    ana.create_profile().await;

    assert_eq!(ana.get("/users/me/loyalty").await.ok()["points"], 2);
    let history = ana.get("/users/me/loyalty/history").await.ok();
    assert_eq!(history["items"].as_array().unwrap().len(), 3);
    assert_eq!(history["items"][0]["match"], "Hrvatska – Francuska");
    let of_ana = iva.get(&format!("/users/{}/loyalty", ana.id)).await.ok();
    assert_eq!(of_ana["points"], 2);
    world.stop().await;
}

#[tokio::test]
async fn a_file_with_a_wrong_line_gives_nothing_and_says_which() {
    let world = World::start().await;
    let iva = world.clerk("iva", &[Role::MatchManager]).await;
    let before = world.fingerprint().await;

    let file = "94577403194,2026-03-20,Hrvatska – Francuska\n94577403195,2026-03-20,Hrvatska – Malta\n94577403194,20.3.2026,Hrvatska – Malta\n94577403194,2026-03-20,x\n";
    let told = import(&iva, "", file).await.refused(422, "invalid-list");
    let tomorrow = day_in_zagreb(now()).checked_add_days(Days::new(1)).unwrap();
    for (line, what) in [
        (
            format!("94577403194,{tomorrow},Hrvatska – Malta\n"),
            "line 1: the match was not played yet",
        ),
        (
            "94577403194,2026-03-20,– – –\n".to_owned(),
            "line 1: the match must be named in 3 to 120 characters",
        ),
    ] {
        let told = import(&iva, "", &line).await.refused(422, "invalid-list");
        assert_eq!(told["mistakes"], json!([what]));
    }

    assert_eq!(
        told["mistakes"],
        json!([
            "line 2: not an OIB (11 digits with a valid check digit)",
            "line 3: the day of the match must be like 2026-09-05",
            "line 4: the match must be named in 3 to 120 characters",
        ])
    );
    let dry = import(
        &iva,
        "&dry_run=true",
        "94577403194,2026-03-20,Hrvatska – Francuska\n",
    )
    .await
    .ok();
    assert_eq!((&dry["dry_run"], &dry["added"]), (&json!(true), &json!(1)));
    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}
