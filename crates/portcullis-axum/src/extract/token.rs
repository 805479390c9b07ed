//! The token that a layer verified.

use std::{borrow::Cow, ops::Deref};

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
#[cfg(feature = "ended")]
use portcullis::verify::UntilEnded;
use portcullis::{challenge::Rejection, guard::Authentication, verify::Verified};

use super::source::{Credentials, Source, of_layer};
use crate::AuthRejection;

/// The token that a layer verified, untyped: its subject, scopes, dates.
///
/// As `Option<Token>`, absent credentials are `None`, where the layer is
/// [`optional`](crate::AuthLayer::optional).
///
/// ```
/// use portcullis_axum::Token;
///
/// async fn name(token: Token) -> String {
///     token.subject_name().unwrap_or("nobody").to_owned()
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Token(pub Verified);

impl Deref for Token {
    type Target = Verified;

    fn deref(&self) -> &Verified {
        &self.0
    }
}

#[cfg(feature = "ended")]
impl Token {
    /// Resolves when the token is good no longer, for WebSockets and streams, which
    /// outlive the request that was checked: when it has expired or was revoked,
    /// whichever comes first. What else can be set, and what happens while nobody
    /// can say, [`UntilEnded`] tells.
    ///
    /// ```
    /// use std::time::Duration;
    /// use portcullis_axum::Token;
    ///
    /// async fn watch(token: Token) {
    ///     let mut ended = token.ended();
    ///     loop {
    ///         tokio::select! {
    ///             () = tokio::time::sleep(Duration::from_secs(1)) => println!("a second more"),
    ///             why = &mut ended => break println!("{why}"),
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// Where there is no layer, `Authenticated<Verified>` gives the token, and
    /// [`Verified::ended_with`] is the same with a timer to name.
    ///
    /// # Panics
    ///
    /// The future does when it is polled outside of a tokio runtime, or in one
    /// without a timer.
    pub fn ended(&self) -> UntilEnded {
        self.0.ended_with(tokio::time::sleep)
    }
}

impl<S: Sync> FromRequestParts<S> for Token {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(of_layer(parts)?.verified()?.clone()))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for Token {
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Self::Rejection> {
        Ok(of_layer(parts)?.optional().cloned().map(Self))
    }
}

impl<S: Sync> Source<S> for Token {
    async fn authenticate<'p>(
        parts: &'p mut Parts,
        _: &S,
        _: Credentials,
    ) -> Result<Cow<'p, Authentication>, AuthRejection> {
        of_layer(parts).map(Cow::Borrowed)
    }

    fn extract(authentication: &Authentication) -> Result<Self, Rejection> {
        authentication.verified().cloned().map(Self)
    }
}
