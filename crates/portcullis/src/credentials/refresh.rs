//! A header whose whole value is a token, such as `refresh-token`.

use super::{CredentialsError, only_one};
use crate::head::is_b64token;

/// The name of the header that carries a refresh token unless another is
/// configured, in lower case.
pub const REFRESH_TOKEN: &str = "refresh-token";

/// Cuts the token out of the raw values of all fields of one name, where the
/// whole value is the token.
///
/// `Ok(None)`: there is no such field, or it is empty.
///
/// # Errors
///
/// [`CredentialsError::Repeated`] if there are several fields,
/// [`CredentialsError::Malformed`] if the value is not a `b64token` (RFC 6750
/// section 2.1).
///
/// ```
/// use portcullis::credentials::header_token;
///
/// assert_eq!(header_token([&b"abc.def"[..]]), Ok(Some(&b"abc.def"[..])));
/// ```
pub fn header_token<'a>(
    values: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<&'a [u8]>, CredentialsError> {
    match only_one(values)?.map(<[u8]>::trim_ascii) {
        None | Some(b"") => Ok(None),
        Some(token) if is_b64token(token) => Ok(Some(token)),
        Some(_) => Err(CredentialsError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_malformed_and_repeated_are_three_things() {
        assert_eq!(header_token([]), Ok(None));
        assert_eq!(header_token([&b""[..]]), Ok(None));
        assert_eq!(
            header_token([&b"a b"[..]]),
            Err(CredentialsError::Malformed)
        );
        assert_eq!(
            header_token([&b"Bearer a"[..]]),
            Err(CredentialsError::Malformed)
        );
        assert_eq!(
            header_token([&b"a"[..], b"a"]),
            Err(CredentialsError::Repeated)
        );
        assert_eq!(header_token([&b" a "[..]]), Ok(Some(&b"a"[..])));
    }
}
