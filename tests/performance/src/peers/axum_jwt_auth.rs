//! axum-jwt-auth: an extractor with a decoder in the state.

use std::sync::Arc;

use axum::{Router, extract::FromRef, routing::get};
use axum_jwt_auth::{Claims, Decoder, LocalDecoder};

use super::oldkeys;
use crate::{
    fixture::{Fixture, User},
    web::ANSWER,
};

#[derive(Clone)]
struct App(Decoder<User>);

impl FromRef<App> for Decoder<User> {
    fn from_ref(app: &App) -> Self {
        Arc::clone(&app.0)
    }
}

pub fn route(fixture: &Fixture) -> Option<Router> {
    async fn handler(user: Claims<User>) -> &'static str {
        assert!(!user.claims.sub.is_empty());
        ANSWER
    }
    let decoder = LocalDecoder::builder()
        .keys(vec![oldkeys::key(fixture)])
        .validation(oldkeys::validation(fixture))
        .build()
        .ok()?;
    Some(
        Router::new()
            .route("/", get(handler))
            .with_state(App(Arc::new(decoder))),
    )
}
