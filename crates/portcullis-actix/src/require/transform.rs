//! The transform.

use std::future::{Ready, ready};

use actix_web::{
    body::EitherBody,
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
};
use portcullis::{guard::PolicyGuard, policy::Policy};

use super::RequireMiddleware;

/// Demands more of some of the requests that an [`Auth`](crate::Auth) further out let
/// through, without verifying anything again: for `wrap` on a `Scope` or a `Resource`.
///
/// What it refuses looks as if the other one had refused it. Where there is no other
/// one, it answers with a server error, and the log says what to add. Of two that wrap
/// the same, the one that is added last is further out.
///
/// ```
/// # fn example(verifier: portcullis::verify::Verifier) {
/// use actix_web::{App, web};
/// use portcullis::policy::Policy;
/// use portcullis_actix::{Auth, Require};
///
/// # async fn list() -> &'static str { "" }
/// # async fn users() -> &'static str { "" }
/// let app = App::new()
///     .wrap(Auth::new(verifier))
///     .route("/stations", web::get().to(list))
///     .service(
///         web::scope("/admin")
///             .wrap(Require::new(Policy::role("roles", "admin")))
///             .route("/users", web::get().to(users)),
///     );
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "does nothing until something is wrapped in it"]
pub struct Require {
    guard: PolicyGuard,
}

impl Require {
    /// Demands a token that satisfies `policy`, even where the other middleware is
    /// [`optional`](crate::Auth::optional).
    pub fn new(policy: Policy) -> Self {
        Self {
            guard: PolicyGuard::new(policy),
        }
    }

    /// Demands that the token satisfy `policy`, if there is one; whoever sends none
    /// passes where the other middleware lets them.
    pub fn if_present(policy: Policy) -> Self {
        Self {
            guard: PolicyGuard::if_present(policy),
        }
    }
}

impl<S, B> Transform<S, ServiceRequest> for Require
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>>,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = S::Error;
    type Transform = RequireMiddleware<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, Self::InitError>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(RequireMiddleware::new(service, self.guard.clone())))
    }
}
