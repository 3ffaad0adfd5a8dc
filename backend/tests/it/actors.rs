//! Who may do what: every operation, asked by everybody it could be asked by.

use backend::api::Audience;
use chrono::TimeDelta;
use platform::clock::{Clock, SystemClock};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use testkit::identity::Identity;

use crate::api::{Operation, assert_problem, operations};
use crate::world::{AUDIENCE, Answer, Fan, World, answer, fresh_key};

/// `2xx` is any success. The fan has what stands behind the address, and what it is about is theirs; another fan is
/// signed in, admitted and has a profile, but knows the fan's ids only by hearsay. `wrong` is another issuer's token.
const TABLE: &str = "
    operation                              the fan has   nobody wrong expired fan another
    GET    /matches                        nothing       2xx    2xx   2xx     2xx 2xx
    GET    /matches/{match_id}             nothing       2xx    2xx   2xx     2xx 2xx
    GET    /matches/{match_id}/zones       nothing       2xx    2xx   2xx     2xx 2xx
    POST   /matches/{match_id}/join-grant  nothing       401    401   401     2xx 2xx
    POST   /users/me/profile               nothing       401    401   401     2xx 2xx
    GET    /users/me/profile               a-profile     401    401   401     2xx 2xx
    PUT    /users/me/profile               a-profile     401    401   401     2xx 2xx
    GET    /users/me/loyalty               a-profile     401    401   401     2xx 2xx
    GET    /users/me/loyalty/history       a-profile     401    401   401     2xx 2xx
    PUT    /users/me/push-tokens/{device_id} nothing     401    401   401     2xx 2xx
    DELETE /users/me/push-tokens/{device_id} nothing     401    401   401     2xx 2xx
    GET    /users/me/saved-profiles        a-profile     401    401   401     2xx 2xx
    POST   /users/me/saved-profiles        a-profile     401    401   401     2xx 2xx
    GET    /users/me/saved-profiles/{saved_profile_id} a-friend 401 401 401   2xx 404
    PUT    /users/me/saved-profiles/{saved_profile_id} a-friend 401 401 401   2xx 404
    DELETE /users/me/saved-profiles/{saved_profile_id} a-friend 401 401 401   2xx 404
    PUT    /matches/{match_id}/cart        a-profile     401    401   401     2xx 2xx
    GET    /matches/{match_id}/cart        a-cart        401    401   401     2xx 404
    DELETE /matches/{match_id}/cart        a-cart        401    401   401     2xx 2xx
    POST   /matches/{match_id}/checkout    a-cart        401    401   401     2xx 404
    GET    /orders                         an-order      401    401   401     2xx 2xx
    GET    /orders/{order_id}              an-order      401    401   401     2xx 404
    POST   /orders/{order_id}/payment      an-order      401    401   401     2xx 404
    POST   /orders/{order_id}/cancellation an-order      401    401   401     2xx 404
    POST   /orders/{order_id}/refund       a-ticket      401    401   401     2xx 404
    GET    /tickets                        a-ticket      401    401   401     2xx 2xx
    GET    /tickets/{ticket_id}            a-ticket      401    401   401     2xx 404
    POST   /webhooks/stripe                nothing       400    400   400     400 400
";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Actor {
    Nobody,
    Wrong,
    Expired,
    Fan,
    Another,
}

/// In the order of the table's columns.
const ACTORS: [Actor; 5] = [
    Actor::Nobody,
    Actor::Wrong,
    Actor::Expired,
    Actor::Fan,
    Actor::Another,
];

/// One line of the table.
struct Row {
    method: Method,
    path: &'static str,
    fan_has: &'static str,
    expected: [&'static str; 5],
}

impl Row {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn expects(&self, actor: Actor) -> &'static str {
        let column = ACTORS.iter().position(|one| *one == actor).unwrap();
        self.expected[column]
    }
}

fn rows() -> Vec<Row> {
    let lines = TABLE.trim().lines().skip(1);
    lines
        .map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [method, path, fan_has, expected @ ..] = words.as_slice() else {
                panic!("{line}");
            };
            Row {
                method: method.parse().unwrap(),
                path,
                fan_has,
                expected: expected.try_into().unwrap_or_else(|_| panic!("{line}")),
            }
        })
        .collect()
}

/// What the fan has, and what ids that brought.
#[derive(Default)]
struct Belongings {
    cart: Value,
    order: Value,
    ticket_id: String,
    friend: Value,
}

impl Belongings {
    async fn of(fan: &Fan<'_>, what: &str) -> Self {
        let mut has = Self::default();
        fan.admit_for(1_200);
        if what != "nothing" {
            fan.create_profile().await;
        }
        match what {
            "nothing" | "a-profile" => {}
            "a-friend" => {
                has.friend = fan
                    .post("/users/me/saved-profiles", &fan.world.person())
                    .await
                    .ok()
            }
            "a-cart" => has.cart = fan.hold(fan.world.zones[0], 1).await.ok(),
            "an-order" => has.order = fan.order(1).await,
            "a-ticket" => {
                has.order = fan.order_and_pay(1).await.0;
                fan.sees(&has.order, "COMPLETED").await;
                has.ticket_id = id_in(&fan.tickets().await[0], "ticket_id");
            }
            other => panic!("nobody knows how a fan comes by {other}"),
        }
        has
    }

    /// Ids that another fan must not be told.
    fn secrets(&self) -> Vec<String> {
        let ids = [
            id_in(&self.cart, "cart_id"),
            id_in(&self.order, "order_id"),
            self.ticket_id.clone(),
            id_in(&self.friend, "saved_profile_id"),
        ];
        ids.into_iter().filter(|id| !id.is_empty()).collect()
    }

