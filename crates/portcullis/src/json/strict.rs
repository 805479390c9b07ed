//! JSON objects whose member names are unique at every level.
//!
//! Nothing is built: the input is walked once, and names are compared as they
//! read after unescaping (`"al\u0067"` is `"alg"`; RFC 7515 section 4,
//! RFC 7519 section 4, RFC 8259 section 4).

use std::{borrow::Cow, cell::Cell, collections::HashSet, fmt, ops::Deref};

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

/// What is wrong with a JSON text.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum StrictJsonError {
    /// Not exactly one JSON object in UTF-8.
    Syntax,
    /// A name occurs twice within one object.
    Duplicate,
}

/// Checks that `json` is exactly one JSON object in UTF-8 and that no object
/// within has a member name twice.
pub(crate) fn check_unique(json: &[u8]) -> Result<(), StrictJsonError> {
    let duplicate = Cell::new(false);
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    deserializer
        .deserialize_map(UniqueVisitor(&duplicate))
        .and_then(|()| deserializer.end())
        .map_err(|_| reason(&duplicate))
}

/// As [`check_unique`], for a value of any type within a JSON text.
pub(crate) fn check_unique_value(json: &RawValue) -> Result<(), StrictJsonError> {
    let duplicate = Cell::new(false);
    UniqueSeed(&duplicate)
        .deserialize(json)
        .map_err(|_| reason(&duplicate))
}

fn reason(duplicate: &Cell<bool>) -> StrictJsonError {
    if duplicate.get() {
        StrictJsonError::Duplicate
    } else {
        StrictJsonError::Syntax
    }
}

/// Any JSON value, read and dropped, with unique names: what `IgnoredAny` is
/// where duplicates must be refused. The cell tells afterwards whether a
/// duplicate was the reason of an error.
#[derive(Copy, Clone, Debug)]
pub(crate) struct UniqueSeed<'f>(pub(crate) &'f Cell<bool>);

impl<'de> DeserializeSeed<'de> for UniqueSeed<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(UniqueVisitor(self.0))
    }
}

struct UniqueVisitor<'f>(&'f Cell<bool>);

impl<'de> Visitor<'de> for UniqueVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value with unique member names")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element_seed(UniqueSeed(self.0))?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut names = UniqueNames::new(self.0);
        while names.next(&mut map)?.is_some() {
            map.next_value_seed(UniqueSeed(self.0))?;
        }
        Ok(())
    }
}

/// The names of one object so far.
///
/// A visitor asks [`next`](Self::next) for each name, and a duplicate becomes
/// an error. A handful of plain names costs no allocation.
pub(crate) struct UniqueNames<'de, 'f> {
    duplicate: &'f Cell<bool>,
    near: [&'de str; NEAR],
    count: usize,
    far: HashSet<Cow<'de, str>>,
}

/// How many names are compared one by one before a hash set takes over.
const NEAR: usize = 16;

impl<'de, 'f> UniqueNames<'de, 'f> {
    /// No names yet; a duplicate sets the cell.
    pub(crate) fn new(duplicate: &'f Cell<bool>) -> Self {
        Self {
            duplicate,
            near: [""; NEAR],
            count: 0,
            far: HashSet::new(),
        }
    }

    /// The next name of the object.
    pub(crate) fn next<A: MapAccess<'de>>(
        &mut self,
        map: &mut A,
    ) -> Result<Option<Name<'de>>, A::Error> {
        let Some(name) = map.next_key::<Name<'de>>()? else {
            return Ok(None);
        };
        self.admit(&name)?;
        Ok(Some(name))
    }

    /// Notes a name that was read elsewhere.
    pub(crate) fn admit<E: serde::de::Error>(&mut self, name: &Name<'de>) -> Result<(), E> {
        if !self.insert(name) {
            self.duplicate.set(true);
            return Err(E::custom("a member name occurs twice"));
        }
        Ok(())
    }

    fn insert(&mut self, name: &Name<'de>) -> bool {
        let near = self.near.get(..self.count).unwrap_or_default();
        if near.contains(&&**name) || (!self.far.is_empty() && self.far.contains(&**name)) {
            return false;
        }
        match (&name.0, self.near.get_mut(self.count)) {
            (Cow::Borrowed(text), Some(slot)) => {
                *slot = text;
                self.count += 1;
            }
            _ => {
                self.far.insert(name.0.clone());
            }
        }
        true
    }
}

/// A string as it reads after unescaping, borrowed where nothing was escaped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Name<'de>(pub(crate) Cow<'de, str>);

impl Deref for Name<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(NameVisitor).map(Name)
    }
}

struct NameVisitor;

impl<'de> Visitor<'de> for NameVisitor {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
        Ok(Cow::Owned(text))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn objects_with_unique_names_pass() {
        for json in [
            "{}",
            " {\"a\":1,\"b\":[{\"a\":1},{\"a\":2}],\"c\":{\"a\":{\"a\":null}}}\n",
            r#"{"a":-1,"b":1.5e3,"c":"\u00e9","d":true,"e":18446744073709551615}"#,
        ] {
            assert_eq!(check_unique(json.as_bytes()), Ok(()), "{json}");
        }
    }

    #[test]
    fn duplicates_are_found_after_unescaping_and_at_every_level() {
        for json in [
            r#"{"a":1,"a":1}"#,
            r#"{"alg":1,"al\u0067":2}"#,
            r#"{"al\u0067":1,"alg":2}"#,
            r#"{"al\u0067":1,"\u0061lg":2}"#,
            r#"{"x":[0,{"y":{"a":1,"b":2,"a":3}}]}"#,
            r#"{"":1,"":2}"#,
        ] {
            assert_eq!(
                check_unique(json.as_bytes()),
                Err(StrictJsonError::Duplicate),
                "{json}"
            );
        }
    }

    #[test]
    fn duplicates_are_found_among_many() {
        let many: Vec<_> = (0..5000).map(|i| format!("\"n{i}\":{i}")).collect();
        let unique = format!("{{{}}}", many.join(","));
        assert_eq!(check_unique(unique.as_bytes()), Ok(()));
        for repeated in ["n3", "n4000"] {
            let json = format!("{{{},\"{repeated}\":0}}", many.join(","));
            assert_eq!(
                check_unique(json.as_bytes()),
                Err(StrictJsonError::Duplicate)
            );
        }
    }

    #[test]
    fn anything_but_one_object_is_refused() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(500), "]".repeat(500));
        for json in [
            &b""[..],
            b"[]",
            b"null",
            b"1",
            b"\"{}\"",
            b"{}x",
            b"{}{}",
            b"{\"a\":1,}",
            b"{'a':1}",
            b"{\"a\":NaN}",
            b"{\"a\":1e400}",
            b"{\"a\":\"\xff\"}",
            b"{\"\xff\":1}",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":\"\n\"}",
            b"\xef\xbb\xbf{}",
            b"\xff\xfe{\0}\0",
            deep.as_bytes(),
        ] {
            assert_eq!(check_unique(json), Err(StrictJsonError::Syntax), "{json:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            let _ = check_unique(&bytes);
        }

        #[test]
        fn agrees_with_a_plain_parser(names in proptest::collection::vec("[a-c]{0,2}", 0..24)) {
            let members: Vec<_> = names.iter().map(|n| format!("\"{n}\":0")).collect();
            let distinct: HashSet<_> = names.iter().collect();
            let result = check_unique(format!("{{{}}}", members.join(",")).as_bytes());
            prop_assert_eq!(result.is_ok(), distinct.len() == names.len());
        }
    }
}
