//! Requests that a browser was made to send: a cookie alone changes nothing.

use std::sync::OnceLock;

use behaviour::{
    case::{Case, Expected, insufficient_scope, invalid_token, passes, status, unavailable},
    client::Request,
    run::Everywhere,
    site::{Guard, Handler, Site},
};
use portcullis::{
    credentials::TokenSource,
    csrf::{CsrfKey, CsrfProtection},
    guard::Authenticator,
    policy::Policy,
    verify::{Status, TokenCache, TokenStatus, Verification, Verified},
};
use portcullis_testing::mint::Draft;

use crate::protected::{mint, token, with_cache};

const APP: &str = "https://app.test";

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve_with_cache(site))
}

fn csrf() -> CsrfProtection {
    let key = CsrfKey::new(b"a key of thirty-two bytes or more, the same everywhere").unwrap();
    CsrfProtection::new(key).allow_origin(APP).unwrap()
}

/// Says later that the token is good, or that nobody knows.
struct Later;

impl TokenStatus for Later {
    fn status(&self, token: &Verified) -> Status {
        let is_known = token.token_id() != Some("unknown");
        Status::Pending(Box::pin(async move {
            tokio::task::yield_now().await;
            match is_known {
                true => Status::Clear,
                false => Status::Unknown,
            }
        }))
    }
}

fn site(cache: Option<TokenCache>) -> Site {
    let sources = || {
        let cookie = TokenSource::cookie("__Host-at", csrf()).unwrap();
        [TokenSource::bearer(), cookie]
    };
    let builder = || with_cache(mint().verifier_builder(), &cache);
    let guard = || Authenticator::new(builder().build().unwrap()).token_sources(sources());
    let later = builder().status(Later).build().unwrap();
    Site::new()
        .route("/layer", guard(), Handler::Claims)
        .route("/own", Guard::extractor(guard()), Handler::Claims)
        .route("/maybe", guard().optional(), Handler::Maybe)
        .route(
            "/later",
            Authenticator::new(later).token_sources(sources()),
            Handler::Claims,
        )
        .route(
            "/read",
            guard().require(Policy::scope("read").unwrap()),
            Handler::Claims,
        )
}

fn session(name: &str) -> Draft {
    token().claim("sid", name)
}

/// What the page of this token's session knows.
fn csrf_token(token: &str) -> String {
    let verifier = mint().verifier();
    let Verification::Done(Ok(verified)) = verifier.verify(token.as_bytes()) else {
        panic!("the token is good");
    };
    csrf().token(&verified).unwrap()
}

fn with_cookie(method: &str, path: &str, token: &str) -> Request {
    Request::new(method, path).field("Cookie", format!("__Host-at={token}"))
}

fn cross_origin(reason: &str) -> Expected {
    status(403).error("cross_origin_request").reason(reason)
}

fn wrong_token(reason: &str) -> Expected {
    status(403).error("invalid_csrf_token").reason(reason)
}

