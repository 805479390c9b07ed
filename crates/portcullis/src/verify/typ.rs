//! What `typ` a token may have (RFC 8725 section 3.11, RFC 9068 section 4).

use crate::{
    claims::{TokenShape, Typ},
    jose::Header,
};

/// The `typ` values that are accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypRule {
    /// An access token by any of its usual names: `at+jwt`, `JWT`, or none.
    AnyAccessToken,
    /// `at+jwt` only (RFC 9068 section 4).
    AtJwt,
    /// `JWT` or none, as our own issuer writes it where `at+jwt` is not used.
    Jwt,
    /// A log-out token: `logout+jwt`, `JWT`, or none.
    Logout,
}

impl TypRule {
    pub(super) fn of_shape(shape: &TokenShape) -> Self {
        match shape.typ {
            Typ::AtJwt => Self::AtJwt,
            Typ::Jwt => Self::Jwt,
        }
    }

    pub(super) fn accepts(self, header: &Header<'_>) -> bool {
        match self {
            Self::AnyAccessToken => {
                header.typ.is_none() || header.typ_is("JWT") || header.typ_is("at+jwt")
            }
            Self::AtJwt => header.typ_is("at+jwt"),
            Self::Jwt => header.typ.is_none() || header.typ_is("JWT"),
            Self::Logout => {
                header.typ.is_none() || header.typ_is("JWT") || header.typ_is("logout+jwt")
            }
        }
    }

    /// What is accepted, for a log.
    pub(super) const fn shown(self) -> &'static str {
        match self {
            Self::AnyAccessToken => "\"at+jwt\", \"JWT\" or none",
            Self::AtJwt => "\"at+jwt\"",
            Self::Jwt => "\"JWT\" or none",
            Self::Logout => "\"logout+jwt\", \"JWT\" or none",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TypRule::*, *};

    fn accepts(rule: TypRule, typ: &str) -> bool {
        let json = format!(r#"{{"alg":"HS256","typ":"{typ}"}}"#);
        rule.accepts(&Header::parse(json.as_bytes()).unwrap())
    }

    #[test]
    fn case_and_the_media_type_prefix_do_not_matter() {
        for typ in [
            "at+jwt",
            "AT+JWT",
            "application/at+jwt",
            "Application/AT+jwt",
        ] {
            assert!(accepts(AtJwt, typ), "{typ}");
            assert!(accepts(AnyAccessToken, typ), "{typ}");
            assert!(!accepts(Jwt, typ), "{typ}");
        }
    }

    #[test]
    fn a_logout_token_may_be_untyped() {
        for typ in ["logout+jwt", "application/logout+jwt", "JWT"] {
            assert!(accepts(Logout, typ), "{typ}");
        }
        for typ in ["at+jwt", "dpop+jwt", "secevent+jwt", ""] {
            assert!(!accepts(Logout, typ), "{typ}");
        }
        assert!(Logout.accepts(&Header::parse(br#"{"alg":"HS256"}"#).unwrap()));
    }

    #[test]
    fn other_kinds_of_tokens_are_not_access_tokens() {
        for typ in [
            "dpop+jwt",
            "rt+jwt",
            "logout+jwt",
            "JWT2",
            "",
            "application/",
        ] {
            assert!(!accepts(AnyAccessToken, typ), "{typ}");
            assert!(!accepts(AtJwt, typ), "{typ}");
            assert!(!accepts(Jwt, typ), "{typ}");
        }
        let none = Header::parse(br#"{"alg":"HS256"}"#).unwrap();
        assert!(!AtJwt.accepts(&none) && AnyAccessToken.accepts(&none) && Jwt.accepts(&none));
    }
}
