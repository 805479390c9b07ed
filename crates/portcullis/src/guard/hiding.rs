//! Keeping credentials out of what is printed.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL},
};

use crate::credentials::TokenSources;

/// Marks the one field as sensitive that holds a token nearly everywhere.
#[inline]
pub(super) fn hide_authorization(headers: &mut HeaderMap) {
    // Not by `entry`, which makes room for one more field first.
    if headers.get_all(AUTHORIZATION).iter().nth(1).is_none() {
        if let Some(value) = headers.get_mut(AUTHORIZATION) {
            value.set_sensitive(true);
        }
        return;
    }
    hide_named(headers, &AUTHORIZATION);
}

/// Marks all other fields that may hold a token as sensitive.
pub(super) fn hide_others(headers: &mut HeaderMap, sources: &TokenSources) {
    take_out_protocols(headers, sources);
    for name in sources.header_names() {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            hide_named(headers, &name);
        }
    }
}

fn hide_named(headers: &mut HeaderMap, hidden: &HeaderName) {
    for (name, value) in headers {
        if name == hidden {
            value.set_sensitive(true);
        }
    }
}

/// A subprotocol that is a token shall not be there to be selected.
fn take_out_protocols(headers: &mut HeaderMap, sources: &TokenSources) {
    for (name, value) in headers {
        if name == SEC_WEBSOCKET_PROTOCOL
            && let Some(rest) = sources.protocols_without_token(value.as_bytes())
            && let Ok(rest) = HeaderValue::from_bytes(&rest)
        {
            *value = rest;
        }
    }
}
