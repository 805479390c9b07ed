//! Who is asked about tokens that no key verifies.

use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

/// Asks the issuer what a token says (RFC 7662), because nobody else can read it.
///
/// `Introspector` of portcullis-remote is one. Whoever writes another remembers
/// answers for a while, asks once where many requests bring the same token, and
/// gives up in time: this is called for every request.
///
/// ```
/// use portcullis::verify::{IntrospectTokens, Introspection};
///
/// /// Reads reference tokens from a table of this process.
/// struct Table(std::collections::HashMap<String, String>);
///
/// impl IntrospectTokens for Table {
///     fn introspect(&self, token: &str) -> Introspection {
///         match self.0.get(token) {
///             Some(claims) => Introspection::Active(claims.as_str().into()),
///             None => Introspection::Inactive,
///         }
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot tell what an opaque token says",
    note = "use the `Introspector` of portcullis-remote, or implement `IntrospectTokens`"
)]
pub trait IntrospectTokens: Send + Sync + 'static {
    /// What `token` says. It has the characters of a Bearer token (RFC 6750
    /// section 2.1), is no longer than the verifier's
    /// [limit](super::VerifierBuilder::max_token_size), and may be anything else.
    fn introspect(&self, token: &str) -> Introspection;
}

impl<S: IntrospectTokens + ?Sized> IntrospectTokens for Arc<S> {
    fn introspect(&self, token: &str) -> Introspection {
        (**self).introspect(token)
    }
}

/// What is known about a token that somebody was asked about.
pub enum Introspection {
    /// It is good, and says this: a JSON object as in RFC 7662 section 2.2. The
    /// verifier's rules are still to be kept.
    Active(Arc<str>),
    /// It is not good, whatever the reason: 401.
    Inactive,
    /// Nobody can say: 503, never 401.
    Unavailable(IntrospectionUnavailable),
    /// The issuer is being asked.
    Pending(Pin<Box<dyn Future<Output = Introspection> + Send>>),
}

impl fmt::Debug for Introspection {
    /// Not the claims.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Active(_) => f.write_str("Active(..)"),
            Self::Inactive => f.write_str("Inactive"),
            Self::Unavailable(error) => f.debug_tuple("Unavailable").field(error).finish(),
            Self::Pending(_) => f.write_str("Pending(..)"),
        }
    }
}

/// The issuer cannot be asked about a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IntrospectionUnavailable {
    /// After which time it is worth asking again; in the answer's `Retry-After`
    /// in whole seconds.
    pub retry_after: Duration,
}

impl fmt::Display for IntrospectionUnavailable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let after = self.retry_after.as_secs_f32();
        write!(
            f,
            "the issuer cannot be asked about tokens; again in {after} s"
        )
    }
}

impl std::error::Error for IntrospectionUnavailable {}
