//! Requests that a browser was made to send.
//!
//! A browser adds cookies to every request, whoever made it send the request: a
//! page of the service, or somebody else's form, script or picture. So where a
//! credential came in a cookie, and only there, a [`CsrfProtection`] asks for
//! more. In order:
//!
//! | request | passes if |
//! |---|---|
//! | safe method (RFC 9110 section 9.2.1) | always: it must change nothing |
//! | upgrade to WebSocket | its `Origin` is listed |
//! | any other | it comes from the service's own origin (`Sec-Fetch-Site: same-origin`) or from an `Origin` that is listed, and the header `X-CSRF-Token` is the one of the token's session |
//!
//! Neither is enough by itself: a page of a sibling host is on the same site and
//! can write cookies for the whole of it, and older browsers tell nothing of
//! themselves; a header alone depends on nobody's mistake in the rules for
//! sharing between origins (CORS). What is left to the application is in
//! `docs/security-model.md`.

mod error;
mod key;
mod origin;
mod protection;

pub use error::{CsrfError, CsrfErrorKind};
pub use key::CsrfKey;
pub use protection::CsrfProtection;
pub(crate) use protection::Presented;

/// The name of the header in which a page proves that it knows the session, in
/// lower case.
pub const CSRF_TOKEN: &str = "x-csrf-token";

#[cfg(test)]
mod tests;
