//! A fan with the app in hand: signs in, holds, names holders, pays.

use chrono::{DateTime, TimeDelta, Utc};
use domain::ids::UserId;
use platform::clock::{Clock, SystemClock};
use platform::ids::Ids;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use testkit::identity::subject_of;
use uuid::Uuid;

use super::World;
use crate::support::eventually;

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    /// `null` when there is none, text when it is not JSON.
    pub(crate) body: Value,
}

impl Answer {
    /// The stable code of a problem.
    pub(crate) fn code(&self) -> &str {
        self.body["code"].as_str().unwrap_or_default()
    }

    /// The body of an answer that had to be a success.
    #[track_caller]
    pub(crate) fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{self:?}");
        self.body
    }

    /// The body of an answer that had to be this problem.
    #[track_caller]
    pub(crate) fn refused(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.code()), (status, code), "{self:?}");
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{self:?}"
        );
        assert_eq!(self.body["status"], status);
        self.body
    }

    /// One header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

/// Sends and reads.
pub(crate) async fn answer(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = match serde_json::from_str(&text) {
        Ok(body) => body,
        Err(_) if text.is_empty() => Value::Null,
        Err(_) => Value::String(text),
    };
    Answer {
        status,
        headers,
        body,
    }
}

/// A name for one intent.
pub(crate) fn fresh_key() -> String {
    Ids.next().to_string()
}

/// A signed-in fan.
pub(crate) struct Fan<'w> {
    pub(crate) world: &'w World,
    pub(crate) id: Uuid,
    pub(crate) token: String,
    /// What the profile says, or will say.
    pub(crate) profile: Value,
}

impl<'w> Fan<'w> {
    pub(super) async fn sign_in(world: &'w World, name: &str) -> Self {
        let issuer = world.identity.base_url();
        let UserId(id) = backend::users::recognise(&world.app, issuer, &subject_of(name))
            .await
            .unwrap();
        let mut profile = world.person();
        profile["email"] = json!(format!("{name}@fans.example"));
        Self {
            world,
            id,
            token: world.identity.token_for(name).unwrap(),
            profile,
        }
    }

    /// Who brings a token from elsewhere; nobody has let them in.
    pub(crate) fn with_token(world: &'w World, name: &str, token: String) -> Self {
        let mut profile = world.person();
        profile["email"] = json!(format!("{name}@fans.example"));
        Self {
            world,
            id: Uuid::nil(),
            token,
            profile,
        }
    }

    /// Lets the fan in for so many seconds, whatever was believed of them before.
    pub(crate) fn admit_for(&self, seconds: i64) {
        self.admit_until(SystemClock.now() + TimeDelta::seconds(seconds));
    }

    /// The same, until an instant of the room's (it counts milliseconds).
    pub(crate) fn admit_until(&self, until: DateTime<Utc>) {
        let until = DateTime::from_timestamp_millis(until.timestamp_millis()).unwrap();
        self.world.room.admit(self.id, until);
    }

    /// The fan's session ends now, and everybody knows.
    pub(crate) async fn session_ends(&self, reason: &'static str) {
        self.world.room.end(self.id, reason);
        self.world
            .app
            .gate
            .forget(self.world.queue_id, UserId(self.id))
            .await;
    }

    /// The fan's session pass.
    pub(crate) fn pass(&self) -> String {
        self.world.room.pass(self.world.queue_id, self.id)
    }

