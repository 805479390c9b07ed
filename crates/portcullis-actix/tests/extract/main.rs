//! Every extractor, with the middleware and without.

#![allow(clippy::unwrap_used)]

use actix_web::{
    App, HttpResponse,
    test::{TestRequest, call_service, init_service, read_body},
    web::{self, Data, ServiceConfig},
};
use portcullis::{
    challenge::{Rejection, RejectionBody, RejectionKind},
    credentials::TokenHeader,
    guard::LoginPage,
    head::Target,
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, SigningKey},
    policy::{Policy, RequiredScopes},
    subject::Subject,
    verify::{Status, TokenStatus, Verified, Verifier},
};
use portcullis_actix::{
    Auth, AuthRejection, Authenticated, Authenticator, Bearer, Claims, OptionalAuthenticated,
    OptionalBearer, OptionalClaims, OptionalToken, Refresh, Scoped, ScopedIfPresent, Token, guard,
};

#[derive(Clone, serde::Deserialize)]
struct User {
    sub: String,
}

/// No token has this form.
#[derive(Clone, serde::Deserialize)]
struct Alien {
    _tentacles: u8,
}

struct Read;
impl RequiredScopes for Read {
    const SCOPES: &'static [&'static str] = &["read"];
}

struct Write;
impl RequiredScopes for Write {
    const SCOPES: &'static [&'static str] = &["write"];
}

