//! The site on axum: layers and extractors of `portcullis-axum`.

use axum::{
    Router,
    body::Body,
    http::{HeaderValue, Response, header::CONTENT_TYPE},
    response::IntoResponse,
    routing::{MethodRouter, any},
};
use portcullis::challenge::Reason;
use portcullis_axum::{AuthLayer, Claims, Scoped, Token};
use tower::util::MapResponseLayer;

use super::{Server, run};
use crate::site::{self, AnyClaims, Employee, Guard, Handler, ReadAndWrite, Route, Site};

/// Serves a site.
pub fn serve(site: &Site) -> Server {
    let app = router(site);
    Server::start("axum", move |listener, stop| {
        run(async move {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            let served = axum::serve(listener, app).into_future();
            tokio::select! {
                result = served => result.expect("axum serves"),
                _ = stop => {}
            }
        });
    })
}

fn router(site: &Site) -> Router {
    let add = |router: Router, route: &Route| router.route(route.path, method_router(route));
    site.routes
        .iter()
        .fold(Router::new(), add)
        .layer(MapResponseLayer::new(show_reason))
}

fn method_router(route: &Route) -> MethodRouter {
    let handler = match route.handler {
        Handler::Claims => any(claims),
        Handler::Maybe => any(maybe),
        Handler::Typed => any(typed),
        Handler::Scoped => any(scoped),
        Handler::Echo => any(echo),
    };
    match &route.guard {
        Guard::Layer(authenticator) => handler.layer(AuthLayer::new((**authenticator).clone())),
        Guard::Nothing => handler,
    }
}

async fn claims(Claims(claims): Claims<AnyClaims>) -> impl IntoResponse {
    json(site::claims_body(&claims))
}

async fn maybe(token: Option<Token>) -> impl IntoResponse {
    json(site::maybe_body(
        token.as_ref().and_then(|token| token.subject_name()),
    ))
}

async fn typed(Claims(employee): Claims<Employee>) -> impl IntoResponse {
    json(site::typed_body(&employee))
}

async fn scoped(token: Scoped<ReadAndWrite>) -> impl IntoResponse {
    json(site::scoped_body(&token))
}

async fn echo(body: Body) -> Response<Body> {
    Response::new(body)
}

fn json(body: String) -> impl IntoResponse {
    ([(CONTENT_TYPE, "application/json")], body)
}

fn show_reason(mut response: Response<Body>) -> Response<Body> {
    let reason = response.extensions().get::<Reason>().map(site::reason_name);
    if let Some(name) = reason.and_then(|name| HeaderValue::from_str(&name).ok()) {
        response.headers_mut().insert("x-reason", name);
    }
    response
}
