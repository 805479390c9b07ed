//! Of layers and extractors.

use std::sync::OnceLock;

use behaviour::{
    case::{Case, Expected, missing, passes, status},
    client::Request,
    run::Everywhere,
    site::{Guard, Handler, Site},
};
use portcullis::{
    challenge::{RefusalAnswer, RefusalCode, RefusalFormat, RejectionBody},
    credentials::TokenSource,
    csrf::{CsrfKey, CsrfProtection},
    guard::Authenticator,
    policy::Policy,
    verify::TokenCache,
};

use super::{TYPES, own, problems};
use crate::protected::{get, mint, token, with_cache};

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve_with_cache(site))
}

fn site(cache: Option<TokenCache>) -> Site {
    let guard = |format: RefusalFormat| {
        let builder = with_cache(mint().verifier_builder(), &cache);
        Authenticator::new(builder.build().unwrap()).refusal_format(format)
    };
    let read = |guard: Authenticator| guard.require(Policy::scope("read").unwrap());
    let csrf = CsrfProtection::new(CsrfKey::generate().unwrap());
    let cookie = TokenSource::cookie("at", csrf).unwrap();
    let site = Site::new()
        .route("/json", guard(RefusalFormat::json()), Handler::Claims)
        .route(
            "/blank",
            guard(RefusalFormat::problem_details()),
            Handler::Claims,
        )
        .route(
            "/later/format",
            guard(RefusalFormat::json())
                .rejection_body(|_| RejectionBody::empty())
                .refusal_format(problems()),
            Handler::Claims,
        )
        .route(
            "/later/body",
            guard(problems()).rejection_body(|_| RejectionBody::new("text/plain", "own")),
            Handler::Claims,
        )
        .route(
            "/401/cookie",
            guard(own()).token_sources([cookie.clone()]),
            Handler::Claims,
        )
        .route(
            "/problem/cookie",
            guard(problems()).token_sources([cookie]),
            Handler::Claims,
        )
        .route(
            "/broken",
            guard(RefusalFormat::custom(|_| {
                RefusalAnswer::new(RejectionBody::new("text/plain", "come in")).status(200)
            })),
            Handler::Claims,
        );
    let formats = [
        (
            [
                "/empty",
                "/empty/typed",
                "/empty/scoped",
                "/empty/raw",
                "/empty/own",
                "/empty/own/typed",
                "/empty/own/read",
            ],
            RefusalFormat::empty(),
        ),
        (
            [
                "/problem",
                "/problem/typed",
                "/problem/scoped",
                "/problem/raw",
                "/problem/own",
                "/problem/own/typed",
                "/problem/own/read",
            ],
            problems(),
        ),
        (
            [
                "/401",
                "/401/typed",
                "/401/scoped",
                "/401/raw",
                "/401/own",
                "/401/own/typed",
                "/401/own/read",
            ],
            own(),
        ),
    ];
    formats.into_iter().fold(site, |site, (paths, format)| {
        let [layer, typed, scoped, raw, own, own_typed, own_read] = paths;
        let guard = || guard(format.clone());
        site.route(layer, guard(), Handler::Claims)
            .route(typed, guard(), Handler::Typed)
            .route(scoped, guard(), Handler::Scoped)
            .route(raw, guard().optional(), Handler::Refresh)
            .route(own, Guard::extractor(guard()), Handler::Claims)
            .route(own_typed, Guard::extractor(guard()), Handler::Typed)
            .route(own_read, Guard::extractor(read(guard())), Handler::Claims)
    })
}

type Params = Vec<(&'static str, &'static str)>;

/// What is refused for what, below one of the paths of the site: the request, its
/// status, its code and the parameters of its challenge.
fn refused(root: &str) -> Vec<(Request, u16, &'static str, Params)> {
    let good = token().bearer();
    let at = |path: &str| get(&format!("{root}{path}"));
    let with = |path: &str| at(path).authorization(&good);
    let code = |code: &'static str| vec![("realm", "api"), ("error", code)];
    let scope = |scope: &'static str| {
        let mut params = code("insufficient_scope");
        params.push(("scope", scope));
        params
    };
    let mut cases = Vec::new();
    for path in ["", "/own"] {
        cases.extend([
            (at(path), 401, "unauthorized", vec![("realm", "api")]),
            (
                at(path).authorization("Bearer"),
                400,
                "invalid_request",
                code("invalid_request"),
            ),
            (
                at(path).bearer("x"),
                401,
                "invalid_token",
                code("invalid_token"),
            ),
        ]);
    }
    cases.extend([
        // By a handler's extractors.
        (with("/typed"), 401, "invalid_token", code("invalid_token")),
        (
            with("/own/typed"),
            401,
            "invalid_token",
            code("invalid_token"),
        ),
        (
            with("/scoped"),
            403,
            "insufficient_scope",
            scope("read write"),
        ),
        (with("/own/read"), 403, "insufficient_scope", scope("read")),
        (at("/raw"), 401, "unauthorized", vec![("realm", "api")]),
        (
            at("/raw").field("refresh-token", "a b"),
            400,
            "invalid_request",
            code("invalid_request"),
        ),
    ]);
    cases
}

