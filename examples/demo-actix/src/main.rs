//! The three reference APIs on actix-web.

use std::{io, process::ExitCode};

use actix_cors::Cors;
use actix_web::{
    App, FromRequest, Handler, HttpRequest, HttpResponse, HttpResponseBuilder, HttpServer, Route,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    guard,
    http::{
        Method, StatusCode,
        header::{HeaderValue, IF_NONE_MATCH},
    },
    middleware::{self, Condition, Next},
    web::{self, Data, ServiceConfig},
};
use bytes::Bytes;
use demo_common::{
    AccessLog, Console, Demo, Guards, Metrics, cors,
    replies::{self, ApiKeyClaims, DemoRead, SessionClaims},
};
use portcullis_actix::{Auth, Authenticator, Claims, OptionalToken, Scoped, Token};

fn main() -> ExitCode {
    demo_common::run("demo-actix", serve)
}

async fn serve(demo: Demo) -> io::Result<()> {
    let (endpoints, guards, console) = (demo.endpoints, demo.guards, demo.console);
    let (log, origins, metrics) = (demo.access_log, demo.cors, demo.metrics);
    let server = HttpServer::new(move || {
        App::new()
            .configure(portcullis_actix::endpoints(endpoints.clone()))
            .configure(own_routes(&guards))
            .configure(console_routes(&console, &guards))
            .configure(metrics_route(&metrics))
            .default_service(web::to(async || answer(replies::not_found())))
            // Outside of the guards, so that their refusals can be read, too.
            .wrap(Condition::new(!origins.is_empty(), cors(&origins)))
            .wrap(middleware::from_fn(move |request, next| {
                told(log, request, next)
            }))
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

/// Lets pages of these origins call with credentials, and read what they need.
fn cors(origins: &[String]) -> Cors {
    let names = |names: &[http::HeaderName]| {
        let names = names.iter().map(|name| name.as_str().to_owned());
        names.collect::<Vec<_>>()
    };
    let cors = Cors::default()
        .allowed_methods(["GET", "HEAD", "POST"])
        .allowed_headers(names(&cors::REQUEST_HEADERS))
        .expose_headers(names(&cors::RESPONSE_HEADERS))
        .supports_credentials()
        .max_age(usize::try_from(cors::MAX_AGE.as_secs()).ok());
    let allow = |cors: Cors, origin: &String| cors.allowed_origin(origin);
    origins.iter().fold(cors, allow)
}

async fn told<B: MessageBody>(
    log: AccessLog,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let target = request.uri().path_and_query().map_or("*", |it| it.as_str());
    let entry = log.begin(request.method().as_str(), target);
    let response = next.call(request).await;
    let status = match &response {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    entry.end(status.as_u16());
    response
}

fn own_routes(guards: &Guards) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        for (path, route) in [
            ("/healthz", read(healthz)),
            ("/me", read(me).wrap(auth(&guards.me))),
            ("/maybe", read(maybe).wrap(auth(&guards.optional))),
            ("/scoped/read", read(scoped_read).wrap(auth(&guards.any))),
            ("/fresh", read(fresh).wrap(auth(&guards.fresh))),
            ("/api/stations", read(stations).wrap(auth(&guards.session))),
            ("/v1/{resource}", read(resource).wrap(auth(&guards.api_key))),
        ] {
            add(config, path, route);
        }
    }
}

/// The page at `/`, and what it asks for.
fn console_routes(console: &Console, guards: &Guards) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.app_data(Data::new(console.clone()));
        for path in Console::paths() {
            add(config, path, read(file));
        }
        add(config, Console::SETTINGS, read(settings));
        add(
            config,
            Console::EVENTS,
            read(events).wrap(auth(&guards.any)),
        );
    }
}

fn metrics_route(metrics: &Metrics) -> impl FnOnce(&mut ServiceConfig) {
    move |config| {
        config.app_data(Data::new(metrics.clone()));
        add(config, Metrics::PATH, read(tell_metrics));
    }
}

fn add(config: &mut ServiceConfig, path: &str, route: Route) {
    config.service(
        web::resource(path)
            .route(route)
            .default_service(web::to(async || answer(replies::method_not_allowed()))),
    );
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

async fn tell_metrics(metrics: Data<Metrics>) -> HttpResponse {
    answer(metrics.reply())
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

async fn file(console: Data<Console>, request: HttpRequest) -> HttpResponse {
    let known = request.headers().get_all(IF_NONE_MATCH);
    answer(console.file(request.path(), known.map(HeaderValue::as_bytes)))
}

async fn settings(console: Data<Console>) -> HttpResponse {
    answer(console.settings())
}

async fn events(console: Data<Console>, token: Token, method: Method) -> HttpResponse {
    let (head, body) = console.events(&token).into_parts();
    let mut response = head_of(&head);
    // actix-web would go on reading a body that it does not send.
    match method {
        Method::HEAD => response.finish(),
        _ => response.streaming(body),
    }
}

fn answer(reply: http::Response<Bytes>) -> HttpResponse {
    let (head, body) = reply.into_parts();
    head_of(&head).body(body)
}

/// actix-web has `http` 0.2, the replies have 1.x.
fn head_of(head: &http::response::Parts) -> HttpResponseBuilder {
    let status = StatusCode::from_u16(head.status.as_u16());
    let mut response = HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
    for (name, value) in &head.headers {
        response.append_header((name.as_str(), value.as_bytes()));
    }
    response
}
