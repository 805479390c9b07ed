//! jwt-authorizer: a layer, and an extractor of its claims. It is for axum 0.7.

use axum_07::{Router, routing::get};
use jwt_authorizer::{Authorizer, IntoLayer, JwtAuthorizer, JwtClaims, Validation};

use super::jwks;
use crate::{
    fixture::{AUDIENCE, Fixture, ISSUER, User},
    route::Route,
    web::{ANSWER, finish},
};

pub fn route(fixture: &Fixture) -> Option<Route> {
    async fn handler(JwtClaims(user): JwtClaims<User>) -> &'static str {
        assert!(!user.sub.is_empty());
        ANSWER
    }
    let validation = Validation::new().iss(&[ISSUER]).aud(&[AUDIENCE]);
    let builder = JwtAuthorizer::<User>::from_jwks_text(&jwks(fixture)).validation(validation);
    let authorizer: Authorizer<User> = finish(builder.build()).ok()?;
    let router = Router::new()
        .route("/", get(handler))
        .layer(authorizer.into_layer());
    Some(Route::axum_07("jwt-authorizer 0.15", router))
}
