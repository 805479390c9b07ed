use http::Request;

use super::*;
use crate::{head::HeadRef, verify::Verified};

const SECRET: &[u8] = b"a secret of thirty-two bytes, at least";

fn protection() -> CsrfProtection {
    CsrfProtection::new(CsrfKey::new(SECRET).unwrap())
        .allow_origin("https://app.example")
        .unwrap()
}

fn request(method: &str, fields: &[(&str, &str)]) -> Request<()> {
    let mut request = Request::builder().method(method).uri("/");
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

/// The kind of the refusal, with a token of the session `one`.
fn refused(method: &str, fields: &[(&str, &str)]) -> Option<CsrfErrorKind> {
    let csrf = protection();
    let request = request(method, fields);
    let shown = csrf.look(HeadRef::new(&request));
    let token = Verified::for_test(r#"{"sid":"one"}"#);
    let result = shown.and_then(|shown| csrf.check(&shown, &token));
    result.err().map(CsrfError::kind)
}

#[test]
fn safe_methods_pass_and_others_need_origin_and_token() {
    use CsrfErrorKind::*;
    let token = protection().session_token("one");
    let other = protection().session_token("two");
    let good = ("x-csrf-token", token.as_str());
    let here = ("sec-fetch-site", "same-origin");
    let app = ("origin", "https://app.example");
    let evil = ("origin", "https://evil.example");
    for method in ["GET", "HEAD", "OPTIONS", "TRACE"] {
        assert_eq!(refused(method, &[]), None, "{method}");
        assert_eq!(refused(method, &[evil]), None, "{method}");
    }
    for method in ["POST", "PUT", "PATCH", "DELETE", "QUERY", "get", "X"] {
        for (fields, expected) in [
            (&[here, good][..], None),
            (&[app, good], None),
            (&[("sec-fetch-site", "cross-site"), app, good], None),
            (&[here, ("origin", "null"), good], None),
            (&[here, ("x-csrf-token", " "), app], Some(MissingToken)),
            (&[here], Some(MissingToken)),
            (&[here, good, good], Some(MissingToken)),
            (&[here, ("x-csrf-token", &other)], Some(WrongToken)),
            (&[here, ("x-csrf-token", "x")], Some(WrongToken)),
            (&[good], Some(UnknownOrigin)),
            (&[evil, good], Some(ForeignOrigin)),
            (&[("origin", "null"), good], Some(ForeignOrigin)),
            (&[app, app, good], Some(ForeignOrigin)),
            (&[here, here, good], Some(ForeignOrigin)),
            (&[("sec-fetch-site", "none"), good], Some(ForeignOrigin)),
            (
                &[("sec-fetch-site", "same-site"), good],
                Some(ForeignOrigin),
            ),
            (
                &[("sec-fetch-site", "Same-Origin"), good],
                Some(ForeignOrigin),
            ),
            (
                &[("sec-fetch-site", "cross-site"), evil, good],
                Some(ForeignOrigin),
            ),
            (
                &[("origin", "https://app.example.evil"), good],
                Some(ForeignOrigin),
            ),
            (
                &[("origin", "http://app.example"), good],
                Some(ForeignOrigin),
            ),
            (
                &[("origin", "https://app.example:444"), good],
                Some(ForeignOrigin),
            ),
        ] {
            assert_eq!(refused(method, fields), expected, "{method} {fields:?}");
        }
    }
}

#[test]
fn websocket_needs_a_listed_origin() {
    use CsrfErrorKind::*;
    let app = ("origin", "https://app.example");
    let here = ("sec-fetch-site", "same-origin");
    for upgrade in ["websocket", "WebSocket", "h2c, websocket", "websocket/13"] {
        let upgrade = ("upgrade", upgrade);
        assert_eq!(refused("GET", &[upgrade, app]), None);
        assert_eq!(refused("GET", &[upgrade]), Some(UnknownOrigin));
        assert_eq!(refused("GET", &[upgrade, here]), Some(UnknownOrigin));
        let evil = ("origin", "https://evil.example");
        assert_eq!(refused("GET", &[upgrade, here, evil]), Some(ForeignOrigin));
    }
    // That is none.
    let upgrade = ("upgrade", "websocket");
    assert_eq!(refused("POST", &[upgrade, app]), Some(MissingToken));
    assert_eq!(refused("CONNECT", &[app]), None);
    assert_eq!(refused("CONNECT", &[here]), Some(UnknownOrigin));
    assert_eq!(refused("GET", &[("upgrade", "h2c")]), None);
}

#[test]
fn routes_that_set_cookies_have_the_origin_rule_whatever_the_method() {
    let origin = |fields: &[(&str, &str)]| {
        let request = request("GET", fields);
        let result = protection().check_origin(HeadRef::new(&request));
        result.err().map(CsrfError::kind)
    };
    assert_eq!(origin(&[("sec-fetch-site", "same-origin")]), None);
    assert_eq!(origin(&[("origin", "https://app.example")]), None);
    assert_eq!(origin(&[]), Some(CsrfErrorKind::UnknownOrigin));
    let none = ("sec-fetch-site", "none");
    assert_eq!(origin(&[none]), Some(CsrfErrorKind::ForeignOrigin));
}

#[test]
fn a_token_belongs_to_a_session_or_else_to_one_access_token() {
    let csrf = protection();
    let token = |claims: &str| csrf.token(&Verified::for_test(claims));
    let own = token(r#"{"sid":"one","jti":"a"}"#).unwrap();
    assert_eq!(own, csrf.session_token("one"));
    assert_eq!(token(r#"{"sid":"one","jti":"b"}"#), Some(own.clone()));
    assert_ne!(token(r#"{"sid":"two"}"#), Some(own.clone()));
    assert_ne!(token(r#"{"jti":"one"}"#), Some(own.clone()));
    assert_ne!(token(r#"{"jti":"one"}"#), token(r#"{"jti":"two"}"#));
    assert_eq!(token("{}"), None);
    assert_eq!(own.len(), 43);
    // Another key gives another one; the same key the same, on every node.
    let again = CsrfProtection::new(CsrfKey::new(SECRET).unwrap());
    assert_eq!(again.session_token("one"), own);
    let other = CsrfProtection::new(CsrfKey::generate().unwrap());
    assert_ne!(other.session_token("one"), own);

    let here = ("sec-fetch-site", "same-origin");
    let request = request("POST", &[here, ("x-csrf-token", "x")]);
    let shown = csrf.look(HeadRef::new(&request)).unwrap();
    let error = csrf.check(&shown, &Verified::for_test("{}")).unwrap_err();
    assert_eq!(error.kind(), CsrfErrorKind::NoSession);
}

#[test]
fn origins_are_written_as_browsers_write_them() {
    for good in [
        "https://app.example",
        "HTTPS://App.Example",
        "http://localhost:8080",
        "http://[::1]",
        "http://[::1]:3000",
        "tauri://localhost",
        "chrome-extension://abcdef",
    ] {
        assert!(protection().allow_origin(good).is_ok(), "{good}");
    }
    for bad in [
        "",
        "*",
        "null",
        "app.example",
        "https://",
        "https://app.example/",
        "https://app.example/path",
        "https://app.example:443",
        "http://app.example:80",
        "https://app.example:080",
        "https://app.example:+80",
        "https://app.example:port",
        "https://app.example:",
        "https://*.example",
        "https://bücher.example",
        "https://user@app.example",
        "https://a b",
        "http://::1",
        "https://app.example?q",
        "1://x",
    ] {
        assert!(protection().allow_origin(bad).is_err(), "{bad}");
    }
}

#[test]
fn keys_are_long_enough_and_not_shown() {
    assert!(CsrfKey::new(&[1; 31]).is_err());
    assert!(CsrfKey::new(&[1; 32]).is_ok());
    assert!(!format!("{:?}", protection()).contains("secret"));
}
