//! The peers, each in a route of axum (or actix-web) that hands the handler
//! the same claims, configured to check the same: signature, `iss`, `aud` and
//! `exp`.

pub mod actix_web_httpauth;
pub mod axum_jwt_auth;
pub mod handwritten;
pub mod huskarl_resource_server;
pub mod jwt_authorizer;
pub mod oauth_resource_server;
mod oldkeys;
pub mod static_bearer;
pub mod tower_oauth2_resource_server;

use axum::Router;
use jsonwebtoken::{DecodingKey, Validation};
use portcullis::jose::Algorithm;
use portcullis_testing::keys;
use serde_json::{Value, json};

use crate::{
    fixture::{AUDIENCE, Fixture, ISSUER, KEY_ID},
    route::Route,
};

/// Every peer of axum that knows the fixture's algorithm.
pub fn all(fixture: &Fixture) -> Vec<Route> {
    let route = |name, router: Option<Router>| Some(Route::axum(name, router?));
    [
        jwt_authorizer::route(fixture),
        route(
            "tower-oauth2-resource-server 0.12 (aws)",
            tower_oauth2_resource_server::route(fixture),
        ),
        route("axum-jwt-auth 0.7", axum_jwt_auth::route(fixture)),
        route(
            "oauth-resource-server 0.4",
            oauth_resource_server::route(fixture),
        ),
        route(
            "huskarl-resource-server 0.11",
            huskarl_resource_server::route(fixture),
        ),
        route(
            "hand-written extractor, jsonwebtoken 11 (aws)",
            Some(handwritten::route(fixture)),
        ),
        route(
            "tower-http static bearer (compares a constant)",
            Some(static_bearer::route(fixture)),
        ),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// The fixture's key as a JWK Set.
fn jwks(fixture: &Fixture) -> String {
    json!({ "keys": [jwk(fixture)] }).to_string()
}

fn jwk(fixture: &Fixture) -> Value {
    let key = fixture.signing_key();
    match key.verifying_key().public_jwk() {
        Some(jwk) => Value::Object(jwk),
        None => json!({
            "kty": "oct",
            "kid": KEY_ID,
            "alg": "HS256",
            "k": portcullis::jose::encode_segment(keys::secret(fixture.algorithm)),
        }),
    }
}

fn jsonwebtoken_algorithm(fixture: &Fixture) -> jsonwebtoken::Algorithm {
    match fixture.algorithm {
        Algorithm::HS256 => jsonwebtoken::Algorithm::HS256,
        Algorithm::RS256 => jsonwebtoken::Algorithm::RS256,
        Algorithm::ES256 => jsonwebtoken::Algorithm::ES256,
        _ => jsonwebtoken::Algorithm::EdDSA,
    }
}

fn jsonwebtoken_key(fixture: &Fixture) -> DecodingKey {
    let pem = keys::public_pem(fixture.algorithm)
        .unwrap_or_default()
        .as_bytes();
    match fixture.algorithm {
        Algorithm::HS256 => Ok(DecodingKey::from_secret(keys::secret(fixture.algorithm))),
        Algorithm::RS256 => DecodingKey::from_rsa_pem(pem),
        Algorithm::ES256 => DecodingKey::from_ec_pem(pem),
        _ => DecodingKey::from_ed_pem(pem),
    }
    .expect("the fixture's key is good")
}

fn jsonwebtoken_validation(fixture: &Fixture) -> Validation {
    let mut validation = Validation::new(jsonwebtoken_algorithm(fixture));
    validation.set_audience(&[AUDIENCE]);
    validation.set_issuer(&[ISSUER]);
    validation
}
