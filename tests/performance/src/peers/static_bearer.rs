//! tower-http's `ValidateRequestHeaderLayer::bearer`: compares with a constant
//! and verifies nothing. What no verification can beat.

use axum::{Router, body::Body, routing::get};
use tower_http::validate_request::ValidateRequestHeaderLayer;

use crate::{fixture::Fixture, web::ANSWER};

pub fn route(fixture: &Fixture) -> Router {
    #[allow(deprecated)]
    let layer =
        ValidateRequestHeaderLayer::<tower_http::auth::require_authorization::Bearer<Body>>::bearer(
            &fixture.token,
        );
    Router::new().route("/", get(async || ANSWER)).layer(layer)
}
