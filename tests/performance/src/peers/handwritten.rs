//! What most services write: an extractor around `jsonwebtoken::decode`.

use std::sync::Arc;

use axum::{
    Router,
    extract::FromRequestParts,
    http::{StatusCode, header::AUTHORIZATION, request::Parts},
    routing::get,
};
use jsonwebtoken::{DecodingKey, Validation, decode};

use super::{jsonwebtoken_key, jsonwebtoken_validation};
use crate::{
    fixture::{Fixture, User},
    web::ANSWER,
};

struct Keys {
    key: DecodingKey,
    validation: Validation,
}

struct Authenticated(User);

impl FromRequestParts<Arc<Keys>> for Authenticated {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, keys: &Arc<Keys>) -> Result<Self, StatusCode> {
        let token = parts
            .headers
            .get(AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "))
            .ok_or(StatusCode::UNAUTHORIZED)?;
        let data = decode(token, &keys.key, &keys.validation);
        data.map(|data| Self(data.claims))
            .map_err(|_| StatusCode::UNAUTHORIZED)
    }
}

pub fn route(fixture: &Fixture) -> Router {
    async fn handler(Authenticated(user): Authenticated) -> &'static str {
        assert!(!user.sub.is_empty());
        ANSWER
    }
    let keys = Keys {
        key: jsonwebtoken_key(fixture),
        validation: jsonwebtoken_validation(fixture),
    };
    Router::new()
        .route("/", get(handler))
        .with_state(Arc::new(keys))
}
