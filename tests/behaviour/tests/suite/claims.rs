//! Registered claims at their edges (RFC 7519 section 4.1).

use behaviour::case::{Case, Expected, invalid_token, passes};
use portcullis_testing::{clock::FakeClock, mint::hostile};
use serde_json::{Value, json};

use crate::protected::{everywhere, get, mint, token};

pub(crate) const NOW: i64 = FakeClock::START;

/// A token whose claims have this text for a claim, however JSON reads it.
pub(crate) fn raw(name: &str, text: &str) -> String {
    let draft = token().without(name);
    let claims = draft.claims_json();
    let claims = format!("{},\"{name}\":{text}}}", &claims[..claims.len() - 1]);
    hostile::signed(draft.header_json(), claims, mint().signing_key())
}

/// A claim's text, and what comes of it.
type Row = (String, fn() -> Expected);

pub(crate) fn cases(path: &str, claim: &str, table: &[Row]) -> Vec<Case> {
    let case = |(text, expected): &Row| {
        let name = format!("{claim} {text}");
        Case::new(name, get(path).bearer(&raw(claim, text)), expected())
    };
    table.iter().map(case).collect()
}

pub(crate) fn malformed() -> Expected {
    invalid_token().reason("Malformed")
}

/// Section 4.1.3: the service must find itself in `aud`, to the letter.
#[test]
fn audiences() {
    let with = |aud: Value| get("/claims").authorization(token().claim("aud", aud).bearer());
    let ours = "https://api.test";
    let wrong = || invalid_token().reason("WrongAudience");
    everywhere().run(&[
        Case::new("a text", with(json!(ours)), passes()),
        Case::new("an array", with(json!([ours])), passes()),
        Case::new(
            "one of several",
            with(json!(["https://other.test", ours])),
            passes(),
        ),
        Case::new("another", with(json!("https://other.test")), wrong()),
        Case::new("others", with(json!(["a", "b"])), wrong()),
        Case::new("in upper case", with(json!("HTTPS://API.TEST")), wrong()),
        Case::new("with a slash", with(json!("https://api.test/")), wrong()),
        Case::new(
            "a longer one",
            with(json!("https://api.test.evil.test")),
            wrong(),
        ),
        Case::new("with a space", with(json!("https://api.test ")), wrong()),
        Case::new(
            "two in a text",
            with(json!("https://api.test https://other.test")),
            wrong(),
        ),
        Case::new("empty", with(json!("")), wrong()),
        Case::new("an empty array", with(json!([])), wrong()),
        Case::new("a number", with(json!(1)), malformed()),
        Case::new("null", with(json!(null)), wrong()),
        Case::new("an object", with(json!({ours: true})), malformed()),
        Case::new("an array in an array", with(json!([[ours]])), malformed()),
        Case::new("a number in the array", with(json!([ours, 1])), malformed()),
        Case::new(
            "none",
            get("/claims").authorization(token().without("aud").bearer()),
            wrong(),
        ),
    ]);
}

/// Section 4.1.1: what is configured is required, to the letter.
#[test]
fn issuers() {
    let with = |iss: Value| get("/claims").authorization(token().claim("iss", iss).bearer());
    let wrong = || invalid_token().reason("WrongIssuer");
    everywhere().run(&[
        Case::new("ours", with(json!("https://issuer.test")), passes()),
        Case::new("another", with(json!("https://evil.test")), wrong()),
        Case::new("with a slash", with(json!("https://issuer.test/")), wrong()),
        Case::new("in upper case", with(json!("https://ISSUER.test")), wrong()),
        Case::new(
            "a longer one",
            with(json!("https://issuer.test.evil.test")),
            wrong(),
        ),
        Case::new("a shorter one", with(json!("https://issuer")), wrong()),
        Case::new("empty", with(json!("")), wrong()),
        Case::new(
            "an array",
            with(json!(["https://issuer.test"])),
            malformed(),
        ),
        Case::new("a number", with(json!(1)), malformed()),
        Case::new("null", with(json!(null)), wrong()),
        Case::new(
            "none",
            get("/claims").authorization(token().without("iss").bearer()),
            wrong(),
        ),
    ]);
}

