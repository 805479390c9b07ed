//! Calls of gRPC, and those who only look like one.

use std::sync::OnceLock;

use behaviour::{
    case::{
        Case, Expected, insufficient_scope, invalid_request, invalid_token, missing, not_fresh,
        passes, status, unavailable,
    },
    client::Request,
    run::Everywhere,
    site::{Guard, Handler, Site},
};
use portcullis::{
    challenge::{RefusalFormat, RejectionBody},
    credentials::TokenSource,
    guard::{Authenticator, LoginPage},
    policy::Policy,
    verify::{Status, TokenCache, TokenStatus, Verified},
};

use crate::protected::{get, mint, session_token, token, with_cache};

/// Says of each token what stands in it, at once or later.
struct Told;

impl TokenStatus for Told {
    fn status(&self, token: &Verified) -> Status {
        let claims: serde_json::Value = token.claims().unwrap();
        match claims["x-status"].as_str() {
            None => Status::Clear,
            Some("unknown") => Status::Unknown,
            Some(later) => {
                let clear = later == "clear";
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
    }
}

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve_with_cache(site))
}

fn site(cache: Option<TokenCache>) -> Site {
    let builder = || with_cache(mint().verifier_builder(), &cache).status(Told);
    let plain = || Authenticator::new(builder().build().unwrap());
    let guard = || plain().grpc();
    let read = || Policy::scope("read").unwrap();
    let fresh = builder()
        .subject_claim("identity")
        .kind_claim("type", "access");
    let fresh = Authenticator::new(fresh.fresh_claim("fresh").build().unwrap());
    let query = TokenSource::query("access_token").unwrap();
    let text = RefusalFormat::custom(|_| RejectionBody::new("text/plain", "no"));
    Site::new()
        .route("/call", guard(), Handler::Claims)
        .route("/maybe", guard().optional(), Handler::Maybe)
        .route("/claims", guard().optional(), Handler::Claims)
        .route("/typed", guard(), Handler::Typed)
        .route("/scoped", guard(), Handler::Scoped)
        .route("/raw", guard().optional(), Handler::Refresh)
        .route("/read", guard().require(read()), Handler::Claims)
        .route("/own", Guard::extractor(guard()), Handler::Claims)
        .route("/own/typed", Guard::extractor(guard()), Handler::Typed)
        .route("/own/scoped", Guard::extractor(guard()), Handler::Scoped)
        .route(
            "/fresh",
            fresh.grpc().require(Policy::fresh()),
            Handler::Claims,
        )
        .route("/query", guard().token_sources([query]), Handler::Claims)
        .route(
            "/text",
            guard().refusal_format(text.clone()),
            Handler::Claims,
        )
        .route(
            "/login",
            guard().login_page(LoginPage::new("/in").unwrap()),
            Handler::Claims,
        )
        .route(
            "/private",
            guard().response_header("cache-control", "private").unwrap(),
            Handler::Claims,
        )
        .route("/off", plain(), Handler::Claims)
        .route("/off/typed", plain(), Handler::Typed)
        .route("/off/own", Guard::extractor(plain()), Handler::Claims)
        .route("/no-layer", Guard::Nothing, Handler::Claims)
}

const PLAIN: &str = "application/grpc";

fn call(path: &str) -> Request {
    Request::new("POST", path).body(PLAIN, "")
}

/// A call of this media type is told so; whatever HTTP would have, the challenge is that
/// of `expected`.
fn told_as(media_type: &str, code: u8, message: &str, expected: &Expected) -> Expected {
    expected
        .clone()
        .status(200)
        .field("content-type", media_type)
        .field("grpc-status", &code.to_string())
        .field("grpc-message", message)
        .body("")
}

fn told(code: u8, message: &str, expected: &Expected) -> Expected {
    told_as(PLAIN, code, message, expected)
}

fn unauthenticated() -> Expected {
    told(16, "Authentication required", &missing())
}

fn bad_token() -> Expected {
    told(16, "Invalid token", &invalid_token())
}

fn lacks_a_scope(scope: &str) -> Expected {
    told(7, "Insufficient scope", &insufficient_scope(scope))
}

