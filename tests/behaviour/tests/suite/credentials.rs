//! Cutting credentials out of a request (RFC 9110 section 11, RFC 6750
//! section 2).

use behaviour::case::{Case, Expected, invalid_request, invalid_token, missing, passes};

use crate::protected::{everywhere, get, token};

type Row = (&'static str, &'static str, fn() -> Expected);

fn cases(table: &[Row]) -> Vec<Case> {
    let good = token().build();
    let case = |(name, value, expected): &Row| {
        let value = value.replace("TOKEN", &good);
        Case::new(*name, get("/claims").authorization(value), expected())
    };
    table.iter().map(case).collect()
}

#[test]
fn the_scheme_and_the_spaces() {
    everywhere().run(&cases(&[
        ("as usual", "Bearer TOKEN", passes),
        ("lower case", "bearer TOKEN", passes),
        ("upper case", "BEARER TOKEN", passes),
        ("mixed case", "bEaReR TOKEN", passes),
        ("two spaces", "Bearer  TOKEN", passes),
        ("many spaces", "Bearer          TOKEN", passes),
        ("space around the field", "  Bearer TOKEN  ", passes),
        ("a tab around the field", "\tBearer TOKEN\t", passes),
        ("a tab for a space", "Bearer\tTOKEN", invalid_request),
        ("a space and a tab", "Bearer \tTOKEN", invalid_request),
        ("a tab and a space", "Bearer\t TOKEN", invalid_request),
    ]));
}

