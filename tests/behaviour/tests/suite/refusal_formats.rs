//! Refusals as the application wants them: of layers, extractors and endpoints.

use std::{fs, path::Path, sync::OnceLock, time::Duration};

use behaviour::{
    backend::Backend,
    case::{Case, Expected, passes, status},
    client::Request,
    run::{Everywhere, block_on},
    site::{Guard, Handler, Site},
};
use portcullis::{
    challenge::{RefusalAnswer, RefusalCode, RefusalFormat, RejectionBody},
    endpoint::{AccountsError, ApiKeyApi, Endpoints, PasswordGrantApi, SessionApi},
    guard::Authenticator,
    policy::Policy,
    verify::TokenCache,
};
use serde_json::json;

use crate::protected::{get, mint, token, with_cache};

const TYPES: &str = "https://api.test/problems/";

fn problems() -> RefusalFormat {
    let format = RefusalFormat::problem_details();
    format.problem_types(TYPES).unwrap()
}

/// For clients that know no other refusal than 401, with a body of its own.
fn own() -> RefusalFormat {
    RefusalFormat::custom(|refused| {
        let text = format!(
            "{}|{}|{}|{}",
            refused.status(),
            refused.code(),
            refused.field().unwrap_or("-"),
            refused.description().unwrap_or("-"),
        );
        RefusalAnswer::new(RejectionBody::new("text/plain", text)).status(401)
    })
}

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
        Case::new("JSON", get("/json"), behaviour::case::missing()),
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

/// The APIs with refusals in this format.
fn apis(format: RefusalFormat) -> (Backend, Everywhere) {
    let backend = Backend::new();
    let endpoints = Endpoints::builder(backend.people.clone())
        .session_api(SessionApi::new(backend.session.clone()))
        .api_key_api(ApiKeyApi::new(backend.api_key.clone()))
        .password_grant_api(PasswordGrantApi::new(backend.grant.clone()))
        .common_routes()
        .refusal_format(format)
        .build()
        .unwrap();
    let everywhere = Everywhere::serve(&Site::new().endpoints(endpoints));
    (backend, everywhere)
}

fn post(path: &str) -> Request {
    Request::new("POST", path)
}

const LOGIN: &str = "/api/users/login";

