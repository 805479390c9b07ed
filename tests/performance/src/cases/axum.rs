//! Routes of axum: bare, behind the layer, with the extractor.

use axum::{Router, routing::get};
use portcullis::verify::Verifier;
use portcullis_axum::{AuthLayer, Authenticated, Authenticator, Claims};

use crate::{fixture::User, web::ANSWER};

/// Nobody is asked for anything.
pub fn bare() -> Router {
    Router::new().route("/", get(async || ANSWER))
}

/// A layer, and a handler that takes the claims.
pub fn layer(verifier: Verifier) -> Router {
    async fn handler(Claims(user): Claims<User>) -> &'static str {
        assert!(!user.sub.is_empty());
        ANSWER
    }
    Router::new()
        .route("/", get(handler))
        .layer(AuthLayer::new(verifier))
}

/// A layer that does nothing: what `Router::layer` itself costs.
pub fn empty_layer() -> Router {
    bare().layer(tower::layer::layer_fn(Nothing))
}

/// A layer, and a handler that wants to know nothing.
pub fn layer_alone(verifier: Verifier) -> Router {
    bare().layer(AuthLayer::new(verifier))
}

/// An extractor that verifies by itself.
pub fn extractor(verifier: Verifier) -> Router {
    async fn handler(Authenticated(user): Authenticated<User>) -> &'static str {
        assert!(!user.sub.is_empty());
        ANSWER
    }
    Router::new()
        .route("/", get(handler))
        .with_state(Authenticator::new(verifier))
}

#[derive(Clone)]
struct Nothing<S>(S);

impl<S, R> tower::Service<R> for Nothing<S>
where
    S: tower::Service<R>,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(
        &mut self,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: R) -> S::Future {
        self.0.call(request)
    }
}
