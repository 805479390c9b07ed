//! Several verifiers in one.

use super::*;

/// A verifier by its issuer and audiences; `*` is any, and nothing is none.
fn of(issuer: &str, audiences: &[&str]) -> Verifier {
    let keys = Verifier::builder().keys(key(1).verifying_key());
    let keys = keys.clock(clock());
    let issuer = match issuer {
        "*" => keys.dangerous().any_issuer(),
        name => keys.issuer(name),
    };
    let audience = match audiences {
        ["*"] => issuer.dangerous().any_audience(),
        [] => issuer.dangerous().no_audience(),
        names => issuer.audiences(names.iter().copied()),
    };
    audience.build().unwrap()
}

#[test]
fn one_that_is_never_asked_is_an_error() {
    type Named<'n> = (&'n str, &'n [&'n str]);
    let dead: [(Named<'_>, Named<'_>); 9] = [
        (("a", &["x"]), ("a", &["x"])),
        (("a", &["x", "y"]), ("a", &["y", "z"])),
        (("a", &["x"]), ("a", &["y", "x"])),
        (("a", &[]), ("a", &[])),
        (("a", &["*"]), ("a", &["x"])),
        (("a", &["*"]), ("a", &[])),
        (("*", &["x"]), ("a", &["x"])),
        (("*", &["*"]), ("a", &["x"])),
        (("*", &["*"]), ("*", &["*"])),
    ];
    for (first, second) in dead {
        let both = [first, second].map(|(issuer, audience)| of(issuer, audience));
        assert!(Verifier::combine(both).is_err(), "{first:?} {second:?}");
    }
    let alive: [(Named<'_>, Named<'_>); 9] = [
        (("a", &["x"]), ("b", &["x"])),
        (("a", &["x"]), ("a", &["y"])),
        (("a", &["x"]), ("a", &[])),
        (("a", &[]), ("a", &["x"])),
        // The first names its own, and the second takes what is left.
        (("a", &["x"]), ("a", &["*"])),
        (("a", &["x"]), ("*", &["x"])),
        (("a", &["x"]), ("*", &["*"])),
        (("a", &["*"]), ("b", &["*"])),
        (("*", &["x"]), ("a", &["*"])),
    ];
    for (first, second) in alive {
        let both = [first, second].map(|(issuer, audience)| of(issuer, audience));
        assert!(Verifier::combine(both).is_ok(), "{first:?} {second:?}");
    }
    assert!(Verifier::combine([]).is_err());
}

#[test]
fn the_error_says_which() {
    let pair = Verifier::combine([of("a", &["x"]), of("b", &["x", "y"])]).unwrap();
    let error = Verifier::combine([of("c", &["x"]), pair, of("b", &["y"])]).unwrap_err();
    let error = error.to_string();
    for part in [
        r#"number 3 (issuer "b", audience "y")"#,
        r#"number 2 (issuer "b", audience "x", "y")"#,
    ] {
        assert!(error.contains(part), "{error}");
    }
}

/// A second issuer's claims are nobody's business but its own.
#[test]
fn a_token_is_read_by_the_rules_of_its_own_issuer_only() {
    let builder = |issuer: &str| {
        let builder = Verifier::builder().keys(key(1).verifying_key());
        builder.issuer(issuer).audience("api").clock(clock())
    };
    let other = builder("b").scope_claim("permissions").build().unwrap();
    let both = Verifier::combine([builder("a").build().unwrap(), other]).unwrap();
    let claims = |issuer: &str| {
        let mut claims = with("iss", json!(issuer));
        claims["scope"] = json!({"read": true});
        token(&claims)
    };
    assert_eq!(kind(&both, &claims("a")), Err(VerifyErrorKind::Malformed));
    assert_eq!(kind(&both, &claims("b")), Ok(()));
}

#[test]
fn the_largest_limits_are_not_everybodys() {
    use VerifyErrorKind::*;
    let builder = |issuer: &str| {
        let builder = Verifier::builder().keys(key(1).verifying_key());
        builder.issuer(issuer).audience("api").clock(clock())
    };
    let roomy = builder("b").max_token_size(20_000).max_header_size(9_000);
    let verifiers = [builder("a"), roomy].map(|builder| builder.build().unwrap());
    let both = Verifier::combine(verifiers).unwrap();
    let header = format!(r#"{{"alg":"HS256","x5c":["{}"]}}"#, "A".repeat(5000));
    for (issuer, expected) in [("a", Err(TooLarge)), ("b", Ok(()))] {
        let mut claims = with("iss", json!(issuer));
        let long_header = by_hand(&header, &claims);
        assert_eq!(kind(&both, &long_header), expected, "{issuer}");
        claims["x"] = json!("x".repeat(8000));
        assert_eq!(kind(&both, &token(&claims)), expected, "{issuer}");
    }
}

#[test]
fn a_combined_verifier_holds_each_issuer_to_its_own_keys() {
    use VerifyErrorKind::*;
    let of = |issuer: &str, byte| {
        Verifier::builder()
            .keys(key(byte).verifying_key())
            .issuer(issuer)
            .audience("api")
            .clock(clock())
            .build()
            .unwrap()
    };
    let both = Verifier::combine([of("a", 1), of("b", 2)]).unwrap();
    let by = |byte, issuer: &str| {
        kind(
            &both,
            &signed(
                &key(byte),
                r#"{"alg":"HS256"}"#,
                &with("iss", json!(issuer)),
            ),
        )
    };
    assert_eq!(by(1, "a"), Ok(()));
    assert_eq!(by(2, "b"), Ok(()));
    assert_eq!(by(2, "a"), Err(BadSignature));
    assert_eq!(by(1, "b"), Err(BadSignature));
    assert_eq!(by(1, "c"), Err(WrongIssuer));
    let other = with("iss", json!("b"));
    let mut other_audience = other.clone();
    other_audience["aud"] = json!("x");
    assert_eq!(
        kind(
            &both,
            &signed(&key(2), r#"{"alg":"HS256"}"#, &other_audience)
        ),
        Err(WrongAudience)
    );
}
