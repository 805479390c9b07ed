//! What a sender-constrained token is bound to (RFC 7800).

use std::{borrow::Cow, fmt};

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::{
    Verified,
    shown::{Shown, list},
};
use crate::json::Name;

/// A token that is bound to a key or a certificate, and its `cnf` claim, which
/// says to which (RFC 7800 section 3.1): what is to be confirmed before
/// whoever sent the token is believed to be the one who got it.
///
/// The methods are those of the [registry]: `jkt` (DPoP, RFC 9449 section 6.1),
/// `x5t#S256` (mutual TLS, RFC 8705 section 3.1), `jwk`, `kid`, and others.
///
/// [registry]: https://www.iana.org/assignments/jwt/jwt.xhtml#confirmation-methods
pub struct Confirmation<'t> {
    token: &'t Verified,
    members: Members<'t>,
}

impl<'t> Confirmation<'t> {
    pub(super) fn of(token: &'t Verified) -> Option<Self> {
        let json = token.confirmation_json()?;
        Some(Self {
            token,
            members: Members::read(json)?,
        })
    }

    /// The token, all of whose other claims are good.
    pub fn token(&self) -> &'t Verified {
        self.token
    }

    /// The methods that it names, at least one.
    pub fn methods(&self) -> impl Iterator<Item = &str> {
        self.members.0.iter().map(|(name, _)| &**name)
    }

    /// What a method says, if that is a text, as it is for `jkt`, `x5t#S256`
    /// and `kid`.
    pub fn text(&self, method: &str) -> Option<Cow<'t, str>> {
        let text = serde_json::from_str::<Name<'t>>(self.json(method)?);
        text.ok().map(|text| text.0)
    }

    /// What a method says, in JSON, as it stands in the token.
    pub fn json(&self, method: &str) -> Option<&'t str> {
        let mut members = self.members.0.iter();
        let (_, value) = members.find(|(name, _)| **name == *method)?;
        Some(value.get())
    }
}

impl fmt::Debug for Confirmation<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Confirmation")
            .field("methods", &self.methods().collect::<Vec<_>>())
            .finish_non_exhaustive()
    }
}

/// The methods that a `cnf` claim names, for a log.
pub(super) fn shown_methods(json: &str) -> String {
    let members = Members::read(json).unwrap_or_default();
    list(&members.0, |(name, _)| Shown(name))
}

/// The members of an object whose names are unique.
#[derive(Default)]
struct Members<'t>(Vec<(Name<'t>, &'t RawValue)>);

impl<'t> Members<'t> {
    fn read(json: &'t str) -> Option<Self> {
        let mut deserializer = serde_json::Deserializer::from_str(json);
        deserializer.deserialize_map(MembersVisitor).ok()
    }
}

struct MembersVisitor;

impl<'de> Visitor<'de> for MembersVisitor {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_method_can_be_asked_for() {
        let token =
            Verified::for_test(r#"{"cnf":{"x5t#S256":"bw\u0063","jwk":{"kty":"OKP"},"jkt":7}}"#);
        let confirmation = Confirmation::of(&token).unwrap();
        let methods: Vec<_> = confirmation.methods().collect();
        assert_eq!(methods, ["x5t#S256", "jwk", "jkt"]);
        assert_eq!(confirmation.text("x5t#S256").as_deref(), Some("bwc"));
        assert_eq!(confirmation.text("jwk"), None);
        assert_eq!(confirmation.json("jwk"), Some(r#"{"kty":"OKP"}"#));
        assert_eq!(confirmation.text("jkt"), None);
        assert_eq!(confirmation.json("kid"), None);
        assert!(!format!("{confirmation:?}").contains("bwc"));
        for unbound in ["{}", r#"{"cnf":null}"#] {
            assert!(Confirmation::of(&Verified::for_test(unbound)).is_none());
        }
    }

    #[test]
    fn a_log_shows_the_methods_and_nothing_else() {
        assert_eq!(shown_methods(r#"{"jkt":"x","a\nb":1}"#), r#""jkt", "a\nb""#);
    }
}