/// Escapes are another way to write the same text (RFC 8259 section 8.3).
#[test]
fn escapes_are_read() {
    let escaped = |name: &str, text: &str| get("/claims").bearer(&raw(name, text));
    everywhere().run(&[
        Case::new(
            "aud",
            escaped("aud", r#""https:\/\/\u0061pi.test""#),
            passes(),
        ),
        Case::new(
            "iss",
            escaped("iss", r#""\u0068ttps://issuer.test""#),
            passes(),
        ),
        Case::new(
            "an escaped name",
            escaped(r"\u0065xp", "1"),
            invalid_token().reason("Malformed"),
        ),
    ]);
}

#[test]
fn further_demands() {
    let with = |path: &str, name: &str, value: Value| {
        get(path).authorization(token().claim(name, value).bearer())
    };
    everywhere().run(&[
        Case::new(
            "required, there",
            with("/required", "tenant", json!("a")),
            passes(),
        ),
        Case::new(
            "required, null",
            with("/required", "tenant", json!(null)),
            passes(),
        ),
        Case::new(
            "required, missing",
            get("/required").authorization(token().bearer()),
            invalid_token().reason("MissingClaim"),
        ),
        Case::new(
            "own check, good",
            with("/mobile", "client_id", json!("mobile")),
            passes(),
        ),
        Case::new(
            "own check, bad",
            with("/mobile", "client_id", json!("web")),
            invalid_token().reason("Custom"),
        ),
        // The application's own type is a demand, too.
        Case::new(
            "own type, good",
            with("/typed", "department", json!("x")),
            passes().body(r#"{"department":"x"}"#),
        ),
        Case::new(
            "own type, missing",
            get("/typed").authorization(token().bearer()),
            invalid_token().reason("Claims"),
        ),
        Case::new(
            "own type, wrong",
            with("/typed", "department", json!(5)),
            invalid_token().reason("Claims"),
        ),
        Case::new(
            "a subject that is a number",
            with("/claims", "sub", json!(1)),
            malformed(),
        ),
        Case::new(
            "an id that is a number",
            with("/claims", "jti", json!(1)),
            malformed(),
        ),
    ]);
}

/// Whatever else a token says is left to the application.
#[test]
fn unknown_claims_and_headers_are_ignored() {
    let claim = |name: &str, value: Value| {
        get("/claims").authorization(token().claim(name, value).bearer())
    };
    let header = |name: &str, value: Value| {
        get("/claims").authorization(token().header(name, value).bearer())
    };
    everywhere().run(&[
        Case::new(
            "an object",
            claim("address", json!({"street": {"number": [1, 2.5, null]}})),
            passes(),
        ),
        Case::new("a large number", claim("big", json!(u64::MAX)), passes()),
        Case::new(
            "another script",
            claim("name", json!("\u{540d}\u{524d}\u{1f511}")),
            passes(),
        ),
        Case::new("an empty name", claim("", json!(1)), passes()),
        Case::new("a header", header("x-own", json!({"a": 1})), passes()),
        Case::new("cty", header("cty", json!("json")), passes()),
        Case::new("x5t", header("x5t", json!("abc")), passes()),
        Case::new(
            "jku is not followed",
            header("jku", json!("http://127.0.0.1:9/")),
            passes(),
        ),
    ]);
}

/// `null` says nothing; where something has to be said, it is missing.
#[test]
fn null_is_absent() {
    let with =
        |path: &str, name: &str| get(path).authorization(token().claim(name, json!(null)).bearer());
    let optional = [
        "nbf",
        "iat",
        "auth_time",
        "sub",
        "jti",
        "sid",
        "client_id",
        "scope",
        "scp",
        "cnf",
    ];
    let cases = optional.map(|name| Case::new(name, with("/claims", name), passes()));
    everywhere().run(&cases);
    let required = ["exp", "sub", "client_id", "iat", "jti", "iss", "aud"];
    let cases = required.map(|name| {
        let expected = invalid_token().reason("MissingClaim");
        Case::new(name, with("/rfc9068", name), expected)
    });
    everywhere().run(&cases);
    everywhere().run(&[Case::new(
        "twice, once as null",
        get("/claims").bearer(&raw("x", r#"1,"sid":null,"sid":"s""#)),
        malformed(),
    )]);
}

/// An element of a scope array is one scope (RFC 6749 section 3.3).
#[test]
fn scopes_in_arrays() {
    let with = |name: &str, scope: Value| {
        get("/scoped").authorization(token().claim(name, scope).bearer())
    };
    let both = || passes().body(r#"{"scope":"read write"}"#);
    let mut cases = Vec::new();
    for name in ["scope", "scp"] {
        let case = |about: &str, scope: Value, expected: Expected| {
            Case::new(format!("{name}, {about}"), with(name, scope), expected)
        };
        cases.extend([
            case("two", json!(["read", "write"]), both()),
            case(
                "two and nothing",
                json!(["", "read", "\u{e9}", "write"]),
                both(),
            ),
            case("repeated", json!(["read", "write", "read"]), both()),
            case("in one", json!(["read write"]), malformed()),
            case("in one of two", json!(["x", "read write"]), malformed()),
            case("a space", json!(["read", "write", " "]), malformed()),
        ]);
    }
    let many = [&["read"; 500][..], &["write"; 500]].concat();
    cases.push(Case::new(
        "many",
        with("scope", json!(many.join(" "))),
        both(),
    ));
    everywhere().run(&cases);
}
