//! Whose token it is, and whom it is for.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::texts::{OptionalText, OptionalTexts, Texts};
use crate::json::Name;

/// Whom a token names as its issuer and whom as its audience, to find out by
/// whose rules it is to be read. Nothing else is looked at, not even whether a
/// name occurs twice: that is refused once the rules are known.
#[derive(Debug, Default)]
pub(crate) struct Addressee<'a> {
    pub(crate) issuer: Option<Name<'a>>,
    pub(crate) audience: Option<Texts<'a>>,
}

impl<'a> Addressee<'a> {
    /// Reads them.
    ///
    /// # Errors
    ///
    /// If `json` is not a JSON object, or one of the two is not what it must be.
    pub(crate) fn parse(json: &'a str) -> Result<Self, &'static str> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        deserializer
            .deserialize_map(AddresseeVisitor)
            .and_then(|addressee| deserializer.end().map(|()| addressee))
            .map_err(|_| "not a JSON object whose `iss` and `aud` are texts")
    }
}

struct AddresseeVisitor;

impl<'de> Visitor<'de> for AddresseeVisitor {
    type Value = Addressee<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut addressee = Addressee::default();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            match &*name {
                "iss" => addressee.issuer = map.next_value_seed(OptionalText)?,
                "aud" => addressee.audience = map.next_value_seed(OptionalTexts)?,
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(addressee)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_addressee_is_read_without_the_rest() {
        let json = r#"{"iss":"i","scope":{"read":true},"aud":["a","b"],"exp":"never"}"#;
        let addressee = Addressee::parse(json).unwrap();
        assert_eq!(addressee.issuer.as_deref(), Some("i"));
        assert!(addressee.audience.unwrap().contains("b"));
        let nobody = Addressee::parse(r#"{"iss":null,"aud":null}"#).unwrap();
        assert!(nobody.issuer.is_none() && nobody.audience.is_none());
        for json in ["", "null", "1", r#"{"iss":1}"#, r#"{"aud":{}}"#, "{} {}"] {
            assert!(Addressee::parse(json).is_err(), "{json}");
        }
    }
}
