//! The registered claims (RFC 7519 section 4.1), read once from borrowed
//! bytes.

use std::{cell::Cell, fmt};

use serde::{
    Deserialize,
    de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor},
};

use super::{NumericDate, ScopeSet, is_scope_token};
use crate::jose::strict_json::{Name, UniqueNames, UniqueSeed};

/// Which claims are read besides the registered ones.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClaimNames<'n> {
    /// The claim that carries the subject.
    pub(crate) subject: &'n str,
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
    pub(crate) audience: Option<Audience<'a>>,
    pub(crate) kind: Option<Name<'a>>,
    pub(crate) token_id: Option<Name<'a>>,
    pub(crate) session_id: Option<Name<'a>>,
    pub(crate) client_id: Option<Name<'a>>,
    pub(crate) expires_at: Option<NumericDate>,
    pub(crate) not_before: Option<NumericDate>,
    pub(crate) issued_at: Option<NumericDate>,
    pub(crate) auth_time: Option<NumericDate>,
    pub(crate) scope: ScopeSet,
    pub(crate) fresh: bool,
    present: u64,
}

/// The `aud` claim: a text or an array of texts (RFC 7519 section 4.1.3).
#[derive(Debug)]
pub(crate) enum Audience<'a> {
    One(Name<'a>),
    Many(Vec<Name<'a>>),
}

impl Audience<'_> {
    pub(crate) fn contains(&self, wanted: &str) -> bool {
        match self {
            Self::One(name) => **name == *wanted,
            Self::Many(names) => names.iter().any(|name| **name == *wanted),
        }
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
        let mut deserializer = serde_json::Deserializer::from_str(json);
        ClaimsSeed { names, at: &at }
            .deserialize(&mut deserializer)
            .and_then(|claims| deserializer.end().map(|()| claims))
            .map_err(|_| at.get())
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

struct ClaimsSeed<'n, 'c> {
    names: ClaimNames<'n>,
    at: &'c Cell<&'static str>,
}

impl<'de> DeserializeSeed<'de> for ClaimsSeed<'_, '_> {
    type Value = RegisteredClaims<'de>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ClaimsSeed<'_, '_> {
    type Value = RegisteredClaims<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of claims")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let Self { names, at } = self;
        let duplicate = Cell::new(false);
        let mut seen = UniqueNames::new(&duplicate);
        let mut claims = RegisteredClaims::default();
        at.set("a claim occurs twice, or is no JSON");
        while let Some(name) = seen.next(&mut map)? {
            for (bit, required) in names.required.iter().enumerate() {
                claims.present |= u64::from(**required == *name) << bit;
            }
            let name: &str = &name;
            // A shape may give a claim of ours another name, so these go first.
            if name == names.subject {
                at.set("the subject claim is not a text");
                claims.subject = Some(map.next_value()?);
            } else if names.kind == Some(name) {
                at.set("the claim that names the kind of token is not a text");
                claims.kind = Some(map.next_value()?);
            } else {
                claims.read(name, names, &mut map, at, &duplicate)?;
            }
            at.set("a claim occurs twice, or is no JSON");
        }
        Ok(claims)
    }
}

impl<'de> RegisteredClaims<'de> {
    fn read<A: MapAccess<'de>>(
        &mut self,
        name: &str,
        names: ClaimNames<'_>,
        map: &mut A,
        at: &Cell<&'static str>,
        duplicate: &Cell<bool>,
    ) -> Result<(), A::Error> {
        match name {
            "iss" => {
                at.set("`iss` is not a text");
                self.issuer = Some(map.next_value()?);
            }
            "aud" => {
                at.set("`aud` is neither a text nor an array of texts");
                self.audience = Some(map.next_value()?);
            }
            "exp" => {
                at.set("`exp` is not a date");
                self.expires_at = Some(map.next_value()?);
            }
            "nbf" => {
                at.set("`nbf` is not a date");
                self.not_before = Some(map.next_value()?);
            }
            "iat" => {
                at.set("`iat` is not a date");
                self.issued_at = Some(map.next_value()?);
            }
            "auth_time" => {
                at.set("`auth_time` is not a date");
                self.auth_time = Some(map.next_value()?);
            }
            "jti" => {
                at.set("`jti` is not a text");
                self.token_id = Some(map.next_value()?);
            }
            "sid" => {
                at.set("`sid` is not a text");
                self.session_id = Some(map.next_value()?);
            }
            "client_id" => {
                at.set("`client_id` is not a text");
                self.client_id = Some(map.next_value()?);
            }
            "scope" | "scp" => {
                at.set("`scope` or `scp` is neither a text nor an array of texts");
                self.add_scope(&map.next_value()?);
            }
            "fresh" if names.fresh => {
                at.set("`fresh` is not true or false");
                self.fresh = map.next_value()?;
            }
            // `sub` where another claim carries the subject is like any other.
            _ => map.next_value_seed(UniqueSeed(duplicate))?,
        }
        Ok(())
    }

    /// Adds the scope tokens of a `scope` or `scp` claim; whatever is not a
    /// scope token grants nothing.
    fn add_scope(&mut self, claim: &Audience<'_>) {
        let texts = match claim {
            Audience::One(text) => std::slice::from_ref(text),
            Audience::Many(texts) => texts,
        };
        let tokens = texts
            .iter()
            .flat_map(|text| text.split(' '))
            .filter(|token| is_scope_token(token));
        let all = ScopeSet::from_tokens(self.scope.iter().chain(tokens));
        self.scope = all.unwrap_or_default();
    }
}

impl<'de> Deserialize<'de> for Audience<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AudienceVisitor)
    }
}

struct AudienceVisitor;

impl<'de> Visitor<'de> for AudienceVisitor {
    type Value = Audience<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text or an array of texts")
    }

    fn visit_borrowed_str<E: serde::de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Audience::One(Name(text.into())))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Audience::One(Name(text.to_owned().into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut names = Vec::new();
        while let Some(name) = seq.next_element()? {
            if names.len() == MAX_AUDIENCES {
                return Err(A::Error::custom("too many audiences"));
            }
            names.push(name);
        }
        Ok(Audience::Many(names))
    }
}

/// More than any service has; the size of a token bounds it too.
const MAX_AUDIENCES: usize = 1000;

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: ClaimNames<'static> = ClaimNames {
        subject: "sub",
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
        assert_eq!(claims.scope.as_str(), "read write list");
        assert!(claims.fresh);
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
