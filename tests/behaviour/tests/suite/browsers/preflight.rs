//! Preflight requests (Fetch standard, section 3.3.3).

use std::sync::OnceLock;

use behaviour::{
    case::{Case, invalid_token, missing, passes},
    client::Request,
    run::Everywhere,
    site::{Guard, Handler, Site},
};
use portcullis::{guard::Authenticator, policy::Policy};

use crate::protected::mint;

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve(&site()))
}

fn site() -> Site {
    let guard = || Authenticator::new(mint().verifier());
    let read = || Policy::scope("read").unwrap();
    Site::new()
        .route("/passes", guard().pass_preflight(), Handler::Maybe)
        .route(
            "/passes/read",
            guard().require(read()).pass_preflight(),
            Handler::Maybe,
        )
        .route("/passes/claims", guard().pass_preflight(), Handler::Claims)
        .route(
            "/passes/own",
            Guard::extractor(guard().pass_preflight()),
            Handler::Claims,
        )
        .route("/usual", guard(), Handler::Maybe)
}

fn preflight(path: &str) -> Request {
    Request::new("OPTIONS", path)
        .field("Origin", "https://app.test")
        .field("Access-Control-Request-Method", "POST")
}

#[test]
fn a_preflight_passes_where_it_may_and_nothing_else_does() {
    let only = |method: &str, field: &str| Request::new(method, "/passes").field(field, "POST");
    everywhere().run(&[
        Case::new("a preflight", preflight("/passes"), passes()),
        Case::new(
            "where a policy demands a token",
            preflight("/passes/read"),
            passes(),
        ),
        Case::new(
            "where it is not switched on",
            preflight("/usual"),
            missing(),
        ),
        Case::new(
            "a preflight with a bad token",
            preflight("/passes").bearer("a.b.c"),
            invalid_token(),
        ),
        Case::new(
            "OPTIONS alone",
            Request::new("OPTIONS", "/passes"),
            missing(),
        ),
        Case::new(
            "no Origin",
            only("OPTIONS", "Access-Control-Request-Method"),
            missing(),
        ),
        Case::new("no method", only("OPTIONS", "Origin"), missing()),
        Case::new(
            "another method",
            only("POST", "Access-Control-Request-Method").field("Origin", "https://app.test"),
            missing(),
        ),
        // A handler that wants a token gets none.
        Case::new(
            "a handler of claims",
            preflight("/passes/claims"),
            missing(),
        ),
        Case::new("an extractor", preflight("/passes/own"), missing()),
    ]);
}
