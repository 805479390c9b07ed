//! Claims that only the rules of some issuers ask for.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::texts::{OptionalText, OptionalTexts, Texts};
use crate::json::Name;

/// Some of a token's claims, by name. They are read a second time, so that tokens
/// of other issuers pay nothing for them; the first reading has found that every
/// name is there once.
pub(crate) struct FurtherClaims<'de>(Vec<(Name<'de>, &'de RawValue)>);

impl<'de> FurtherClaims<'de> {
    /// Reads those that are `wanted`, and are not `null`.
    pub(crate) fn read(json: &'de str, wanted: impl Fn(&str) -> bool) -> Self {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let found = deserializer.deserialize_map(FurtherVisitor(wanted));
        Self(found.unwrap_or_default())
    }

    /// Whether there is such a claim.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether it says more than an empty text or list does.
    pub(crate) fn says_something(&self, name: &str) -> bool {
        let json = self.get(name).map(RawValue::get);
        json.is_some_and(|json| {
            let inner = json.get(1..json.len() - 1).unwrap_or("1");
            !(json.starts_with(['"', '[', '{']) && inner.trim_ascii().is_empty())
        })
    }

    /// The text it is.
    pub(crate) fn text(&self, name: &str) -> Option<Name<'de>> {
        self.parse(name, OptionalText)
    }

    /// The text or texts it is.
    pub(crate) fn texts(&self, name: &str) -> Option<Texts<'de>> {
        self.parse(name, OptionalTexts)
    }

    fn get(&self, name: &str) -> Option<&'de RawValue> {
        let mut claims = self.0.iter();
        let (_, value) = claims.find(|(own, _)| **own == *name)?;
        Some(value)
    }

    fn parse<T>(
        &self,
        name: &str,
        seed: impl DeserializeSeed<'de, Value = Option<T>>,
    ) -> Option<T> {
        let mut json = serde_json::Deserializer::from_str(self.get(name)?.get());
        seed.deserialize(&mut json).ok()?
    }
}

struct FurtherVisitor<W>(W);

impl<'de, W: Fn(&str) -> bool> Visitor<'de> for FurtherVisitor<W> {
    type Value = Vec<(Name<'de>, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = Vec::new();
        while let Some(name) = map.next_key::<Name<'de>>()? {
            if (self.0)(&name) {
                let value: Option<&'de RawValue> = map.next_value()?;
                found.extend(value.map(|value| (name, value)));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wanted_claims_are_read_and_others_are_not() {
        let json = r#"{"a":"x","\u0062":["x","y"],"c":null,"d":7,"other":{"a":"z"}}"#;
        let claims = FurtherClaims::read(json, |name| name != "other");
        assert_eq!(claims.text("a").as_deref(), Some("x"));
        assert!(claims.texts("a").unwrap().contains("x"));
        assert!(claims.texts("b").unwrap().contains("y"));
        assert!(claims.text("b").is_none());
        assert!(claims.has("d") && claims.text("d").is_none() && claims.texts("d").is_none());
        for missing in ["c", "other", "e"] {
            assert!(!claims.has(missing), "{missing}");
        }
        for no_object in ["", "[]", "{"] {
            assert!(!FurtherClaims::read(no_object, |_| true).has("a"));
        }
    }

    #[test]
    fn what_is_empty_says_nothing() {
        let json = r#"{"a":"x","b":["x"],"c":7,"d":"","e":[],"f":[ ],"g":null,"h":{},"i":true}"#;
        let claims = FurtherClaims::read(json, |_| true);
        let said = |name: &&str| claims.says_something(name);
        let all = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
        let saying: Vec<_> = all.into_iter().filter(said).collect();
        assert_eq!(saying, ["a", "b", "c", "i"]);
    }
}
