//! Every route, whoever adds it: signed in or refused, documented, and no input breaks it.

use std::collections::BTreeMap;

use backend::api::{Audience, openapi};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{AUDIENCE, Answer, Fan, World, answer, fresh_key};

/// Anybody may read these.
const OPEN: [&str; 3] = ["/matches", "/matches/{match_id}", "/matches/{match_id}/zones"];

/// One operation of a document.
pub(crate) struct Operation {
    pub(crate) method: Method,
    /// After `/api/v1`, with `{…}`.
    pub(crate) path: String,
    document: Value,
}

impl Operation {
    fn is_open(&self) -> bool {
        self.method == Method::GET && OPEN.contains(&self.path.as_str())
    }

    /// Whether the document says that it may answer so.
    pub(crate) fn may_answer(&self, status: u16) -> bool {
        self.document["responses"].get(status.to_string()).is_some()
    }

    pub(crate) fn takes_body(&self) -> bool {
        self.document.get("requestBody").is_some()
    }

    /// Whether its body is JSON, and no file.
    pub(crate) fn takes_json(&self) -> bool {
        self.document["requestBody"]["content"]
            .get("application/json")
            .is_some()
    }

    fn needs_key(&self) -> bool {
        let parameters = self.document["parameters"].as_array().cloned();
        parameters
            .unwrap_or_default()
            .iter()
            .any(|one| one["name"] == "Idempotency-Key")
    }

    /// The path with ids of things that are there or not.
    fn path_in(&self, world: &World) -> String {
        let nobodys = Uuid::from_u128(9).to_string();
        self.path
            .replace("{match_id}", &world.match_id.to_string())
            .replace("{order_id}", &nobodys)
            .replace("{ticket_id}", &nobodys)
            .replace("{saved_profile_id}", &nobodys)
            .replace("{device_id}", "phone")
    }

    /// The path with ids of what is not there.
    pub(crate) fn path_of_nothing(&self) -> String {
        let mut path = self.path.clone();
        while let (Some(from), Some(to)) = (path.find('{'), path.find('}')) {
            path.replace_range(from..=to, &Uuid::from_u128(9).to_string());
        }
        path
    }

    /// Which roles of staff may ask for it.
    pub(crate) fn roles(&self) -> Vec<String> {
        serde_json::from_value(self.document["x-roles"].clone()).unwrap()
    }

    /// Whether staff must have signed in just now.
    pub(crate) fn needs_step_up(&self) -> bool {
        self.document["x-step-up"].as_bool().unwrap()
    }

    /// As a careful app would send it, but for the body.
    fn request(&self, fan: &Fan<'_>) -> RequestBuilder {
        fan.request(self.method.clone(), &self.path_in(fan.world))
            .header("Idempotency-Key", fresh_key())
    }
}

pub(crate) fn operations(audience: Audience) -> Vec<Operation> {
    let document = serde_json::to_value(openapi(audience)).unwrap();
    let mut operations = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            if let Ok(method) = method.to_uppercase().parse::<Method>()
                && ["GET", "PUT", "POST", "DELETE", "PATCH"].contains(&method.as_str())
            {
                operations.push(Operation {
                    method,
                    path: path.strip_prefix("/api/v1").unwrap().to_owned(),
                    document: operation.clone(),
                });
            }
        }
    }
    assert!(!operations.is_empty());
    operations
}

/// A problem with a stable code, and not ours to be ashamed of.
#[track_caller]
pub(crate) fn assert_problem(answered: &Answer, of: &str) {
    assert!((400..500).contains(&answered.status), "{of}: {answered:?}");
    assert_eq!(
        answered.header("content-type"),
        Some("application/problem+json"),
        "{of}: {answered:?}"
    );
    assert!(!answered.code().is_empty(), "{of}: {answered:?}");
    assert_eq!(
        answered.body["type"],
        format!("https://tribina.dev/problems/{}", answered.code())
    );
    assert!(answered.body["request_id"].is_string(), "{of}: {answered:?}");
}

