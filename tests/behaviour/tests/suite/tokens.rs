//! Forged and broken tokens (RFC 7515, RFC 7519, RFC 8725).

use behaviour::case::{Case, invalid_token, passes};
use portcullis::jose::{Algorithm, encode_segment};
use portcullis_testing::{
    keys,
    mint::{
        Draft,
        hostile::{self, segments},
    },
};
use serde_json::json;

use crate::protected::{everywhere, get, mint, session_token, token};

#[test]
fn forgeries_are_refused() {
    let case = |forged: hostile::Forged| {
        Case::new(
            forged.name,
            get("/claims").authorization(forged.bearer()),
            invalid_token(),
        )
    };
    let cases: Vec<_> = hostile::tokens(&mint()).into_iter().map(case).collect();
    assert!(cases.len() > 100);
    everywhere().run(&cases);
}

/// Optional means absent: a bad token is no anonymous visitor.
#[test]
fn forgeries_are_refused_where_authentication_is_optional() {
    let case = |forged: hostile::Forged| {
        Case::new(
            forged.name,
            get("/maybe").authorization(forged.bearer()),
            invalid_token(),
        )
    };
    let cases: Vec<_> = hostile::tokens(&mint()).into_iter().map(case).collect();
    everywhere().run(&cases);
}

#[test]
fn the_reasons_reach_outer_layers() {
    let draft = token();
    let claims = draft.claims_json();
    let refused = |name: &str, token: String, reason: &str| {
        Case::new(
            name,
            get("/claims").bearer(&token),
            invalid_token().reason(reason),
        )
    };
    let stranger = keys::untrusted(Algorithm::ES256);
    let [header, payload, signature] = segments(&draft.build()).map(str::to_owned);
    everywhere().run(&[
        refused("garbage", "garbage".to_owned(), "Malformed"),
        refused(
            "none",
            hostile::unsigned(r#"{"alg":"none"}"#, &claims),
            "Malformed",
        ),
        refused(
            "a stranger",
            draft.clone().forged_by(&stranger).build(),
            "BadSignature",
        ),
        refused(
            "HMAC by the public key",
            hostile::hs256(
                keys::public_pem(Algorithm::ES256).unwrap(),
                r#"{"alg":"HS256"}"#,
                &claims,
            ),
            "UnknownKey",
        ),
        refused(
            "encrypted",
            format!("{header}.AA.AA.{payload}.{signature}"),
            "Encrypted",
        ),
        refused(
            "crit",
            draft.clone().header("crit", json!(["x"])).build(),
            "UnsupportedHeader",
        ),
        refused(
            "b64",
            draft.clone().header("b64", false).build(),
            "UnsupportedHeader",
        ),
        refused(
            "zip",
            draft.clone().header("zip", "DEF").build(),
            "UnsupportedHeader",
        ),
        refused(
            "typ",
            draft.clone().header("typ", "rt+jwt").build(),
            "WrongType",
        ),
        refused("exp", draft.clone().expired().build(), "Expired"),
        refused(
            "nbf",
            draft.clone().claim("nbf", 9_000_000_000_u64).build(),
            "NotYetValid",
        ),
        refused(
            "iat",
            draft.clone().claim("iat", 9_000_000_000_u64).build(),
            "IssuedInFuture",
        ),
        refused(
            "no exp",
            draft.clone().without("exp").build(),
            "NeverExpires",
        ),
        refused(
            "iss",
            draft.clone().claim("iss", "https://evil.test").build(),
            "WrongIssuer",
        ),
        refused(
            "aud",
            draft.clone().claim("aud", "https://evil.test").build(),
            "WrongAudience",
        ),
    ]);
}

/// Key ids are names, nothing more (RFC 8725 section 3.10).
#[test]
fn key_ids_are_never_followed() {
    let cases: Vec<_> = [
        "../../../../dev/null",
        "/dev/null",
        "' OR '1'='1",
        "http://127.0.0.1:9/key",
        "",
        "\u{0}",
        "\r\nX-Injected: yes",
        "k\u{e9}y",
        &"k".repeat(256),
    ]
    .into_iter()
    .map(|kid| {
        let stranger = keys::untrusted(Algorithm::ES256);
        let forged = token().header("kid", kid).forged_by(&stranger).bearer();
        Case::new(
            format!("kid {kid:?}"),
            get("/claims").authorization(forged),
            invalid_token(),
        )
        .no_injection()
    })
    .collect();
    everywhere().run(&cases);
    // The key of the site has no id, so every id may be meant for it.
    let named = token().header("kid", "any").bearer();
    everywhere().run(&[Case::new(
        "an id for a key without",
        get("/claims").authorization(named),
        passes(),
    )]);
}

trait NoInjection {
    fn no_injection(self) -> Self;
}

impl NoInjection for Case {
    fn no_injection(mut self) -> Self {
        self.expected = self.expected.no_field("x-injected");
        self
    }
}

/// RFC 7515 section 7.2: the JSON serializations are no JWTs.
#[test]
fn json_serializations_are_refused() {
    let token = token().build();
    let [protected, payload, signature] = segments(&token);
    let json = json!({"protected": protected, "payload": payload, "signature": signature});
    let encoded = encode_segment(json.to_string().as_bytes());
    everywhere().run(&[
        Case::new(
            "JSON itself",
            get("/claims").authorization(format!("Bearer {json}")),
            behaviour::case::invalid_request(),
        ),
        Case::new(
            "JSON in base64url",
            get("/claims").bearer(&encoded),
            invalid_token(),
        ),
    ]);
}

/// RFC 8725 section 3.11, RFC 7515 section 4.1.9.
#[test]
fn types_that_access_tokens_have() {
    let with = |typ: &str| get("/claims").authorization(token().header("typ", typ).bearer());
    let mut cases: Vec<_> = [
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "Application/AT+JWT",
        "JWT",
        "jwt",
        "application/jwt",
    ]
    .map(|typ| Case::new(format!("typ {typ}"), with(typ), passes()))
    .into();
    cases.extend(
        [
            "",
            "at",
            "at+jwt ",
            "x-at+jwt",
            "text/at+jwt",
            "application/",
            "id+jwt",
            "secevent+jwt",
        ]
        .map(|typ| {
            Case::new(
                format!("typ {typ}"),
                with(typ),
                invalid_token().reason("WrongType"),
            )
        }),
    );
    let none = token().without_header("typ").bearer();
    cases.push(Case::new(
        "no typ",
        get("/claims").authorization(none),
        passes(),
    ));
    everywhere().run(&cases);
}

/// RFC 9068 section 4.
#[test]
fn the_strict_profile_demands_its_type_and_claims() {
    let good = token().bearer();
    let mut cases = vec![Case::new(
        "all there",
        get("/rfc9068").authorization(good),
        passes(),
    )];
    for typ in ["JWT", "application/jwt", "rt+jwt"] {
        let token = token().header("typ", typ).bearer();
        let refused = invalid_token().reason("WrongType");
        cases.push(Case::new(
            format!("typ {typ}"),
            get("/rfc9068").authorization(token),
            refused,
        ));
    }
    let none = token().without_header("typ").bearer();
    let refused = invalid_token().reason("WrongType");
    cases.push(Case::new(
        "no typ",
        get("/rfc9068").authorization(none),
        refused,
    ));
    for name in ["iss", "exp", "aud", "sub", "client_id", "iat", "jti"] {
        let token = token().without(name).bearer();
        let refused = invalid_token().reason("MissingClaim");
        cases.push(Case::new(
            format!("no {name}"),
            get("/rfc9068").authorization(token),
            refused,
        ));
    }
    everywhere().run(&cases);
}

/// RFC 8725 section 3.12: ID tokens, log-out tokens and event tokens are none of
/// ours, whatever the access tokens look like.
#[test]
fn other_kinds_of_tokens_are_refused() {
    let refused = |name: &str, draft: Draft| {
        let of = |path: &str| {
            let expected = invalid_token().reason("WrongKind");
            Case::new(
                format!("{name} at {path}"),
                get(path).authorization(draft.bearer()),
                expected,
            )
        };
        ["/claims", "/rfc9068", "/maybe"].map(of)
    };
    let event = json!({"http://schemas.openid.net/event/backchannel-logout": {}});
    let mut cases = Vec::new();
    cases.extend(refused(
        "an ID token",
        token().claim("at_hash", "77QmUPtjPfzWtF2AnpK9RQ"),
    ));
    cases.extend(refused("one with a code", token().claim("c_hash", "x")));
    cases.extend(refused("one with a state", token().claim("s_hash", "x")));
    cases.extend(refused(
        "a log-out token",
        token().claim("events", event.clone()),
    ));
    for (name, value) in [("at_hash", json!("x")), ("events", event)] {
        let draft = session_token(true).claim(name, value);
        let expected = invalid_token().reason("WrongKind");
        let request = get("/fresh").authorization(draft.bearer());
        cases.push(Case::new(format!("{name} at /fresh"), request, expected));
    }
    everywhere().run(&cases);
}

/// A chain of certificates in the header is never looked at, and takes room.
#[test]
fn long_headers_are_a_setting() {
    let chained = token().header("x5c", json!(["A".repeat(6000)])).bearer();
    everywhere().run(&[
        Case::new(
            "too long",
            get("/large").authorization(chained.clone()),
            invalid_token().reason("TooLarge"),
        ),
        Case::new(
            "as long as allowed",
            get("/large/header").authorization(chained),
            passes(),
        ),
    ]);
}
