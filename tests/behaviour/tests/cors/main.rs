//! Beside layers of CORS: tower-http's and actix-cors. `docs/cors.md` says what
//! follows from it.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod apps;

use apps::{Answer, Order, ask_everywhere};
use portcullis::{
    credentials::TokenSource,
    csrf::{CsrfKey, CsrfProtection},
    guard::Authenticator,
    issue::{AccessToken, TokenIssuer},
    jose::{Algorithm, SigningKey},
    subject::Subject,
};

const PAGE: &str = "https://app.example";

fn issuer() -> TokenIssuer {
    let key = SigningKey::from_secret(Algorithm::HS256, &[7; 32]).unwrap();
    TokenIssuer::builder(key)
        .issuer("https://issuer.example")
        .audience("https://api.example")
        .build()
        .unwrap()
}

fn csrf() -> CsrfProtection {
    let csrf = CsrfProtection::new(CsrfKey::new(&[8; 32]).unwrap());
    csrf.allow_origin(PAGE).unwrap()
}

fn authenticator() -> Authenticator {
    let verifier = issuer().verifier().build().unwrap();
    let cookie = TokenSource::cookie("__Host-access_token", csrf()).unwrap();
    Authenticator::new(verifier).token_sources([TokenSource::bearer(), cookie])
}

fn token() -> String {
    let alice = Subject::new("users", "alice");
    let token = issuer().access(&AccessToken::new(&alice).client("web"));
    token.unwrap().token().expose().to_owned()
}

type Fields<'a> = &'a [(&'a str, &'a str)];

/// A browser asks whether a page may send what a single-page application sends.
fn preflight(origin: &str) -> [(&str, &str); 3] {
    [
        ("origin", origin),
        ("access-control-request-method", "POST"),
        (
            "access-control-request-headers",
            "authorization,content-type,refresh-token,x-csrf-token",
        ),
    ]
}

impl Answer {
    /// Whether a browser lets a page of this origin see the answer of a request
    /// that it sent with its cookies.
    fn is_for(&self, origin: &str) -> bool {
        self.value("access-control-allow-origin") == Some(origin)
            && self.value("access-control-allow-credentials") == Some("true")
    }

    /// Whether these are all listed in this field.
    fn lists(&self, field: &str, names: &[&str]) -> bool {
        let listed = self.value(field).unwrap_or_default().to_ascii_lowercase();
        let listed: Vec<_> = listed.split(',').map(str::trim).collect();
        names.iter().all(|name| listed.contains(name))
    }
}

const ASKED: [&str; 4] = [
    "authorization",
    "content-type",
    "refresh-token",
    "x-csrf-token",
];

#[actix_web::test]
async fn outside_it_answers_preflights_and_writes_on_refusals() {
    for answer in ask_everywhere(authenticator(), Order::Outside, "OPTIONS", &preflight(PAGE)).await
    {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.is_for(PAGE), "{answer:?}");
        assert!(
            answer.lists("access-control-allow-methods", &["post"]),
            "{answer:?}"
        );
        assert!(
            answer.lists("access-control-allow-headers", &ASKED),
            "{answer:?}"
        );
    }
    let bearer = format!("Bearer {}", token());
    let cookie = format!("__Host-access_token={}", token());
    let from_page = ("origin", PAGE);
    let cases: [(&str, Fields<'_>, u16); 5] = [
        ("GET", &[from_page], 401),
        ("GET", &[from_page, ("authorization", "Bearer a.b.c")], 401),
        ("GET", &[from_page, ("authorization", "Bearer")], 400),
        ("GET", &[from_page, ("authorization", &bearer)], 200),
        // The CSRF token is missing.
        ("POST", &[from_page, ("cookie", &cookie)], 403),
    ];
    for (method, fields, status) in cases {
        for answer in ask_everywhere(authenticator(), Order::Outside, method, fields).await {
            assert_eq!(answer.status, status, "{answer:?}");
            assert!(answer.is_for(PAGE), "{answer:?}");
            let exposed = ["www-authenticate", "retry-after"];
            assert!(
                answer.lists("access-control-expose-headers", &exposed),
                "{answer:?}"
            );
            let is_challenge = answer.value("www-authenticate").is_some();
            assert_eq!(is_challenge, status == 401 || status == 400, "{answer:?}");
        }
    }
}

