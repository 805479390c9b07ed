//! A token among the subprotocols of a WebSocket handshake (RFC 6455 section 4.1).

use crate::credentials::CredentialsError;

/// What stands behind `prefix` in the one subprotocol that begins so. There must
/// be another subprotocol, which can be selected.
pub(super) fn find<'a>(
    fields: impl Iterator<Item = &'a [u8]>,
    prefix: &str,
) -> Result<Option<&'a [u8]>, CredentialsError> {
    let mut found = None;
    let mut others = 0_usize;
    for name in fields.flat_map(names) {
        match name.strip_prefix(prefix.as_bytes()) {
            None => others += 1,
            Some(_) if found.is_some() => return Err(CredentialsError::Repeated),
            Some(token) => found = Some(token),
        }
    }
    match found {
        Some(_) if others == 0 => Err(CredentialsError::LoneSubprotocol),
        found => Ok(found),
    }
}

/// The subprotocols of a field but for those that begin with one of `prefixes`.
pub(crate) fn without_token<'a>(
    field: &[u8],
    prefixes: impl Iterator<Item = &'a str> + Clone,
) -> Vec<u8> {
    let others = names(field).filter(|name| {
        let mut prefixes = prefixes.clone();
        !prefixes.any(|prefix| name.starts_with(prefix.as_bytes()))
    });
    others.collect::<Vec<_>>().join(&b", "[..])
}

fn names(field: &[u8]) -> impl Iterator<Item = &[u8]> {
    let names = field.split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    names.filter(|name| !name.is_empty())
}
