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

/// Fails to compile where `S` names something that is no scope.
pub(super) const fn check<S: RequiredScopes>() {
    let mut at = 0;
    while at < S::SCOPES.len() {
        assert!(is_scope_token(S::SCOPES[at]), "not a scope token");
        at += 1;
    }
}