struct XRefresh;
impl TokenHeader for XRefresh {
    const NAME: &'static str = "x-refresh";
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

fn or_dash(name: Option<String>) -> String {
    name.unwrap_or_else(|| "-".to_owned())
}

fn name(token: &Verified) -> String {
    token.subject_name().unwrap().to_owned()
}

fn routes(app: &mut ServiceConfig) {
    app.route(
        "/claims",
        web::to(async |Claims(user): Claims<User>| user.sub),
    )
    .route(
        "/maybe/claims",
        web::to(async |OptionalClaims(user): OptionalClaims<User>| {
            or_dash(user.map(|user| user.sub))
        }),
    )
    .route("/alien", web::to(async |_: Claims<Alien>| "?"))
    .route(
        "/maybe/alien",
        web::to(async |_: OptionalClaims<Alien>| "?"),
    )
    .route("/token", web::to(async |token: Token| name(&token)))
    .route(
        "/maybe/token",
        web::to(async |OptionalToken(token): OptionalToken| or_dash(token.as_ref().map(name))),
    )
    .route("/read", web::to(async |token: Scoped<Read>| name(&token)))
    .route(
        "/read/claims",
        web::to(async |user: Scoped<Read, Claims<User>>| user.into_inner().0.sub),
    )
    .route("/write", web::to(async |_: Scoped<Write>| "?"))
    .route(
        "/maybe/read",
        web::to(async |user: ScopedIfPresent<Read, OptionalClaims<User>>| {
            or_dash(user.into_inner().0.map(|user| user.sub))
        }),
    )
    .route(
        "/maybe/write",
        web::to(async |_: ScopedIfPresent<Write>| "-"),
    )
    .route(
        "/own",
        web::to(async |Authenticated(user): Authenticated<User>| user.sub),
    )
    .route(
        "/own/maybe",
        web::to(
            async |OptionalAuthenticated(user): OptionalAuthenticated<User>| {
                or_dash(user.map(|user| user.sub))
            },
        ),
    )
    .route("/own/alien", web::to(async |_: Authenticated<Alien>| "?"))
    .route(
        "/own/token",
        web::to(async |Authenticated(token): Authenticated<Verified>| name(&token)),
    )
    .route(
        "/own/read",
        web::to(async |user: Scoped<Read, Authenticated<User>>| user.into_inner().0.sub),
    )
    .route(
        "/own/write",
        web::to(async |_: Scoped<Write, Authenticated<User>>| "?"),
    )
    .route(
        "/bearer",
        web::to(async |Bearer(it): Bearer| it.expose().to_owned()),
    )
    .route(
        "/maybe/bearer",
        web::to(async |OptionalBearer(it): OptionalBearer| {
            or_dash(it.map(|it| it.expose().to_owned()))
        }),
    )
    .route(
        "/refresh",
        web::to(async |Refresh(it): Refresh| it.expose().to_owned()),
    )
    .route(
        "/x-refresh",
        web::to(async |Refresh(it): Refresh<XRefresh>| it.expose().to_owned()),
    );
}

fn body(kind: RejectionKind) -> String {
    let rejection = Rejection::missing_layer("only for its form");
    let body = rejection.with_body(RejectionBody::standard(kind)).body();
    String::from_utf8(body.to_vec()).unwrap()
}

/// Sends a request with at most one header to an app.
macro_rules! ask {
    ($app:expr, $path:expr, $header:expr) => {{
        let mut request = TestRequest::get().uri($path);
        let header: Option<(&str, &str)> = $header;
        if let Some(header) = header {
            request = request.insert_header(header);
        }
        let response = call_service($app, request.to_request()).await;
        let status = response.status().as_u16();
        let body = read_body(response).await;
        (status, String::from_utf8(body.to_vec()).unwrap())
    }};
}

mod swallowed;

#[actix_web::test]
async fn under_the_middleware() {
    let app = init_service(App::new().wrap(Auth::new(verifier())).configure(routes)).await;
    let credentials = credentials();
    let good = Some(("authorization", credentials.as_str()));
    for (path, status, text) in [
        ("/claims", 200, "alice".into()),
        ("/maybe/claims", 200, "alice".into()),
        ("/alien", 401, body(RejectionKind::InvalidToken)),
        ("/maybe/alien", 401, body(RejectionKind::InvalidToken)),
        ("/token", 200, "alice".into()),
        ("/maybe/token", 200, "alice".into()),
        ("/read", 200, "alice".into()),
        ("/read/claims", 200, "alice".into()),
        ("/write", 403, body(RejectionKind::InsufficientScope)),
    ] {
        assert_eq!(ask!(&app, path, good), (status, text), "{path}");
    }
}

#[actix_web::test]
async fn where_it_is_optional_absent_is_none_and_bad_is_refused() {
    let auth = Auth::new(verifier()).optional();
    let app = init_service(App::new().wrap(auth).configure(routes)).await;
    for path in ["/maybe/claims", "/maybe/token"] {
        assert_eq!(ask!(&app, path, None), (200, "-".to_owned()), "{path}");
        let bad = ask!(&app, path, Some(("authorization", "Bearer a.b.c")));
        assert_eq!(bad, (401, body(RejectionKind::InvalidToken)), "{path}");
    }
    for path in ["/claims", "/token", "/read"] {
        let missing = (401, body(RejectionKind::MissingCredentials));
        assert_eq!(ask!(&app, path, None), missing, "{path}");
    }
}

#[actix_web::test]
async fn without_the_middleware_it_is_the_services_fault() {
    let app = init_service(App::new().configure(routes)).await;
    let credentials = credentials();
    let good = Some(("authorization", credentials.as_str()));
    let misconfigured = (500, body(RejectionKind::Misconfigured));
    for path in [
        "/claims",
        "/maybe/claims",
        "/token",
        "/maybe/token",
        "/read",
        "/own",
        "/own/maybe",
        "/own/read",
    ] {
        assert_eq!(ask!(&app, path, None), misconfigured, "{path}");
        assert_eq!(ask!(&app, path, good), misconfigured, "{path}");
    }
}

#[actix_web::test]
async fn an_extractor_that_verifies_by_itself() {
    /// Asks "somebody else", who yields once.
    struct Remote;
    impl TokenStatus for Remote {
        fn status(&self, _: &Verified) -> Status {
            Status::Pending(Box::pin(async {
                tokio::task::yield_now().await;
                Status::Clear
            }))
        }
    }
    let remote = issuer().verifier().status(Remote).build().unwrap();
    let credentials = credentials();
    let good = Some(("authorization", credentials.as_str()));
    for verifier in [verifier(), remote] {
        let authenticator = Authenticator::new(verifier);
        let plain =
            init_service(App::new().app_data(authenticator.clone()).configure(routes)).await;
        let data = App::new().app_data(Data::new(authenticator));
        let data = init_service(data.configure(routes)).await;
        for app in [plain, data] {
            for (path, header, status, text) in [
                ("/own", good, 200, "alice".to_owned()),
                ("/own", None, 401, body(RejectionKind::MissingCredentials)),
                ("/own/maybe", good, 200, "alice".to_owned()),
                ("/own/maybe", None, 200, "-".to_owned()),
                ("/own/alien", good, 401, body(RejectionKind::InvalidToken)),
                ("/own/token", good, 200, "alice".to_owned()),
                ("/own/read", good, 200, "alice".to_owned()),
                (
                    "/own/write",
                    good,
                    403,
                    body(RejectionKind::InsufficientScope),
                ),
            ] {
                assert_eq!(ask!(&app, path, header), (status, text), "{path}");
            }
            let bad = ask!(&app, "/own/maybe", Some(("authorization", "Bearer")));
            assert_eq!(bad, (400, body(RejectionKind::InvalidRequest)));
        }
    }
}

#[actix_web::test]
async fn raw_tokens() {
    let app = init_service(App::new().configure(routes)).await;
    for (path, header, status, text) in [
        (
            "/bearer",
            Some(("authorization", "bearer abc")),
            200,
            "abc".to_owned(),
        ),
        (
            "/bearer",
            None,
            401,
            body(RejectionKind::MissingCredentials),
        ),
        ("/maybe/bearer", None, 200, "-".to_owned()),
        (
            "/maybe/bearer",
            Some(("authorization", "Bearer")),
            400,
            body(RejectionKind::InvalidRequest),
        ),
        (
            "/refresh",
            Some(("refresh-token", "abc")),
            200,
            "abc".to_owned(),
        ),
        (
            "/refresh",
            Some(("x-refresh", "abc")),
            401,
            body(RejectionKind::MissingCredentials),
        ),
        (
            "/x-refresh",
            Some(("x-refresh", "abc")),
            200,
            "abc".to_owned(),
        ),
    ] {
        assert_eq!(ask!(&app, path, header), (status, text), "{path}");
    }
}

#[actix_web::test]
async fn scopes_imply_a_token_unless_it_is_said_otherwise() {
    let auth = Auth::new(verifier()).optional();
    let app = init_service(App::new().wrap(auth).configure(routes)).await;
    let credentials = credentials();
    let good = Some(("authorization", credentials.as_str()));
    for (path, header, status, text) in [
        ("/maybe/read", None, 200, "-".to_owned()),
        ("/maybe/read", good, 200, "alice".to_owned()),
        ("/maybe/write", None, 200, "-".to_owned()),
        (
            "/maybe/write",
            good,
            403,
            body(RejectionKind::InsufficientScope),
        ),
        ("/write", None, 401, body(RejectionKind::MissingCredentials)),
    ] {
        assert_eq!(ask!(&app, path, header), (status, text), "{path}");
    }
}

/// actix does not tell which of two types of app data is the nearer one.
#[actix_web::test]
async fn both_forms_of_app_data_at_once_are_the_services_fault() {
    let open = || Authenticator::new(verifier());
    let strict = || open().require(Policy::scope("write").unwrap());
    let handler = || web::to(async |_: Authenticated<User>| "let in");
    let data_within = App::new().app_data(open()).service(
        web::scope("/own")
            .app_data(Data::new(strict()))
            .route("", handler()),
    );
    let bare_within = App::new()
        .app_data(Data::new(open()))
        .service(web::scope("/own").app_data(strict()).route("", handler()));
    let beside = App::new()
        .app_data(open())
        .app_data(Data::new(strict()))
        .route("/own", handler());
    let credentials = credentials();
    let good = Some(("authorization", credentials.as_str()));
    let misconfigured = (500, body(RejectionKind::Misconfigured));
    for app in [data_within, bare_within, beside] {
        let app = init_service(app).await;
        assert_eq!(ask!(&app, "/own", good), misconfigured);
        assert_eq!(ask!(&app, "/own", None), misconfigured);
    }
    // The same form twice is clear: the nearer one.
    let app = App::new()
        .app_data(open())
        .service(web::scope("/own").app_data(strict()).route("", handler()));
    let app = init_service(app).await;
    let insufficient = (403, body(RejectionKind::InsufficientScope));
    assert_eq!(ask!(&app, "/own", good), insufficient);
}

/// The target and the peer that a policy sees, of a middleware within scopes, of
/// an extractor and of a guard there.
#[actix_web::test]
async fn what_actix_knows_of_a_request_is_seen() {
    let policy = || {
        Policy::request(|_, head| {
            assert_eq!(head.target(), Target::new("/outer/inner/own", Some("q=1")));
            head.peer() == Some("192.0.2.1:4711".parse().unwrap())
        })
    };
    let authenticator = || Authenticator::new(verifier()).require(policy());
    let layered = web::resource("/own")
        .wrap(Auth::new(authenticator()))
        .to(async || "in");
    let extracting = web::resource("/own")
        .wrap(Auth::new(verifier()))
        .app_data(authenticator())
        .to(async |_: Authenticated<User>| "in");
    let guarded = web::resource("/own")
        .wrap(Auth::new(verifier()))
        .route(web::get().guard(guard::policy(policy())).to(async || "in"))
        .default_service(web::to(async || HttpResponse::Forbidden()));
    for resource in [layered, extracting, guarded] {
        let inner = web::scope("/inner").service(resource);
        let app = App::new().service(web::scope("/outer").service(inner));
        let app = init_service(app).await;
        for (host, status) in [(1, 200), (2, 403)] {
            let peer = format!("192.0.2.{host}:4711").parse().unwrap();
            let request = TestRequest::get()
                .uri("/outer/inner/own?q=1")
                .insert_header(("authorization", credentials()))
                .peer_addr(peer);
            let response = call_service(&app, request.to_request()).await;
            assert_eq!(response.status(), status);
        }
    }
}
