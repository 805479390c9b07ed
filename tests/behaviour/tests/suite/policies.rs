//! Scopes, roles and freshness (RFC 6750 section 3.1, RFC 9470 section 3).

use behaviour::case::{
    Case, Expected, insufficient_role, insufficient_scope, invalid_token, missing, not_fresh,
    passes,
};
use portcullis_testing::clock::FakeClock;
use serde_json::{Value, json};

use crate::protected::{everywhere, get, mint, session_token, token};

fn with(path: &str, name: &str, value: Value) -> behaviour::client::Request {
    get(path).authorization(token().claim(name, value).bearer())
}

#[test]
fn a_scope() {
    let lacks = || insufficient_scope("read").reason("ScopeMissing");
    let malformed = || invalid_token().reason("Malformed");
    everywhere().run(&[
        Case::new("alone", with("/read", "scope", json!("read")), passes()),
        Case::new(
            "among others",
            with("/read", "scope", json!("write read admin")),
            passes(),
        ),
        Case::new(
            "in an array",
            with("/read", "scope", json!(["write", "read"])),
            passes(),
        ),
        Case::new("in scp", with("/read", "scp", json!("read")), passes()),
        Case::new(
            "in an array of scp",
            with("/read", "scp", json!(["write", "read"])),
            passes(),
        ),
        Case::new(
            "none",
            get("/read").authorization(token().bearer()),
            lacks(),
        ),
        Case::new("empty", with("/read", "scope", json!("")), lacks()),
        Case::new("an empty array", with("/read", "scope", json!([])), lacks()),
        Case::new("another", with("/read", "scope", json!("write")), lacks()),
        Case::new(
            "in upper case",
            with("/read", "scope", json!("READ")),
            lacks(),
        ),
        Case::new(
            "a longer one",
            with("/read", "scope", json!("read:all")),
            lacks(),
        ),
        Case::new(
            "a part of one",
            with("/read", "scope", json!("already")),
            lacks(),
        ),
        Case::new(
            "after a tab",
            with("/read", "scope", json!("write\tread")),
            lacks(),
        ),
        Case::new(
            "after a comma",
            with("/read", "scope", json!("write,read")),
            lacks(),
        ),
        Case::new(
            "in quotes",
            with("/read", "scope", json!("\"read\"")),
            lacks(),
        ),
        Case::new(
            "under another name",
            with("/read", "scopes", json!("read")),
            lacks(),
        ),
        Case::new("a number", with("/read", "scope", json!(1)), malformed()),
        Case::new("null", with("/read", "scope", json!(null)), lacks()),
        Case::new(
            "an object",
            with("/read", "scope", json!({"read": true})),
            malformed(),
        ),
        Case::new("no credentials", get("/read"), missing()),
        Case::new(
            "a bad token goes first",
            get("/read").bearer("x"),
            invalid_token(),
        ),
    ]);
}

