//! huskarl-resource-server: a validator of RFC 9068 tokens, called and refused
//! with as its guide shows, in an extractor, with a key at hand.

use std::sync::Arc;

use axum::{
    Router,
    body::Body,
    extract::FromRequestParts,
    http::{Response, StatusCode, request::Parts},
    response::IntoResponse,
    routing::get,
};
use huskarl_crypto_native::{
    asymmetric::verifier::AsymmetricPublicKey as PublicKey, symmetric::SymmetricKey,
};
use huskarl_resource_server::{
    core::{
        EndpointUrl,
        crypto::verifier::{JwsVerifier, JwsVerifierPlatform},
        jwk::{Jwk, PrivateJwk},
    },
    validator::{
        ValidatedRequest,
        metadata::ValidatorMetadata,
        rfc9068::{Rfc9068AccessTokenClaims, Rfc9068Validator},
    },
};

use super::jwk;
use crate::{
    fixture::{AUDIENCE, Fixture, ISSUER},
    web::{ANSWER, finish},
};

struct Server {
    validator: Rfc9068Validator,
    metadata: ValidatorMetadata,
}

struct Authenticated(ValidatedRequest<Rfc9068AccessTokenClaims>);

impl FromRequestParts<Arc<Server>> for Authenticated {
    type Rejection = axum::response::Response;

    async fn from_request_parts(
        parts: &mut Parts,
        server: &Arc<Server>,
    ) -> Result<Self, Self::Rejection> {
        let Server {
            validator,
            metadata,
        } = &**server;
        let result = validator
            .validate_request(&parts.headers, &parts.method, &parts.uri, None)
            .await;
        if let Some(rejection) = result.rejection(metadata, None) {
            let response = rejection.apply(Response::builder()).body(Body::empty());
            return Err(response
                .map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
                .into_response());
        }
        let request = result.outcome.ok().flatten().map(Self);
        request.ok_or_else(|| StatusCode::UNAUTHORIZED.into_response())
    }
}

pub fn route(fixture: &Fixture) -> Option<Router> {
    async fn handler(Authenticated(user): Authenticated) -> &'static str {
        assert!(user.sub.is_some_and(|subject| !subject.is_empty()));
        ANSWER
    }
    let verifier = verifier(fixture)?;
    let factory = move |_: Option<&EndpointUrl>, _: Arc<dyn JwsVerifierPlatform>| {
        let verifier = Arc::clone(&verifier);
        Box::pin(async move { Ok(verifier) }) as _
    };
    let builder = Rfc9068Validator::builder()
        .issuer(ISSUER)
        .audience(AUDIENCE)
        .jws_verifier_factory(factory);
    let validator = finish(builder.build()).ok()?;
    let server = Server {
        metadata: validator.validator_metadata(None),
        validator,
    };
    Some(
        Router::new()
            .route("/", get(handler))
            .with_state(Arc::new(server)),
    )
}

fn verifier(fixture: &Fixture) -> Option<Arc<dyn JwsVerifier>> {
    let jwk: Jwk = serde_json::from_value(jwk(fixture)).ok()?;
    match jwk.private_jwk() {
        Some(PrivateJwk::Symmetric(jwk)) => Some(Arc::new(SymmetricKey::from_jwk(jwk).ok()?)),
        _ => Some(Arc::new(PublicKey::from_jwk(jwk.public_jwk()?).ok()?)),
    }
}
