//! A JSON object as it is written: members in their order, and those that come twice.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::{Map, Value};

/// The members of an object in the order in which they stand.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Members(Vec<(String, Value)>);

impl Members {
    /// The members of an object, or nothing if the JSON is something else.
    pub(super) fn parse(json: &[u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        let found = self.iter().filter(|(other, _)| *other == name);
        found.last().map(|(_, value)| value)
    }

    /// The names that stand there more than once, each of them once.
    pub(super) fn repeated(&self) -> Vec<&str> {
        let mut repeated = Vec::new();
        for (at, (name, _)) in self.iter().enumerate() {
            let is_second = self.iter().take(at).any(|(other, _)| other == name);
            if is_second && !repeated.contains(&name) {
                repeated.push(name);
            }
        }
        repeated
    }

    /// The object; of members that come twice the last one counts.
    pub(super) fn object(&self) -> Map<String, Value> {
        self.0.iter().cloned().collect()
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InOrder)
    }
}

struct InOrder;

impl<'de> Visitor<'de> for InOrder {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn order_and_repetition_are_kept() {
        let members = Members::parse(br#"{"b":1,"a":2,"b":3,"b":4}"#).unwrap();
        let names: Vec<_> = members.iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["b", "a", "b", "b"]);
        assert_eq!(members.repeated(), ["b"]);
        assert_eq!(members.get("b"), Some(&json!(4)));
        assert_eq!(Value::Object(members.object()), json!({"a": 2, "b": 4}));
        for other in ["[]", "1", "{", "{} {}", ""] {
            assert_eq!(Members::parse(other.as_bytes()), None, "{other}");
        }
    }
}