#[test]
fn every_operation_says_which_feature_it_serves() {
    for operation in [Audience::Fans, Audience::Staff, Audience::Webhooks]
        .into_iter()
        .flat_map(operations)
    {
        let of = format!("{} {}", operation.method, operation.path);
        let document = &operation.document;
        let (epic, feature) = (&document["x-epic"], &document["x-feature"]);
        let (Some(epic), Some(feature)) = (epic.as_str(), feature.as_str()) else {
            panic!("{of}: {epic}, {feature}");
        };
        assert!(
            feature.starts_with(&format!("{epic}-F")),
            "{of}: {feature} is not of {epic}"
        );
        assert!(document["x-rules"].is_array(), "{of}");
        assert!(document["operationId"].is_string(), "{of}");
        if operation.method == Method::POST && operation.takes_body() && !of.contains("webhooks") {
            assert!(operation.needs_key(), "{of} creates, so it needs a key");
        }
    }
}

#[test]
fn the_document_says_which_operations_need_a_token() {
    let document = serde_json::to_value(openapi(Audience::Fans)).unwrap();
    assert_eq!(document["security"], json!([{ "bearer": [] }]));
    for operation in operations(Audience::Fans) {
        let own = operation.document.get("security");
        let open = own.is_some_and(|own| *own == json!([{}]));
        let of = format!("{} {} {own:?}", operation.method, operation.path);
        assert_eq!(open, operation.is_open(), "{of}");
        assert!(open || own.is_none(), "{of}");
    }
}

#[test]
fn the_document_says_which_refusals_stand_before_a_handler() {
    for operation in operations(Audience::Fans) {
        let of = format!("{} {}", operation.method, operation.path);
        assert_eq!(operation.may_answer(401), !operation.is_open(), "{of}");
        assert!(operation.may_answer(503), "{of}");
        let is_read = operation.needs_key() || operation.takes_body();
        assert!(operation.may_answer(400) || !is_read, "{of}");
        for (status, answer) in operation.document["responses"].as_object().unwrap() {
            let problem = &answer["content"]["application/problem+json"]["schema"]["$ref"];
            let is_refusal = status.starts_with(['4', '5']);
            assert_eq!(problem.is_string(), is_refusal, "{of} {status}: {answer}");
        }
    }
}

