//! Scopes as a type, for extractors.

use crate::claims::is_scope_token;

/// Scopes that a route demands, named by a type, so that an extractor can
/// carry them in a handler's signature.
///
/// A name that is not a scope token (RFC 6749 section 3.3) does not compile
/// where the type is used.
///
/// ```
/// use portcullis::policy::RequiredScopes;
///
/// struct ReadStations;
///
/// impl RequiredScopes for ReadStations {
///     const SCOPES: &'static [&'static str] = &["stations:read"];
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which scopes it demands",
    note = "implement `RequiredScopes` for `{Self}` with its `SCOPES`"
)]
pub trait RequiredScopes: Send + Sync + 'static {
    /// The scopes, all of which are demanded; none at all denies everyone.
    const SCOPES: &'static [&'static str];
}

/// Stops the compiler at a text that is not a scope token, and names it.
pub(super) const fn assert_scope_tokens(scopes: &[&str]) {
    let mut at = 0;
    while at < scopes.len() {
        let message = Message::new().push("`").push(scopes[at]).push(ADVICE);
        assert!(is_scope_token(scopes[at]), "{}", message.as_str());
        at += 1;
    }
}

const ADVICE: &str = "` in `SCOPES` is not a scope (RFC 6749 section 3.3): visible ASCII without \
                      space, `\"` and `\\`; several scopes are several texts";

/// A text that is put together while compiling, where nothing is formatted.
struct Message {
    bytes: [u8; 512],
    len: usize,
}

impl Message {
    const fn new() -> Self {
        Self {
            bytes: [0; 512],
            len: 0,
        }
    }

    /// Adds `text`, or nothing if there is no room.
    const fn push(mut self, text: &str) -> Self {
        if text.len() <= self.bytes.len() - self.len {
            let (_, rest) = self.bytes.split_at_mut(self.len);
            let (room, _) = rest.split_at_mut(text.len());
            room.copy_from_slice(text.as_bytes());
            self.len += text.len();
        }
        self
    }

    const fn as_str(&self) -> &str {
        match str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "a text in `SCOPES` is not a scope (RFC 6749 section 3.3)",
        }
    }
}
