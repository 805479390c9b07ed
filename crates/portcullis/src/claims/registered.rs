//! The registered claims (RFC 7519 section 4.1), read once from borrowed
//! bytes.

use std::{cell::Cell, fmt};

use serde::{
    Deserialize,
    de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor},
};

use super::NumericDate;
use crate::json::{Name, UniqueNames, UniqueSeed};

/// Which claims are read besides the registered ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClaimNames<'n> {
    /// The claim that carries the subject, where it is read.
    pub(crate) subject: Option<&'n str>,
    /// The claim that names the kind of token, if the shape has one.
    pub(crate) kind: Option<&'n str>,
    /// Whether `fresh` means something, and so must be a boolean.
    pub(crate) fresh: bool,
    /// Claims that must be there; at most [`MAX_REQUIRED`](Self::MAX_REQUIRED).
    pub(crate) required: &'n [Box<str>],
}

impl ClaimNames<'_> {
    /// How many claims can be required: one bit each.
    pub(crate) const MAX_REQUIRED: usize = 64;
}

/// What the claims say, where it matters to verification.
#[derive(Debug, Default)]
pub(crate) struct RegisteredClaims<'a> {
    pub(crate) issuer: Option<Name<'a>>,
    pub(crate) subject: Option<Name<'a>>,
    pub(crate) audience: Option<Texts<'a>>,
    pub(crate) kind: Option<Name<'a>>,
    pub(crate) token_id: Option<Name<'a>>,
    pub(crate) session_id: Option<Name<'a>>,
    pub(crate) client_id: Option<Name<'a>>,
    pub(crate) expires_at: Option<NumericDate>,
    pub(crate) not_before: Option<NumericDate>,
    pub(crate) issued_at: Option<NumericDate>,
    pub(crate) auth_time: Option<NumericDate>,
    /// `scope` (RFC 8693 section 4.2) and `scp`, as they stand.
    pub(crate) scopes: [Option<Texts<'a>>; 2],
    pub(crate) fresh: Option<bool>,
    /// Whether a claim is there that only other kinds of tokens have.
    pub(crate) is_other_kind: bool,
    present: u64,
}

/// A text or an array of texts, as `aud` is (RFC 7519 section 4.1.3).
#[derive(Debug)]
pub(crate) enum Texts<'a> {
    One(Name<'a>),
    Many(Vec<Name<'a>>),
}

impl<'a> Texts<'a> {
    pub(crate) fn as_slice(&self) -> &[Name<'a>] {
        match self {
            Self::One(text) => std::slice::from_ref(text),
            Self::Many(texts) => texts,
        }
    }

    pub(crate) fn contains(&self, wanted: &str) -> bool {
        self.as_slice().iter().any(|text| **text == *wanted)
    }
}

impl<'a> RegisteredClaims<'a> {
    /// Reads `json`, which must be one object with unique names.
    ///
    /// # Errors
    ///
    /// The claim that does not have the type it must have, or what else is
    /// wrong.
    pub(crate) fn parse(json: &'a str, names: ClaimNames<'_>) -> Result<Self, &'static str> {
        let at = Cell::new("the claims are not a JSON object");
        let mut claims = Self::default();
        let mut deserializer = serde_json::Deserializer::from_str(json);
        let into = &mut claims;
        deserializer
            .deserialize_map(ClaimsVisitor {
                into,
                names,
                at: &at,
            })
            .and_then(|()| deserializer.end())
            .map_err(|_| at.get())?;
        Ok(claims)
    }

    /// The first required claim that is missing.
    pub(crate) fn missing<'n>(&self, names: ClaimNames<'n>) -> Option<&'n str> {
        let missing = names
            .required
            .iter()
            .enumerate()
            .find(|(bit, _)| self.present & (1 << bit) == 0)?;
        Some(missing.1)
    }
}

/// Fills the claims in where they are: handed on by value, they would be copied
/// at every step.
struct ClaimsVisitor<'v, 'n, 'de> {
    into: &'v mut RegisteredClaims<'de>,
    names: ClaimNames<'n>,
    at: &'v Cell<&'static str>,
}

impl<'de> Visitor<'de> for ClaimsVisitor<'_, '_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self {
            into: claims,
            names,
            at,
        } = self;
        let duplicate = Cell::new(false);
        let mut others = UniqueNames::new(&duplicate);
        at.set(TWICE);
        while let Some(name) = map.next_key::<Name<'de>>()? {
            for (bit, required) in names.required.iter().enumerate() {
                claims.present |= u64::from(**required == *name) << bit;
            }
            claims.is_other_kind |= OTHER_KINDS.contains(&&*name);
            if !claims.read(&name, names, &mut map, at)? {
                others.admit(&name)?;
                map.next_value_seed(UniqueSeed(&duplicate))?;
            }
            at.set(TWICE);
        }
        Ok(())
    }
}

/// Claims of ID tokens (OpenID Connect Core section 3.3.2.11) and of logout and
/// security event tokens (RFC 8417 section 2.2).
const OTHER_KINDS: [&str; 4] = ["at_hash", "c_hash", "s_hash", "events"];

const TWICE: &str = "a claim occurs twice, or is no JSON";

