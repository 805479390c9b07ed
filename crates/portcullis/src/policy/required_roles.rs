//! Roles as a type, for extractors.

use crate::{claims::text_at, verify::Verified};

/// Roles that a route demands, named by a type, so that an extractor can carry them
/// in a handler's signature.
///
/// A path or a role that is empty does not compile where the type is used.
///
/// ```
/// use portcullis::policy::RequiredRoles;
///
/// struct Operator;
///
/// impl RequiredRoles for Operator {
///     const PATH: &'static [&'static str] = &["realm_access", "roles"];
///     const ROLES: &'static [&'static str] = &["operator"];
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not say which roles it demands",
    note = "implement `RequiredRoles` for `{Self}` with its `PATH` and its `ROLES`"
)]
pub trait RequiredRoles: Send + Sync + 'static {
    /// Where in the claims the roles are: claim names from the outermost to the
    /// innermost, as they are, dots included.
    const PATH: &'static [&'static str];

    /// The roles, all of which are demanded; none at all denies everyone.
    const ROLES: &'static [&'static str];
}

/// Whether `token` has every role that `R` demands, and `R` demands any.
pub(crate) fn has_roles<R: RequiredRoles>(token: &Verified) -> bool {
    const { check::<R>() };
    let claims = token.claims_json();
    !R::ROLES.is_empty() && R::ROLES.iter().all(|role| text_at(claims, R::PATH, role))
}

/// Fails to compile where `R` cannot be meant.
pub(super) const fn check<R: RequiredRoles>() {
    assert!(!R::PATH.is_empty(), "the roles have no path");
    let mut at = 0;
    while at < R::ROLES.len() {
        assert!(!R::ROLES[at].is_empty(), "a role has no name");
        at += 1;
    }
}
