use http::Request;

use super::*;
use crate::{csrf::CsrfKey, head::Target};

type Sent = (&'static str, &'static str);

fn csrf() -> CsrfProtection {
    CsrfProtection::new(CsrfKey::generate().unwrap())
}

fn request(target: &str, fields: &[Sent]) -> Request<()> {
    let mut request = Request::get(target);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

/// What is found, and where.
fn find(
    sources: impl IntoIterator<Item = TokenSource>,
    target: &str,
    fields: &[Sent],
) -> Result<Option<(String, TokenOrigin)>, CredentialsError> {
    let request = request(target, fields);
    let sources = TokenSources::new(sources);
    let found = sources.find(&request)?;
    Ok(found.map(|found| {
        let token = String::from_utf8(found.token.into_owned()).unwrap();
        (token, found.source.origin())
    }))
}

fn all() -> Vec<TokenSource> {
    vec![
        TokenSource::cookie("session", csrf()).unwrap(),
        TokenSource::bearer(),
        TokenSource::header("X-Api-Token").unwrap(),
        TokenSource::websocket_protocol("bearer.").unwrap(),
        TokenSource::query("access_token").unwrap(),
    ]
}

#[test]
fn each_source_finds_its_token_and_nothing_else() {
    use CredentialsError::{LoneSubprotocol, Malformed, Repeated};
    let scheme = TokenSource::authorization("Token").unwrap();
    let header = TokenSource::header("X-Api-Token").unwrap();
    let prefixed = TokenSource::header_with_prefix("X-Auth", "Token").unwrap();
    let cookie = TokenSource::cookie("__Host-at", csrf()).unwrap();
    let protocol = TokenSource::websocket_protocol("bearer.").unwrap();
    let found = |token: &str| Ok(Some(token.to_owned()));
    for (source, fields, expected) in [
        (&scheme, &[("authorization", "token t")][..], found("t")),
        (&scheme, &[("authorization", "TOKEN  t")], found("t")),
        (&scheme, &[("authorization", "Bearer t")], Ok(None)),
        (&scheme, &[("authorization", "Token")], Err(Malformed)),
        (
            &scheme,
            &[("authorization", "Token t"), ("authorization", "Token t")],
            Err(Repeated),
        ),
        (&header, &[("x-api-token", " t ")], found("t")),
        (&header, &[("x-api-token", "")], Ok(None)),
        (&header, &[("authorization", "Bearer t")], Ok(None)),
        (
            &header,
            &[("x-api-token", "t"), ("x-api-token", "")],
            Err(Repeated),
        ),
        (&prefixed, &[("x-auth", "token t")], found("t")),
        (&prefixed, &[("x-auth", "t")], Ok(None)),
        (&prefixed, &[("x-auth", "Token")], Err(Malformed)),
        (&cookie, &[("cookie", "__Host-at=t")], found("t")),
        (&cookie, &[("cookie", "a=b; __Host-at=t; c=d")], found("t")),
        (&cookie, &[("cookie", "a=b;__Host-at=t")], found("t")),
        (
            &cookie,
            &[("cookie", "a=b"), ("cookie", "__Host-at=t")],
            found("t"),
        ),
        (&cookie, &[("cookie", "__Host-at=\"t\"")], found("t")),
        (&cookie, &[("cookie", "__Host-at=t=")], found("t=")),
        (&cookie, &[("cookie", "__Host-at=")], Ok(None)),
        (&cookie, &[("cookie", "__Host-at")], Ok(None)),
        (&cookie, &[("cookie", "__Host-att=t")], Ok(None)),
        (&cookie, &[("cookie", "__host-at=t")], Ok(None)),
        (&cookie, &[("cookie", "a=__Host-at=t")], Ok(None)),
        (&cookie, &[("cookie", "a=\"x; __Host-at=t\"")], found("t\"")),
        (
            &cookie,
            &[("cookie", "__Host-at=t; __Host-at=t")],
            Err(Repeated),
        ),
        (
            &cookie,
            &[("cookie", "__Host-at=t"), ("cookie", "__Host-at=")],
            Err(Repeated),
        ),
        (
            &protocol,
            &[("sec-websocket-protocol", "chat, bearer.t")],
            found("t"),
        ),
        (
            &protocol,
            &[("sec-websocket-protocol", "bearer.t,chat")],
            found("t"),
        ),
        (
            &protocol,
            &[
                ("sec-websocket-protocol", "bearer.t"),
                ("sec-websocket-protocol", "chat"),
            ],
            found("t"),
        ),
        (&protocol, &[("sec-websocket-protocol", "chat")], Ok(None)),
        (
            &protocol,
            &[("sec-websocket-protocol", "bearer.t")],
            Err(LoneSubprotocol),
        ),
        (
            &protocol,
            &[("sec-websocket-protocol", "bearer.t, ,")],
            Err(LoneSubprotocol),
        ),
        (
            &protocol,
            &[("sec-websocket-protocol", "bearer.t, bearer.u, chat")],
            Err(Repeated),
        ),
    ] {
        let result = find([source.clone()], "/", fields);
        let token = result.map(|found| found.map(|(token, _)| token));
        assert_eq!(token, expected, "{source:?} {fields:?}");
    }
}

#[test]
fn a_query_is_read_as_the_rfc_has_it() {
    let query = || TokenSource::query("access_token").unwrap();
    for (target, expected) in [
        ("/?access_token=a.b-c_d~e", Ok(Some("a.b-c_d~e"))),
        ("/?p=q&access_token=t&r", Ok(Some("t"))),
        ("/?access_token=a%2Bb%3D", Ok(Some("a+b="))),
        ("/?access_token=a+b=", Ok(Some("a+b="))),
        ("/?%61ccess_token=t", Ok(Some("t"))),
        ("/?access_token=", Ok(None)),
        ("/?access_token", Ok(None)),
        ("/?Access_token=t", Ok(None)),
        ("/", Ok(None)),
        ("/access_token=t", Ok(None)),
        (
            "/?access_token=t&access_token=t",
            Err(CredentialsError::Repeated),
        ),
        (
            "/?access_token=t&%61ccess_token=",
            Err(CredentialsError::Repeated),
        ),
    ] {
        let found = find([query()], target, &[]);
        let token = found.map(|found| found.map(|(token, _)| token));
        assert_eq!(
            token,
            expected.map(|token| token.map(str::to_owned)),
            "{target}"
        );
    }
    let sources = TokenSources::new([query(), TokenSource::query("t").unwrap()]);
    for (query, shown) in [
        ("access_token=x", None),
        ("a=b&access_token=x&%74=y&c", Some("a=b&c")),
        ("a=b", Some("a=b")),
    ] {
        let target = Target::new("/", Some(query));
        assert_eq!(sources.query_without_tokens(target).as_deref(), shown);
    }
}

/// A header decides over a cookie, and bad ones are not passed over.
#[test]
fn the_first_that_has_anything_decides() {
    use CredentialsError::{Malformed, Repeated};
    let cookie = ("cookie", "session=c");
    let twice = ("cookie", "session=c; session=d");
    let bearer = ("authorization", "Bearer b");
    let basic = ("authorization", "Basic eDp5");
    let own = ("x-api-token", "h");
    let protocol = ("sec-websocket-protocol", "bearer.p, chat");
    let found = |token: &str, origin| Ok(Some((token.to_owned(), origin)));
    for (target, fields, expected) in [
        ("/", &[cookie][..], found("c", TokenOrigin::Cookie)),
        (
            "/",
            &[cookie, bearer],
            found("b", TokenOrigin::Authorization),
        ),
        (
            "/",
            &[twice, bearer],
            found("b", TokenOrigin::Authorization),
        ),
        ("/", &[twice, own], found("h", TokenOrigin::Header)),
        ("/", &[twice], Err(Repeated)),
        ("/", &[cookie, basic], found("c", TokenOrigin::Cookie)),
        ("/", &[cookie, ("authorization", "Bearer")], Err(Malformed)),
        ("/", &[own, bearer], found("b", TokenOrigin::Authorization)),
        (
            "/",
            &[cookie, protocol],
            found("p", TokenOrigin::WebSocketProtocol),
        ),
        ("/?access_token=q", &[], found("q", TokenOrigin::Query)),
        (
            "/?access_token=q",
            &[cookie],
            found("q", TokenOrigin::Query),
        ),
        ("/?access_token=q", &[bearer], Err(Repeated)),
        ("/?access_token=q", &[own], Err(Repeated)),
        ("/?access_token=q", &[protocol], Err(Repeated)),
        (
            "/?access_token=",
            &[bearer],
            found("b", TokenOrigin::Authorization),
        ),
        ("/", &[], Ok(None)),
    ] {
        assert_eq!(find(all(), target, fields), expected, "{target} {fields:?}");
    }
    // Whichever comes first.
    let query = TokenSource::query("access_token").unwrap();
    let result = find(
        [query, TokenSource::bearer()],
        "/?access_token=q",
        &[bearer],
    );
    assert_eq!(result, Err(Repeated));
    assert_eq!(find([], "/", &[bearer]), Ok(None));
}

#[test]
fn the_fields_that_may_hold_a_token_are_known() {
    let sources = TokenSources::new(all().into_iter().chain(all()));
    let names: Vec<_> = sources.header_names().collect();
    let expected = [
        "authorization",
        "x-api-token",
        "sec-websocket-protocol",
        "cookie",
        "x-csrf-token",
    ];
    assert_eq!(names, expected);
    let bearer = TokenSources::new([TokenSource::bearer()]);
    assert_eq!(bearer.header_names().collect::<Vec<_>>(), ["authorization"]);
    let rest = sources.protocols_without_token(b"chat.v1,bearer.t , v2");
    assert_eq!(rest.as_deref(), Some(&b"chat.v1, v2"[..]));
    assert_eq!(sources.protocols_without_token(b"chat.v1, v2"), None);
    assert_eq!(sources.scheme(), None);
    let own = TokenSource::authorization("Token").unwrap();
    assert_eq!(TokenSources::new([own]).scheme(), Some("Token"));
    let bearer = TokenSource::authorization("BEARER").unwrap();
    assert_eq!(TokenSources::new([bearer]).scheme(), None);
}

#[test]
fn what_cannot_be_a_place_is_refused() {
    for bad in ["", "a b", "a:b", "a\r\nb", "ü"] {
        assert!(TokenSource::authorization(bad).is_err(), "{bad:?}");
        assert!(TokenSource::header(bad).is_err(), "{bad:?}");
        assert!(
            TokenSource::header_with_prefix("x-a", bad).is_err(),
            "{bad:?}"
        );
        assert!(TokenSource::cookie(bad, csrf()).is_err(), "{bad:?}");
        assert!(TokenSource::websocket_protocol(bad).is_err(), "{bad:?}");
    }
    assert!(TokenSource::header("Authorization").is_err());
    assert!(TokenSource::header("COOKIE").is_err());
    assert!(TokenSource::query("").is_err());
}
