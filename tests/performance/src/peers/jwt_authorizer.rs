//! jwt-authorizer: a layer, and an extractor of its claims. It is for axum 0.7.

use axum_07::{Router, body::Body, routing::get};
use http::HeaderValue;
use jwt_authorizer::{Authorizer, IntoLayer, JwtAuthorizer, JwtClaims, Validation};

use super::jwks;
use crate::{
    fixture::{AUDIENCE, Fixture, ISSUER, User},
    measure::Case,
    web::{ANSWER, finish, service_case},
};

pub fn case(fixture: &Fixture, authorization: Option<HeaderValue>) -> Option<Case> {
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
    let name = "jwt-authorizer 0.15";
    Some(service_case::<_, Body, _>(name, router, authorization))
}