#[tokio::test]
async fn nobody_gets_in_without_a_good_token() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let elsewhere =
        testkit::identity::start(&world.app.tasks, testkit::identity::Settings::for_tests(AUDIENCE)).unwrap();
    let (head, signature) = ana.token.rsplit_once('.').unwrap();
    let reversed: String = signature.chars().rev().collect();
    let before = world.fingerprint().await;

    for operation in operations(Audience::Fans) {
        let of = format!("{} {}", operation.method, operation.path);
        let url = format!("{}{}", world.api_url, operation.path_in(&world));
        let request = || {
            let request = world.http.request(operation.method.clone(), &url);
            request.header("Idempotency-Key", fresh_key()).json(&json!({}))
        };
        if operation.is_open() {
            assert_eq!(answer(request()).await.status, 200, "{of}");
            continue;
        }
        let bearers = [
            None,
            Some(String::new()),
            Some("nonsense".to_owned()),
            Some(format!("{head}.{reversed}")),
            Some(format!("{head}.")),
            Some(elsewhere.token_for("ana").unwrap()),
        ];
        for bearer in bearers {
            let request = match &bearer {
                None => request(),
                Some(token) => request().bearer_auth(token),
            };
            let answered = answer(request).await;
            assert_problem(&answered, &of);
            assert!(operation.may_answer(401), "{of} is not documented to answer 401");
            assert_eq!(
                (answered.status, answered.code()),
                (401, "unauthenticated"),
                "{of} {bearer:?}"
            );
        }
    }

    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn a_creating_request_needs_a_key() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let before = world.fingerprint().await;

    for operation in operations(Audience::Fans).iter().filter(|one| one.needs_key()) {
        for key in [None, Some("short"), Some("        "), Some(&*"k".repeat(101))] {
            let request = ana.request(operation.method.clone(), &operation.path_in(&world));
            let request = match key {
                None => request,
                Some(key) => request.header("Idempotency-Key", key),
            };
            let body = good_body(&world, &operation.path);
            let answered = answer(request.json(&body)).await;
            assert_problem(&answered, &operation.path);
            assert_eq!(answered.code(), "idempotency-key-required", "{}", operation.path);
            assert!(
                operation.may_answer(400),
                "{} is not documented to answer 400",
                operation.path
            );
        }
    }

    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn a_body_that_cannot_be_understood_changes_nothing() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let before = world.fingerprint().await;

    for operation in operations(Audience::Fans).iter().filter(|one| one.takes_body()) {
        let good = good_body(&world, &operation.path);
        let mut unknown = good.clone();
        unknown["colour"] = json!("blue");
        let mut bodies: Vec<(&str, String)> = vec![
            ("invalid-request", String::new()),
            ("invalid-request", "{".to_owned()),
            ("invalid-request", "null".to_owned()),
            ("invalid-request", "[]".to_owned()),
            ("invalid-request", "{\"quantity\": 1e999}".to_owned()),
            ("invalid-request", unknown.to_string()),
            ("body-too-large", json!({"x": "y".repeat(300 * 1024)}).to_string()),
        ];
        for array in arrays_for_objects(&world, &operation.path) {
            bodies.push(("invalid-request", array.to_string()));
        }
        for member in good.as_object().unwrap().keys() {
            let mut without = good.clone();
            without.as_object_mut().unwrap().remove(member);
            bodies.push(("invalid-request", without.to_string()));
            let mut another = good.clone();
            another[member] = json!({"a": [1, -1, null]});
            bodies.push(("invalid-request", another.to_string()));
        }
        for (code, body) in bodies {
            let request = operation.request(&ana).header("Content-Type", "application/json");
            let answered = answer(request.body(body.clone())).await;
            let of = format!("{} {}", operation.path, &body[..body.len().min(200)]);
            assert_problem(&answered, &of);
            assert_eq!(answered.code(), code, "{of}");
        }
        let request = operation.request(&ana).header("Content-Type", "text/plain");
        let answered = answer(request.body(good.to_string())).await;
        assert_problem(&answered, &operation.path);
        assert_eq!(
            (answered.status, answered.code()),
            (415, "unsupported-media-type")
        );
    }

    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn an_address_that_names_nothing_is_not_found() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let before = world.fingerprint().await;

    for operation in operations(Audience::Fans)
        .iter()
        // A device is called as its app likes.
        .filter(|one| one.path.contains('{') && !one.path.contains("{device_id}"))
    {
        let (start, rest) = operation.path.split_once('{').unwrap();
        let (_, end) = rest.split_once('}').unwrap();
        for id in [
            "7",
            "not-an-id",
            "%00",
            "..%2f..",
            &"x".repeat(2_000),
            &Uuid::nil().to_string(),
        ] {
            let path = format!("{start}{id}{end}");
            let request = ana
                .request(operation.method.clone(), &path)
                .header("Idempotency-Key", fresh_key());
            let mut body = good_body(&world, &operation.path);
            if operation.path.ends_with("{saved_profile_id}") {
                body["passport"] = json!("HR1234567");
            }
            let answered = answer(request.json(&body)).await;
            // Giving back a cart that is not there, and reading one, need no match.
            if id.len() == 36 && operation.path.ends_with("/cart") && operation.method == Method::DELETE {
                assert_eq!(answered.status, 204);
                continue;
            }
            assert_problem(&answered, &format!("{} {path}", operation.method));
            assert_eq!(answered.status, 404, "{} {path}: {answered:?}", operation.method);
        }
    }
    for path in ["/nothing", "/matches/a/b/c", "/orders/"] {
        let answered = ana.get(path).await;
        assert_problem(&answered, path);
        assert_eq!((answered.status, answered.code()), (404, "no-such-route"));
    }

    assert_eq!(world.fingerprint().await, before);
    world.stop().await;
}

