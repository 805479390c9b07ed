//! What a refusal says to whoever reads the log.

use super::*;

fn said(builder: VerifierBuilder<Ready, Ready, Ready>, token: &str) -> String {
    let verifier = builder.build().unwrap();
    let refused = verifier.verify_now(token.as_bytes()).unwrap_err();
    refused.to_string()
}

#[test]
fn a_refusal_says_what_came_and_what_is_configured() {
    let of = |claims: Value| said(builder(), &token(&claims));
    for (said, expected) in [
        (
            of(with("iss", json!("https://a"))),
            r#"the token is of another issuer: "https://a", and "https://issuer.example" is configured"#,
        ),
        (
            of(without("iss")),
            r#"the token is of another issuer: none, and "https://issuer.example" is configured"#,
        ),
        (
            of(with("aud", json!(["x", "y\n"]))),
            r#"the token is for another audience: "x", "y\n", and "api" is configured"#,
        ),
        (
            of(without("aud")),
            r#"the token is for another audience: none, and "api" is configured"#,
        ),
        (
            of(with("at_hash", json!("x"))),
            "the token is of another kind than is accepted: `at_hash` is a claim of ID, log-out or event tokens",
        ),
        (
            said(
                builder().kind_claim("typ", "Bearer"),
                &token(&with("typ", json!("ID"))),
            ),
            r#"the token is of another kind than is accepted: `typ` is "ID", and "Bearer" is configured"#,
        ),
        (
            said(
                builder(),
                &by_hand(r#"{"alg":"HS256","typ":"dpop+jwt"}"#, &claims()),
            ),
            r#"the token's `typ` is not one that is accepted: "dpop+jwt", and "at+jwt", "JWT" or none is accepted"#,
        ),
        (
            said(
                builder(),
                &by_hand(r#"{"alg":"RS256","kid":"a\"b"}"#, &claims()),
            ),
            r#"no key fits the token: `kid` is "a\"b", `alg` is "RS256", and the keys are HS256 (without an id)"#,
        ),
    ] {
        assert_eq!(said, expected);
    }
}

#[test]
fn a_combined_verifier_names_all_issuers() {
    let of = |issuer: &str| {
        let builder = Verifier::builder().keys(key(1).verifying_key());
        builder.issuer(issuer).audience("api").build().unwrap()
    };
    let all = Verifier::combine(["a", "b", "c", "d", "e", "f"].map(of)).unwrap();
    let refused = all.verify_now(token(&claims()).as_bytes()).unwrap_err();
    assert_eq!(
        refused.to_string(),
        r#"the token is of another issuer: "https://issuer.example", and "a", "b", "c", "d" and 2 more is configured"#
    );
}

#[test]
fn what_is_said_is_bounded() {
    let long = "\u{202e}".repeat(1000);
    let header = json!({"alg": long, "kid": "\u{1b}".repeat(200)}).to_string();
    let typ = json!({"alg": "HS256", "typ": long}).to_string();
    for said in [
        said(builder(), &token(&with("iss", json!(long)))),
        said(
            builder(),
            &token(&with("aud", json!([long, long, long, long, long, long]))),
        ),
        said(builder(), &by_hand(&header, &claims())),
        said(builder(), &by_hand(&typ, &claims())),
    ] {
        assert!(said.len() < 2500, "{}", said.len());
        assert!(
            said.chars()
                .all(|char| char == '…' || matches!(char, ' '..='~')),
            "{said}"
        );
    }
}

#[test]
fn a_longer_header_is_a_setting() {
    let header = format!(r#"{{"alg":"HS256","x5c":["{}"]}}"#, "A".repeat(5000));
    let token = by_hand(&header, &claims());
    let judge = |builder: VerifierBuilder<_, _, _>| kind(&builder.build().unwrap(), &token);
    assert_eq!(judge(builder()), Err(VerifyErrorKind::TooLarge));
    let size = token.split('.').next().unwrap().len();
    assert_eq!(judge(builder().max_header_size(size)), Ok(()));
    assert_eq!(
        judge(builder().max_header_size(size - 1)),
        Err(VerifyErrorKind::TooLarge)
    );
    assert_eq!(
        judge(builder().max_header_size(size).max_token_size(size)),
        Err(VerifyErrorKind::TooLarge)
    );
}