#[test]
fn several_scopes() {
    let both = || insufficient_scope("read write");
    everywhere().run(&[
        Case::new(
            "both",
            with("/both", "scope", json!("write read")),
            passes(),
        ),
        Case::new("one of two", with("/both", "scope", json!("read")), both()),
        Case::new("neither", with("/both", "scope", json!("x")), both()),
        Case::new(
            "one in each claim",
            {
                let draft = token()
                    .claim("scope", "read")
                    .claim("scp", json!(["write"]));
                get("/both").authorization(draft.bearer())
            },
            passes(),
        ),
        Case::new(
            "the first of either",
            with("/either", "scope", json!("read")),
            passes(),
        ),
        Case::new(
            "the second of either",
            with("/either", "scope", json!("admin")),
            passes(),
        ),
        Case::new(
            "neither of either",
            with("/either", "scope", json!("x")),
            insufficient_scope("read"),
        ),
        Case::new(
            "added up",
            with("/added", "scope", json!("read write")),
            passes(),
        ),
        Case::new(
            "added up, one",
            with("/added", "scope", json!("read")),
            both(),
        ),
        Case::new(
            "by an extractor",
            with("/scoped", "scope", json!("read write x")),
            passes().body(r#"{"scope":"read write x"}"#),
        ),
        Case::new(
            "by an extractor, one",
            with("/scoped", "scope", json!("read")),
            both(),
        ),
        Case::new(
            "by an extractor, none",
            get("/scoped").authorization(token().bearer()),
            both(),
        ),
        Case::new("by an extractor, no credentials", get("/scoped"), missing()),
    ]);
}

#[test]
fn roles() {
    let realm = |value: Value| with("/role", "realm_access", json!({"roles": value}));
    let url = |value: Value| with("/role/url", "https://api.test/roles", value);
    everywhere().run(&[
        Case::new("in an array", realm(json!(["user", "admin"])), passes()),
        Case::new("a text", realm(json!("admin")), passes()),
        Case::new("another", realm(json!(["user"])), insufficient_role()),
        Case::new(
            "in upper case",
            realm(json!(["Admin"])),
            insufficient_role(),
        ),
        Case::new(
            "in a text of many",
            realm(json!("user admin")),
            insufficient_role(),
        ),
        Case::new(
            "as a name",
            realm(json!({"admin": true})),
            insufficient_role(),
        ),
        Case::new("deeper", realm(json!([["admin"]])), insufficient_role()),
        Case::new(
            "none",
            get("/role").authorization(token().bearer()),
            insufficient_role(),
        ),
        Case::new(
            "with a dot in the name",
            with("/role", "realm_access.roles", json!(["admin"])),
            insufficient_role(),
        ),
        Case::new(
            "not an object",
            with("/role", "realm_access", json!("admin")),
            insufficient_role(),
        ),
        Case::new("under a URL", url(json!(["admin"])), passes()),
        Case::new(
            "under a URL, another",
            url(json!(["user"])),
            insufficient_role(),
        ),
    ]);
}

#[test]
fn combinations() {
    let of = |scope: &str, roles: Value| {
        let draft = token()
            .claim("scope", scope)
            .claim("realm_access", json!({"roles": roles}));
        get("/combined").authorization(draft.bearer())
    };
    everywhere().run(&[
        Case::new("the first way", of("read", json!(["admin"])), passes()),
        Case::new("the second way", of("root", json!([])), passes()),
        Case::new(
            "half of the first",
            of("read", json!([])),
            insufficient_scope("root"),
        ),
        Case::new(
            "the other half",
            of("x", json!(["admin"])),
            insufficient_scope("read"),
        ),
        Case::new("nothing", of("x", json!([])), insufficient_scope("read")),
    ]);
}

/// A policy that names nothing denies.
#[test]
fn denied_by_default() {
    let denied = |path: &'static str| {
        let request = with(path, "scope", json!("read write admin root"));
        let expected = insufficient_role().reason("Denied");
        Case::new(path, request, expected)
    };
    everywhere().run(&[denied("/nobody"), denied("/nobody/any")]);
}

#[test]
fn freshness() {
    let fresh =
        |draft: portcullis_testing::mint::Draft| get("/fresh").authorization(draft.bearer());
    everywhere().run(&[
        Case::new("fresh", fresh(session_token(true)), passes()),
        Case::new("refreshed", fresh(session_token(false)), not_fresh()),
        Case::new(
            "unsaid",
            fresh(session_token(true).without("fresh")),
            not_fresh(),
        ),
        Case::new(
            "a text",
            fresh(session_token(true).claim("fresh", "true")),
            invalid_token(),
        ),
        // Until when, as Flask-JWT-Extended writes it.
        Case::new(
            "a date that is over",
            fresh(session_token(true).claim("fresh", FakeClock::START)),
            not_fresh(),
        ),
        Case::new(
            "a date to come",
            fresh(session_token(true).claim("fresh", FakeClock::START + 1)),
            passes(),
        ),
        Case::new(
            "null",
            fresh(session_token(true).claim("fresh", json!(null))),
            not_fresh(),
        ),
        Case::new(
            "a refresh token",
            fresh(session_token(true).claim("type", "refresh")),
            invalid_token().reason("WrongKind"),
        ),
        Case::new("no kind", fresh(session_token(true).without("type")), {
            invalid_token().reason("WrongKind")
        }),
        Case::new(
            "a number for a kind",
            fresh(session_token(true).claim("type", 1)),
            invalid_token(),
        ),
        // A new login would not help.
        Case::new(
            "a scope is missing, too",
            get("/fresh/read").authorization(session_token(false).bearer()),
            insufficient_scope("read"),
        ),
        Case::new(
            "only freshness is missing",
            get("/fresh/read").authorization(session_token(false).claim("scope", "read").bearer()),
            not_fresh(),
        ),
    ]);
}

