//! Verification by an extractor, without a layer.

use std::borrow::Cow;

use axum_core::extract::{FromRef, FromRequestParts, OptionalFromRequestParts};
use http::request::Parts;
use portcullis::{
    challenge::Rejection,
    guard::{Authentication, Authenticator, Check},
    verify::FromToken,
};
use portcullis_tower::RoutedHead;

use super::source::{Credentials, Source};
use crate::AuthRejection;

/// The claims of a token that this extractor verifies by itself, with the
/// [`Authenticator`] of the router's state: protects one route, needs no layer.
///
/// As `Option<Authenticated<T>>`, absent credentials are `None`. As
/// `Authenticated<Verified>`, it is the token itself, with its scopes and dates.
/// It leaves nothing behind for other extractors, and has no hand in the answer:
/// [`response_header`](Authenticator::response_header) reaches refusals only.
///
/// ```
/// use axum::{Router, routing::get};
/// use portcullis_axum::{Authenticated, Authenticator};
///
/// # #[derive(Clone, serde::Deserialize)] struct User { sub: String }
/// async fn hello(Authenticated(user): Authenticated<User>) -> String {
///     format!("hello, {}", user.sub)
/// }
///
/// # fn example(verifier: portcullis::verify::Verifier) {
/// // Or a state of the application's own, with `FromRef`; how that goes with an
/// // `Arc<AppState>`: `docs/users.md`.
/// let app: Router = Router::new()
///     .route("/hello", get(hello))
///     .with_state(Authenticator::new(verifier));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Authenticated<T>(pub T);

impl<S, T> FromRequestParts<S> for Authenticated<T>
where
    S: HoldsAuthenticator + Sync,
    T: FromToken + Send,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let authentication = verify(parts, state, Credentials::Required).await?;
        Ok(Self(authentication.claims()?))
    }
}

impl<S, T> OptionalFromRequestParts<S> for Authenticated<T>
where
    S: HoldsAuthenticator + Sync,
    T: FromToken + Send,
{
    type Rejection = AuthRejection;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> Result<Option<Self>, Self::Rejection> {
        let authentication = verify(parts, state, Credentials::Optional).await?;
        Ok(authentication.optional_claims()?.map(Self))
    }
}

impl<S, T> Source<S> for Authenticated<T>
where
    S: HoldsAuthenticator + Sync,
    T: FromToken,
{
    async fn authenticate<'p>(
        parts: &'p mut Parts,
        state: &S,
        credentials: Credentials,
    ) -> Result<Cow<'p, Authentication>, AuthRejection> {
        verify(parts, state, credentials).await.map(Cow::Owned)
    }

    fn extract(authentication: &Authentication) -> Result<Self, Rejection> {
        authentication.claims().map(Self)
    }
}

/// A state in which there is an [`Authenticator`].
#[diagnostic::on_unimplemented(
    message = "there is no `Authenticator` in the state `{Self}`",
    note = "implement `FromRef<{Self}>` for `Authenticator`, or give the router the `Authenticator` \
            itself by `.with_state(Authenticator::new(verifier))`",
    note = "for an `Arc` of your state that is forbidden (E0117): put the `Arc` into a struct of your \
            own",
    note = "a router whose state is not given yet has `()`: name the state by \
            `Router::<AppState>::new()`, and in `#[axum::debug_handler(state = AppState)]`"
)]
pub trait HoldsAuthenticator {
    /// The authenticator.
    fn authenticator(&self) -> Authenticator;
}

#[diagnostic::do_not_recommend]
impl<S> HoldsAuthenticator for S
where
    Authenticator: FromRef<S>,
{
    fn authenticator(&self) -> Authenticator {
        Authenticator::from_ref(self)
    }
}

async fn verify<S: HoldsAuthenticator>(
    parts: &mut Parts,
    state: &S,
    credentials: Credentials,
) -> Result<Authentication, AuthRejection> {
    let authenticator = state.authenticator();
    let head = RoutedHead::from(&*parts);
    let check = match credentials {
        Credentials::Required => authenticator.check(&head),
        Credentials::Optional => authenticator.check_optional(&head),
    };
    authenticator.hide_credentials(&mut parts.headers);
    match check {
        Check::Ready(result) => Ok(result?),
        Check::Pending(check) => Ok(check.await?),
    }
}
