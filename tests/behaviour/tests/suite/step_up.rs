//! Logins that are too weak or too long ago (RFC 9470).

use std::{sync::OnceLock, time::Duration};

use behaviour::{
    case::{
        Case, insufficient_role, insufficient_scope, invalid_token, missing, passes, too_old,
        too_weak,
    },
    client::Request,
    run::Everywhere,
    site::{Demand, Guard, Handler, Site},
};
use portcullis::{guard::Authenticator, policy::Policy, verify::TokenCache};
use portcullis_testing::clock::FakeClock;
use serde_json::{Value, json};

use crate::protected::{get, mint, token, with_cache};

fn everywhere() -> &'static Everywhere {
    static SERVED: OnceLock<Everywhere> = OnceLock::new();
    SERVED.get_or_init(|| Everywhere::serve_with_cache(site))
}

fn site(cache: Option<TokenCache>) -> Site {
    let guard = |leeway| {
        let builder = mint()
            .verifier_builder()
            .leeway(Duration::from_secs(leeway));
        Authenticator::new(with_cache(builder, &cache).build().unwrap())
    };
    let exact = || guard(0);
    let strong = || Policy::acr(["phr", "mfa"]).unwrap();
    let recent = || Policy::max_age(Duration::from_secs(300));
    let both = || strong().and(recent());
    let read = || Policy::scope("read").unwrap();
    let admin = || Policy::role("roles", "admin");
    let route =
        |site: Site, path, policy| site.route(path, exact().require(policy), Handler::Claims);
    let site = [
        ("/acr", strong()),
        ("/max-age", recent()),
        ("/both", both()),
        ("/both/read", read().and(both())),
        ("/acr/admin", strong().and(admin())),
        ("/acr/or/admin", admin().or(strong())),
        (
            "/narrower",
            strong()
                .and(Policy::acr(["mfa", "otp"]).unwrap())
                .and(recent())
                .and(Policy::max_age(Duration::from_secs(60))),
        ),
        ("/fresh/acr", Policy::fresh().and(strong())),
    ]
    .into_iter()
    .fold(Site::new(), |site, (path, policy)| {
        route(site, path, policy)
    });
    site.route("/leeway", guard(30).require(recent()), Handler::Claims)
        .route(
            "/own",
            Guard::extractor(exact().require(both())),
            Handler::Claims,
        )
        .route("/inner", Guard::inner(exact(), both()), Handler::Claims)
        .route(
            "/maybe",
            exact().optional().require_if_present(strong()),
            Handler::Maybe,
        )
        .route(
            "/inner/maybe",
            Guard::Inner(
                Some(Box::new(exact().optional())),
                Demand::IfPresent(strong()),
            ),
            Handler::Maybe,
        )
}

const NOW: i64 = FakeClock::START;

fn with(path: &str, claims: &[(&str, Value)]) -> Request {
    let claims = claims.iter();
    let draft = claims.fold(token(), |draft, (name, value)| {
        draft.claim(name, value.clone())
    });
    get(path).authorization(draft.bearer())
}

#[test]
fn the_strength_of_a_login() {
    let acr = |value: Value| with("/acr", &[("acr", value)]);
    let refused = || too_weak("phr mfa");
    everywhere().run(&[
        Case::new("the preferred one", acr(json!("phr")), passes()),
        Case::new("another one", acr(json!("mfa")), passes()),
        Case::new("a weaker one", acr(json!("pwd")), refused()),
        Case::new("in upper case", acr(json!("MFA")), refused()),
        Case::new("several in a text", acr(json!("phr mfa")), refused()),
        Case::new("a part of one", acr(json!("mf")), refused()),
        Case::new("none", with("/acr", &[]), refused()),
        // What is not a text says nothing.
        Case::new("null", acr(json!(null)), refused()),
        Case::new("a number", acr(json!(1)), refused()),
        Case::new("an array", acr(json!(["mfa"])), refused()),
        Case::new("no credentials", get("/acr"), missing()),
        Case::new("a bad token", get("/acr").bearer("x"), invalid_token()),
    ]);
}

