//! oauth-resource-server: a layer, and an extractor of its own token type. It
//! knows no shared secrets.

use std::sync::Arc;

use axum::{Router, routing::get};
use oauth_resource_server::{Credential, KeyNaming, OAuthConfig, OAuthValidator, axum::AuthLayer};

use super::jwks;
use crate::{
    fixture::{AUDIENCE, Fixture, ISSUER},
    web::ANSWER,
};

pub fn route(fixture: &Fixture) -> Option<Router> {
    if fixture.algorithm.is_symmetric() {
        return None;
    }
    async fn handler(credential: Credential) -> &'static str {
        assert!(matches!(credential, Credential::OAuth(_)));
        ANSWER
    }
    let config = OAuthConfig {
        enabled: true,
        issuer: ISSUER.into(),
        jwks_uri: Some(format!("{ISSUER}/jwks")),
        audience: AUDIENCE.into(),
        resource: AUDIENCE.into(),
        required_scope: Some("stations:read".into()),
        ..OAuthConfig::default()
    };
    let config = config.resolve(KeyNaming::Dotted("oauth")).ok()??;
    let validator = OAuthValidator::builder(&config)
        .initial_jwks(&jwks(fixture))
        .build()
        .ok()?;
    let layer = AuthLayer::builder()
        .oauth(Arc::new(validator))
        .build()
        .ok()?;
    Some(Router::new().route("/", get(handler)).layer(layer))
}
