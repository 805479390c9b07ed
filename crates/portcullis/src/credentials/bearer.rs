//! `Authorization: Bearer …` (RFC 6750 section 2.1, RFC 9110 section 11.6.2).

use super::{CredentialsError, after_scheme, only_one};
use crate::head::is_b64token;

/// The name of the header that carries an access token, in lower case.
pub const AUTHORIZATION: &str = "authorization";

const SCHEME: &[u8] = b"bearer";

/// Cuts the Bearer token out of the raw values of all `Authorization` fields
/// of a request.
///
/// `Ok(None)`: there are no credentials for this scheme; no field, an empty
/// one, or one of another scheme.
///
/// # Errors
///
/// [`CredentialsError::Repeated`] if there are several fields,
/// [`CredentialsError::Malformed`] if the scheme is Bearer and what follows is
/// not `1*SP b64token`.
///
/// ```
/// use portcullis::credentials::{CredentialsError, bearer_token};
///
/// assert_eq!(bearer_token([&b"bearer abc.def"[..]]), Ok(Some(&b"abc.def"[..])));
/// assert_eq!(bearer_token([&b"Basic YTpi"[..]]), Ok(None));
/// assert_eq!(bearer_token([&b"Bearer a b"[..]]), Err(CredentialsError::Malformed));
/// ```
pub fn bearer_token<'a>(
    values: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<&'a [u8]>, CredentialsError> {
    let token = unread_token(values)?;
    match token {
        Some(token) => is_b64token(token)
            .then_some(Some(token))
            .ok_or(CredentialsError::Malformed),
        None => Ok(None),
    }
}

/// As [`bearer_token`], but for the characters of the token: for whoever reads
/// them all anyway.
pub(crate) fn unread_token<'a>(
    values: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<&'a [u8]>, CredentialsError> {
    match only_one(values)? {
        Some(value) => after_scheme(value, SCHEME),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(value: &[u8]) -> Result<Option<&[u8]>, CredentialsError> {
        bearer_token([value])
    }

    #[test]
    fn the_scheme_is_found_in_any_case_after_any_number_of_spaces() {
        for value in [
            "Bearer t",
            "bearer t",
            "BEARER t",
            "bEaReR   t",
            "Bearer t ",
        ] {
            assert_eq!(one(value.as_bytes()), Ok(Some(&b"t"[..])), "{value}");
        }
    }

    #[test]
    fn the_grammar_of_the_token_is_kept() {
        for good in ["a.b.c", "-._~+/", "a==", "A="] {
            let value = format!("Bearer {good}");
            assert_eq!(one(value.as_bytes()), Ok(Some(good.as_bytes())), "{good}");
        }
        for bad in [
            "Bearer",
            "Bearer ",
            "Bearer\tt",
            "Bearer \tt",
            "Bearer a b",
            "Bearer a,b",
            "Bearer \"t\"",
            "Bearer =",
            "Bearer a=b",
            "Bearer t\u{e9}",
            "Bearer {\"a\":1}",
            "Bearer,t",
            "Bearer=t",
            "Bearer t, Basic x",
        ] {
            assert_eq!(
                one(bad.as_bytes()),
                Err(CredentialsError::Malformed),
                "{bad}"
            );
        }
        assert_eq!(one(b"Bearer \xff\xfe"), Err(CredentialsError::Malformed));
    }

    #[test]
    fn another_scheme_is_no_credentials() {
        for other in [
            "",
            " ",
            "Basic YTpi",
            "BearerX t",
            "Bearer2 t",
            "Bear t",
            "DPoP t",
            "t",
        ] {
            assert_eq!(one(other.as_bytes()), Ok(None), "{other}");
        }
    }

    #[test]
    fn two_fields_are_never_chosen_from() {
        assert_eq!(
            bearer_token([&b"Bearer a"[..], b"Bearer a"]),
            Err(CredentialsError::Repeated)
        );
        assert_eq!(
            bearer_token([&b"Basic a"[..], b"Bearer a"]),
            Err(CredentialsError::Repeated)
        );
        assert_eq!(bearer_token([]), Ok(None));
    }
}
