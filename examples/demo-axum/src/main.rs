//! The three reference APIs on axum.

use std::{io, net::SocketAddr, process::ExitCode};

use axum::{
    Router,
    body::Body,
    http::Uri,
    response::Response,
    routing::{MethodRouter, get},
};
use bytes::Bytes;
use demo_common::{
    Demo, Guards,
    replies::{self, ApiKeyClaims, DemoRead, SessionClaims},
};
use portcullis_axum::{AuthLayer, Authenticator, Claims, Scoped, Token};
use tokio::net::TcpListener;

fn main() -> ExitCode {
    demo_common::run("demo-axum", serve)
}

async fn serve(demo: Demo) -> io::Result<()> {
    let listener = TcpListener::from_std(demo.listener)?;
    let app = own_routes(demo.guards).merge(portcullis_axum::router(demo.endpoints));
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .with_graceful_shutdown(demo.shutdown.requested())
    .await
}

fn own_routes(guards: Guards) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/me", guarded(get(me), &guards.any))
        .route("/maybe", guarded(get(maybe), &guards.optional))
        .route("/scoped/read", guarded(get(scoped_read), &guards.any))
        .route("/fresh", guarded(get(fresh), &guards.fresh))
        .route("/api/stations", guarded(get(stations), &guards.session))
        .route("/v1/{resource}", guarded(get(resource), &guards.api_key))
        .method_not_allowed_fallback(async || answer(replies::method_not_allowed()))
        .fallback(async || answer(replies::not_found()))
}

/// Guards the methods of a route, and no others: there is no need to log in to
/// learn that a method does not exist.
fn guarded(route: MethodRouter, guard: &Authenticator) -> MethodRouter {
    route.route_layer(AuthLayer::new(guard.clone()))
}

async fn healthz() -> Response {
    answer(replies::healthz())
}

async fn me(token: Token) -> Response {
    answer(replies::me(&token))
}

async fn maybe(token: Option<Token>) -> Response {
    answer(replies::maybe(token.as_deref()))
}

async fn scoped_read(token: Scoped<DemoRead>) -> Response {
    answer(replies::scoped_read(&token))
}

async fn fresh(Claims(token): Claims<SessionClaims>) -> Response {
    answer(replies::fresh(&token))
}

async fn stations(Claims(token): Claims<SessionClaims>) -> Response {
    answer(replies::stations(&token))
}

async fn resource(Claims(token): Claims<ApiKeyClaims>, uri: Uri) -> Response {
    answer(replies::resource(&token, uri.path()))
}

fn answer(reply: http::Response<Bytes>) -> Response {
    reply.map(Body::from)
}
