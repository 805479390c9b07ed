//! One cookie among those that a browser sends (RFC 6265 section 5.4).

use crate::credentials::CredentialsError;

/// The value of the cookie of this name, in all `Cookie` fields: HTTP/2 may split
/// them up (RFC 9113 section 8.2.3). An empty one is none.
///
/// Fails if there are two, of which a sibling host may have written one.
pub(crate) fn cookie_value<'a>(
    fields: impl IntoIterator<Item = &'a [u8]>,
    name: &str,
) -> Result<Option<&'a [u8]>, CredentialsError> {
    let mut found = None;
    for field in fields {
        for pair in field.split(|byte| *byte == b';') {
            let Some(value) = value_of(pair.trim_ascii_start(), name) else {
                continue;
            };
            if found.is_some() {
                return Err(CredentialsError::Repeated);
            }
            found = Some(value);
        }
    }
    Ok(found.filter(|value| !value.is_empty()))
}

/// What stands behind `name=`, without the quotes that it may have (RFC 6265
/// section 4.1.1).
fn value_of<'a>(pair: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let value = pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
    let value = value.trim_ascii();
    let inner = value.strip_prefix(b"\"");
    Some(
        inner
            .and_then(|inner| inner.strip_suffix(b"\""))
            .unwrap_or(value),
    )
}