#[actix_web::test]
async fn outside_a_page_of_elsewhere_sees_nothing() {
    let bearer = format!("Bearer {}", token());
    let fields = [
        ("origin", "https://evil.example"),
        ("authorization", &bearer),
    ];
    let elsewhere = preflight("https://evil.example");
    for (method, fields) in [("OPTIONS", &elsewhere[..]), ("GET", &fields[..])] {
        for answer in ask_everywhere(authenticator(), Order::Outside, method, fields).await {
            let allowed = answer.value("access-control-allow-origin");
            assert_ne!(allowed, Some("https://evil.example"), "{answer:?}");
            assert_ne!(allowed, Some("*"), "{answer:?}");
        }
    }
}

#[actix_web::test]
async fn inside_preflights_pass_where_they_may_and_refusals_stay_bare() {
    let passing = authenticator().pass_preflight();
    for answer in ask_everywhere(passing.clone(), Order::Inside, "OPTIONS", &preflight(PAGE)).await
    {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.is_for(PAGE), "{answer:?}");
        assert!(
            answer.lists("access-control-allow-headers", &ASKED),
            "{answer:?}"
        );
    }
    let bearer = format!("Bearer {}", token());
    let cases: [(Fields<'_>, u16, bool); 2] = [
        (&[("origin", PAGE), ("authorization", &bearer)], 200, true),
        // A page learns only that something failed.
        (&[("origin", PAGE)], 401, false),
    ];
    for (fields, status, is_seen) in cases {
        for answer in ask_everywhere(passing.clone(), Order::Inside, "GET", fields).await {
            assert_eq!(answer.status, status, "{answer:?}");
            assert_eq!(answer.is_for(PAGE), is_seen, "{answer:?}");
        }
    }
}

#[actix_web::test]
async fn inside_preflights_are_refused_unless_they_may_pass() {
    for answer in ask_everywhere(authenticator(), Order::Inside, "OPTIONS", &preflight(PAGE)).await
    {
        assert_eq!(answer.status, 401, "{answer:?}");
        assert!(!answer.is_for(PAGE), "{answer:?}");
    }
    // What is none is refused as ever.
    let passing = authenticator().pass_preflight();
    let [origin, method, _] = preflight(PAGE);
    for fields in [&[origin][..], &[method][..], &[][..]] {
        for answer in ask_everywhere(passing.clone(), Order::Inside, "OPTIONS", fields).await {
            assert_eq!(answer.status, 401, "{answer:?}");
        }
    }
}

/// With all that `docs/cors.md` says, a page elsewhere does everything.
#[actix_web::test]
async fn a_listed_page_changes_things_with_its_cookie_and_the_csrf_token() {
    let token = token();
    let verified = issuer().verifier().build().unwrap();
    let verified = verified.verify_now(token.as_bytes()).unwrap();
    let secret = csrf().token(&verified).unwrap();
    let cookie = format!("__Host-access_token={token}");
    let fields = [
        ("origin", PAGE),
        ("sec-fetch-site", "same-site"),
        ("cookie", &cookie),
        ("x-csrf-token", &secret),
    ];
    for answer in ask_everywhere(authenticator(), Order::Outside, "POST", &fields).await {
        assert_eq!(answer.status, 200, "{answer:?}");
        assert!(answer.is_for(PAGE), "{answer:?}");
    }
}

/// tower-http refuses to start; actix-cors lets every page in, which is why the page
/// warns of it.
#[actix_web::test]
async fn any_origin_and_credentials_do_not_go_together() {
    assert!(apps::any_origin_on_axum().await.is_err());
    let answer = apps::any_origin_on_actix(authenticator(), "https://evil.example").await;
    assert!(answer.is_for("https://evil.example"), "{answer:?}");
}