fn wrong_password() -> Request {
    post(LOGIN).json(r#"{"username":"alice","password":"hunter2hunter2"}"#)
}

fn huge() -> Request {
    post(LOGIN)
        .field("Content-Type", "application/json")
        .field("Content-Length", "20000")
}

fn wrong_grant() -> Request {
    post("/auth/jwt/login").form("grant_type=password&username=alice&password=hunter2hunter2")
}

fn oauth_error() -> Expected {
    status(400).not_stored().json(json!({
        "error": "invalid_grant",
        "error_description": "the credentials or the refresh token are not valid",
    }))
}

#[test]
fn endpoints_without_bodies() {
    let (_backend, everywhere) = apis(RefusalFormat::empty());
    let empty = |code| status(code).not_stored().body("").no_field("content-type");
    let bearer = [("realm", "api")];
    everywhere.run(&[
        Case::new(
            "credentials",
            wrong_password(),
            empty(401).challenge("Bearer", &bearer),
        ),
        Case::new("field", post(LOGIN).json("{}"), empty(400)),
        Case::new("type", post(LOGIN).body("text/plain", "x"), empty(415)),
        Case::new("size", huge(), empty(413)),
        Case::new("method", get(LOGIN), empty(405).field("allow", "POST")),
        Case::new(
            "HEAD",
            Request::new("HEAD", LOGIN),
            empty(405)
                .field("allow", "POST")
                .field("content-length", "0"),
        ),
        Case::new(
            "no token",
            get("/sessions"),
            empty(401).challenge("Bearer", &bearer),
        ),
        Case::new("OAuth", wrong_grant(), oauth_error()),
    ]);
}

#[test]
fn endpoints_with_problem_details() {
    let (_backend, everywhere) = apis(problems());
    let told = |code: &str, detail: Option<&str>, field: Option<&str>| {
        let mut known = RefusalCode::ALL.iter();
        let known = known.find(|known| known.code() == code).unwrap();
        let mut body = json!({
            "type": format!("{TYPES}{code}"),
            "title": known.title(),
            "status": known.status(),
            "error": code,
        });
        for (name, value) in [("detail", detail), ("field", field)] {
            if let Some(value) = value {
                body[name] = value.into();
            }
        }
        status(known.status())
            .not_stored()
            .body(body_in_order(&body))
            .field("content-type", "application/problem+json")
    };
    let bearer = [("realm", "api")];
    let missing = Some("the field is missing or empty");
    everywhere.run(&[
        Case::new(
            "credentials",
            wrong_password(),
            told("invalid_credentials", None, None).challenge("Bearer", &bearer),
        ),
        Case::new(
            "field",
            post(LOGIN).json(r#"{"password":"x"}"#),
            told("invalid_request", missing, Some("username")),
        ),
        Case::new(
            "type",
            post(LOGIN).body("text/plain", "x"),
            told("unsupported_media_type", None, None),
        ),
        Case::new("size", huge(), told("content_too_large", None, None)),
        Case::new(
            "method",
            get(LOGIN),
            told("method_not_allowed", None, None).field("allow", "POST"),
        ),
        Case::new(
            "HEAD",
            Request::new("HEAD", LOGIN),
            told("method_not_allowed", None, None)
                .field("allow", "POST")
                .without_body(),
        ),
        Case::new(
            "no token",
            post("/logout"),
            told("unauthorized", None, None).challenge("Bearer", &bearer),
        ),
        Case::new("OAuth", wrong_grant(), oauth_error()),
        Case::new(
            "OAuth, another method",
            get("/auth/jwt/login"),
            status(405)
                .not_stored()
                .error("method_not_allowed")
                .field("allow", "POST"),
        ),
    ]);
}

/// The members of problem details in the order in which they are written.
fn body_in_order(body: &serde_json::Value) -> String {
    let names = ["type", "title", "status", "detail", "error", "field"];
    let members = names.iter().filter_map(|name| {
        let value = body.get(name)?;
        Some(format!(r#""{name}":{value}"#))
    });
    format!("{{{}}}", members.collect::<Vec<_>>().join(","))
}

#[test]
fn endpoints_with_an_own_renderer() {
    let (backend, everywhere) = apis(own());
    let told = |text: &str| {
        let expected = status(401).not_stored();
        let expected = expected.field("content-type", "text/plain").body(text);
        expected.challenge("Bearer", &[("realm", "api")])
    };
    everywhere.run(&[
        Case::new(
            "credentials",
            wrong_password(),
            told("401|invalid_credentials|-|-"),
        ),
        // What becomes a 401 gets a challenge.
        Case::new(
            "field",
            post(LOGIN).json(r#"{"password":"x"}"#),
            told("400|invalid_request|username|the field is missing or empty"),
        ),
        Case::new("size", huge(), told("413|content_too_large|-|-")),
        Case::new(
            "method",
            get(LOGIN),
            told("405|method_not_allowed|-|-").field("allow", "POST"),
        ),
        Case::new(
            "OAuth",
            wrong_grant(),
            told("400|invalid_grant|-|the credentials or the refresh token are not valid")
                .challenge("Basic", &[("realm", "api")]),
        ),
    ]);
    // A fault stays one.
    let trouble = AccountsError::unavailable(Duration::from_secs(1));
    backend
        .people
        .change(|people| people.trouble = Some(trouble));
    everywhere.run(&[Case::new(
        "fault",
        wrong_password(),
        status(503)
            .not_stored()
            .field("retry-after", "1")
            .field("content-type", "text/plain")
            .body("503|temporarily_unavailable|-|-"),
    )]);
}

/// The constants of an API are in the JSON alone, and in all of it.
#[test]
fn endpoints_with_json_answer_as_ever() {
    let (_, with) = apis(RefusalFormat::json());
    let without = Everywhere::serve(&Backend::new().site());
    block_on(async {
        for request in [
            wrong_password(),
            post(LOGIN).json("{}"),
            post(LOGIN).body("text/plain", "x"),
            huge(),
            get(LOGIN),
            post("/logout"),
            wrong_grant(),
        ] {
            let [with, without] = [with.same(&request).await, without.same(&request).await];
            let difference = behaviour::invariants::difference(&with, &without);
            assert!(difference.is_empty(), "{request:?}: {difference}");
        }
        let answer = with.same(&wrong_password()).await;
        assert_eq!(
            answer.text(),
            r#"{"login":false,"error":"invalid_credentials"}"#
        );
        let answer = with.same(&get(LOGIN)).await;
        assert_eq!(answer.text(), r#"{"error":"method_not_allowed"}"#);
    });
}

/// The page and the documentation of the type say what the code does.
#[test]
fn codes_are_documented() {
    let project = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (page, mark) in [
        ("docs/refusals.md", ""),
        ("crates/portcullis/src/challenge/refusal_code.rs", "/// "),
    ] {
        let text = fs::read_to_string(project.join(page)).unwrap();
        let rows = text.lines().filter_map(|line| {
            let line = line.strip_prefix(mark)?.strip_prefix("| `")?;
            let mut cells = line
                .split('|')
                .map(|cell| cell.trim().trim_matches('`').to_owned());
            let (code, status, title) = (cells.next()?, cells.next()?, cells.next()?);
            status
                .parse::<u16>()
                .ok()
                .map(|status| (code, status, title))
        });
        let known = RefusalCode::ALL.iter().map(|known| {
            let (code, title) = (known.code().to_owned(), known.title().to_owned());
            (code, known.status(), title)
        });
        let (rows, known): (Vec<_>, Vec<_>) = (rows.collect(), known.collect());
        assert_eq!(rows, known, "{page}");
    }
}
