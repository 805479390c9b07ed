//! Tokens in other places than `Authorization: Bearer`.

use std::sync::OnceLock;

use behaviour::{
    case::{
        Case, Expected, REALM, insufficient_scope, invalid_request, invalid_token, missing, passes,
    },
    client::Request,
    run::Everywhere,
    site::{Guard, Handler, Site},
};
use portcullis::{
    credentials::TokenSource,
    csrf::{CsrfKey, CsrfProtection},
    guard::Authenticator,
    policy::Policy,
    verify::TokenCache,
};

use crate::protected::{get, mint, token, with_cache};

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve_with_cache(site))
}

fn site(cache: Option<TokenCache>) -> Site {
    let guard = || {
        let builder = with_cache(mint().verifier_builder(), &cache);
        Authenticator::new(builder.build().unwrap())
    };
    let of = |sources: &[TokenSource]| guard().token_sources(sources.iter().cloned());
    let csrf = CsrfProtection::new(CsrfKey::generate().unwrap());
    let cookie = TokenSource::cookie("__Host-at", csrf).unwrap();
    let scheme = TokenSource::authorization("Token").unwrap();
    let header = TokenSource::header("X-Api-Token").unwrap();
    let prefixed = TokenSource::header_with_prefix("X-Auth", "Token").unwrap();
    let protocol = TokenSource::websocket_protocol("bearer.").unwrap();
    let query = TokenSource::query("access_token").unwrap();
    let all = [
        cookie.clone(),
        TokenSource::bearer(),
        header.clone(),
        protocol.clone(),
        query.clone(),
    ];
    Site::new()
        .route("/usual", guard(), Handler::Claims)
        .route(
            "/scheme",
            of(std::slice::from_ref(&scheme)),
            Handler::Claims,
        )
        .route(
            "/scheme/read",
            of(&[scheme]).require(Policy::scope("read").unwrap()),
            Handler::Claims,
        )
        .route("/header", of(&[header]), Handler::Claims)
        .route("/prefixed", of(&[prefixed]), Handler::Claims)
        .route(
            "/cookie",
            of(std::slice::from_ref(&cookie)),
            Handler::Claims,
        )
        .route("/protocol", of(&[protocol]), Handler::Claims)
        .route("/query", of(&[query]), Handler::Claims)
        .route("/all", of(&all), Handler::Claims)
        .route("/all/maybe", of(&all).optional(), Handler::Maybe)
        .route("/own", Guard::extractor(of(&all)), Handler::Claims)
        .route(
            "/own/maybe",
            Guard::extractor(of(&all).optional()),
            Handler::Maybe,
        )
        .route("/none", of(&[]), Handler::Claims)
        .route("/none/cookie", of(&[cookie]).optional(), Handler::Maybe)
}

fn good() -> String {
    token().build()
}

fn cookie(request: Request, value: &str) -> Request {
    request.field("Cookie", format!("theme=dark; __Host-at={value}; lang=en"))
}

/// The challenge of a route that wants another scheme.
fn scheme(expected: Expected, error: Option<&str>) -> Expected {
    let mut params = vec![("realm", REALM)];
    params.extend(error.map(|error| ("error", error)));
    expected.challenge("Token", &params)
}

#[test]
fn each_place_is_looked_at_where_it_is_named() {
    let good = good();
    let private = || passes().field("cache-control", "private");
    let subprotocols = |value: String| get("/protocol").field("Sec-WebSocket-Protocol", value);
    everywhere().run(&[
        Case::new(
            "a header",
            get("/header").field("X-Api-Token", &good),
            private(),
        ),
        Case::new(
            "a header, empty",
            get("/header").field("X-Api-Token", ""),
            missing(),
        ),
        Case::new(
            "a header twice",
            get("/header")
                .field("X-Api-Token", &good)
                .field("X-Api-Token", &good),
            invalid_request().reason("Repeated"),
        ),
        Case::new(
            "a header, garbage",
            get("/header").field("X-Api-Token", "a b"),
            invalid_request().reason("Malformed"),
        ),
        Case::new(
            "a header, another token",
            get("/header").field("X-Api-Token", "a.b.c"),
            invalid_token(),
        ),
        Case::new(
            "a header, and Bearer",
            get("/header").bearer(&good),
            missing(),
        ),
        Case::new(
            "a word before it",
            get("/prefixed").field("X-Auth", format!("token {good}")),
            passes(),
        ),
        Case::new(
            "no word before it",
            get("/prefixed").field("X-Auth", &good),
            missing(),
        ),
        Case::new("a cookie", cookie(get("/cookie"), &good), private()),
        Case::new(
            "a cookie in quotes",
            cookie(get("/cookie"), &format!("\"{good}\"")),
            passes(),
        ),
        Case::new("a cookie, empty", cookie(get("/cookie"), ""), missing()),
        Case::new(
            "a cookie, garbage",
            cookie(get("/cookie"), "a b"),
            invalid_request(),
        ),
        Case::new(
            "a cookie, another token",
            cookie(get("/cookie"), "a.b.c"),
            invalid_token(),
        ),
        Case::new(
            "a cookie twice",
            cookie(get("/cookie"), &format!("{good}; __Host-at={good}")),
            invalid_request().reason("Repeated"),
        ),
        Case::new(
            "a cookie twice, in two fields",
            cookie(cookie(get("/cookie"), &good), ""),
            invalid_request().reason("Repeated"),
        ),
        Case::new(
            "a cookie of another name",
            get("/cookie").field("Cookie", format!("at={good}")),
            missing(),
        ),
        // Shared caches know of this one by themselves (RFC 9111 section 3.5).
        Case::new(
            "Bearer where there are other places",
            get("/all").bearer(&good),
            passes().no_field("cache-control"),
        ),
        Case::new(
            "a cookie where none is wanted",
            cookie(get("/usual"), &good),
            missing(),
        ),
        Case::new(
            "a query",
            get(&format!("/query?a=b&access_token={good}")),
            private(),
        ),
        Case::new(
            "a query, encoded",
            get(&format!(
                "/query?%61ccess_token={}",
                good.replace('.', "%2E")
            )),
            private(),
        ),
        Case::new("a query, empty", get("/query?access_token="), missing()),
        Case::new(
            "a query twice",
            get(&format!("/query?access_token={good}&access_token={good}")),
            invalid_request().reason("Repeated"),
        ),
        Case::new(
            "a query, garbage",
            get("/query?access_token=a%20b"),
            invalid_request(),
        ),
        // RFC 6750 section 2.3: off unless it is switched on.
        Case::new(
            "a query where none is wanted",
            get(&format!("/usual?access_token={good}")),
            missing(),
        ),
        Case::new(
            "two subprotocols",
            subprotocols(format!("chat.v1, bearer.{good}")),
            passes(),
        ),
        Case::new(
            "the token first",
            subprotocols(format!("bearer.{good},chat.v1")),
            passes(),
        ),
        Case::new(
            "the token as the only subprotocol",
            subprotocols(format!("bearer.{good}")),
            invalid_request()
                .reason("LoneSubprotocol")
                .param("error_description", LONE)
                .json(serde_json::json!({"error": "invalid_request", "error_description": LONE})),
        ),
        Case::new(
            "two tokens as subprotocols",
            subprotocols(format!("bearer.{good}, bearer.{good}, chat")),
            invalid_request().reason("Repeated"),
        ),
        Case::new(
            "other subprotocols",
            subprotocols("chat.v1, chat.v2".to_owned()),
            missing(),
        ),
        Case::new("no place at all", get("/none").bearer(&good), missing()),
    ]);
}

