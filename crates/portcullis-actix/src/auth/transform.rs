//! The transform.

use std::future::{Ready, ready};

use actix_web::{
    body::EitherBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
};
use portcullis::guard::Authenticator;

use super::AuthMiddleware;

/// Demands a good access token of every request that passes: for `wrap` on an
/// `App`, a `Scope` or a `Resource`. See the [crate's documentation](crate).
///
/// What an extractor of this crate refuses within, it refuses too: actix's
/// `Option<E>` and `Result<E, _>` hide that from the answer of a handler, which
/// is then replaced, unread if it is a stream. An answer of the refusal's own
/// status is left alone. So a handler that takes a `Result<E, AuthRejection>` can
/// write a page of its own, but not let the request in, nor send it elsewhere:
/// a redirect to a login is [`login_page`](Self::login_page).
///
/// An error that a middleware within returns passes through as it is, without
/// [`response_header`](Self::response_header): actix makes an answer of it further
/// out. Errors of handlers are answers already.
///
/// actix's `Debug` output leaves `Authorization` and `Cookie` out of an
/// `HttpRequest`, but **no** other place where a [token may
/// be](Self::token_sources): header, subprotocol or query. And it leaves nothing out
/// of a `ServiceRequest` or a `RequestHead`: a middleware must not log these.
///
/// The setters are those of [`Authenticator`].
///
/// ```
/// # fn example(verifier: portcullis::verify::Verifier) -> Result<(), Box<dyn std::error::Error>> {
/// use actix_web::web;
/// use portcullis::{challenge::Realm, policy::Policy};
/// use portcullis_actix::Auth;
///
/// let auth = Auth::new(verifier)
///     .realm(Realm::new("stations")?)
///     .require(Policy::scope("stations:read")?);
/// let stations = web::scope("/stations").wrap(auth);
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing until something is wrapped in it"]
pub struct Auth {
    authenticator: Authenticator,
}

impl Auth {
    /// Decides by `authenticator`, or by a verifier alone.
    pub fn new(authenticator: impl Into<Authenticator>) -> Self {
        Self {
            authenticator: authenticator.into(),
        }
    }

    /// Tells calls of gRPC and gRPC-Web as such that they are refused: see
    /// [`Authenticator::grpc`]. Not for a service that a proxy asks whether a request may
    /// pass: those read the HTTP status, which is 200.
    pub fn grpc(mut self) -> Self {
        self.authenticator = self.authenticator.grpc();
        self
    }

    portcullis::__authenticator_setters!();
}

impl<S, B> Transform<S, ServiceRequest> for Auth
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = S::Error;
    type Transform = AuthMiddleware<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(AuthMiddleware::new(service, self.authenticator.clone())))
    }
}
