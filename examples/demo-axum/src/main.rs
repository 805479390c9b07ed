//! The three reference APIs on axum.

use std::{io, net::SocketAddr, process::ExitCode};

use axum::{
    Router,
    body::Body,
    extract::State,
    http::{HeaderMap, HeaderValue, Uri, header::IF_NONE_MATCH},
    response::Response,
    routing::{MethodRouter, get},
};
use bytes::Bytes;
use demo_common::{
    Console, Demo, Guards,
    replies::{self, ApiKeyClaims, DemoRead, SessionClaims},
};
use portcullis_axum::{AuthLayer, Authenticator, Claims, Scoped, Token};
use tokio::net::TcpListener;

fn main() -> ExitCode {
    demo_common::run("demo-axum", serve)
}

async fn serve(demo: Demo) -> io::Result<()> {
    let listener = TcpListener::from_std(demo.listener)?;
    let app = own_routes(&demo.guards)
        .merge(console(demo.console, &demo.guards))
        .merge(portcullis_axum::router(demo.endpoints))
        .method_not_allowed_fallback(async || answer(replies::method_not_allowed()))
        .fallback(async || answer(replies::not_found()));
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .with_graceful_shutdown(demo.shutdown.requested())
    .await
}

fn own_routes(guards: &Guards) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/me", guarded(get(me), &guards.any))
        .route("/maybe", guarded(get(maybe), &guards.optional))
        .route("/scoped/read", guarded(get(scoped_read), &guards.any))
        .route("/fresh", guarded(get(fresh), &guards.fresh))
        .route("/api/stations", guarded(get(stations), &guards.session))
        .route("/v1/{resource}", guarded(get(resource), &guards.api_key))
}

/// The page at `/`, and what it asks for.
fn console(console: Console, guards: &Guards) -> Router {
    let mut router = Router::new();
    for path in Console::paths() {
        router = router.route(path, get(file));
    }
    router
        .route(Console::SETTINGS, get(settings))
        .route(Console::EVENTS, guarded(get(events), &guards.any))
        .with_state(console)
}

/// Guards the methods of a route, and no others: there is no need to log in to
/// learn that a method does not exist.
fn guarded<S>(route: MethodRouter<S>, guard: &Authenticator) -> MethodRouter<S>
where
    S: Clone + Send + Sync + 'static,
{
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

async fn file(State(console): State<Console>, uri: Uri, headers: HeaderMap) -> Response {
    let known = headers.get_all(IF_NONE_MATCH);
    answer(console.file(uri.path(), known.iter().map(HeaderValue::as_bytes)))
}

async fn settings(State(console): State<Console>) -> Response {
    answer(console.settings())
}

async fn events(State(console): State<Console>, token: Token) -> Response {
    console.events(&token).map(Body::from_stream)
}

fn answer(reply: http::Response<Bytes>) -> Response {
    reply.map(Body::from)
}