#[test]
fn the_grammar_of_the_token() {
    everywhere().run(&cases(&[
        ("the scheme alone", "Bearer", invalid_request),
        ("the scheme and a space", "Bearer ", invalid_request),
        ("the scheme in lower case alone", "bearer", invalid_request),
        ("two tokens", "Bearer a b", invalid_request),
        (
            "a good token and more",
            "Bearer TOKEN more",
            invalid_request,
        ),
        ("a comma", "Bearer a,b", invalid_request),
        ("a trailing comma", "Bearer TOKEN,", invalid_request),
        (
            "two credentials in one field",
            "Bearer TOKEN, Bearer TOKEN",
            invalid_request,
        ),
        (
            "Bearer, then Basic",
            "Bearer TOKEN, Basic YTpi",
            invalid_request,
        ),
        ("quotes", "Bearer \"TOKEN\"", invalid_request),
        ("a parameter", "Bearer token=\"TOKEN\"", invalid_request),
        ("JSON", r#"Bearer {"access_token":"x"}"#, invalid_request),
        ("only padding", "Bearer =", invalid_request),
        ("only much padding", "Bearer ====", invalid_request),
        ("padding in the middle", "Bearer a=b", invalid_request),
        ("a colon", "Bearer a:b", invalid_request),
        (
            "an equals sign for a space",
            "Bearer=TOKEN",
            invalid_request,
        ),
        ("a comma for a space", "Bearer,TOKEN", invalid_request),
        ("a colon for a space", "Bearer: TOKEN", invalid_request),
        ("an angle bracket", "Bearer <TOKEN>", invalid_request),
        ("a percent escape", "Bearer %20TOKEN", invalid_request),
        ("Bearer twice", "Bearer Bearer TOKEN", invalid_request),
        // Well formed, and no token of ours: RFC 6750 section 3.1.
        ("a word", "Bearer garbage", invalid_token),
        (
            "all characters of the grammar",
            "Bearer aZ09-._~+/==",
            invalid_token,
        ),
        ("a token with padding", "Bearer TOKEN=", invalid_token),
        ("three words", "Bearer a.b.c", invalid_token),
    ]));
}

#[test]
fn other_schemes_are_no_credentials() {
    everywhere().run(&cases(&[
        ("an empty field", "", missing),
        ("Basic", "Basic YTpi", missing),
        ("Basic with our token", "Basic TOKEN", missing),
        ("DPoP", "DPoP TOKEN", missing),
        ("Digest", "Digest username=\"a\", realm=\"b\"", missing),
        ("Negotiate", "Negotiate TOKEN", missing),
        ("a longer name", "BearerX TOKEN", missing),
        ("a longer name with a dash", "Bearer-Token TOKEN", missing),
        ("a shorter name", "Beare TOKEN", missing),
        ("the token alone", "TOKEN", missing),
        ("Token", "Token TOKEN", missing),
        ("Basic, then Bearer", "Basic YTpi, Bearer TOKEN", missing),
    ]));
}

/// Two fields are never chosen from (RFC 9110 section 11.6.2).
#[test]
fn repeated_fields_are_refused() {
    let good = token().bearer();
    let two = |one: &str, other: &str| get("/claims").authorization(one).authorization(other);
    let repeated = || invalid_request().reason("Repeated");
    everywhere().run(&[
        Case::new("the same twice", two(&good, &good), repeated()),
        Case::new("good, then garbage", two(&good, "Bearer x"), repeated()),
        Case::new("garbage, then good", two("Bearer x", &good), repeated()),
        Case::new("Basic, then good", two("Basic YTpi", &good), repeated()),
        Case::new("good, then Basic", two(&good, "Basic YTpi"), repeated()),
        Case::new("empty, then good", two("", &good), repeated()),
        Case::new("good, then empty", two(&good, ""), repeated()),
        Case::new(
            "two of other schemes",
            two("Basic YTpi", "Basic YTpi"),
            repeated(),
        ),
        Case::new(
            "names in different case",
            get("/claims")
                .field("authorization", &good)
                .field("AUTHORIZATION", &good),
            repeated(),
        ),
        Case::new("three", two(&good, &good).authorization(&good), repeated()),
        Case::new(
            "where authentication is optional",
            get("/maybe").authorization(&good).authorization(&good),
            repeated(),
        ),
    ]);
}

/// RFC 9110 section 5.5: obs-text may occur in a field.
#[test]
fn bytes_outside_ascii_are_malformed() {
    let malformed = || invalid_request().reason("Malformed");
    let with = |value: &[u8]| get("/claims").authorization(value);
    let good = token().bearer();
    everywhere().run(&[
        Case::new("a byte of obs-text", with(b"Bearer \xff"), malformed()),
        Case::new("UTF-8", with("Bearer tok\u{e9}n".as_bytes()), malformed()),
        Case::new(
            "a no-break space",
            with("Bearer\u{a0}x".as_bytes()),
            malformed(),
        ),
        Case::new(
            "a good token and obs-text",
            with(&[good.as_bytes(), b"\x80"].concat()),
            malformed(),
        ),
        Case::new("obs-text alone", with(b"\xff\xfe"), missing()),
        Case::new("a scheme of obs-text", with(b"B\xe9arer x"), missing()),
    ]);
}

/// RFC 6750 sections 2.2 and 2.3, which are off; RFC 9110 section 11.7.2.
#[test]
fn a_token_elsewhere_is_no_credentials() {
    let good = token().build();
    everywhere().run(&[
        Case::new("nothing", get("/claims"), missing()),
        Case::new(
            "in the query",
            get(&format!("/claims?access_token={good}")),
            missing(),
        ),
        Case::new(
            "in the query too",
            get(&format!("/claims?access_token={good}")).bearer(&good),
            passes(),
        ),
        Case::new(
            "for a proxy",
            get("/claims").field("Proxy-Authorization", format!("Bearer {good}")),
            missing(),
        ),
        Case::new(
            "in a cookie",
            get("/claims").field("Cookie", format!("access_token={good}")),
            missing(),
        ),
        Case::new(
            "in a form",
            behaviour::client::Request::new("POST", "/claims")
                .form(&format!("access_token={good}")),
            missing(),
        ),
        Case::new(
            "in fields of other names",
            get("/claims")
                .field("X-Authorization", format!("Bearer {good}"))
                .field("Authorization-", format!("Bearer {good}"))
                .field("refresh-token", &good),
            missing(),
        ),
    ]);
}

/// A proxy may have folded long fields; what comes then is too large, not
/// malformed.
#[test]
fn tokens_may_be_long_but_not_too_long() {
    let padded = |count: usize| token().claim("x", "x".repeat(count)).bearer();
    everywhere().run(&[
        Case::new(
            "four kilobytes",
            get("/claims").authorization(padded(3000)),
            passes(),
        ),
        Case::new(
            "nine kilobytes",
            get("/claims").authorization(padded(6500)),
            invalid_token().reason("TooLarge"),
        ),
        Case::new(
            "sixty kilobytes of nothing",
            get("/claims").bearer(&"a".repeat(60_000)),
            invalid_token().reason("TooLarge"),
        ),
        Case::new(
            "nine kilobytes, allowed",
            get("/large").authorization(padded(6500)),
            passes(),
        ),
    ]);
}
