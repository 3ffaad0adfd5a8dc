//! JSON bodies: objects, and nothing that merely resembles one.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use platform::problems::{INVALID_REQUEST, Problem};
use serde::de::DeserializeOwned;
use serde_json::Value;

/// A body that is a JSON object and reads as `T`. (`web::Json` also takes an array for a struct, by position.)
#[derive(Debug)]
pub(crate) struct Body<T>(T);

impl<T> Deref for Body<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Body<T> {
    type Error = actix_web::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self, Self::Error>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let json = web::Json::<Value>::from_request(request, payload);
        Box::pin(async move {
            let Value::Object(members) = json.await?.into_inner() else {
                return Err(Problem::new(INVALID_REQUEST)
                    .detail("the body should be a JSON object")
                    .into());
            };
            let body = serde_json::from_value(Value::Object(members));
            Ok(Self(body.map_err(|error| {
                Problem::new(INVALID_REQUEST).detail(error.to_string())
            })?))
        })
    }
}