fn anonymous() -> Expected {
    passes().body(r#"{"authenticated":false,"subject":null}"#)
}

fn alice() -> Expected {
    passes().body(r#"{"authenticated":true,"subject":"alice"}"#)
}

/// Otherwise whoever is refused could drop the token and pass.
#[test]
fn a_policy_implies_a_token() {
    let good = |path| with(path, "scope", json!("read write"));
    let poor = |path| with(path, "scope", json!("x"));
    let both = || insufficient_scope("read write");
    everywhere().run(&[
        Case::new("required", get("/maybe/read"), missing()),
        Case::new(
            "another scheme",
            get("/maybe/read").authorization("Basic YTpi"),
            missing(),
        ),
        Case::new("required, good", good("/maybe/read"), alice()),
        Case::new(
            "required, poor",
            poor("/maybe/read"),
            insufficient_scope("read"),
        ),
        Case::new("an extractor's", get("/own/maybe/read"), missing()),
        Case::new("an extractor's, good", good("/own/maybe/read"), alice()),
        Case::new(
            "an extractor's, poor",
            poor("/own/maybe/read"),
            insufficient_scope("read"),
        ),
        Case::new("scopes of a handler", get("/maybe/scoped"), missing()),
        Case::new("scopes of a handler, poor", poor("/maybe/scoped"), both()),
    ]);
}

#[test]
fn a_policy_for_those_who_have_a_token() {
    let good = |path| with(path, "scope", json!("read write"));
    let poor = |path| with(path, "scope", json!("x"));
    let (layer, handler) = ("/maybe/read/if-present", "/maybe/scoped/if-present");
    let both = || insufficient_scope("read write");
    everywhere().run(&[
        Case::new("absent", get(layer), anonymous()),
        Case::new("good", good(layer), alice()),
        Case::new("poor", poor(layer), insufficient_scope("read")),
        Case::new("bad", get(layer).bearer("x"), invalid_token()),
        Case::new("a handler's, absent", get(handler), anonymous()),
        Case::new("a handler's, good", good(handler), alice()),
        Case::new("a handler's, poor", poor(handler), both()),
        Case::new(
            "a handler's, bad",
            get(handler).bearer("x"),
            invalid_token(),
        ),
    ]);
}

#[test]
fn a_rule_about_the_request() {
    let ask = |method: &str, target: &str, tenants: [&str; 2]| {
        let request = behaviour::client::Request::new(method, target);
        let tenants = tenants.into_iter();
        tenants.fold(request, |request, it| request.field("X-Tenant", it))
    };
    let tenants = ["north", "south"];
    let refused = || insufficient_role().reason("RequestRefused");
    let alice = token().bearer();
    let bob = mint().token("bob").bearer();
    let mut cases = Vec::new();
    for path in ["/request", "/own/request"] {
        let good = format!("{path}?a=%31");
        let case = |name: &str, request: behaviour::client::Request, expected| {
            Case::new(format!("{name} on {path}"), request, expected)
        };
        let wanted = || ask("GET", &good, tenants);
        cases.extend([
            case("as wanted", wanted().authorization(&alice), passes()),
            case("another subject", wanted().authorization(&bob), refused()),
            case(
                "another method",
                ask("POST", &good, tenants).authorization(&alice),
                refused(),
            ),
            case(
                "another spelling of the query",
                ask("GET", &format!("{path}?a=1"), tenants).authorization(&alice),
                refused(),
            ),
            case(
                "no query",
                ask("GET", path, tenants).authorization(&alice),
                refused(),
            ),
            case(
                "fields in another order",
                ask("GET", &good, ["south", "north"]).authorization(&alice),
                refused(),
            ),
            case("no token", wanted(), missing()),
            case("a bad token", wanted().bearer("x"), invalid_token()),
        ]);
    }
    cases.push(Case::new(
        "or a scope",
        with("/request/or", "scope", json!("read")),
        passes(),
    ));
    everywhere().run(&cases);
}
