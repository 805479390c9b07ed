//! tower-oauth2-resource-server: a layer with a static JWK Set.

use axum::{Extension, Router, routing::get};
use tower_oauth2_resource_server::{server::OAuth2ResourceServer, tenant::TenantConfiguration};

use super::{jsonwebtoken_algorithm, jwks};
use crate::{
    fixture::{AUDIENCE, Fixture, ISSUER, User},
    web::{ANSWER, finish},
};

pub fn route(fixture: &Fixture) -> Option<Router> {
    async fn handler(Extension(user): Extension<User>) -> &'static str {
        assert!(!user.sub.is_empty());
        ANSWER
    }
    let tenant = TenantConfiguration::static_builder(jwks(fixture))
        .identifier(ISSUER)
        .audiences(&[AUDIENCE])
        .allowed_algorithms(&[jsonwebtoken_algorithm(fixture)])
        .build()
        .ok()?;
    let builder = OAuth2ResourceServer::<User>::builder().add_tenant(tenant);
    let server = finish(builder.build()).ok()?;
    Some(
        Router::new()
            .route("/", get(handler))
            .layer(server.into_layer()),
    )
}
