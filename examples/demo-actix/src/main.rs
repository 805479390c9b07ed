//! The three reference APIs on actix-web.

use std::{io, process::ExitCode};

use actix_web::{
    App, FromRequest, Handler, HttpRequest, HttpResponse, HttpServer, Route, guard,
    http::StatusCode,
    web::{self, ServiceConfig},
};
use bytes::Bytes;
use demo_common::{
    Demo, Guards,
    replies::{self, ApiKeyClaims, DemoRead, SessionClaims},
};
use portcullis_actix::{Auth, Authenticator, Claims, OptionalToken, Scoped, Token};

fn main() -> ExitCode {
    demo_common::run("demo-actix", serve)
}

async fn serve(demo: Demo) -> io::Result<()> {
    let (endpoints, guards) = (demo.endpoints, demo.guards);
    let server = HttpServer::new(move || {
        App::new()
            .configure(portcullis_actix::endpoints(endpoints.clone()))
            .configure(own_routes(&guards))
            .default_service(web::to(async || answer(replies::not_found())))
    })
    .listen(demo.listener)?
    // The demo has its own, which stop what else is going on, too.
    .disable_signals()
    .run();
    let handle = server.handle();
    tokio::spawn(async move {
        demo.shutdown.requested().await;
        handle.stop(true).await;
    });
    server.await
}

fn own_routes(guards: &Guards) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        for (path, route) in [
            ("/healthz", read(healthz)),
            ("/me", read(me).wrap(auth(&guards.any))),
            ("/maybe", read(maybe).wrap(auth(&guards.optional))),
            ("/scoped/read", read(scoped_read).wrap(auth(&guards.any))),
            ("/fresh", read(fresh).wrap(auth(&guards.fresh))),
            ("/api/stations", read(stations).wrap(auth(&guards.session))),
            ("/v1/{resource}", read(resource).wrap(auth(&guards.api_key))),
        ] {
            config.service(
                web::resource(path)
                    .route(route)
                    .default_service(web::to(async || answer(replies::method_not_allowed()))),
            );
        }
    }
}

/// Around a route and not a resource: there is no need to log in to learn that
/// a method does not exist.
fn auth(guard: &Authenticator) -> Auth {
    Auth::new(guard.clone())
}

/// GET, and HEAD with it.
fn read<F, Args>(handler: F) -> Route
where
    F: Handler<Args, Output = HttpResponse>,
    Args: FromRequest + 'static,
{
    web::route()
        .guard(guard::Any(guard::Get()).or(guard::Head()))
        .to(handler)
}

async fn healthz() -> HttpResponse {
    answer(replies::healthz())
}

async fn me(token: Token) -> HttpResponse {
    answer(replies::me(&token))
}

async fn maybe(OptionalToken(token): OptionalToken) -> HttpResponse {
    answer(replies::maybe(token.as_ref()))
}

async fn scoped_read(token: Scoped<DemoRead>) -> HttpResponse {
    answer(replies::scoped_read(&token))
}

async fn fresh(Claims(token): Claims<SessionClaims>) -> HttpResponse {
    answer(replies::fresh(&token))
}

async fn stations(Claims(token): Claims<SessionClaims>) -> HttpResponse {
    answer(replies::stations(&token))
}

async fn resource(Claims(token): Claims<ApiKeyClaims>, request: HttpRequest) -> HttpResponse {
    answer(replies::resource(&token, request.uri().path()))
}

/// actix-web has `http` 0.2, the replies have 1.x.
fn answer(reply: http::Response<Bytes>) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status().as_u16());
    let mut response = HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in reply.headers() {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    response.body(reply.into_body())
}
