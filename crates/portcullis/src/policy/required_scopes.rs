//! Scopes as a type, for extractors.

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
