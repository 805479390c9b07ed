//! Extractors that need no layer: one that verifies by itself, and those of
//! raw tokens.

use behaviour::case::{Case, insufficient_scope, invalid_request, invalid_token, missing, passes};
use portcullis_testing::mint::hostile;

use crate::protected::{everywhere, get, mint, token};

#[test]
fn an_extractor_that_verifies_by_itself() {
    let good = token().bearer();
    let employee = token().claim("department", "x").bearer();
    let scoped = token().claim("scope", "read write").bearer();
    let on = |path: &str, value: &str| get(path).authorization(value);
    let anonymous = passes().body(r#"{"authenticated":false,"subject":null}"#);
    let alice = passes().body(r#"{"authenticated":true,"subject":"alice"}"#);
    everywhere().run(&[
        Case::new("good", on("/own", &good), passes()),
        Case::new("missing", get("/own"), missing()),
        Case::new("another scheme", on("/own", "Basic YTpi"), missing()),
        Case::new(
            "malformed",
            on("/own", "Bearer"),
            invalid_request().reason("Malformed"),
        ),
        Case::new(
            "repeated",
            on("/own", &good).authorization(&good),
            invalid_request().reason("Repeated"),
        ),
        Case::new("garbage", on("/own", "Bearer garbage"), invalid_token()),
        Case::new(
            "expired",
            on("/own", &token().expired().bearer()),
            invalid_token().reason("Expired"),
        ),
        Case::new("optional, absent", get("/own/maybe"), anonymous),
        Case::new("optional, good", on("/own/maybe", &good), alice),
        Case::new(
            "optional, bad",
            on("/own/maybe", "Bearer garbage"),
            invalid_token(),
        ),
        Case::new(
            "optional, malformed",
            on("/own/maybe", "Bearer"),
            invalid_request(),
        ),
        Case::new(
            "optional, repeated",
            on("/own/maybe", &good).authorization(&good),
            invalid_request(),
        ),
        Case::new(
            "typed",
            on("/own/typed", &employee),
            passes().body(r#"{"department":"x"}"#),
        ),
        Case::new(
            "typed, bad",
            on("/own/typed", &good),
            invalid_token().reason("Claims"),
        ),
        Case::new(
            "scoped",
            on("/own/scoped", &scoped),
            passes().body(r#"{"scope":"read write"}"#),
        ),
        Case::new(
            "scoped, bad",
            on("/own/scoped", &good),
            insufficient_scope("read write"),
        ),
        Case::new("scoped, missing", get("/own/scoped"), missing()),
        Case::new("policy", on("/own/read", &scoped), passes()),
        Case::new(
            "policy, bad",
            on("/own/read", &good),
            insufficient_scope("read"),
        ),
    ]);
}

#[test]
fn forgeries_do_not_get_past_an_extractor() {
    let case = |forged: hostile::Forged| {
        Case::new(
            forged.name,
            get("/own").authorization(forged.bearer()),
            invalid_token(),
        )
    };
    let cases: Vec<_> = hostile::tokens(&mint()).into_iter().map(case).collect();
    everywhere().run(&cases);
}

/// Raw tokens are cut out and handed over, whatever they are worth.
#[test]
fn raw_tokens() {
    let length = |count: usize| passes().body(format!(r#"{{"length":{count}}}"#));
    let bearer = |value: &str| get("/raw/bearer").authorization(value);
    let refresh = |value: &str| get("/raw/refresh").field("Refresh-Token", value);
    everywhere().run(&[
        Case::new("Bearer", bearer("Bearer garbage"), length(7)),
        Case::new("Bearer, two spaces", bearer("bearer  garbage"), length(7)),
        Case::new("no Bearer", get("/raw/bearer"), missing()),
        Case::new("Basic", bearer("Basic YTpi"), missing()),
        Case::new("Bearer alone", bearer("Bearer"), invalid_request()),
        Case::new(
            "two Bearers",
            bearer("Bearer a").authorization("Bearer a"),
            invalid_request(),
        ),
        Case::new("refresh", refresh("garbage"), length(7)),
        Case::new(
            "refresh with spaces around",
            refresh("  garbage "),
            length(7),
        ),
        Case::new(
            "refresh with a scheme",
            refresh("Bearer garbage"),
            invalid_request(),
        ),
        Case::new("refresh with a comma", refresh("a,b"), invalid_request()),
        Case::new(
            "two refreshes",
            refresh("a").field("refresh-token", "a"),
            invalid_request(),
        ),
        Case::new("no refresh", get("/raw/refresh"), missing()),
        Case::new("an empty refresh", refresh(""), missing()),
        Case::new(
            "refresh elsewhere",
            get("/raw/refresh").bearer("garbage"),
            missing(),
        ),
    ]);
}
