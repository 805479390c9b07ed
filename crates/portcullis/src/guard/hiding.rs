//! Keeping credentials out of what is printed.

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, SEC_WEBSOCKET_PROTOCOL},
};

use crate::credentials::TokenSources;

/// Marks all fields that may hold a token as sensitive.
pub(super) fn hide_all(headers: &mut HeaderMap, sources: Option<&TokenSources>) {
    // Whether it is looked at or not.
    hide(headers, &AUTHORIZATION);
    let Some(sources) = sources else { return };
    take_out_protocols(headers, sources);
    for name in sources.header_names() {
        if let Ok(name) = HeaderName::from_bytes(name.as_bytes()) {
            hide(headers, &name);
        }
    }
}

fn hide(headers: &mut HeaderMap, hidden: &HeaderName) {
    // Not by `entry`, which makes room for one more field first.
    if headers.get_all(hidden).iter().nth(1).is_none() {
        if let Some(value) = headers.get_mut(hidden) {
            value.set_sensitive(true);
        }
        return;
    }
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