#[tokio::test]
async fn a_query_that_cannot_be_understood_is_refused() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    for path in ["/matches", "/orders", "/tickets"] {
        for query in ["cursor=7", "colour=blue", "cursor=", "cursor=%00"] {
            ana.get(&format!("{path}?{query}"))
                .await
                .refused(400, "invalid-request");
        }
    }
    let change = ana.wish(world.zones[0], 1).header("If-Match", "\"99999999999\"");
    answer(change).await.refused(400, "invalid-request");
    world.stop().await;
}

#[tokio::test]
async fn a_method_that_an_address_does_not_take_is_refused() {
    let world = World::start().await;
    let ana = world.fan("ana").await;
    let mut taken: BTreeMap<String, Vec<Method>> = BTreeMap::new();
    for operation in operations(Audience::Fans) {
        let methods = taken.entry(operation.path_in(&world)).or_default();
        methods.push(operation.method);
    }

    for (path, methods) in taken {
        for method in [
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::PATCH,
        ] {
            let of = format!("{method} {path}");
            if !methods.contains(&method) {
                let answered = answer(ana.request(method.clone(), &path)).await;
                assert_problem(&answered, &of);
                assert_eq!(
                    (answered.status, answered.code()),
                    (405, "method-not-allowed"),
                    "{of}"
                );
            }
            // An address of nothing has no method.
            let answered = answer(ana.request(method, &format!("{path}/nothing/here"))).await;
            assert_problem(&answered, &of);
            assert_eq!((answered.status, answered.code()), (404, "no-such-route"), "{of}");
        }
    }
    let server = world.api_url.strip_suffix("/api/v1").unwrap();
    for path in [
        "/healthz",
        "/openapi/fans.json",
        "/api/v1/webhooks/stripe",
        "/api/v1/%6datches",
    ] {
        let answered = answer(world.http.patch(format!("{server}{path}"))).await;
        assert_problem(&answered, path);
        assert_eq!(answered.status, 405, "{path}: {answered:?}");
    }
    world.stop().await;
}

/// A body that the operation would take; a new operation with a body must be added here.
fn good_body(world: &World, path: &str) -> Value {
    match path {
        "/users/me/profile" => json!({
            "full_name": "Ana Horvat", "date_of_birth": "1990-01-31", "nationality": "HR", "oib": "94577403194",
            "email": "ana@fans.example",
        }),
        // Nothing that may be left out.
        "/users/me/saved-profiles" | "/users/me/saved-profiles/{saved_profile_id}" => json!({
            "full_name": "Ana Horvat", "date_of_birth": "1990-01-31", "nationality": "HR",
        }),
        "/users/me/push-tokens/{device_id}" => json!({"platform": "IOS", "token": "a-token"}),
        "/matches/{match_id}/cart" => json!({"zone_id": world.zones[0], "quantity": 1}),
        "/matches/{match_id}/checkout" => json!({"cart_version": 1, "holders": []}),
        _ => json!({}),
    }
}

/// Bodies in which an array stands for an object, member by member in the order of the struct; a new operation with a body
/// must be added here.
fn arrays_for_objects(world: &World, path: &str) -> Vec<Value> {
    let ana = json!(["Ana Horvat", "1990-01-31", "HR", "94577403194", null, null]);
    match path {
        "/users/me/profile" => vec![
            json!([
                "Ana Horvat",
                "1990-01-31",
                "HR",
                "94577403194",
                "ana@fans.example",
                null
            ]),
            json!([]),
        ],
        "/users/me/saved-profiles" | "/users/me/saved-profiles/{saved_profile_id}" => {
            vec![json!(["Ana Horvat", "1990-01-31", "HR", "94577403194"])]
        }
        "/users/me/push-tokens/{device_id}" => vec![json!(["IOS", "a-token"])],
        "/matches/{match_id}/cart" => vec![json!([world.zones[0], 1])],
        "/matches/{match_id}/checkout" => vec![
            json!([1, [], false]),
            json!({"cart_version": 1, "holders": [ana]}),
        ],
        other => panic!("say how the body of {other} would look by position"),
    }
}
