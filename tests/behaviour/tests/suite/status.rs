//! Revoked tokens, and sources that cannot say.

use std::sync::OnceLock;

use behaviour::{
    case::{Case, Expected, insufficient_role, invalid_token, missing, passes, unavailable},
    run::Everywhere,
    site::{Handler, Site},
};
use portcullis::{
    guard::Authenticator,
    policy::Policy,
    verify::{Status, TokenCache, TokenStatus, Verified},
};

use crate::protected::{get, mint, private, token, with_cache};

/// A source that says what the token's `x-status` claim says.
struct Told {
    lists: bool,
}

impl TokenStatus for Told {
    fn status(&self, token: &Verified) -> Status {
        let claims: serde_json::Value = token.claims().unwrap();
        status_of(claims["x-status"].as_str().unwrap_or("clear"))
    }

    fn lists_application_tokens(&self) -> bool {
        self.lists
    }
}

fn status_of(text: &str) -> Status {
    match text {
        "revoked" => Status::Revoked,
        "unknown" => Status::Unknown,
        "clear" => Status::Clear,
        later => {
            let later = later.strip_prefix("later ").unwrap_or_default().to_owned();
            Status::Pending(Box::pin(async move {
                tokio::task::yield_now().await;
                status_of(&later)
            }))
        }
    }
}

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve_with_cache(site))
}

fn site(cache: Option<TokenCache>) -> Site {
    let guard = |lists| {
        let builder = mint().verifier_builder().status(Told { lists });
        Authenticator::new(with_cache(builder, &cache).build().unwrap())
    };
    let read = Policy::scope("read").unwrap();
    Site::new()
        .route("/status", guard(false), Handler::Claims)
        .route("/listed", guard(true), Handler::Claims)
        .route("/maybe", guard(false).optional(), Handler::Maybe)
        .route("/read", guard(false).require(read), Handler::Claims)
        .route(
            "/get",
            private(guard(false)).require(Policy::request(|_, head| head.method() == "GET")),
            Handler::Claims,
        )
        .route("/echo", guard(false), Handler::Echo)
}

fn told(path: &str, status: &str) -> behaviour::client::Request {
    get(path).authorization(token().claim("x-status", status).bearer())
}

#[test]
fn what_the_source_says() {
    let revoked = || invalid_token().reason("Revoked");
    let unknown = || unavailable().reason("StatusUnknown");
    everywhere().run(&[
        Case::new("clear", told("/status", "clear"), passes()),
        Case::new("revoked", told("/status", "revoked"), revoked()),
        Case::new("unknown", told("/status", "unknown"), unknown()),
        Case::new("clear, later", told("/status", "later clear"), passes()),
        Case::new(
            "revoked, later",
            told("/status", "later revoked"),
            revoked(),
        ),
        Case::new(
            "unknown, later",
            told("/status", "later unknown"),
            unknown(),
        ),
        Case::new(
            "later still",
            told("/status", "later later clear"),
            passes(),
        ),
        Case::new("optional, revoked", told("/maybe", "revoked"), revoked()),
        Case::new("optional, unknown", told("/maybe", "unknown"), unknown()),
        Case::new(
            "optional, unknown later",
            told("/maybe", "later unknown"),
            unknown(),
        ),
        Case::new("no credentials", get("/status"), missing()),
        // A source that is down is not asked about bad tokens.
        Case::new("a bad token", get("/status").bearer("x"), invalid_token()),
        Case::new(
            "an expired token",
            get("/status").authorization(token().claim("x-status", "unknown").expired().bearer()),
            invalid_token().reason("Expired"),
        ),
        Case::new(
            "a policy, later",
            told("/read", "later clear"),
            behaviour::case::insufficient_scope("read"),
        ),
    ]);
}

/// A policy about the request sees what it was when the status comes; and what
/// comes of it is told only of good tokens.
#[test]
fn a_policy_about_the_request_waits_for_the_status() {
    let post = |status: &str| {
        let token = token().claim("x-status", status).bearer();
        behaviour::client::Request::new("POST", "/get").authorization(token)
    };
    let private = |expected: Expected| expected.field("cache-control", "private");
    let refused = || private(insufficient_role().reason("RequestRefused"));
    let revoked = || private(invalid_token().reason("Revoked"));
    let unknown = || private(unavailable());
    everywhere().run(&[
        Case::new("clear", told("/get", "clear"), private(passes())),
        Case::new("later", told("/get", "later clear"), private(passes())),
        Case::new("revoked", told("/get", "later revoked"), revoked()),
        Case::new("refused", post("clear"), refused()),
        Case::new("refused, later", post("later clear"), refused()),
        Case::new("refused and revoked", post("revoked"), revoked()),
        Case::new(
            "refused and revoked later",
            post("later revoked"),
            revoked(),
        ),
        Case::new(
            "refused and unknown later",
            post("later unknown"),
            unknown(),
        ),
    ]);
}

/// A token without `exp` is good only where a live list is kept.
#[test]
fn tokens_that_never_expire() {
    let never = |path: &str, status: &str| {
        let draft = token().without("exp").claim("x-status", status);
        get(path).authorization(draft.bearer())
    };
    everywhere().run(&[
        Case::new(
            "no list",
            never("/status", "clear"),
            invalid_token().reason("NeverExpires"),
        ),
        Case::new("listed", never("/listed", "clear"), passes()),
        Case::new(
            "not listed",
            never("/listed", "revoked"),
            invalid_token().reason("Revoked"),
        ),
        Case::new("listed, later", never("/listed", "later clear"), passes()),
        Case::new(
            "the list is down",
            never("/listed", "later unknown"),
            unavailable(),
        ),
    ]);
}

/// The body is still there after somebody else was asked.
#[test]
fn a_body_waits_for_the_answer() {
    let request = behaviour::client::Request::new("POST", "/echo")
        .authorization(token().claim("x-status", "later clear").bearer())
        .body("text/plain", "the body");
    let passes = behaviour::case::status(200).body("the body");
    everywhere().run(&[Case::new("echo", request, passes)]);
}
