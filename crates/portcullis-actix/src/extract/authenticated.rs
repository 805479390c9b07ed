//! Verification by an extractor, without a middleware.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::header::{AUTHORIZATION, HeaderValue},
    web,
};
use portcullis::{
    challenge::Rejection,
    guard::{Authentication, Authenticator, Check, PendingCheck},
    verify::FromToken,
};

use super::source::{self, Demand, Source};
use crate::AuthRejection;

/// The claims of a token that this extractor verifies by itself, with the
/// [`Authenticator`] of the app data: protects one route, needs no middleware.
///
/// The app data may be an `Authenticator` or a `web::Data<Authenticator>`. As
/// `Authenticated<Verified>`, it is the token itself, with its scopes and dates.
/// It leaves nothing behind for other extractors.
///
/// ```
/// use actix_web::{App, web};
/// use portcullis_actix::{Authenticated, Authenticator};
///
/// # #[derive(Clone, serde::Deserialize)] struct User { sub: String }
/// async fn hello(Authenticated(user): Authenticated<User>) -> String {
///     format!("hello, {}", user.sub)
/// }
///
/// # fn example(verifier: portcullis::verify::Verifier) {
/// let app = App::new()
///     .app_data(Authenticator::new(verifier))
///     .route("/hello", web::get().to(hello));
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Authenticated<T>(pub T);

impl<T: FromToken> FromRequest for Authenticated<T> {
    type Error = AuthRejection;
    type Future = AuthenticatedFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Self::extract_with(request, source::NOTHING)
    }
}

impl<T: FromToken> Source for Authenticated<T> {
    type Extraction = AuthenticatedFuture<Self>;

    fn extract_with(request: &HttpRequest, demand: Demand) -> Self::Extraction {
        let check =
            authenticator(request).map(|authenticator| authenticator.check(authorization(request)));
        AuthenticatedFuture::new(check, demand, |authentication| {
            authentication.claims().map(Self)
        })
    }
}

/// As [`Authenticated`], where absent credentials are `None` and bad ones are
/// still refused.
#[derive(Clone, Copy, Debug)]
pub struct OptionalAuthenticated<T>(pub Option<T>);

impl<T: FromToken> FromRequest for OptionalAuthenticated<T> {
    type Error = AuthRejection;
    type Future = AuthenticatedFuture<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Self::extract_with(request, source::NOTHING)
    }
}

impl<T: FromToken> Source for OptionalAuthenticated<T> {
    type Extraction = AuthenticatedFuture<Self>;

    fn extract_with(request: &HttpRequest, demand: Demand) -> Self::Extraction {
        let check = authenticator(request)
            .map(|authenticator| authenticator.check_optional(authorization(request)));
        AuthenticatedFuture::new(check, demand, |authentication| {
            let claims = authentication.optional().map(|_| authentication.claims());
            claims.transpose().map(Self)
        })
    }
}

fn authenticator(request: &HttpRequest) -> Result<&Authenticator, Rejection> {
    request
        .app_data::<Authenticator>()
        .or_else(|| {
            request
                .app_data::<web::Data<Authenticator>>()
                .map(|data| &***data)
        })
        .ok_or_else(|| Rejection::missing_layer(HINT))
}

const HINT: &str = "add `.app_data(Authenticator::new(verifier))` to the app, the scope or the \
                    resource";

fn authorization(request: &HttpRequest) -> impl Iterator<Item = &[u8]> {
    let values = request.headers().get_all(AUTHORIZATION);
    values.map(HeaderValue::as_bytes)
}

/// The future of [`Authenticated`] and [`OptionalAuthenticated`].
#[must_use = "futures do nothing unless polled"]
pub struct AuthenticatedFuture<E> {
    state: State,
    demand: Demand,
    extract: fn(&Authentication) -> Result<E, Rejection>,
}

enum State {
    Decided(Option<Result<Authentication, Rejection>>),
    Pending(PendingCheck),
}

impl<E> AuthenticatedFuture<E> {
    fn new(
        check: Result<Check, Rejection>,
        demand: Demand,
        extract: fn(&Authentication) -> Result<E, Rejection>,
    ) -> Self {
        let state = match check {
            Ok(Check::Ready(result)) => State::Decided(Some(result)),
            Ok(Check::Pending(check)) => State::Pending(check),
            Err(rejection) => State::Decided(Some(Err(rejection))),
        };
        Self {
            state,
            demand,
            extract,
        }
    }
}

impl<E> Future for AuthenticatedFuture<E> {
    type Output = Result<E, AuthRejection>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let decision = match &mut self.state {
            State::Pending(check) => ready!(Pin::new(check).poll(cx)),
            State::Decided(decision) => match decision.take() {
                Some(decision) => decision,
                // Polled again after the end.
                None => return Poll::Pending,
            },
        };
        self.state = State::Decided(None);
        let authentication = decision?;
        let extracted = (self.extract)(&authentication)?;
        (self.demand)(&authentication)?;
        Poll::Ready(Ok(extracted))
    }
}

impl<E> fmt::Debug for AuthenticatedFuture<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticatedFuture")
            .finish_non_exhaustive()
    }
}