const LONE: &str = "offer a second subprotocol beside the one that is the token";

#[test]
fn the_challenge_names_the_scheme_that_is_wanted() {
    let good = good();
    let of = |value: String| get("/scheme").authorization(value);
    everywhere().run(&[
        Case::new("good", of(format!("TOKEN {good}")), passes()),
        Case::new("none", get("/scheme"), scheme(missing(), None)),
        Case::new(
            "Bearer",
            of(format!("Bearer {good}")),
            scheme(missing(), None),
        ),
        Case::new(
            "the scheme alone",
            of("Token".to_owned()),
            scheme(invalid_request(), Some("invalid_request")),
        ),
        Case::new(
            "another token",
            of("Token a.b.c".to_owned()),
            scheme(invalid_token(), Some("invalid_token")),
        ),
        Case::new(
            "a scope is missing",
            get("/scheme/read").authorization(format!("Token {good}")),
            insufficient_scope("read").challenge(
                "Token",
                &[
                    ("realm", REALM),
                    ("error", "insufficient_scope"),
                    ("scope", "read"),
                ],
            ),
        ),
    ]);
}

/// Nobody falls back after a bad credential, and a header decides over a cookie.
#[test]
fn the_first_place_that_has_anything_decides() {
    let good = good();
    let bad = "a.b.c";
    let mut cases = Vec::new();
    for path in ["/all", "/all/maybe", "/own", "/own/maybe"] {
        let query = |token: &str| format!("{path}?access_token={token}");
        let absent = || {
            if path.ends_with("maybe") {
                passes()
            } else {
                missing()
            }
        };
        cases.extend([
            Case::new("nothing", get(path), absent()),
            Case::new("a cookie", cookie(get(path), &good), passes()),
            Case::new("a bad cookie", cookie(get(path), bad), invalid_token()),
            Case::new(
                "a header and a bad cookie",
                cookie(get(path).bearer(&good), bad),
                passes(),
            ),
            Case::new(
                "a header and two cookies",
                cookie(cookie(get(path).bearer(&good), bad), bad),
                passes(),
            ),
            Case::new(
                "a bad header and a cookie",
                cookie(get(path).bearer(bad), &good),
                invalid_token(),
            ),
            Case::new(
                "a broken header and a cookie",
                cookie(get(path).authorization("Bearer"), &good),
                invalid_request(),
            ),
            Case::new(
                "Basic and a cookie",
                cookie(get(path).authorization("Basic eDp5"), &good),
                passes(),
            ),
            Case::new(
                "two headers",
                get(path).bearer(&good).field("X-Api-Token", bad),
                passes(),
            ),
            Case::new(
                "two headers, the first bad",
                get(path).bearer(bad).field("X-Api-Token", &good),
                invalid_token(),
            ),
            // RFC 6750 section 2: one method in each request.
            Case::new(
                "a header and a query",
                get(&query(&good)).bearer(&good),
                invalid_request().reason("Repeated"),
            ),
            Case::new(
                "another header and a query",
                get(&query(&good)).field("X-Api-Token", &good),
                invalid_request().reason("Repeated"),
            ),
            Case::new(
                "a bad header and a query",
                get(&query(&good)).bearer(bad),
                invalid_request().reason("Repeated"),
            ),
        ]);
    }
    for path in ["/all", "/all/maybe"] {
        let request = get(&format!("{path}?access_token={good}"));
        let private = passes().field("cache-control", "private");
        cases.push(Case::new(
            "a query and a bad cookie",
            cookie(request, bad),
            private,
        ));
    }
    everywhere().run(&cases);
}
