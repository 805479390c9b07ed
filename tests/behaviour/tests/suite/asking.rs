//! Policies that ask somebody.

use std::{sync::OnceLock, time::Duration};

use behaviour::{
    case::{
        Case, Expected, insufficient_role, insufficient_scope, invalid_token, missing, passes,
        status,
    },
    client::Request,
    run::Everywhere,
    site::{Demand, Guard, Handler, Site},
};
use portcullis::{
    guard::Authenticator,
    head::{KeptHead, RequestHead},
    policy::{Policy, Unavailable},
    verify::{Status, TokenCache, TokenStatus, Verified},
};

use crate::protected::{get, mint, private, token, with_cache};

/// Says what the token's `x-answer` claim says; to some it never answers.
async fn ask(token: Verified) -> Result<bool, Unavailable> {
    let claims: serde_json::Value = token.claims().unwrap();
    let answer = claims["x-answer"].as_str().unwrap_or("no").to_owned();
    answer_of(&answer).await
}

async fn answer_of(mut answer: &str) -> Result<bool, Unavailable> {
    while let Some(later) = answer.strip_prefix("later ") {
        tokio::task::yield_now().await;
        answer = later;
    }
    match answer {
        "yes" => Ok(true),
        "no" => Ok(false),
        "down" => Err(Unavailable {
            retry_after: Duration::from_millis(6_500),
        }),
        _ => std::future::pending().await,
    }
}

/// Says what the request's `x-answer` fields say, of GET alone.
async fn ask_about(_: Verified, head: KeptHead) -> Result<bool, Unavailable> {
    let fields: Vec<_> = head.values("x-answer").collect();
    let answer = String::from_utf8(fields.join(&b' ')).unwrap();
    Ok(head.method() == "GET" && answer_of(&answer).await?)
}

/// Says later that every token is good.
struct Later;

impl TokenStatus for Later {
    fn status(&self, _: &Verified) -> Status {
        Status::Pending(Box::pin(async {
            tokio::task::yield_now().await;
            Status::Clear
        }))
    }
}

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve_with_cache(site))
}

fn site(cache: Option<TokenCache>) -> Site {
    let builder = || with_cache(mint().verifier_builder(), &cache);
    let guard = || Authenticator::new(builder().build().unwrap());
    let later = || Authenticator::new(builder().status(Later).build().unwrap());
    let asks = || Policy::ask(ask);
    let about = || Policy::ask_for(ask_about);
    let read = || Policy::scope("read").unwrap();
    let optional = || Some(Box::new(guard().optional()));
    Site::new()
        .route("/ask", guard().require(asks()), Handler::Claims)
        .route(
            "/own",
            Guard::extractor(guard().require(asks())),
            Handler::Claims,
        )
        .route("/inner", Guard::inner(guard(), asks()), Handler::Claims)
        .route("/later", later().require(asks()), Handler::Claims)
        .route(
            "/later/inner",
            Guard::inner(later(), asks()),
            Handler::Claims,
        )
        .route("/about", guard().require(about()), Handler::Claims)
        .route(
            "/own/about",
            Guard::extractor(guard().require(about())),
            Handler::Claims,
        )
        .route(
            "/inner/about",
            Guard::inner(guard(), about()),
            Handler::Claims,
        )
        .route("/later/about", later().require(about()), Handler::Claims)
        .route("/and", guard().require(asks().and(read())), Handler::Claims)
        .route("/or", guard().require(asks().or(read())), Handler::Claims)
        .route(
            "/two",
            guard().require(asks().and(about())),
            Handler::Claims,
        )
        .route(
            "/either",
            guard().require(asks().or(about())),
            Handler::Claims,
        )
        .route(
            "/maybe",
            guard().optional().require_if_present(asks()),
            Handler::Maybe,
        )
        .route(
            "/inner/maybe",
            Guard::Inner(optional(), Demand::IfPresent(asks())),
            Handler::Maybe,
        )
        .route(
            "/private",
            private(guard()).require(asks()),
            Handler::Claims,
        )
        .route(
            "/private/inner",
            Guard::inner(private(guard()), asks()),
            Handler::Claims,
        )
        .route("/echo", guard().require(asks()), Handler::Echo)
        .route("/echo/inner", Guard::inner(guard(), asks()), Handler::Echo)
}

fn says(path: &str, answer: &str) -> Request {
    get(path).authorization(token().claim("x-answer", answer).bearer())
}

fn no() -> Expected {
    insufficient_role().reason("AnswerWasNo")
}

fn down() -> Expected {
    status(503)
        .error("temporarily_unavailable")
        .field("retry-after", "7")
        .reason("Unavailable")
}