    /// A request of this fan's app.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.world
            .http
            .request(method, format!("{}{path}", self.world.api_url))
            .bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    /// A creating request under a fresh key.
    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.post_as(&fresh_key(), path, body)).await
    }

    /// The same under this key, to be sent.
    pub(crate) fn post_as(&self, key: &str, path: &str, body: &Value) -> RequestBuilder {
        self.request(Method::POST, path)
            .header("Idempotency-Key", key)
            .json(body)
    }

    pub(crate) async fn create_profile(&self) -> Value {
        self.post("/users/me/profile", &self.profile).await.ok()
    }

    /// Where the fan's cart is.
    pub(crate) fn cart_path(&self) -> String {
        format!("/matches/{}/cart", self.world.match_id)
    }

    /// A wish for seats under a fresh key, to be sent.
    pub(crate) fn wish(&self, zone: Uuid, quantity: u32) -> RequestBuilder {
        self.wish_as(&fresh_key(), zone, quantity)
    }

    /// The same under this key.
    pub(crate) fn wish_as(&self, key: &str, zone: Uuid, quantity: u32) -> RequestBuilder {
        self.request(Method::PUT, &self.cart_path())
            .header("Idempotency-Key", key)
            .json(&json!({"zone_id": zone, "quantity": quantity}))
    }

    pub(crate) async fn hold(&self, zone: Uuid, quantity: u32) -> Answer {
        answer(self.wish(zone, quantity)).await
    }

    pub(crate) async fn release(&self) -> Answer {
        answer(self.request(Method::DELETE, &self.cart_path())).await
    }

    /// Checks the cart out for these holders.
    pub(crate) async fn check_out(&self, cart: &Value, holders: &[Value]) -> Answer {
        let path = format!("/matches/{}/checkout", self.world.match_id);
        let body = json!({"cart_version": cart["version"], "holders": holders});
        self.post(&path, &body).await
    }

    /// Holds seats of zone A and checks them out with fresh companions.
    pub(crate) async fn order(&self, quantity: u32) -> Value {
        let cart = self.hold(self.world.zones[0], quantity).await.ok();
        let companions: Vec<Value> = (1..quantity).map(|_| self.world.person()).collect();
        self.check_out(&cart, &companions).await.ok()
    }

    pub(crate) async fn start_payment(&self, order: &Value) -> Answer {
        let path = format!("/orders/{}/payment", order["order_id"].as_str().unwrap());
        self.post(&path, &json!({})).await
    }

    pub(crate) async fn refund(&self, order: &Value) -> Answer {
        let order = order["order_id"].as_str().unwrap();
        self.post(&format!("/orders/{order}/refund"), &Value::Null).await
    }

    pub(crate) async fn cancel(&self, order: &Value) -> Answer {
        let path = format!("/orders/{}/cancellation", order["order_id"].as_str().unwrap());
        self.post(&path, &json!({})).await
    }

    /// Confirms the intent at Stripe, as the app does.
    pub(crate) async fn pay(&self, payment: &Value, card: &str) -> Answer {
        let intent = payment["payment_intent_id"].as_str().unwrap();
        let url = format!(
            "{}/v1/payment_intents/{intent}/confirm",
            self.world.stripe.base_url()
        );
        let secret = payment["client_secret"].as_str().unwrap();
        let form = [("client_secret", secret), ("payment_method", card)];
        answer(self.world.http.post(url).form(&form)).await
    }

    /// Shows the bank a second factor, or fails to.
    pub(crate) async fn authenticate(&self, payment: &Value, outcome: &str) -> Answer {
        let intent = payment["payment_intent_id"].as_str().unwrap();
        let url = format!(
            "{}/stand-in/payment_intents/{intent}/authentication",
            self.world.stripe.base_url()
        );
        let secret = payment["client_secret"].as_str().unwrap();
        let form = [("client_secret", secret), ("outcome", outcome)];
        answer(self.world.http.post(url).form(&form)).await
    }

    /// Orders, starts the payment and pays.
    pub(crate) async fn order_and_pay(&self, quantity: u32) -> (Value, Value) {
        let order = self.order(quantity).await;
        let payment = self.start_payment(&order).await.ok();
        self.pay(&payment, "pm_card_visa").await.ok();
        (order, payment)
    }

    /// The order as it stands.
    pub(crate) async fn read_order(&self, order: &Value) -> Value {
        self.get(&format!("/orders/{}", order["order_id"].as_str().unwrap()))
            .await
            .ok()
    }

    /// Polls, as the app does, until the order is in `state`.
    pub(crate) async fn sees(&self, order: &Value, state: &str) {
        eventually(&format!("the order is {state}"), || async {
            self.read_order(order).await["state"] == state
        })
        .await;
    }

    /// All my tickets.
    pub(crate) async fn tickets(&self) -> Vec<Value> {
        let page = self.get("/tickets").await.ok();
        page["items"].as_array().unwrap().clone()
    }
}
