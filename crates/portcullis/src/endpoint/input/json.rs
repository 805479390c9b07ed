//! `application/json`: one object with members that are strings.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::fields::Fields;
use crate::endpoint::{
    name::Name,
    refusal::{FieldProblem, Refusal},
};

/// Reads the `wanted` members of the one object that `body` must be.
pub(super) fn read(body: &[u8], wanted: &[Name]) -> Result<Fields, Refusal> {
    let mut object = Object {
        wanted,
        fields: Fields::default(),
        refused: None,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let result = (&mut deserializer)
        .deserialize_map(&mut object)
        .and_then(|()| deserializer.end());
    if result.is_err() {
        return Err(Refusal::Body("the body is not one JSON object"));
    }
    match object.refused {
        Some(refusal) => Err(refusal),
        None => Ok(object.fields),
    }
}

struct Object<'a> {
    wanted: &'a [Name],
    fields: Fields,
    /// The first field that was wrong; the rest is read all the same, because
    /// what is no JSON at all is to be called so.
    refused: Option<Refusal>,
}

impl Object<'_> {
    fn add(&mut self, name: &Name, value: Option<String>) -> Result<(), Refusal> {
        let value = value.ok_or_else(|| Refusal::Field(name.clone(), FieldProblem::NotText))?;
        self.fields.insert(name, value.into())
    }
}

impl<'de> Visitor<'de> for &mut Object<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(name) = map.next_key::<String>()? {
            let wanted = self.wanted;
            let Some(name) = wanted.iter().find(|own| **own == name) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            let value = map.next_value_seed(Text)?;
            if let Err(refusal) = self.add(name, value) {
                self.refused.get_or_insert(refusal);
            }
        }
        Ok(())
    }
}

/// A string, or `None` for any other value.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const WANTED: [Name; 2] = [Name::Borrowed("username"), Name::Borrowed("password")];

    #[test]
    fn strings_are_read_and_the_rest_ignored() {
        let body = r#" {"user\u006eame":"\u00e9","x":[{"password":1}],"x":2,"password":"p"} "#;
        let mut fields = read(body.as_bytes(), &WANTED).unwrap();
        assert_eq!(fields.take("username").unwrap().expose(), "é");
        assert_eq!(fields.take("password").unwrap().expose(), "p");
        assert!(fields.take("x").is_none());
    }

    #[test]
    fn a_wrong_field_is_named() {
        let cases = [
            (r#"{"password":"a","password":"a"}"#, FieldProblem::Repeated),
            (
                r#"{"password":"a","p\u0061ssword":"b"}"#,
                FieldProblem::Repeated,
            ),
            (r#"{"password":1}"#, FieldProblem::NotText),
            (r#"{"password":-1}"#, FieldProblem::NotText),
            (r#"{"password":1.5}"#, FieldProblem::NotText),
            (r#"{"password":null}"#, FieldProblem::NotText),
            (r#"{"password":true}"#, FieldProblem::NotText),
            (r#"{"password":["a"]}"#, FieldProblem::NotText),
            (r#"{"password":{"a":[]}}"#, FieldProblem::NotText),
        ];
        for (body, problem) in cases {
            match read(body.as_bytes(), &WANTED) {
                Err(Refusal::Field(name, found)) => {
                    assert_eq!((name.as_ref(), found), ("password", problem), "{body}");
                }
                other => panic!("{body}: {other:?}"),
            }
        }
    }

    #[test]
    fn anything_but_one_object_is_refused() {
        let deep = format!("{{\"password\":{}", "[".repeat(5000));
        for body in [
            &b""[..],
            b"{",
            b"[]",
            b"null",
            b"\"username\"",
            b"{}{}",
            b"{}x",
            b"{\"username\":\"a\",}",
            b"{\"username\":\"\xff\"}",
            b"{\"username\":\"\\ud800\"}",
            b"\xef\xbb\xbf{}",
            b"{\"password\":1,\"password\":",
            deep.as_bytes(),
        ] {
            assert!(
                matches!(read(body, &WANTED), Err(Refusal::Body(_))),
                "{body:?}"
            );
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(body: Vec<u8>) {
            let _ = read(&body, &WANTED);
        }

        #[test]
        fn what_a_client_writes_comes_out(username in "[^\0]*", password in "[^\0]*") {
            let body = serde_json::json!({"username": username, "password": password});
            let mut fields = read(body.to_string().as_bytes(), &WANTED).unwrap();
            for (name, value) in [("username", username), ("password", password)] {
                let read = fields.take(name).map(|value| value.expose().to_owned());
                prop_assert_eq!(read, Some(value).filter(|value| !value.is_empty()));
            }
        }
    }
}