#[test]
fn unsafe_methods_need_a_known_origin_and_the_sessions_token() {
    let good = session("one").build();
    let own = csrf_token(&good);
    let other = csrf_token(&session("two").build());
    let mut cases = Vec::new();
    for path in ["/layer", "/own", "/maybe", "/later"] {
        for method in ["GET", "HEAD", "OPTIONS"] {
            let request = with_cookie(method, path, &good).field("Origin", "https://evil.test");
            let expected = if method == "HEAD" {
                passes().without_body()
            } else {
                passes()
            };
            cases.push(Case::new("a safe method", request, expected));
        }
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let request = || with_cookie(method, path, &good);
            let here = || request().field("Sec-Fetch-Site", "same-origin");
            let from = |origin: &str| request().field("Origin", origin);
            let shown = |request: Request| request.field("X-CSRF-Token", &own);
            cases.extend([
                Case::new("here", shown(here()), passes()),
                Case::new("listed", shown(from(APP)), passes()),
                Case::new(
                    "listed, and the browser says that it is another site",
                    shown(from(APP).field("Sec-Fetch-Site", "cross-site")),
                    passes(),
                ),
                Case::new("neither", request(), cross_origin("UnknownOrigin")),
                Case::new("nowhere", shown(request()), cross_origin("UnknownOrigin")),
                Case::new("null", shown(from("null")), cross_origin("ForeignOrigin")),
                Case::new(
                    "foreign",
                    shown(from("https://evil.test")),
                    cross_origin("ForeignOrigin"),
                ),
                Case::new(
                    "a sibling",
                    shown(from("https://evil.app.test").field("Sec-Fetch-Site", "same-site")),
                    cross_origin("ForeignOrigin"),
                ),
                Case::new(
                    "the address bar",
                    shown(request().field("Sec-Fetch-Site", "none")),
                    cross_origin("ForeignOrigin"),
                ),
                Case::new("no token", here(), wrong_token("MissingToken")),
                Case::new(
                    "an empty token",
                    here().field("X-CSRF-Token", ""),
                    wrong_token("MissingToken"),
                ),
                Case::new(
                    "two tokens",
                    shown(shown(here())),
                    wrong_token("MissingToken"),
                ),
                Case::new(
                    "another session's",
                    here().field("X-CSRF-Token", &other),
                    wrong_token("WrongToken"),
                ),
                Case::new(
                    "garbage",
                    here().field("X-CSRF-Token", "x"),
                    wrong_token("WrongToken"),
                ),
                // It is on nobody's way who chose to send a token.
                Case::new(
                    "a header",
                    Request::new(method, path).bearer(&good),
                    passes(),
                ),
                Case::new("a header and a cookie", request().bearer(&good), passes()),
            ]);
        }
    }
    everywhere().run(&cases);
}

#[test]
fn an_upgrade_needs_a_listed_origin() {
    let good = session("one").build();
    let upgrade = |path: &str| with_cookie("GET", path, &good).field("Upgrade", "websocket");
    let mut cases = Vec::new();
    for path in ["/layer", "/own", "/later"] {
        cases.extend([
            Case::new("listed", upgrade(path).field("Origin", APP), passes()),
            Case::new("nowhere", upgrade(path), cross_origin("UnknownOrigin")),
            Case::new(
                "here, says the browser",
                upgrade(path).field("Sec-Fetch-Site", "same-origin"),
                cross_origin("UnknownOrigin"),
            ),
            Case::new(
                "foreign",
                upgrade(path).field("Origin", "https://evil.test"),
                cross_origin("ForeignOrigin"),
            ),
            Case::new(
                "a header",
                Request::new("GET", path)
                    .field("Upgrade", "websocket")
                    .bearer(&good),
                passes(),
            ),
        ]);
    }
    everywhere().run(&cases);
}

/// A bad token is told first: a page refreshes then, and tries again.
#[test]
fn what_else_is_wrong_is_told_in_order() {
    let here = |token: &str, path: &str| {
        let request = with_cookie("POST", path, token);
        request.field("Sec-Fetch-Site", "same-origin")
    };
    let good = session("one").build();
    let own = csrf_token(&good);
    let nameless = token().without("jti").build();
    let unknown = session("one").claim("jti", "unknown").build();
    let single = token().claim("jti", "single").build();
    everywhere().run(&[
        Case::new(
            "expired",
            here(
                &session("one").claim("exp", mint().now() - 3600).build(),
                "/layer",
            ),
            invalid_token().reason("Expired"),
        ),
        Case::new(
            "nobody can say",
            here(&unknown, "/later"),
            unavailable().reason("StatusUnknown"),
        ),
        Case::new(
            "a policy",
            here(&good, "/read"),
            wrong_token("MissingToken"),
        ),
        Case::new(
            "a policy, after the token",
            here(&good, "/read").field("X-CSRF-Token", &own),
            insufficient_scope("read"),
        ),
        Case::new(
            "no session, and no name",
            here(&nameless, "/layer").field("X-CSRF-Token", &own),
            wrong_token("NoSession"),
        ),
        Case::new(
            "no session, by its name",
            here(&single, "/layer").field("X-CSRF-Token", csrf_token(&single)),
            passes(),
        ),
    ]);
}