#[test]
fn what_somebody_says() {
    let mut cases = Vec::new();
    for path in ["/ask", "/own", "/inner", "/later", "/later/inner"] {
        let case = |name: &str, request, expected| {
            Case::new(format!("{name} on {path}"), request, expected)
        };
        cases.extend([
            case("yes", says(path, "yes"), passes()),
            case("no", says(path, "no"), no()),
            case("nobody can say", says(path, "down"), down()),
            case("yes, later", says(path, "later later yes"), passes()),
            case("no, later", says(path, "later no"), no()),
            case("nobody can say, later", says(path, "later down"), down()),
            case("no token", get(path), missing()),
            // About those nobody is asked.
            case("a bad token", get(path).bearer("x"), invalid_token()),
            case(
                "an expired token",
                get(path).authorization(token().claim("x-answer", "never").expired().bearer()),
                invalid_token().reason("Expired"),
            ),
        ]);
    }
    everywhere().run(&cases);
}

#[test]
fn the_request_is_seen() {
    let mut cases = Vec::new();
    for path in ["/about", "/own/about", "/inner/about", "/later/about"] {
        let ask = |method: &str, answers: [&str; 2]| {
            let request = Request::new(method, path).authorization(token().bearer());
            let answers = answers.into_iter();
            answers.fold(request, |request, it| request.field("X-Answer", it))
        };
        let case = |name: &str, request, expected| {
            Case::new(format!("{name} on {path}"), request, expected)
        };
        cases.extend([
            case("yes", ask("GET", ["later", "yes"]), passes()),
            case("no", ask("GET", ["later", "no"]), no()),
            case("another method", ask("POST", ["later", "yes"]), no()),
            case("nobody can say", ask("GET", ["later", "down"]), down()),
        ]);
    }
    everywhere().run(&cases);
}

/// Whoever never answers is not asked where something else decides.
#[test]
fn nobody_is_asked_needlessly() {
    let read = |path: &str, answer: &str| {
        let draft = token().claim("x-answer", answer).claim("scope", "read");
        get(path).authorization(draft.bearer())
    };
    let also = |request: Request, answer: &str| request.field("X-Answer", answer);
    everywhere().run(&[
        Case::new(
            "and, no scope",
            says("/and", "never"),
            insufficient_scope("read"),
        ),
        Case::new("and, yes", read("/and", "later yes"), passes()),
        Case::new("and, no", read("/and", "later no"), no()),
        Case::new("or, a scope", read("/or", "never"), passes()),
        Case::new("or, yes", says("/or", "yes"), passes()),
        // A scope is easier to come by than another answer.
        Case::new("or, no", says("/or", "no"), insufficient_scope("read")),
        // It may be enough: nobody knows.
        Case::new("or, nobody can say", says("/or", "down"), down()),
        Case::new("two, yes", also(says("/two", "yes"), "later yes"), passes()),
        Case::new(
            "two, the first says no",
            also(says("/two", "no"), "never"),
            no(),
        ),
        Case::new(
            "two, the first cannot say",
            also(says("/two", "down"), "never"),
            down(),
        ),
        Case::new(
            "two, the second says no",
            also(says("/two", "yes"), "no"),
            no(),
        ),
        Case::new(
            "either, the first",
            also(says("/either", "yes"), "never"),
            passes(),
        ),
        Case::new(
            "either, the second",
            also(says("/either", "no"), "yes"),
            passes(),
        ),
        Case::new(
            "either, the first is down",
            also(says("/either", "down"), "yes"),
            passes(),
        ),
        Case::new(
            "either, one is down",
            also(says("/either", "down"), "no"),
            down(),
        ),
        Case::new("either, neither", also(says("/either", "no"), "no"), no()),
    ]);
}

#[test]
fn whoever_sends_no_token_is_not_asked_about() {
    let anonymous = || passes().body(r#"{"authenticated":false,"subject":null}"#);
    let mut cases = Vec::new();
    for path in ["/maybe", "/inner/maybe"] {
        cases.extend([
            Case::new(format!("nobody on {path}"), get(path), anonymous()),
            Case::new(format!("no on {path}"), says(path, "no"), no()),
            Case::new(format!("yes on {path}"), says(path, "later yes"), passes()),
        ]);
    }
    everywhere().run(&cases);
}

/// Headers and bodies wait for the answer.
#[test]
fn nothing_is_lost_on_the_way() {
    let mut cases = Vec::new();
    for path in ["/private", "/private/inner"] {
        for (answer, expected) in [
            ("yes", passes()),
            ("later yes", passes()),
            ("later no", no()),
            ("later down", down()),
        ] {
            let expected = expected
                .field("cache-control", "private")
                .field("x-guard", "a");
            cases.push(Case::new(
                format!("{answer} on {path}"),
                says(path, answer),
                expected,
            ));
        }
    }
    for path in ["/echo", "/echo/inner"] {
        let token = token().claim("x-answer", "later yes").bearer();
        let request = Request::new("POST", path).authorization(token);
        let request = request.body("text/plain", "the body");
        cases.push(Case::new(path, request, status(200).body("the body")));
    }
    everywhere().run(&cases);
}
