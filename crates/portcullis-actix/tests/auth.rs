//! The middleware and the guards.

#![allow(clippy::unwrap_used)]

use std::{cell::Cell, rc::Rc};

use actix_web::{
    App, Error, HttpMessage, HttpRequest, HttpResponse,
    body::{MessageBody, to_bytes},
    dev::{Service, ServiceResponse},
    http::header::{AUTHORIZATION, HeaderValue},
    test::{self, TestRequest, call_service, init_service},
    web,
};
use portcullis::{
    challenge::{Reason, Rejection, RejectionBody, RejectionKind},
    guard::Authentication,
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, SigningKey},
    policy::{Policy, RequiredScopes},
    subject::Subject,
    verify::{Status, TokenStatus, Verified, Verifier},
};
use portcullis_actix::{Auth, guard};

struct Read;
impl RequiredScopes for Read {
    const SCOPES: &'static [&'static str] = &["read"];
}

struct Write;
impl RequiredScopes for Write {
    const SCOPES: &'static [&'static str] = &["write"];
}

/// Asks "somebody else", who yields once.
struct Remote(bool);

impl TokenStatus for Remote {
    fn status(&self, _: &Verified) -> Status {
        let clear = self.0;
        Status::Pending(Box::pin(async move {
            tokio::task::yield_now().await;
            if clear {
                Status::Clear
            } else {
                Status::Revoked
            }
        }))
    }
}

fn issuer() -> TokenIssuer {
    let key = SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
    TokenIssuer::builder(key)
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()
        .unwrap()
}

fn verifier() -> Verifier {
    issuer().verifier().build().unwrap()
}

fn credentials() -> String {
    let alice = Subject::new("users", "alice");
    let token = AccessToken::new(&alice)
        .client("mobile")
        .scope("read".parse().unwrap());
    let issued = issuer().access(&token).unwrap();
    format!("Bearer {}", issued.token().expose())
}

fn request(path: &str, authorization: Option<&str>) -> TestRequest {
    let mut request = TestRequest::get().uri(path);
    if let Some(value) = authorization {
        request = request.insert_header((AUTHORIZATION, value));
    }
    request
}

async fn greet(request: HttpRequest) -> String {
    let extensions = request.extensions();
    let authentication: &Authentication = extensions.get().unwrap();
    let name = authentication
        .optional()
        .map_or("nobody", |it| it.subject_name().unwrap());
    name.to_owned()
}

async fn text(response: ServiceResponse<impl MessageBody>) -> String {
    let body = to_bytes(response.into_body()).await.ok().unwrap();
    String::from_utf8(body.to_vec()).unwrap()
}

fn body(kind: RejectionKind) -> String {
    let rejection = Rejection::missing_layer("only for its form");
    let body = rejection.with_body(RejectionBody::standard(kind)).body();
    String::from_utf8(body.to_vec()).unwrap()
}

#[actix_web::test]
async fn refusals_are_the_cores_answers() {
    let app = App::new()
        .wrap(Auth::new(verifier()))
        .route("/", web::get().to(greet));
    let app = init_service(app).await;
    let credentials = credentials();
    for (authorization, status, expected) in [
        (Some(credentials.as_str()), 200, "alice".into()),
        (None, 401, body(RejectionKind::MissingCredentials)),
        (Some("Bearer"), 400, body(RejectionKind::InvalidRequest)),
        (Some("Bearer a.b.c"), 401, body(RejectionKind::InvalidToken)),
    ] {
        let response = call_service(&app, request("/", authorization).to_request()).await;
        assert_eq!(response.status().as_u16(), status);
        if status != 200 {
            assert_eq!(response.headers().get_all("www-authenticate").count(), 1);
            assert_eq!(response.headers().get_all("content-type").count(), 1);
            assert!(response.response().extensions().contains::<Reason>());
        }
        assert_eq!(text(response).await, expected);
    }
}

#[actix_web::test]
async fn the_setters_reach_the_authenticator() {
    let auth = Auth::new(verifier())
        .require_if_present(Policy::scope("write").unwrap())
        .rejection_body(|rejection| {
            RejectionBody::new("text/plain", format!("{:?}", rejection.kind()))
        })
        .optional();
    let app = init_service(App::new().wrap(auth).route("/", web::get().to(greet))).await;
    let response = call_service(&app, request("/", None).to_request()).await;
    assert_eq!(text(response).await, "nobody");
    let response = call_service(&app, request("/", Some(&credentials())).to_request()).await;
    assert_eq!(response.status().as_u16(), 403);
    assert_eq!(
        response.headers().get("content-type").unwrap(),
        "text/plain"
    );
    assert_eq!(text(response).await, "InsufficientScope");
}