#[test]
fn a_refused_call_is_told_in_grpc() {
    let on = |path: &str| call(path).authorization(token().bearer());
    let state = |path: &str, state: &str| {
        call(path).authorization(token().claim("x-status", state).bearer())
    };
    let fresh = told(
        16,
        "a token from a login with credentials is needed",
        &not_fresh(),
    );
    everywhere().run(&[
        Case::new("good", on("/call"), passes().no_field("grpc-status")),
        Case::new("missing", call("/call"), unauthenticated()),
        Case::new(
            "malformed",
            call("/call").authorization("Bearer"),
            told(16, "the credentials are malformed", &invalid_request()).reason("Malformed"),
        ),
        Case::new("bad", call("/call").bearer("x"), bad_token()),
        Case::new(
            "expired",
            call("/call").authorization(token().expired().bearer()),
            bad_token().reason("Expired"),
        ),
        Case::new(
            "unknown",
            state("/call", "unknown"),
            told(14, "Temporarily unavailable", &unavailable()).reason("StatusUnknown"),
        ),
        Case::new(
            "revoked, later",
            state("/call", "revoked"),
            bad_token().reason("Revoked"),
        ),
        Case::new(
            "a scope",
            on("/read"),
            lacks_a_scope("read").reason("ScopeMissing"),
        ),
        Case::new(
            "a scope, later",
            state("/read", "clear"),
            lacks_a_scope("read"),
        ),
        Case::new(
            "not fresh",
            call("/fresh").authorization(session_token(false).bearer()),
            fresh,
        ),
        Case::new("demanded by a handler", call("/claims"), unauthenticated()),
        Case::new(
            "by a handler's type",
            on("/typed"),
            bad_token().reason("Claims"),
        ),
        Case::new(
            "by a handler's type, later",
            state("/typed", "clear"),
            bad_token().reason("Claims"),
        ),
        Case::new(
            "by a handler's scopes",
            on("/scoped"),
            lacks_a_scope("read write"),
        ),
        Case::new("a raw token", call("/raw"), unauthenticated()),
        Case::new("an extractor of its own", call("/own"), unauthenticated()),
        Case::new("of its own, typed", on("/own/typed"), bad_token()),
        Case::new(
            "of its own, scoped",
            state("/own/scoped", "clear"),
            lacks_a_scope("read write"),
        ),
        Case::new(
            "elsewhere",
            call(&format!(
                "/query?access_token={}",
                token().expired().build()
            )),
            bad_token().field("cache-control", "private"),
        ),
        Case::new("another format", call("/text"), unauthenticated()),
        Case::new(
            "a header of the guard",
            call("/private"),
            unauthenticated().field("cache-control", "private"),
        ),
        Case::new(
            "with a login page",
            call("/login").field("Sec-Fetch-Mode", "navigate"),
            unauthenticated().no_field("location"),
        ),
        Case::new(
            "nobody, where one may be",
            call("/maybe"),
            passes().body(r#"{"authenticated":false,"subject":null}"#),
        ),
    ]);
}

#[test]
fn the_media_type_comes_back() {
    let cases = [
        ("application/grpc", PLAIN),
        ("Application/gRPC; charset=utf-8", PLAIN),
        ("application/grpc+proto", "application/grpc+proto"),
        ("application/grpc+json", "application/grpc+json"),
        ("application/grpc-web", "application/grpc-web"),
        ("application/grpc-web+proto", "application/grpc-web+proto"),
        ("application/grpc-web-text", "application/grpc-web-text"),
        (
            "application/grpc-web-text+thrift",
            "application/grpc-web-text+thrift",
        ),
    ];
    let cases = cases.map(|(sent, echoed)| {
        let request = |path| Request::new("POST", path).body(sent, "");
        let typed = request("/typed").authorization(token().bearer());
        let told = |expected: &Expected, message| told_as(echoed, 16, message, expected);
        [
            Case::new(
                sent,
                request("/call"),
                told(&missing(), "Authentication required"),
            ),
            Case::new(sent, typed, told(&invalid_token(), "Invalid token")),
        ]
    });
    everywhere().run(cases.as_flattened());
}

#[test]
fn others_are_told_by_http() {
    let refused = |expected: Expected| expected.no_field("grpc-status").no_field("grpc-message");
    let with = |method: &str, media_type: &str| {
        Request::new(method, "/call").field("Content-Type", media_type)
    };
    let twice = with("POST", PLAIN).field("Content-Type", PLAIN);
    everywhere().run(&[
        Case::new("no media type", get("/call"), refused(missing())),
        Case::new("GET", with("GET", PLAIN), refused(missing())),
        Case::new("PUT", with("PUT", PLAIN), refused(missing())),
        Case::new(
            "HEAD",
            with("HEAD", PLAIN),
            refused(missing()).without_body(),
        ),
        Case::new("JSON", with("POST", "application/json"), refused(missing())),
        Case::new(
            "a longer name",
            with("POST", "application/grpcx"),
            refused(missing()),
        ),
        Case::new(
            "no suffix",
            with("POST", "application/grpc+"),
            refused(missing()),
        ),
        Case::new(
            "a list",
            with("POST", "application/grpc, text/html"),
            refused(missing()),
        ),
        Case::new("two", twice, refused(missing())),
        Case::new(
            "by a handler",
            get("/typed").authorization(token().bearer()),
            refused(invalid_token()),
        ),
        Case::new(
            "another format",
            get("/text"),
            refused(missing())
                .field("content-type", "text/plain")
                .body("no"),
        ),
        Case::new(
            "a browser",
            get("/login").field("Sec-Fetch-Mode", "navigate"),
            refused(status(303)).field("location", "/in?return_to=/login"),
        ),
    ]);
}

/// A proxy that asks whether a request may pass lets in who gets a 2xx, and passes the
/// client's fields on: without the setting no media type makes one of a refusal.
#[test]
fn without_the_setting_a_media_type_changes_nothing() {
    let refused = |expected: Expected| expected.no_field("grpc-status").no_field("grpc-message");
    let types = [PLAIN, "application/grpc+proto", "application/grpc-web"];
    let cases = types.map(|media_type| {
        let asked = |path: &str| Request::new("POST", path).body(media_type, "");
        // As ForwardAuth does it, and `auth_request`.
        let forwarded = get("/off")
            .field("Content-Type", media_type)
            .field("X-Forwarded-Method", "POST")
            .field("X-Forwarded-Uri", "/stations.v1.Stations/Find");
        [
            Case::new(media_type, asked("/off"), refused(missing())),
            Case::new(media_type, forwarded, refused(missing())),
            Case::new(
                media_type,
                asked("/off").bearer("x"),
                refused(invalid_token()),
            ),
            Case::new(
                media_type,
                asked("/off/typed").authorization(token().bearer()),
                refused(invalid_token()),
            ),
            Case::new(media_type, asked("/off/own"), refused(missing())),
            Case::new(
                media_type,
                asked("/no-layer"),
                refused(behaviour::case::misconfigured()),
            ),
        ]
    });
    everywhere().run(cases.as_flattened());
}