#[test]
fn the_age_of_a_login() {
    let at = |value: Value| with("/max-age", &[("auth_time", value)]);
    let refused = || too_old("300");
    everywhere().run(&[
        Case::new("now", at(json!(NOW)), passes()),
        Case::new("just recent enough", at(json!(NOW - 300)), passes()),
        Case::new("a second too old", at(json!(NOW - 301)), refused()),
        Case::new("to come", at(json!(NOW + 1)), refused()),
        Case::new("unsaid", with("/max-age", &[]), refused()),
        Case::new("null", at(json!(null)), refused()),
        Case::new(
            "a text",
            at(json!("now")),
            invalid_token().reason("Malformed"),
        ),
        // Neither is when the user logged in.
        Case::new(
            "issued now",
            with("/max-age", &[("iat", json!(NOW))]),
            refused(),
        ),
        Case::new(
            "fresh",
            with("/max-age", &[("fresh", json!(true))]),
            refused(),
        ),
        Case::new(
            "within the leeway",
            with("/leeway", &[("auth_time", json!(NOW - 330))]),
            passes(),
        ),
        Case::new(
            "past the leeway",
            with("/leeway", &[("auth_time", json!(NOW - 331))]),
            refused(),
        ),
        Case::new(
            "to come, within the leeway",
            with("/leeway", &[("auth_time", json!(NOW + 30))]),
            passes(),
        ),
    ]);
}

/// Whatever is lacking, all that the next login must be is said at once.
#[test]
fn all_is_said_at_once() {
    let strong = ("acr", json!("mfa"));
    let recent = ("auth_time", json!(NOW));
    let read = ("scope", json!("read"));
    let all = [strong.clone(), recent.clone(), read.clone()];
    let weak = || too_weak("phr mfa").param("max_age", "300");
    let old = || too_old("300").param("acr_values", "phr mfa");
    let mut cases = Vec::new();
    for path in ["/both", "/own", "/inner"] {
        cases.extend([
            Case::new(format!("both on {path}"), with(path, &all), passes()),
            Case::new(format!("neither on {path}"), with(path, &[]), weak()),
            Case::new(
                format!("an old one on {path}"),
                with(path, &all[..1]),
                old(),
            ),
            Case::new(
                format!("a weak one on {path}"),
                with(path, &all[1..]),
                weak(),
            ),
            Case::new(format!("nobody on {path}"), get(path), missing()),
        ]);
    }
    let scoped = "/both/read";
    let both = [strong.clone(), recent.clone()];
    cases.extend([
        Case::new("with a scope", with(scoped, &all), passes()),
        // A login can bring the scope, too.
        Case::new("nothing", with(scoped, &[]), weak().param("scope", "read")),
        Case::new(
            "old, and no scope",
            with(scoped, &all[..1]),
            old().param("scope", "read"),
        ),
        Case::new("old", with(scoped, &[strong.clone(), read]), old()),
        Case::new("no scope", with(scoped, &both), insufficient_scope("read")),
        // But no role.
        Case::new(
            "weak, and no role",
            with("/acr/admin", &[]),
            insufficient_role(),
        ),
        Case::new(
            "weak",
            with("/acr/admin", &[("roles", json!(["admin"]))]),
            too_weak("phr mfa"),
        ),
        // Of alternatives, a login is easier to come by.
        Case::new("either", with("/acr/or/admin", &[]), too_weak("phr mfa")),
        Case::new(
            "either, the other",
            with("/acr/or/admin", &[strong]),
            passes(),
        ),
        Case::new(
            "the strictest of several",
            with("/narrower", &[recent]),
            too_weak("mfa").param("max_age", "60"),
        ),
        Case::new(
            "weak and refreshed",
            with("/fresh/acr", &[]),
            too_weak("phr mfa"),
        ),
    ]);
    everywhere().run(&cases);
}

#[test]
fn whoever_sends_no_token() {
    let mut cases = Vec::new();
    for path in ["/maybe", "/inner/maybe"] {
        let anonymous = passes().body(r#"{"authenticated":false,"subject":null}"#);
        cases.extend([
            Case::new(format!("nobody on {path}"), get(path), anonymous),
            Case::new(
                format!("weak on {path}"),
                with(path, &[]),
                too_weak("phr mfa"),
            ),
            Case::new(
                format!("strong on {path}"),
                with(path, &[("acr", json!("phr"))]),
                passes(),
            ),
        ]);
    }
    everywhere().run(&cases);
}
