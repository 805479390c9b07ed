//! The protected header of a token (RFC 7515 section 4).

use std::borrow::Cow;

use serde::de::MapAccess;
use serde_json::Deserializer;

use super::{JwsError, JwsErrorKind};
use crate::json::{Member, Members, Name, ObjectError, read_object};

/// The longest `kid`, in bytes after unescaping.
pub const MAX_KEY_ID: usize = 256;

/// The parameters of a header that mean something here.
///
/// `jku`, `jwk`, `x5u` and `x5c` are never followed: a token does not bring its
/// own key (RFC 8725 section 3.10).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header<'a> {
    /// The algorithm the token claims to be signed with; a key decides whether
    /// it is the right one.
    pub alg: Cow<'a, str>,
    /// Which key signed, at most [`MAX_KEY_ID`] bytes.
    pub kid: Option<Cow<'a, str>>,
    /// The type of the token.
    pub typ: Option<Cow<'a, str>>,
    /// The type of the payload.
    pub cty: Option<Cow<'a, str>>,
}

impl<'a> Header<'a> {
    /// Reads a header from its JSON.
    ///
    /// # Errors
    ///
    /// Anything but one JSON object in UTF-8 with unique member names at every
    /// level; `alg` missing; a known parameter that is not a string; `crit`,
    /// `b64`, `zip` or `enc` present, whatever their value.
    pub fn parse(json: &'a [u8]) -> Result<Self, JwsError> {
        let mut parameters = Parameters::default();
        read_object(Deserializer::from_slice(json), &mut parameters).map_err(
            |error| match error {
                ObjectError::Syntax => JwsErrorKind::HeaderJson,
                ObjectError::Duplicate => JwsErrorKind::DuplicateMember,
                ObjectError::Member(kind) => kind,
            },
        )?;
        let Parameters { alg, kid, typ, cty } = parameters;
        if kid.as_ref().is_some_and(|kid| kid.len() > MAX_KEY_ID) {
            return Err(JwsErrorKind::TooLarge.into());
        }
        let text = |name: Name<'a>| name.0;
        Ok(Self {
            alg: alg.map(text).ok_or(JwsErrorKind::HeaderMember)?,
            kid: kid.map(text),
            typ: typ.map(text),
            cty: cty.map(text),
        })
    }

    /// Whether `typ` is this media type: case does not matter, and the prefix
    /// `application/` may be left out (RFC 7515 section 4.1.9).
    ///
    /// ```
    /// use portcullis::jose::Header;
    ///
    /// let header = Header::parse(br#"{"alg":"ES256","typ":"Application/AT+JWT"}"#)?;
    /// assert!(header.typ_is("at+jwt"));
    /// # Ok::<(), portcullis::jose::JwsError>(())
    /// ```
    pub fn typ_is(&self, expected: &str) -> bool {
        self.typ.as_deref().is_some_and(|typ| {
            short_media_type(typ).eq_ignore_ascii_case(short_media_type(expected))
        })
    }
}

/// The media type without `application/`, if what remains has no other slash.
fn short_media_type(media_type: &str) -> &str {
    const PREFIX: &str = "application/";
    match media_type.split_at_checked(PREFIX.len()) {
        Some((prefix, rest)) if prefix.eq_ignore_ascii_case(PREFIX) && !rest.contains('/') => rest,
        _ => media_type,
    }
}

/// The header while it is read.
#[derive(Default)]
struct Parameters<'a> {
    alg: Option<Name<'a>>,
    kid: Option<Name<'a>>,
    typ: Option<Name<'a>>,
    cty: Option<Name<'a>>,
}

