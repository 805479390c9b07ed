//! The three reference APIs on axum.

use std::{io, net::SocketAddr, process::ExitCode};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, Uri, header::IF_NONE_MATCH},
    middleware::{self, Next},
    response::Response,
    routing::{MethodRouter, get},
};
use bytes::Bytes;
use demo_common::{
    AccessLog, Console, Demo, Guards, Metrics, cors,
    replies::{self, ApiKeyClaims, DemoRead, SessionClaims},
};
use portcullis_axum::{AuthLayer, Authenticator, Claims, Scoped, Token};
use tokio::net::TcpListener;
use tower_http::cors::CorsLayer;

fn main() -> ExitCode {
    demo_common::run("demo-axum", serve)
}

async fn serve(demo: Demo) -> io::Result<()> {
    let listener = TcpListener::from_std(demo.listener)?;
    let mut app = own_routes(&demo.guards)
        .merge(console(demo.console, &demo.guards))
        .route(Metrics::PATH, get(metrics).with_state(demo.metrics))
        .merge(portcullis_axum::router(demo.endpoints))
        .method_not_allowed_fallback(async || answer(replies::method_not_allowed()))
        .fallback(async || answer(replies::not_found()));
    if !demo.cors.is_empty() {
        // Outside of the guards, so that their refusals can be read, too.
        app = app.layer(cors(&demo.cors)?);
    }
    let log = demo.access_log;
    let app = app.layer(middleware::from_fn(move |request, next| {
        told(log, request, next)
    }));
    axum::serve(
        listener,
        app.into_make_service_with_connect_info::<SocketAddr>(),
    )
    .with_graceful_shutdown(demo.shutdown.requested())
    .await
}

/// Lets pages of these origins call with credentials, and read what they need.
fn cors(origins: &[String]) -> io::Result<CorsLayer> {
    let origins = origins.iter().map(HeaderValue::try_from);
    let origins: Result<Vec<_>, _> = origins.collect();
    Ok(CorsLayer::new()
        .allow_origin(origins.map_err(io::Error::other)?)
        .allow_methods([Method::GET, Method::HEAD, Method::POST])
        .allow_headers(cors::REQUEST_HEADERS)
        .expose_headers(cors::RESPONSE_HEADERS)
        .allow_credentials(true)
        .max_age(cors::MAX_AGE))
}

async fn told(log: AccessLog, request: Request, next: Next) -> Response {
    let target = request.uri().path_and_query().map_or("*", |it| it.as_str());
    let entry = log.begin(request.method().as_str(), target);
    let response = next.run(request).await;
    entry.end(response.status().as_u16());
    response
}

fn own_routes(guards: &Guards) -> Router {
    Router::new()
        .route("/healthz", get(healthz))
        .route("/me", guarded(get(me), &guards.me))
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

async fn metrics(State(metrics): State<Metrics>) -> Response {
    answer(metrics.reply())
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
