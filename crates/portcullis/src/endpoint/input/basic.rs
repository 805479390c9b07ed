//! Client authentication by HTTP Basic (RFC 6749 section 2.3.1, RFC 7617).

use base64_simd::STANDARD;
use zeroize::Zeroizing;

use super::form::decode;
use crate::{
    credentials::{CredentialsError, after_scheme, only_one},
    secret::SecretString,
};

/// A client's name and secret.
#[derive(Debug)]
pub(in crate::endpoint) struct BasicCredentials {
    pub(in crate::endpoint) name: String,
    /// `None` where it is empty: a client may leave out the empty string.
    pub(in crate::endpoint) secret: Option<SecretString>,
}

/// Cuts Basic credentials out of the raw values of all `Authorization` fields.
///
/// Another scheme is no client authentication: programs that add their access
/// token to every request do so here, too.
pub(in crate::endpoint) fn basic_credentials<'a>(
    values: impl IntoIterator<Item = &'a [u8]>,
) -> Result<Option<BasicCredentials>, CredentialsError> {
    let Some(value) = only_one(values)? else {
        return Ok(None);
    };
    let Some(encoded) = after_scheme(value, b"basic")? else {
        return Ok(None);
    };
    let pair = Zeroizing::new(
        STANDARD
            .decode_to_vec(encoded)
            .map_err(|_| CredentialsError::Malformed)?,
    );
    // What programs send that have no client: nothing was filled in.
    if *pair == b":" {
        return Ok(None);
    }
    parse(&pair).map(Some).ok_or(CredentialsError::Malformed)
}

fn parse(pair: &[u8]) -> Option<BasicCredentials> {
    let colon = pair.iter().position(|byte| *byte == b':')?;
    let (name, secret) = pair.split_at(colon);
    let secret = decode(secret.get(1..)?)?;
    let name = decode(name)?.expose().to_owned();
    if name.is_empty() || name.contains('\0') || secret.expose().contains('\0') {
        return None;
    }
    Some(BasicCredentials {
        name,
        secret: Some(secret).filter(|secret| !secret.expose().is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(value: &str) -> Result<Option<(String, Option<String>)>, CredentialsError> {
        let credentials = basic_credentials([value.as_bytes()])?;
        Ok(credentials.map(|own| (own.name, own.secret.map(|text| text.expose().to_owned()))))
    }

    fn basic(pair: &str) -> String {
        format!("Basic {}", STANDARD.encode_to_string(pair))
    }

    #[test]
    fn both_parts_are_form_encoded() {
        let value = basic("my%3Aapp:p%25+%C3%A9:x");
        let expected = ("my:app".to_owned(), Some("p% é:x".to_owned()));
        assert_eq!(read(&value), Ok(Some(expected.clone())));
        assert_eq!(
            read(&value.replace("Basic ", "bAsIc   ")),
            Ok(Some(expected))
        );
        assert_eq!(read(&basic("app:")), Ok(Some(("app".to_owned(), None))));
    }

    #[test]
    fn broken_grammar_is_malformed() {
        for bad in [
            "Basic".to_owned(),
            "Basic ".to_owned(),
            "Basic\tYTpi".to_owned(),
            "Basic \tYTpi".to_owned(),
            "Basic,YTpi".to_owned(),
            "Basic YTpi=".to_owned(),
            "Basic YTpi YTpi".to_owned(),
            "Basic a:b".to_owned(),
            basic("nocolon"),
            basic(":secret"),
            basic("%ff:secret"),
            basic("a%00:secret"),
        ] {
            assert_eq!(read(&bad), Err(CredentialsError::Malformed), "{bad}");
        }
        let one = basic("a:b");
        assert!(matches!(
            basic_credentials([one.as_bytes(), one.as_bytes()]),
            Err(CredentialsError::Repeated)
        ));
    }

    #[test]
    fn another_scheme_is_no_client_authentication() {
        for other in ["", "Bearer abc", "BasicX YTpi", "Digest x", &basic(":")] {
            assert_eq!(read(other), Ok(None), "{other}");
        }
        assert!(matches!(basic_credentials([]), Ok(None)));
    }

    proptest! {
        #[test]
        fn nothing_panics(value: Vec<u8>) {
            let _ = basic_credentials([&value[..]]);
            let _ = parse(&value);
        }

        #[test]
        fn what_a_client_sends_comes_out(name in "[^\0]+", secret in "[^\0]*") {
            let form = |text: &str| -> String {
                form_urlencoded::byte_serialize(text.as_bytes()).collect()
            };
            let value = basic(&format!("{}:{}", form(&name), form(&secret)));
            let expected = Some(secret).filter(|text| !text.is_empty());
            prop_assert_eq!(read(&value), Ok(Some((name, expected))));
        }
    }
}
