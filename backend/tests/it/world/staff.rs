//! A member of staff at their desk.

use backend::audit::Actor;
use backend::staff::actions::{RoleChange, grant};
use chrono::{TimeDelta, Utc};
use domain::ids::UserId;
use domain::staff::Role;
use platform::clock::{Clock, SystemClock};
use platform::ids::Ids;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use testkit::identity::{SignIn, subject_of};
use uuid::Uuid;

use super::{Answer, World, answer, fresh_key};

/// How a sign-in with a second factor is told.
const SECOND_FACTOR: &[&str] = &["pwd", "mfa"];

/// Somebody who signed in for staff.
pub(crate) struct Clerk<'w> {
    pub(crate) world: &'w World,
    pub(crate) id: Uuid,
    name: String,
    token: String,
}

impl World {
    /// Signed in just now with a second factor, with these roles.
    pub(crate) async fn clerk(&self, name: &str, roles: &[Role]) -> Clerk<'_> {
        let mut conn = self.app.db.acquire().await.unwrap();
        let person = (self.identity.base_url(), subject_of(name));
        let user = backend::users::recognise_staff(&mut conn, Ids, (person.0, &person.1))
            .await
            .unwrap();
        drop(conn);
        for role in roles {
            let change = RoleChange {
                user,
                role: *role,
                reason: "a test".to_owned(),
            };
            grant(&self.app.db, Actor::Operator, &change).await.unwrap();
        }
        let UserId(id) = user;
        Clerk {
            world: self,
            id,
            name: name.to_owned(),
            token: self.staff_token(name, (&[], SECOND_FACTOR), TimeDelta::zero()),
        }
    }

    fn staff_token(&self, name: &str, (roles, methods): (&[&str], &[&str]), ago: TimeDelta) -> String {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let sign_in = SignIn {
            roles: owned(roles),
            methods: owned(methods),
            at: SystemClock.now().with_timezone(&Utc) - ago,
        };
        self.identity.staff_token(name, &sign_in).unwrap()
    }
}

impl Clerk<'_> {
    /// The same person, who signed in so long ago.
    pub(crate) fn signed_in(mut self, ago: TimeDelta) -> Self {
        self.token = self.world.staff_token(&self.name, (&[], SECOND_FACTOR), ago);
        self
    }

    /// The same person, who signed in with a password only.
    pub(crate) fn without_second_factor(mut self) -> Self {
        self.token = self
            .world
            .staff_token(&self.name, (&[], &["pwd"]), TimeDelta::zero());
        self
    }

    /// The same person, whose token says that they have these roles.
    pub(crate) fn with_token_roles(mut self, roles: &[&str]) -> Self {
        self.token = self
            .world
            .staff_token(&self.name, (roles, SECOND_FACTOR), TimeDelta::zero());
        self
    }

    /// The same request with their token.
    pub(crate) fn signed(&self, request: RequestBuilder) -> RequestBuilder {
        request.bearer_auth(&self.token)
    }

    /// A request to a path after `/api/v1/admin`.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let url = format!("{}/admin{path}", self.world.api_url);
        let request = self.world.http.request(method, url);
        request
            .header("Idempotency-Key", fresh_key())
            .bearer_auth(&self.token)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        answer(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        answer(self.request(Method::PUT, path).json(body)).await
    }

    pub(crate) async fn delete(&self, path: &str, reason: &str) -> Answer {
        answer(
            self.request(Method::DELETE, path)
                .json(&json!({ "reason": reason })),
        )
        .await
    }
}
