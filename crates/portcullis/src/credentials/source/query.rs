//! A parameter of the query (RFC 6750 section 2.3).

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::credentials::CredentialsError;

/// The decoded value of the parameter `name`; an empty one is none.
///
/// A plus sign is one (RFC 3986): in a token there are no spaces that it could stand
/// for.
pub(super) fn find<'a>(
    query: Option<&'a str>,
    name: &str,
) -> Result<Option<Cow<'a, [u8]>>, CredentialsError> {
    let mut found = None;
    for pair in query.unwrap_or_default().split('&') {
        let (own, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !is(own, name) {
            continue;
        }
        if found.is_some() {
            return Err(CredentialsError::Repeated);
        }
        found = Some(Cow::from(percent_decode(value.as_bytes())));
    }
    Ok(found.filter(|value| !value.is_empty()))
}

/// The query without the parameters of these names: what may be shown, or go
/// somewhere else.
pub(crate) fn without<'a>(query: &str, names: impl Iterator<Item = &'a str> + Clone) -> String {
    let pairs = query.split('&').filter(|pair| {
        let own = pair.split('=').next().unwrap_or_default();
        !names.clone().any(|name| is(own, name))
    });
    pairs.collect::<Vec<_>>().join("&")
}

/// Whether this is how `name` is written in a query; it may be encoded, too.
fn is(own: &str, name: &str) -> bool {
    percent_decode(own.as_bytes()).eq(name.bytes())
}
