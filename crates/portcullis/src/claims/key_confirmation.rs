//! The key that a token is bound to, as whoever issues the token says it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The key or certificate that a token is bound to, which its `cnf` claim names
/// (RFC 7800 section 3.1): whoever presents the token has to prove that it is theirs.
///
/// It names them by a text, as `jkt` (DPoP, RFC 9449 section 6.1) and `x5t#S256`
/// (mutual TLS, RFC 8705 section 3.1) do. What a token that was verified is bound to
/// is its [`Confirmation`](crate::verify::Confirmation).
///
/// ```
/// use portcullis::claims::KeyConfirmation;
///
/// let asked = KeyConfirmation::jkt("0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I");
/// // The client has shown a certificate, too.
/// let proven = asked.clone().and("x5t#S256", "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2");
/// assert!(asked.is_proven_by(&proven));
/// assert!(!proven.is_proven_by(&asked));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct KeyConfirmation(BTreeMap<String, String>);

impl KeyConfirmation {
    /// Of the key with this SHA-256 thumbprint in base64url (RFC 7638).
    pub fn jkt(thumbprint: impl Into<String>) -> Self {
        Self::new("jkt", thumbprint)
    }

    /// Of the certificate whose DER has this SHA-256 in base64url.
    pub fn x5t_s256(thumbprint: impl Into<String>) -> Self {
        Self::new("x5t#S256", thumbprint)
    }

    /// By another method of the [registry] that has a text.
    ///
    /// [registry]: https://www.iana.org/assignments/jwt/jwt.xhtml#confirmation-methods
    pub fn new(method: impl Into<String>, text: impl Into<String>) -> Self {
        Self(BTreeMap::from([(method.into(), text.into())]))
    }

    /// By this method, too; in the place of what it said before.
    #[must_use = "returns the changed confirmation"]
    pub fn and(mut self, method: impl Into<String>, text: impl Into<String>) -> Self {
        self.0.insert(method.into(), text.into());
        self
    }

    /// Whether all that it names is in `proven`, word for word.
    pub fn is_proven_by(&self, proven: &Self) -> bool {
        let mut named = self.0.iter();
        named.all(|(method, text)| proven.0.get(method) == Some(text))
    }
}

impl TryFrom<BTreeMap<String, String>> for KeyConfirmation {
    type Error = &'static str;

    fn try_from(methods: BTreeMap<String, String>) -> Result<Self, Self::Error> {
        match methods.is_empty() {
            true => Err("a confirmation names at least one method"),
            false => Ok(Self(methods)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_an_object_that_is_not_empty() {
        let both = KeyConfirmation::x5t_s256("b").and("jkt", "a");
        let json = serde_json::to_string(&both).unwrap();
        assert_eq!(json, r#"{"jkt":"a","x5t#S256":"b"}"#);
        assert_eq!(
            serde_json::from_str::<KeyConfirmation>(&json).unwrap(),
            both
        );
        for json in ["{}", "null", r#"{"jwk":{}}"#, r#"["jkt"]"#] {
            assert!(serde_json::from_str::<KeyConfirmation>(json).is_err());
        }
    }

    #[test]
    fn all_of_it_has_to_be_proven() {
        let key = KeyConfirmation::jkt("a");
        assert!(key.is_proven_by(&KeyConfirmation::jkt("a")));
        for other in [
            KeyConfirmation::jkt("A"),
            KeyConfirmation::jkt(""),
            KeyConfirmation::new("kid", "a"),
        ] {
            assert!(!key.is_proven_by(&other));
        }
        let both = key.clone().and("x5t#S256", "b");
        assert!(!both.is_proven_by(&key));
        assert!(key.is_proven_by(&both) && both.is_proven_by(&both));
    }
}
