//! Dates of tokens at their edges (RFC 7519 sections 2 and 4.1.4 to 4.1.6).

use behaviour::case::{Case, Expected, invalid_token, passes};

use crate::{
    claims::{NOW, cases, malformed, raw},
    protected::{everywhere, get, token},
};

fn expired() -> Expected {
    invalid_token().reason("Expired")
}

fn endless() -> Expected {
    invalid_token().reason("NeverExpires")
}

fn early() -> Expected {
    invalid_token().reason("NotYetValid")
}

fn from_the_future() -> Expected {
    invalid_token().reason("IssuedInFuture")
}

/// "on or after which the JWT MUST NOT be accepted" (section 4.1.4).
#[test]
fn expiry() {
    let at = |seconds: i64| (NOW + seconds).to_string();
    everywhere().run(&cases(
        "/no-leeway",
        "exp",
        &[
            (at(1), passes),
            (format!("{}.5", NOW), passes),
            (format!("{}.001", NOW), passes),
            (at(0), expired),
            (format!("{}.0", NOW), expired),
            (format!("{}.9", NOW - 1), expired),
            (at(-1), expired),
            ("0".to_owned(), expired),
        ],
    ));
    everywhere().run(&cases(
        "/claims",
        "exp",
        &[
            (at(0), passes),
            (at(-59), passes),
            (at(-60), expired),
            (at(-61), expired),
        ],
    ));
}

/// "before which the JWT MUST NOT be accepted" (section 4.1.5).
#[test]
fn not_before() {
    let at = |seconds: i64| (NOW + seconds).to_string();
    everywhere().run(&cases(
        "/no-leeway",
        "nbf",
        &[
            (at(-1), passes),
            (at(0), passes),
            (format!("{}.0", NOW), passes),
            (format!("{}.5", NOW), early),
            (at(1), early),
            ("0".to_owned(), passes),
        ],
    ));
    everywhere().run(&cases(
        "/claims",
        "nbf",
        &[(at(60), passes), (at(61), early)],
    ));
}

#[test]
fn issued_at() {
    let at = |seconds: i64| (NOW + seconds).to_string();
    everywhere().run(&cases(
        "/no-leeway",
        "iat",
        &[
            (at(0), passes),
            (at(1), from_the_future),
            (format!("{}.5", NOW), from_the_future),
            (format!("{}.5", NOW - 1), passes),
            ("0".to_owned(), passes),
        ],
    ));
    everywhere().run(&cases(
        "/claims",
        "iat",
        &[(at(60), passes), (at(61), from_the_future)],
    ));
    let without = token().without("iat").bearer();
    everywhere().run(&[Case::new(
        "no iat",
        get("/claims").authorization(without),
        passes(),
    )]);
}

/// A NumericDate is a JSON number, which may have a fraction (section 2).
#[test]
fn dates_in_every_form() {
    everywhere().run(&cases(
        "/claims",
        "exp",
        &[
            ("1800000900.5".to_owned(), passes),
            ("1.8000009e9".to_owned(), passes),
            ("1.8000009E+9".to_owned(), passes),
            ("18000009e2".to_owned(), passes),
            ("253402300799".to_owned(), passes),
            ("1800000900.000000000000000000000001".to_owned(), passes),
            ("-1".to_owned(), expired),
            ("-1e9".to_owned(), expired),
            ("-62135596800".to_owned(), expired),
            ("-1e300".to_owned(), expired),
            ("1e400".to_owned(), malformed),
            ("-1e400".to_owned(), malformed),
            ("NaN".to_owned(), malformed),
            ("Infinity".to_owned(), malformed),
            ("\"1800000900\"".to_owned(), malformed),
            ("\"\"".to_owned(), malformed),
            ("null".to_owned(), endless),
            ("true".to_owned(), malformed),
            ("[1800000900]".to_owned(), malformed),
            ("{}".to_owned(), malformed),
            ("01800000900".to_owned(), malformed),
            ("+1800000900".to_owned(), malformed),
            ("0x6b49d200".to_owned(), malformed),
            ("1800000900.".to_owned(), malformed),
        ],
    ));
    for claim in ["nbf", "iat", "auth_time"] {
        everywhere().run(&cases(
            "/claims",
            claim,
            &[
                ("1799999999.25".to_owned(), passes),
                ("1.7e9".to_owned(), passes),
                // The year 1, as some libraries write "always".
                ("-62135596800".to_owned(), passes),
                ("-0.5".to_owned(), passes),
                ("-1e300".to_owned(), passes),
                ("null".to_owned(), passes),
                ("\"1700000000\"".to_owned(), malformed),
                ("1e400".to_owned(), malformed),
                ("false".to_owned(), malformed),
            ],
        ));
    }
}

/// Numbers at the edges of every integer and float: no panic, no wrapping
/// round.
#[test]
fn dates_that_would_overflow() {
    let far = [
        "1e18",
        "1e300",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "340282366920938463463374607431768211456",
    ];
    for path in ["/claims", "/no-leeway"] {
        for text in far {
            let answered = |claim: &str| get(path).bearer(&raw(claim, text));
            // Whether such an expiry is believed is open; that it is answered
            // soundly, and in the same way everywhere, is not.
            let answer = behaviour::run::block_on(everywhere().same(&answered("exp")));
            assert!([200, 401].contains(&answer.status), "{text}: {answer:?}");
            for claim in ["nbf", "iat"] {
                let case = Case::new(format!("{claim} {text}"), answered(claim), invalid_token());
                everywhere().run(&[case]);
            }
        }
    }
}

#[test]
fn ages_and_lifetimes() {
    let issued = |path: &str, ago: i64, life: i64| {
        let draft = token()
            .claim("iat", NOW - ago)
            .claim("exp", NOW - ago + life);
        get(path).authorization(draft.bearer())
    };
    let refused = |reason: &str| invalid_token().reason(reason);
    let without = |path: &str, name: &str| get(path).authorization(token().without(name).bearer());
    everywhere().run(&[
        Case::new("young", issued("/max-age", 600, 7200), passes()),
        Case::new(
            "at the leeway's end",
            issued("/max-age", 660, 7200),
            passes(),
        ),
        Case::new("too old", issued("/max-age", 661, 7200), refused("TooOld")),
        Case::new(
            "of unknown age",
            without("/max-age", "iat"),
            refused("MissingClaim"),
        ),
        Case::new(
            "as long as allowed",
            issued("/max-lifetime", 0, 900),
            passes(),
        ),
        Case::new(
            "too long",
            issued("/max-lifetime", 0, 901),
            refused("LivesTooLong"),
        ),
        Case::new(
            "for ever",
            without("/max-lifetime", "exp"),
            refused("NeverExpires"),
        ),
        Case::new(
            "of unknown lifetime",
            without("/max-lifetime", "iat"),
            refused("MissingClaim"),
        ),
    ]);
}