#[actix_web::test]
async fn scopes_and_resources_can_be_wrapped() {
    let app = App::new()
        .service(
            web::scope("/scope")
                .wrap(Auth::new(verifier()))
                .route("/in", web::get().to(greet)),
        )
        .service(
            web::resource("/resource")
                .wrap(Auth::new(verifier()))
                .route(web::get().to(greet)),
        )
        .route("/open", web::get().to(HttpResponse::Ok));
    let app = init_service(app).await;
    let credentials = credentials();
    for (path, authorization, status) in [
        ("/scope/in", None, 401),
        ("/scope/in", Some(credentials.as_str()), 200),
        ("/scope/out", None, 401),
        ("/scope/out", Some(credentials.as_str()), 404),
        ("/resource", None, 401),
        ("/resource", Some(credentials.as_str()), 200),
        ("/open", None, 200),
    ] {
        let response = call_service(&app, request(path, authorization).to_request()).await;
        assert_eq!(response.status().as_u16(), status, "{path}");
    }
}

#[actix_web::test]
async fn a_pending_verification_is_waited_for() {
    for (clear, status) in [(true, 200), (false, 401)] {
        let verifier = issuer().verifier().status(Remote(clear)).build().unwrap();
        let app = App::new()
            .wrap(Auth::new(verifier))
            .route("/", web::get().to(greet));
        let app = init_service(app).await;
        let response = call_service(&app, request("/", Some(&credentials())).to_request()).await;
        assert_eq!(response.status().as_u16(), status);
    }
}

/// Beside what the handler writes of its own, also after waiting.
#[actix_web::test]
async fn headers_are_added_to_answers() {
    let remote = issuer().verifier().status(Remote(true)).build().unwrap();
    for verifier in [verifier(), remote] {
        let auth = Auth::new(verifier)
            .response_header("cache-control", "private")
            .unwrap();
        let handler = async || {
            let field = ("cache-control", "max-age=60");
            HttpResponse::Ok().insert_header(field).finish()
        };
        let app = App::new().wrap(auth).route("/", web::get().to(handler));
        let app = init_service(app).await;
        for (authorization, expected) in [
            (Some(credentials()), &["max-age=60", "private"][..]),
            (None, &["private"]),
        ] {
            let request = request("/", authorization.as_deref()).to_request();
            let response = call_service(&app, request).await;
            let fields = response.headers().get_all("cache-control");
            assert!(fields.eq(expected), "{:?}", response.headers());
        }
    }
}

#[actix_web::test]
async fn outer_middleware_sees_refusals_as_responses() {
    let seen = Rc::new(Cell::new(0));
    let outer = seen.clone();
    let app = App::new()
        .wrap(Auth::new(verifier()))
        .wrap_fn(move |request, service| {
            let seen = outer.clone();
            let call = service.call(request);
            async move {
                let mut response = call.await?;
                seen.set(response.status().as_u16());
                let value = HeaderValue::from_static("*");
                let name = actix_web::http::header::ACCESS_CONTROL_ALLOW_ORIGIN;
                response.headers_mut().insert(name, value);
                Ok::<_, Error>(response)
            }
        })
        .route("/", web::get().to(greet));
    let app = init_service(app).await;
    let response = call_service(&app, request("/", None).to_request()).await;
    assert_eq!(seen.get(), 401);
    assert_eq!(
        response
            .headers()
            .get("access-control-allow-origin")
            .unwrap(),
        "*"
    );
    let response = call_service(&app, request("/", Some(&credentials())).to_request()).await;
    assert_eq!(response.status().as_u16(), 200);
}

#[actix_web::test]
async fn the_error_of_a_handler_passes_through() {
    let app = App::new().wrap(Auth::new(verifier())).route(
        "/",
        web::get().to(async || Err::<String, Error>(actix_web::error::ErrorImATeapot("tea"))),
    );
    let app = init_service(app).await;
    let response = call_service(&app, request("/", Some(&credentials())).to_request()).await;
    assert_eq!(response.status().as_u16(), 418);
}

#[actix_web::test]
async fn guards_choose_among_routes() {
    let app = App::new().wrap(Auth::new(verifier()).optional()).service(
        web::resource("/")
            .route(
                web::get()
                    .guard(guard::scopes::<Write>())
                    .to(async || "writer"),
            )
            .route(
                web::get()
                    .guard(guard::scopes::<Read>())
                    .to(async || "reader"),
            )
            .route(
                web::get()
                    .guard(guard::authenticated())
                    .to(async || "somebody"),
            )
            .route(web::get().to(async || "nobody")),
    );
    let app = init_service(app).await;
    let response = call_service(&app, request("/", Some(&credentials())).to_request()).await;
    assert_eq!(test::read_body(response).await, "reader");
    let response = call_service(&app, request("/", None).to_request()).await;
    assert_eq!(test::read_body(response).await, "nobody");
}
