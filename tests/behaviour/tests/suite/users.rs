//! The application's own users: loaded once, and refused as everybody else is.

use std::sync::OnceLock;

use behaviour::{
    case::{Case, Expected, invalid_request, invalid_token, missing, passes, status},
    client::Request,
    run::Everywhere,
    site::{Guard, Handler, Site},
};
use portcullis::{
    challenge::{MetadataUrl, RefusalFormat},
    guard::{Authenticator, LoginPage},
    policy::Policy,
    verify::TokenCache,
};

use crate::protected::{get, mint, private, with_cache};

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve_with_cache(site))
}

fn site(cache: Option<TokenCache>) -> Site {
    let guard = || {
        let builder = with_cache(mint().verifier_builder(), &cache);
        Authenticator::new(builder.build().unwrap())
    };
    let problems = || guard().refusal_format(RefusalFormat::problem_details());
    let resource = MetadataUrl::of_resource("https://api.test/users").unwrap();
    let read = || Policy::scope("read").unwrap();
    Site::new()
        .route("/user", guard(), Handler::User)
        .route("/user/maybe", guard().optional(), Handler::MaybeUser)
        .route("/user/optional", guard().optional(), Handler::User)
        .route("/user/read", guard().require(read()), Handler::User)
        .route("/user/problem", problems(), Handler::User)
        .route("/user/private", private(guard()), Handler::User)
        .route(
            "/user/resource",
            guard().resource_metadata(resource),
            Handler::User,
        )
        .route(
            "/user/page",
            guard().login_page(LoginPage::new("/login").unwrap()),
            Handler::User,
        )
        .route("/no-layer/user", Guard::Nothing, Handler::User)
        .route("/no-layer/user/maybe", Guard::Nothing, Handler::MaybeUser)
        .route("/own/user", Guard::extractor(guard()), Handler::User)
        .route(
            "/own/user/maybe",
            Guard::extractor(guard().optional()),
            Handler::MaybeUser,
        )
        .route(
            "/own/user/problem",
            Guard::extractor(problems()),
            Handler::User,
        )
}

/// A request with a good token of somebody.
fn with(path: &str, name: &str) -> Request {
    get(path).authorization(mint().token(name).bearer())
}

fn loaded(name: &str) -> Expected {
    passes().body(format!(r#"{{"loaded_once":true,"user":"{name}"}}"#))
}

fn nobody() -> Expected {
    passes().body(r#"{"loaded_once":true,"user":null}"#)
}

fn unknown() -> Expected {
    invalid_token().reason("Unknown")
}

/// Another token would not help: there is no challenge.
fn suspended() -> Expected {
    status(403).error("user_suspended").reason("Suspended")
}

fn offline() -> Expected {
    status(503)
        .error("temporarily_unavailable")
        .field("retry-after", "7")
        .reason("UserUnavailable")
}

#[test]
fn users_are_loaded_once_and_refused_by_their_state() {
    let mut cases = Vec::new();
    for path in ["/user", "/user/maybe", "/own/user", "/own/user/maybe"] {
        for (name, expected) in [
            ("alice", loaded("alice")),
            ("bob", loaded("bob")),
            ("unknown", unknown()),
            ("suspended", suspended()),
            ("offline", offline()),
        ] {
            cases.push(Case::new(
                format!("{name} at {path}"),
                with(path, name),
                expected,
            ));
        }
        cases.push(Case::new(path, get(path).bearer("x"), invalid_token()));
        let malformed = get(path).authorization("Bearer");
        cases.push(Case::new(path, malformed, invalid_request()));
        let absent = match path.ends_with("maybe") {
            true => nobody(),
            false => missing(),
        };
        cases.push(Case::new(format!("nobody at {path}"), get(path), absent));
    }
    everywhere().run(&cases);
}

/// What the guard decides comes first: nobody is looked up who may not come in.
#[test]
fn users_are_asked_for_last() {
    let lacking = behaviour::case::insufficient_scope("read");
    everywhere().run(&[
        Case::new("scope", with("/user/read", "offline"), lacking),
        Case::new("optional", with("/user/optional", "alice"), loaded("alice")),
        Case::new("optional, nobody", get("/user/optional"), missing()),
    ]);
}

#[test]
fn users_are_refused_in_the_manner_of_their_guard() {
    let problem = |status: u16, code: &str, title: &str| {
        let phrase = format!(
            r#"{{"type":"about:blank","title":"{title}","status":{status},"error":"{code}"}}"#
        );
        behaviour::case::status(status)
            .body(phrase)
            .field("content-type", "application/problem+json")
    };
    let forbidden = || problem(403, "user_suspended", "Forbidden");
    let down = || problem(503, "temporarily_unavailable", "Service Unavailable");
    let metadata = "https://api.test/.well-known/oauth-protected-resource/users";
    let navigates = |name| {
        with("/user/page", name)
            .field("sec-fetch-mode", "navigate")
            .field("accept", "text/html")
    };
    everywhere().run(&[
        Case::new("problem", with("/user/problem", "suspended"), forbidden()),
        Case::new(
            "problem, by an extractor",
            with("/own/user/problem", "suspended"),
            forbidden(),
        ),
        Case::new("problem, down", with("/user/problem", "offline"), down()),
        Case::new(
            "private",
            with("/user/private", "suspended"),
            suspended().field("x-guard", "a"),
        ),
        Case::new(
            "metadata",
            with("/user/resource", "unknown"),
            unknown().param("resource_metadata", metadata),
        ),
        Case::new(
            "metadata, suspended",
            with("/user/resource", "suspended"),
            suspended(),
        ),
        Case::new(
            "a browser with an unknown user logs in",
            navigates("unknown"),
            status(303).field("location", "/login?return_to=/user/page"),
        ),
        Case::new(
            "a suspended one is told so",
            navigates("suspended"),
            suspended(),
        ),
    ]);
}

#[test]
fn without_a_layer_nobody_is_looked_up() {
    let wrong = behaviour::case::misconfigured;
    everywhere().run(&[
        Case::new("user", with("/no-layer/user", "alice"), wrong()),
        Case::new("maybe", with("/no-layer/user/maybe", "alice"), wrong()),
        Case::new("down", with("/user", "offline"), offline()),
    ]);
}
