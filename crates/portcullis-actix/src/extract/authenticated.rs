//! Verification by an extractor, without a middleware.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    task::{Context, Poll, ready},
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, web};
use portcullis::{
    challenge::Rejection,
    guard::{Authentication, Authenticator, Check, PendingCheck},
    verify::FromToken,
};

use super::source::{Absence, Demand, Source, extract_from, refuse};
use crate::{AuthRejection, Head};

/// The claims of a token that this extractor verifies by itself, with the
/// [`Authenticator`] of the app data: protects one route, needs no middleware.
///
/// The app data may be an `Authenticator` or a `web::Data<Authenticator>`, but
/// not both anywhere around a route: actix does not tell which of them is nearer,
/// so the answer is a server error. As `Authenticated<Verified>`, it is the token
/// itself, with its scopes and dates. It leaves nothing behind for other
/// extractors, and has no hand in the answer:
/// [`response_header`](Authenticator::response_header) reaches refusals only.
///
/// Where there may be no credentials, take [`OptionalAuthenticated`], never
/// actix's `Option<Authenticated<T>>` or `Result<Authenticated<T>, _>`: they take
/// **bad credentials for none**, and without an [`Auth`](crate::Auth) around the
/// route nobody is there to refuse them.
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
        Self::extract_with(request, None)
    }
}

impl<T: FromToken> Source for Authenticated<T> {
    type Extraction = AuthenticatedFuture<Self>;

    fn extract_with(request: &HttpRequest, demand: Demand) -> Self::Extraction {
        AuthenticatedFuture::required(request, demand, |authentication| {
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
        Self::extract_with(request, None)
    }
}

impl<T: FromToken> Source for OptionalAuthenticated<T> {
    type Extraction = AuthenticatedFuture<Self>;

    fn extract_with(request: &HttpRequest, demand: Demand) -> Self::Extraction {
        AuthenticatedFuture::optional(request, demand, |authentication| {
            authentication.optional_claims().map(Self)
        })
    }
}

fn authenticator(request: &HttpRequest) -> Result<&Authenticator, Rejection> {
    let bare = request.app_data::<Authenticator>();
    let data = request.app_data::<web::Data<Authenticator>>();
    match (bare, data) {
        (Some(authenticator), None) => Ok(authenticator),
        (None, Some(data)) => Ok(data),
        (None, None) => Err(Rejection::missing_layer(MISSING)),
        (Some(_), Some(_)) => Err(Rejection::misconfigured(AMBIGUOUS)),
    }
}

const MISSING: &str = "add `.app_data(Authenticator::new(verifier))` to the app, the scope or the \
                       resource";

const AMBIGUOUS: &str = "around this route there are both an `Authenticator` and a \
                         `web::Data<Authenticator>` in the app data, and actix does not tell \
                         which is nearer: use one of the two forms everywhere";

/// The future of [`Authenticated`] and [`OptionalAuthenticated`].
#[must_use = "futures do nothing unless polled"]
pub struct AuthenticatedFuture<E>(State<E>);

enum State<E> {
    Decided(Option<Result<E, AuthRejection>>),
    Pending {
        check: PendingCheck,
        then: Then<E>,
        request: HttpRequest,
    },
}

/// What follows once the token is verified.
struct Then<E> {
    extract: fn(&Authentication) -> Result<E, Rejection>,
    demand: Demand,
    absence: Absence,
}

impl<E> Then<E> {
    fn conclude(
        &self,
        request: &HttpRequest,
        result: Result<Authentication, Rejection>,
    ) -> Result<E, AuthRejection> {
        result
            .and_then(|authentication| extract_from(&authentication, self.extract, self.demand))
            .map_err(|rejection| refuse(request, rejection, self.absence))
    }
}

impl<E> AuthenticatedFuture<E> {
    pub(super) fn required(
        request: &HttpRequest,
        demand: Demand,
        extract: fn(&Authentication) -> Result<E, Rejection>,
    ) -> Self {
        Self::new(request, demand, |it, head| it.check(head), extract)
    }

    pub(super) fn optional(
        request: &HttpRequest,
        demand: Demand,
        extract: fn(&Authentication) -> Result<E, Rejection>,
    ) -> Self {
        Self::new(request, demand, |it, head| it.check_optional(head), extract)
    }

    fn new(
        request: &HttpRequest,
        demand: Demand,
        check: fn(&Authenticator, &Head<'_>) -> Check,
        extract: fn(&Authentication) -> Result<E, Rejection>,
    ) -> Self {
        let (check, absence) = match authenticator(request) {
            Ok(it) if it.demands_credentials() => {
                (check(it, &Head::from(request)), Absence::Refusal)
            }
            Ok(it) => (check(it, &Head::from(request)), Absence::of(demand)),
            Err(rejection) => (Check::Ready(Err(rejection)), Absence::Refusal),
        };
        let then = Then {
            extract,
            demand,
            absence,
        };
        Self(match check {
            Check::Ready(result) => State::Decided(Some(then.conclude(request, result))),
            Check::Pending(check) => State::Pending {
                check,
                then,
                request: request.clone(),
            },
        })
    }
}

// What was extracted is only handed over.
impl<E> Unpin for AuthenticatedFuture<E> {}

impl<E> Future for AuthenticatedFuture<E> {
    type Output = Result<E, AuthRejection>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        match &mut self.0 {
            State::Pending {
                check,
                then,
                request,
            } => {
                let result = ready!(Pin::new(check).poll(cx));
                let result = then.conclude(request, result);
                self.0 = State::Decided(None);
                Poll::Ready(result)
            }
            State::Decided(result) => match result.take() {
                Some(result) => Poll::Ready(result),
                // Polled again after the end.
                None => Poll::Pending,
            },
        }
    }
}

impl<E> fmt::Debug for AuthenticatedFuture<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuthenticatedFuture")
            .finish_non_exhaustive()
    }
}
