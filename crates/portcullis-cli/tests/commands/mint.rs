//! `portcullis token mint`.

use serde_json::{Value, json};

use crate::program::Place;

const TO_API: [&str; 4] = [
    "--issuer",
    "https://i.example",
    "--audience",
    "https://a.example",
];

/// A place with `key.jwk`.
fn place() -> Place {
    let place = Place::new();
    place.good(&[
        "key",
        "new",
        "ES256",
        "--out",
        "key.jwk",
        "--public",
        "keys.json",
    ]);
    place
}

fn mint<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [
        &["token", "mint", "--key", "key.jwk", "--subject", "alice"],
        more,
    ]
    .concat()
}

/// What is in a token that the program minted.
fn minted(place: &Place, more: &[&str]) -> Value {
    let token = place.good(&mint(more));
    assert_eq!(token.lines().count(), 1);
    let ran = place.run_with(&["token", "inspect", "--json"], token);
    serde_json::from_str(&ran.good()).unwrap()
}

#[test]
fn each_shape_says_what_it_is_told() {
    let place = place();
    let full = [
        &TO_API[..],
        &["--client", "mobile", "--scope", "a b", "--at", "1700000000"],
    ]
    .concat();
    for (shape, subject, typ) in [
        ("rfc9068", "sub", "at+jwt"),
        ("plain", "sub", "JWT"),
        ("session", "identity", "JWT"),
        ("api-key", "sub", "JWT"),
        ("password-grant", "user_id", "JWT"),
    ] {
        let token = minted(
            &place,
            &[&full[..], &["--shape", shape, "--fresh"]].concat(),
        );
        let (header, claims) = (&token["header"], &token["claims"]);
        assert_eq!(header["typ"], typ, "{shape}");
        assert_eq!(claims[subject], "alice", "{shape}");
        assert_eq!(claims["iss"], "https://i.example");
        assert_eq!(claims["client_id"], "mobile");
        assert_eq!(claims["scope"], "a b");
        assert_eq!(
            (&claims["iat"], &claims["exp"]),
            (&json!(1_700_000_000), &json!(1_700_000_900))
        );
        let tells = ["plain", "session"].contains(&shape);
        assert_eq!(
            claims.get("fresh"),
            tells.then_some(&json!(true)),
            "{shape}"
        );
        assert_eq!(token["problems"], json!([]));
    }
}

#[test]
fn further_claims_are_json_or_text() {
    let place = place();
    let further = [
        "--shape",
        "plain",
        "--claim",
        "n=3",
        "--claim",
        "t=a b",
        "--claim",
        r#"s="3""#,
        "--claim",
        r#"l=["a",{"b":null}]"#,
        "--claim",
        "zip=01234",
        "--claim",
        "empty=",
        "--claim",
        "x=a=b",
        "--expires-in",
        "1h 30m",
        "--auth-time",
        "2023-11-14T00:00:00Z",
    ];
    let claims = minted(&place, &further)["claims"].clone();
    assert_eq!(claims["n"], 3);
    assert_eq!(claims["t"], "a b");
    assert_eq!(claims["s"], "3");
    assert_eq!(claims["l"], json!(["a", {"b": null}]));
    assert_eq!(
        (&claims["zip"], &claims["empty"], &claims["x"]),
        (&json!("01234"), &json!(""), &json!("a=b"))
    );
    assert_eq!(
        claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(),
        5400
    );
    assert_eq!(claims["auth_time"], 1_699_920_000);
}

#[test]
fn the_json_has_the_token_and_its_dates() {
    let place = place();
    let answer = place.good_json(&mint(&["--shape", "plain", "--at", "1700000000"]));
    let names: Vec<_> = answer.as_object().unwrap().keys().collect();
    assert_eq!(names, ["expires_at", "id", "issued_at", "token"]);
    assert_eq!(
        (&answer["issued_at"], &answer["expires_at"]),
        (&json!(1_700_000_000), &json!(1_700_000_900))
    );
}

#[test]
fn what_cannot_be_minted_says_what_to_change() {
    let place = place();
    for (more, code, says) in [
        (&[][..], 2, "--issuer"),
        (&TO_API[..], 2, "--client"),
        (
            &["--shape", "plain", "--claim", "exp=1"],
            2,
            "argument of its own",
        ),
        (
            &["--shape", "plain", "--claim", "a=1", "--claim", "a=2"],
            2,
            "given twice",
        ),
        (&["--shape", "plain", "--claim", "a"], 2, "NAME=VALUE"),
        (&["--shape", "plain", "--scope", "a\"b"], 2, "scope"),
        (
            &["--shape", "plain", "--expires-in", "0s"],
            2,
            "--expires-in",
        ),
        (&["--shape", "plain", "--expires-in", "soon"], 2, "soon"),
        (
            &["--shape", "plain", "--at", "noon"],
            2,
            "2026-11-27T18:00:00Z",
        ),
        (&["--shape", "round"], 2, "rfc9068"),
    ] {
        place.fails(&mint(more), code, says);
    }
    let other = |key: &'static str| {
        [
            "token",
            "mint",
            "--subject",
            "a",
            "--shape",
            "plain",
            "--key",
            key,
        ]
    };
    place.fails(&other("keys.json"), 1, "private key");
    place.fails(&other("none.jwk"), 2, "cannot be read");
    place.fails(&["token", "mint", "--subject", "a"], 2, "--key");
    let jwk = place.read("key.jwk");
    assert!(place.run_with(&other("-"), jwk).good().starts_with("ey"));
}

#[test]
fn an_issuers_configuration_says_the_same_as_arguments() {
    let place = place();
    place.write(
        "service.toml",
        "[auth.issuer]\nissuer = 'https://i.example'\naudience = 'api'\nshape = 'session'\n\
         access_ttl = '1h'\nsigning_key_file = 'key.jwk'\n[bad]\naudience = 'api'\n",
    );
    let of = |section: &'static str| {
        let args = ["token", "mint", "--subject", "alice", "--at", "1700000000"];
        [
            &args[..],
            &["--config", "service.toml", "--section", section],
        ]
        .concat()
    };
    let token = place.good(&of("auth.issuer"));
    let ran = place.run_with(&["token", "inspect", "--json"], token);
    let token: Value = serde_json::from_str(&ran.good()).unwrap();
    let claims = &token["claims"];
    assert_eq!(
        (&claims["identity"], &claims["exp"]),
        (&json!("alice"), &json!(1_700_003_600))
    );
    assert_eq!(
        (&claims["iss"], &claims["aud"]),
        (&json!("https://i.example"), &json!("api"))
    );
    place.fails(&of("bad"), 1, "bad");
    place.fails(&of("none"), 2, "has no table `none`");
    place.fails(
        &[&of("auth.issuer")[..], &["--issuer", "other"]].concat(),
        2,
        "--issuer",
    );
}
