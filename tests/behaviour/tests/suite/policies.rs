//! Scopes, roles and freshness (RFC 6750 section 3.1, RFC 9470 section 3).

use behaviour::case::{
    Case, insufficient_role, insufficient_scope, invalid_token, missing, not_fresh, passes,
};
use portcullis_testing::clock::FakeClock;
use serde_json::{Value, json};

use crate::protected::{everywhere, get, session_token, token};

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