    fn path(&self, row: &Row, world: &World) -> String {
        row.path
            .replace("{match_id}", &world.match_id.to_string())
            .replace("{order_id}", &id_in(&self.order, "order_id"))
            .replace("{ticket_id}", &self.ticket_id)
            .replace("{saved_profile_id}", &id_in(&self.friend, "saved_profile_id"))
            .replace("{device_id}", "phone")
    }
}

fn id_in(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}

/// Who asks about one row.
struct Cast<'w> {
    fan: Fan<'w>,
    another: Fan<'w>,
    /// Of an issuer that the backend does not know.
    wrong: String,
    /// It was good once.
    expired: String,
}

impl<'w> Cast<'w> {
    async fn of(world: &'w World, number: usize, elsewhere: &Identity) -> Self {
        let name = format!("ana-{number}");
        let long_ago = SystemClock.now() - TimeDelta::hours(3);
        Self {
            fan: world.visitor(&name).await,
            another: world.fan(&format!("ben-{number}")).await,
            wrong: elsewhere.token_for(&name).unwrap(),
            expired: world.identity.token_issued_at(&name, long_ago).unwrap(),
        }
    }

    /// Asks as `actor` would, in all else as a careful app does.
    fn request(&self, actor: Actor, row: &Row, has: &Belongings) -> RequestBuilder {
        let (token, fan) = match actor {
            Actor::Nobody => (None, &self.fan),
            Actor::Wrong => (Some(&self.wrong), &self.fan),
            Actor::Expired => (Some(&self.expired), &self.fan),
            Actor::Fan => (Some(&self.fan.token), &self.fan),
            Actor::Another => (Some(&self.another.token), &self.another),
        };
        let world = fan.world;
        let url = format!("{}{}", world.api_url, has.path(row, world));
        let mut request = world.http.request(row.method.clone(), url);
        if row.method != Method::GET {
            let body = match row.path {
                "/users/me/profile" => fan.profile.clone(),
                "/users/me/saved-profiles" | "/users/me/saved-profiles/{saved_profile_id}" => world.person(),
                "/users/me/push-tokens/{device_id}" => json!({"platform": "IOS", "token": fresh_key()}),
                "/matches/{match_id}/cart" => json!({"zone_id": world.zones[1], "quantity": 1}),
                "/matches/{match_id}/checkout" => {
                    json!({"cart_version": has.cart["version"], "holders": []})
                }
                _ => json!({}),
            };
            request = request.header("Idempotency-Key", fresh_key()).json(&body);
        }
        match token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }
}

#[track_caller]
fn assert_expected(answered: &Answer, expected: &str, of: &str) {
    if expected == "2xx" {
        assert!((200..300).contains(&answered.status), "{of}: {answered:?}");
    } else {
        assert_problem(answered, of);
        assert_eq!(answered.status.to_string(), expected, "{of}: {answered:?}");
    }
}

#[test]
fn every_operation_has_its_row_and_every_row_its_operation() {
    let mut documented: Vec<String> = [Audience::Fans, Audience::Webhooks]
        .into_iter()
        .flat_map(operations)
        .map(|operation| format!("{} {}", operation.method, operation.path))
        .collect();
    let mut walked: Vec<String> = rows().iter().map(Row::name).collect();
    documented.sort_unstable();
    walked.sort_unstable();
    assert_eq!(walked, documented);
}

#[test]
fn what_belongs_to_somebody_is_not_there_for_anybody_else() {
    for row in rows() {
        let is_owned = ["{order_id}", "{ticket_id}", "{saved_profile_id}"]
            .iter()
            .any(|id| row.path.contains(id));
        if is_owned {
            let name = row.name();
            assert_eq!(
                (row.expects(Actor::Fan), row.expects(Actor::Another)),
                ("2xx", "404"),
                "{name}"
            );
        }
    }
}

#[tokio::test]
async fn everybody_may_do_what_the_table_says() {
    let world = World::start().await;
    world.start_workers().await;
    let settings = testkit::identity::Settings::for_tests(AUDIENCE);
    let elsewhere = testkit::identity::start(&world.app.tasks, settings).unwrap();
    let documented: Vec<Operation> = [Audience::Fans, Audience::Webhooks]
        .into_iter()
        .flat_map(operations)
        .collect();
    for (number, row) in rows().iter().enumerate() {
        let cast = Cast::of(&world, number, &elsewhere).await;
        let has = Belongings::of(&cast.fan, row.fan_has).await;

        // The fan comes last: that they still succeed shows that nobody took anything from them.
        for actor in [
            Actor::Nobody,
            Actor::Wrong,
            Actor::Expired,
            Actor::Another,
            Actor::Fan,
        ] {
            let of = format!("{} asked by {actor:?}", row.name());
            let answered = answer(cast.request(actor, row, &has)).await;
            assert_expected(&answered, row.expects(actor), &of);
            let operation = documented
                .iter()
                .find(|one| one.method == row.method && one.path == row.path);
            let may_answer = operation.is_some_and(|one| one.may_answer(answered.status));
            assert!(may_answer, "{of}: no document names {}", answered.status);
            if actor != Actor::Fan {
                let told = answered.body.to_string();
                let leak = has.secrets().into_iter().find(|id| told.contains(id.as_str()));
                assert_eq!(leak, None, "{of} tells what is not theirs: {told}");
            }
        }
    }
    world.stop().await;
}