impl<'de> Members<'de> for Parameters<'de> {
    type Fault = JwsErrorKind;

    fn read<'m, A: MapAccess<'de>>(
        &mut self,
        name: &str,
        member: Member<'m, A, JwsErrorKind>,
    ) -> Result<Option<Member<'m, A, JwsErrorKind>>, A::Error> {
        let place = match name {
            "alg" => &mut self.alg,
            "kid" => &mut self.kid,
            "typ" => &mut self.typ,
            "cty" => &mut self.cty,
            "crit" => return member.refuse(JwsErrorKind::CriticalHeader),
            "b64" => return member.refuse(JwsErrorKind::UnencodedPayload),
            "zip" => return member.refuse(JwsErrorKind::Compressed),
            "enc" => return member.refuse(JwsErrorKind::Encrypted),
            _ => return Ok(Some(member)),
        };
        member.into(place, JwsErrorKind::HeaderMember)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn refused(json: &str) -> JwsErrorKind {
        Header::parse(json.as_bytes()).unwrap_err().kind()
    }

    #[test]
    fn a_header_is_read_without_copying() {
        let header = Header::parse(
            br#"{"typ":"at+jwt","alg":"RS256","kid":"k1","jku":"https://evil.example","x5c":["a"]}"#,
        )
        .unwrap();
        assert!(matches!(header.alg, Cow::Borrowed("RS256")));
        assert!(matches!(header.kid, Some(Cow::Borrowed("k1"))));
        assert_eq!(header.typ.as_deref(), Some("at+jwt"));
        assert_eq!(header.cty, None);
    }

    /// RFC 7515 section 4: names are unique, and compared after unescaping.
    #[test]
    fn duplicate_names_are_refused() {
        use JwsErrorKind::DuplicateMember;
        assert_eq!(refused(r#"{"alg":"HS256","alg":"HS256"}"#), DuplicateMember);
        assert_eq!(
            refused(r#"{"alg":"none","al\u0067":"HS256"}"#),
            DuplicateMember
        );
        assert_eq!(
            refused(r#"{"alg":"HS256","jwk":{"kty":"oct","kty":"RSA"}}"#),
            DuplicateMember
        );
        assert_eq!(refused(r#"{"x":1,"x":2,"alg":"HS256"}"#), DuplicateMember);
    }

    /// RFC 7515 section 4.1.11, RFC 7797 section 7, RFC 7516 section 4.1.
    #[test]
    fn what_would_change_the_meaning_is_refused_whatever_its_value() {
        for value in ["null", "[]", "[\"exp\"]", "false", "\"\"", "0", "{}"] {
            for (name, kind) in [
                ("crit", JwsErrorKind::CriticalHeader),
                ("b64", JwsErrorKind::UnencodedPayload),
                ("zip", JwsErrorKind::Compressed),
                ("enc", JwsErrorKind::Encrypted),
            ] {
                assert_eq!(
                    refused(&format!(r#"{{"alg":"HS256","{name}":{value}}}"#)),
                    kind
                );
                assert_eq!(
                    refused(&format!(
                        r#"{{"\u00{:02x}{}":{value}}}"#,
                        name.as_bytes()[0],
                        &name[1..]
                    )),
                    kind
                );
            }
        }
    }

    #[test]
    fn known_parameters_are_strings() {
        for json in [
            "{}",
            r#"{"kid":"a"}"#,
            r#"{"alg":null}"#,
            r#"{"alg":["HS256"]}"#,
            r#"{"alg":1}"#,
            r#"{"alg":"HS256","typ":null}"#,
            r#"{"alg":"HS256","kid":7}"#,
            r#"{"alg":"HS256","cty":{}}"#,
        ] {
            assert_eq!(refused(json), JwsErrorKind::HeaderMember, "{json}");
        }
    }

    #[test]
    fn exactly_one_object_in_utf8() {
        for json in [
            &b""[..],
            b"[]",
            b"null",
            b"\"alg\"",
            b"{\"alg\":\"HS256\"}x",
            b"{\"alg\":\"HS256\"}{}",
            b"{\"alg\":\"HS256\",\"a\":\"\xff\"}",
            b"{\"alg\":\"HS256\",}",
            b"\xef\xbb\xbf{\"alg\":\"HS256\"}",
        ] {
            let kind = Header::parse(json).unwrap_err().kind();
            assert_eq!(kind, JwsErrorKind::HeaderJson, "{json:?}");
        }
        assert!(Header::parse(b" { \"alg\" : \"HS256\" } ").is_ok());
    }

    #[test]
    fn the_key_id_is_bounded() {
        let json = |length| format!(r#"{{"alg":"HS256","kid":"{}"}}"#, "k".repeat(length));
        assert!(Header::parse(json(MAX_KEY_ID).as_bytes()).is_ok());
        assert_eq!(refused(&json(MAX_KEY_ID + 1)), JwsErrorKind::TooLarge);
    }

    #[test]
    fn media_types_compare_without_case_and_prefix() {
        let typ = |typ: &str| Header {
            alg: "HS256".into(),
            kid: None,
            typ: Some(Cow::Owned(typ.to_owned())),
            cty: None,
        };
        assert!(typ("AT+JWT").typ_is("at+jwt"));
        assert!(typ("at+jwt").typ_is("application/at+jwt"));
        assert!(!typ("application/x/at+jwt").typ_is("x/at+jwt"));
        assert!(!typ("JWT").typ_is("at+jwt"));
        assert!(!typ("at+jwt ").typ_is("at+jwt"));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            let _ = Header::parse(&bytes);
        }
    }
}
