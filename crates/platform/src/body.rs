//! JSON bodies: objects where objects are meant, and nothing that merely resembles one.

use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, web};
use serde::de::value::{MapDeserializer, SeqDeserializer};
use serde::de::{DeserializeOwned, Deserializer, Error as _, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::{Error, Value};

use crate::misfits;
use crate::problems::{INVALID_REQUEST, Problem};

/// The body of a request that reads as `T`, in which every struct is a JSON object.
///
/// `web::Json` also takes an array for a struct, by position: `["Ana", "HR"]` would be a profile, and a change of the
/// order of our fields would silently change its meaning. What a body may be at most is the limit of `web::Json`
/// ([`crate::problems::configure_extractors`]), and what does not fit is answered `invalid-request`.
#[derive(Debug)]
pub struct Body<T>(T);

impl<T> Body<T> {
    /// The body itself.
    pub fn into_inner(self) -> T {
        self.0
    }
}

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
            let body = misfits::read(Strict(json.await?.into_inner()));
            Ok(Self(body.map_err(|misfit| {
                Problem::new(INVALID_REQUEST).detail(misfit.to_string())
            })?))
        })
    }
}

/// A JSON value that is no struct unless it is an object, however deep inside.
struct Strict(Value);

impl<'de> Deserializer<'de> for Strict {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(items) => {
                let mut items = SeqDeserializer::new(items.into_iter().map(Strict));
                let read = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(read)
            }
            Value::Object(members) => {
                let members = members.into_iter().map(|(name, value)| (name, Strict(value)));
                let mut members = MapDeserializer::new(members);
                let read = visitor.visit_map(&mut members)?;
                members.end()?;
                Ok(read)
            }
            // Postgres keeps no such text, and nobody means it.
            Value::String(text) if text.contains('\0') => {
                Err(Error::custom("a text without NUL characters is expected"))
            }
            plain @ (Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_)) => {
                plain.deserialize_any(visitor)
            }
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self.0 {
            Value::Array(_) => Err(Error::invalid_type(Unexpected::Seq, &"a JSON object")),
            other => Self(other).deserialize_any(visitor),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self.0 {
            Value::Null => visitor.visit_none(),
            some => visitor.visit_some(Self(some)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.0.deserialize_enum(name, variants, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map identifier ignored_any
    }
}

impl<'de> IntoDeserializer<'de, Error> for Strict {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Order {
        reference: u8,
        note: Option<String>,
        #[serde(default)]
        holders: Vec<Holder>,
        kind: Option<Kind>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Holder {
        name: String,
        born: Option<chrono::NaiveDate>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    enum Kind {
        Child,
    }

    fn read(body: Value) -> Result<Order, String> {
        misfits::read(Strict(body)).map_err(|misfit| misfit.to_string())
    }

    #[test]
    fn an_object_is_read_with_all_that_is_in_it() {
        let ana = json!({ "name": "Ana", "born": "1990-01-31" });
        let body = json!({ "reference": 7, "note": "aisle", "holders": [ana], "kind": "Child" });
        let order = read(body).unwrap();
        assert_eq!((order.reference, order.note.as_deref()), (7, Some("aisle")));
        assert_eq!((order.holders.len(), order.kind), (1, Some(Kind::Child)));
        let bare = read(json!({ "reference": 7, "note": null })).unwrap();
        assert_eq!((bare.note, bare.holders.len(), bare.kind), (None, 0, None));
    }

    #[test]
    fn a_text_with_a_nul_character_is_refused_wherever_it_stands() {
        let refusal = "a text without NUL characters is expected";
        let plain = read(json!({ "reference": 7, "note": "aisle\0" }));
        assert_eq!(plain.unwrap_err(), format!("`note`: {refusal}"));
        let inside = read(json!({ "reference": 7, "holders": [{ "name": "\0" }] }));
        assert_eq!(inside.unwrap_err(), format!("`holders[0].name`: {refusal}"));
    }

    #[test]
    fn an_array_is_no_object_neither_outside_nor_inside() {
        let refusal = "invalid type: sequence, expected a JSON object";
        for body in [json!([]), json!([7, null, [], null])] {
            assert_eq!(read(body.clone()).unwrap_err(), refusal, "{body}");
        }
        let inside = read(json!({ "reference": 7, "holders": [["Ana", "1990-01-31"]] }));
        assert_eq!(inside.unwrap_err(), format!("`holders[0]`: {refusal}"));
    }

    #[test]
    fn what_is_of_another_kind_or_unknown_is_refused() {
        for body in [
            json!(null),
            json!("{}"),
            json!({ "reference": 256 }),
            json!({ "reference": [7] }),
            json!({ "reference": 7, "colour": "blue" }),
            json!({ "reference": 7, "kind": "Adult" }),
            json!({ "reference": 7, "holders": [{ "born": "1990-01-31" }] }),
        ] {
            read(body.clone()).expect_err(&body.to_string());
        }
    }
}