fn run(root: &str, expected: impl Fn(u16, &'static str) -> Expected) {
    let cases = refused(root)
        .into_iter()
        .map(|(request, status, code, params)| {
            let expected = expected(status, code).challenge("Bearer", &params);
            Case::new(format!("{root}: {code}"), request, expected)
        });
    let mut cases: Vec<_> = cases.collect();
    let head = Request::new("HEAD", root);
    let told = expected(401, "unauthorized").challenge("Bearer", &[("realm", "api")]);
    cases.push(Case::new("HEAD", head, told.without_body()));
    let good = get(root).authorization(token().bearer());
    cases.push(Case::new("good ones are untouched", good, passes()));
    everywhere().run(&cases);
}

fn problem(code: &str) -> String {
    let mut known = RefusalCode::ALL.iter();
    let known = known.find(|known| known.code() == code).unwrap();
    let (status, title) = (known.status(), known.title());
    let detail = match code {
        "invalid_request" => r#","detail":"the credentials are malformed""#,
        _ => "",
    };
    format!(
        r#"{{"type":"{TYPES}{code}","title":"{title}","status":{status}{detail},"error":"{code}"}}"#
    )
}

#[test]
fn an_empty_refusal_has_neither_body_nor_type() {
    run("/empty", |code, _| {
        status(code).body("").no_field("content-type")
    });
}

#[test]
fn problem_details() {
    run("/problem", |code, error| {
        let expected = status(code).field("content-type", "application/problem+json");
        expected.body(problem(error))
    });
    let blank = concat!(
        r#"{"type":"about:blank","title":"Unauthorized","status":401,"#,
        r#""error":"unauthorized"}"#
    );
    let expected = status(401).field("content-type", "application/problem+json");
    let expected = expected.challenge("Bearer", &[("realm", "api")]);
    everywhere().run(&[Case::new("no types", get("/blank"), expected.body(blank))]);
}

/// An existing client that knows 401 alone: the challenge still says what is wrong.
#[test]
fn a_renderer_may_choose_another_4xx() {
    run("/401", |code, error| {
        let why = match error {
            "invalid_request" => "the credentials are malformed",
            _ => "-",
        };
        let expected = status(401).field("content-type", "text/plain");
        expected.body(format!("{code}|{error}|-|{why}"))
    });
}

#[test]
fn a_refusal_never_becomes_a_success() {
    let told = |code| {
        let expected = status(code).field("content-type", "text/plain");
        expected.body("come in")
    };
    let bearer = [("realm", "api")];
    let bad = [("realm", "api"), ("error", "invalid_token")];
    everywhere().run(&[
        Case::new(
            "missing",
            get("/broken"),
            told(401).challenge("Bearer", &bearer),
        ),
        Case::new(
            "bad",
            get("/broken").bearer("x"),
            told(401).challenge("Bearer", &bad),
        ),
    ]);
}

#[test]
fn json_is_the_default_and_the_later_setting_counts() {
    let bearer = [("realm", "api")];
    let later = status(401)
        .field("content-type", "application/problem+json")
        .body(problem("unauthorized"));
    everywhere().run(&[
        Case::new("JSON", get("/json"), missing()),
        Case::new(
            "format",
            get("/later/format"),
            later.challenge("Bearer", &bearer),
        ),
        Case::new(
            "body",
            get("/later/body"),
            status(401).body("own").challenge("Bearer", &bearer),
        ),
    ]);
}

/// A 403 without a challenge has one as a 401 (RFC 9110 section 15.5.2).
#[test]
fn what_a_browser_was_made_to_send_is_refused_in_every_format() {
    let post = |path: &str| {
        let cookie = format!("at={}", token().build());
        Request::new("POST", path).field("Cookie", cookie)
    };
    let own_origin = |path: &str| post(path).field("Sec-Fetch-Site", "same-origin");
    let told = |text: &str| {
        let expected = status(401).field("content-type", "text/plain").body(text);
        expected.challenge("Bearer", &[("realm", "api")])
    };
    let explained = |code| {
        let expected = status(403).field("content-type", "application/problem+json");
        expected.body(problem(code))
    };
    let [renderer, problems] = ["/401/cookie", "/problem/cookie"];
    everywhere().run(&[
        Case::new(
            "origin",
            post(renderer),
            told("403|cross_origin_request|-|-"),
        ),
        Case::new(
            "token",
            own_origin(renderer),
            told("403|invalid_csrf_token|-|-"),
        ),
        Case::new(
            "origin explained",
            post(problems),
            explained("cross_origin_request"),
        ),
        Case::new(
            "token explained",
            own_origin(problems),
            explained("invalid_csrf_token"),
        ),
    ]);
}
