//! Scopes as a type, for extractors.

use super::scope_hierarchy::{ScopeHierarchy, has_scope};
use crate::{claims::is_scope_token, verify::Verified};

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

/// Whether `token` has every scope that `S` demands, and `S` demands any.
pub(crate) fn has_scopes<S: RequiredScopes>(
    token: &Verified,
    hierarchy: Option<&ScopeHierarchy>,
) -> bool {
    let granted = token.scope();
    let mut scopes = S::SCOPES.iter();
    !S::SCOPES.is_empty() && scopes.all(|scope| has_scope(&granted, scope, hierarchy))
}

/// Stops the compiler at a text of `S` that is no scope, and names it.
pub(super) const fn check<S: RequiredScopes>() {
    let mut at = 0;
    while at < S::SCOPES.len() {
        let message = Message::new().push("`").push(S::SCOPES[at]).push(ADVICE);
        assert!(is_scope_token(S::SCOPES[at]), "{}", message.as_str());
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