impl<'de> RegisteredClaims<'de> {
    /// Reads the value of a claim that matters, and says whether this is one.
    fn read<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        names: ClaimNames<'_>,
        map: &mut A,
        at: &Cell<&'static str>,
    ) -> Result<bool, A::Error> {
        let mut slots = Slots { map, at };
        match name {
            // A shape may give a claim of ours another name, so these go first.
            _ if names.subject == Some(name) => {
                slots.fill(&mut self.subject, "the subject claim is not a text")
            }
            _ if names.kind == Some(name) => slots.fill(
                &mut self.kind,
                "the claim that names the kind of token is not a text",
            ),
            "iss" => slots.fill(&mut self.issuer, "`iss` is not a text"),
            "aud" => slots.fill(
                &mut self.audience,
                "`aud` is neither a text nor an array of texts",
            ),
            "exp" => slots.fill(&mut self.expires_at, "`exp` is not a date"),
            "nbf" => slots.fill(&mut self.not_before, "`nbf` is not a date"),
            "iat" => slots.fill(&mut self.issued_at, "`iat` is not a date"),
            "auth_time" => slots.fill(&mut self.auth_time, "`auth_time` is not a date"),
            "jti" => slots.fill(&mut self.token_id, "`jti` is not a text"),
            "sid" => slots.fill(&mut self.session_id, "`sid` is not a text"),
            "client_id" => slots.fill(&mut self.client_id, "`client_id` is not a text"),
            "scope" => slots.fill(
                &mut self.scopes[0],
                "`scope` is neither a text nor an array of texts",
            ),
            "scp" => slots.fill(
                &mut self.scopes[1],
                "`scp` is neither a text nor an array of texts",
            ),
            "fresh" if names.fresh => slots.fill(&mut self.fresh, "`fresh` is not true or false"),
            // `sub` where another claim carries the subject is like any other.
            _ => return Ok(false),
        }?;
        Ok(true)
    }
}

struct Slots<'m, A> {
    map: &'m mut A,
    at: &'m Cell<&'static str>,
}

impl<'de, A: MapAccess<'de>> Slots<'_, A> {
    /// Reads a value into its place, which must be empty: no claim occurs
    /// twice.
    fn fill<T: Deserialize<'de>>(
        &mut self,
        slot: &mut Option<T>,
        wrong: &'static str,
    ) -> Result<(), A::Error> {
        if slot.is_some() {
            return Err(A::Error::custom(TWICE));
        }
        self.at.set(wrong);
        *slot = Some(self.map.next_value()?);
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Texts<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextsVisitor)
    }
}

struct TextsVisitor;

impl<'de> Visitor<'de> for TextsVisitor {
    type Value = Texts<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or an array of texts")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Texts::One(Name(text.into())))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Texts::One(Name(text.to_owned().into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = seq.next_element()? {
            if names.len() == MAX_TEXTS {
                return Err(A::Error::custom("too many texts"));
            }
            names.push(name);
        }
        Ok(Texts::Many(names))
    }
}

/// More than any token has; its size bounds them too.
const MAX_TEXTS: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: ClaimNames<'static> = ClaimNames {
        subject: Some("sub"),
        kind: Some("type"),
        fresh: true,
        required: &[],
    };

    #[test]
    fn claims_of_the_right_types_are_read() {
        let json = r#"{"iss":"i","sub":"s\u0062","aud":["a","b"],"exp":1.5,"jti":"j","sid":"d",
            "type":"access","fresh":true,"scope":"read write","scp":["write","list é"],"x":{"y":[1]}}"#;
        let claims = RegisteredClaims::parse(json, NAMES).unwrap();
        assert_eq!(&**claims.issuer.as_ref().unwrap(), "i");
        assert_eq!(&**claims.subject.as_ref().unwrap(), "sb");
        assert!(claims.audience.as_ref().unwrap().contains("b"));
        assert_eq!(claims.expires_at.unwrap().0.as_millis(), 1500);
        let [scope, scp] = claims.scopes.map(|texts| texts.unwrap());
        assert_eq!(&*scope.as_slice()[0], "read write");
        assert_eq!(&*scp.as_slice()[1], "list é");
        assert_eq!(claims.fresh, Some(true));
    }

    #[test]
    fn claims_of_the_wrong_type_are_refused() {
        for json in [
            r#"{"iss":1}"#,
            r#"{"iss":null}"#,
            r#"{"iss":["i"]}"#,
            r#"{"sub":1}"#,
            r#"{"aud":1}"#,
            r#"{"aud":{}}"#,
            r#"{"aud":[1]}"#,
            r#"{"aud":["a",null]}"#,
            r#"{"aud":null}"#,
            r#"{"exp":"1"}"#,
            r#"{"exp":null}"#,
            r#"{"exp":-1}"#,
            r#"{"exp":1e400}"#,
            r#"{"nbf":true}"#,
            r#"{"iat":[]}"#,
            r#"{"jti":1}"#,
            r#"{"sid":{}}"#,
            r#"{"client_id":1}"#,
            r#"{"scope":1}"#,
            r#"{"scp":[[]]}"#,
            r#"{"fresh":"true"}"#,
            r#"{"type":1}"#,
            r#"{"auth_time":"x"}"#,
            "[]",
            "null",
            "\"x\"",
            "",
            "{",
            "{} {}",
            r#"{"sub":"a","sub":"b"}"#,
            r#"{"sub":"a","su\u0062":"b"}"#,
            r#"{"exp":1,"exp":1}"#,
            r#"{"scope":"a","scope":"a"}"#,
            r#"{"fresh":true,"fresh":true}"#,
            r#"{"x":1,"x":1}"#,
            r#"{"x":{"y":1,"y":2}}"#,
        ] {
            assert!(RegisteredClaims::parse(json, NAMES).is_err(), "{json}");
        }
    }

    #[test]
    fn missing_claims_are_named() {
        let required: Vec<Box<str>> = vec!["iss".into(), "x".into()];
        let names = ClaimNames {
            required: &required,
            ..NAMES
        };
        let claims = RegisteredClaims::parse(r#"{"iss":"i"}"#, names).unwrap();
        assert_eq!(claims.missing(names), Some("x"));
        let claims = RegisteredClaims::parse(r#"{"iss":"i","x":null}"#, names).unwrap();
        assert_eq!(claims.missing(names), None);
    }
}
