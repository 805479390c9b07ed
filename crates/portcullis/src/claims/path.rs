//! A text looked for at a path inside a token's claims.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// Whether the claims, at the members named by `path`, hold `wanted`: the
/// text itself or an array that contains it. Nothing is built on the way.
pub(crate) fn text_at<N: AsRef<str>>(claims: &str, path: &[N], wanted: &str) -> bool {
    let mut json = serde_json::Deserializer::from_str(claims);
    Walk {
        path,
        wanted,
        arrays: true,
    }
    .deserialize(&mut json)
    .unwrap_or(false)
}

struct Walk<'a, N> {
    path: &'a [N],
    wanted: &'a str,
    /// Whether an array counts for its elements; not within another array.
    arrays: bool,
}

impl<'de, N: AsRef<str>> DeserializeSeed<'de> for Walk<'_, N> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, N: AsRef<str>> Visitor<'de> for Walk<'_, N> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let Some((name, rest)) = self.path.split_first() else {
            while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(false);
        };
        let mut found = false;
        while let Some(is_next) = map.next_key_seed(Named(name.as_ref()))? {
            if is_next {
                found = map.next_value_seed(Walk {
                    path: rest,
                    wanted: self.wanted,
                    arrays: true,
                })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        // An array is looked into only where the path ends.
        let mut found = false;
        if self.path.is_empty() && self.arrays {
            while let Some(is_wanted) = seq.next_element_seed(Named(self.wanted))? {
                found |= is_wanted;
            }
        } else {
            while seq.next_element::<IgnoredAny>()?.is_some() {}
        }
        Ok(found)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<bool, E> {
        Ok(self.path.is_empty() && text == self.wanted)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_i64<E: de::Error>(self, _: i64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_u64<E: de::Error>(self, _: u64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_unit<E: de::Error>(self) -> Result<bool, E> {
        Ok(false)
    }
}

/// Whether a value is this text; every other kind of value is not.
struct Named<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Named<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        Walk::<&str> {
            path: &[],
            wanted: self.0,
            arrays: false,
        }
        .deserialize(deserializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(path: &[&str], wanted: &str) -> bool {
        let claims = r#"{"role":"admin","realm_access":{"roles":["a","b",1,null,["c"]],"n":1},
            "https://x.example/roles":["d"],"a.b":"e"}"#;
        text_at(claims, path, wanted)
    }

    #[test]
    fn texts_and_arrays_of_texts_are_found() {
        assert!(found(&["role"], "admin"));
        assert!(found(&["realm_access", "roles"], "b"));
        assert!(found(&["https://x.example/roles"], "d"));
        assert!(found(&["a.b"], "e"));
    }

    #[test]
    fn nothing_else_is() {
        assert!(!found(&["role"], "adm"));
        assert!(!found(&["realm_access", "roles"], "c"));
        assert!(!found(&["realm_access", "n"], "1"));
        assert!(!found(&["realm_access"], "roles"));
        assert!(!found(&["role", "admin"], "admin"));
        assert!(!found(&["none"], "admin"));
        assert!(!text_at("not json", &[""; 0], "x"));
    }
}
