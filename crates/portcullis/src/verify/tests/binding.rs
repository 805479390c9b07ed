//! Sender-constrained tokens (RFC 7800).

use std::sync::Mutex;

use super::*;

fn bound(confirmation: Value) -> String {
    token(&with("cnf", confirmation))
}

/// One of every kind that is in use.
fn confirmations() -> [Value; 6] {
    [
        json!({"jkt": "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"}),
        json!({"x5t#S256": "bwcK0esc3ACC3DB2Y5_lESsXE8o9ltc05O89jdN-dg2"}),
        json!({"jwk": {"kty": "oct", "k": "AA"}}),
        json!({"kid": "a-key"}),
        json!({"jku": "https://keys.example", "kid": "a-key"}),
        json!({"of-the-future": null}),
    ]
}

#[test]
fn a_bound_token_is_no_bearer_token() {
    let issuer = TokenIssuer::builder(key(1))
        .issuer(ISS)
        .audience("api")
        .shape(TokenShape::api_key())
        .clock(clock())
        .build()
        .unwrap();
    let cached = TokenCache::new().with_shared_secrets();
    for builder in [builder(), builder().cache(cached), issuer.verifier()] {
        let verifier = builder.build().unwrap();
        for confirmation in confirmations() {
            let mut claims = with("cnf", confirmation.clone());
            claims["jti"] = json!("j");
            for _ in 0..2 {
                let refused = kind_of(&verifier, &claims);
                let expected = Err(VerifyErrorKind::SenderConstrained);
                assert_eq!(refused, expected, "{confirmation}");
            }
        }
    }
}

/// RFC 7800 section 3.1: it is an object, which identifies a key.
#[test]
fn what_confirms_nothing_is_malformed_whatever_becomes_of_bindings() {
    let builders = [
        builder(),
        builder().binding_checked_by(|_| Ok(())),
        builder().dangerous().ignore_binding(),
    ];
    for verifier in builders.map(|builder| builder.build().unwrap()) {
        for bad in [
            json!({}),
            json!([]),
            json!("x"),
            json!(1),
            json!(true),
            json!([{"jkt": "x"}]),
        ] {
            let refused = kind(&verifier, &bound(bad.clone()));
            assert_eq!(refused, Err(VerifyErrorKind::Malformed), "{bad}");
        }
        assert_eq!(kind(&verifier, &bound(json!(null))), Ok(()));
    }
}

#[test]
fn the_log_names_the_method_and_nothing_else() {
    let verifier = builder().build().unwrap();
    let refused = |confirmation: Value| {
        let token = bound(confirmation);
        verifier
            .verify_now(token.as_bytes())
            .unwrap_err()
            .to_string()
    };
    let text = refused(json!({"x5t#S256": "the-thumbprint", "a\nb": 1}));
    assert!(
        text.contains(r#""x5t#S256""#) && text.contains(r#""a\nb""#),
        "{text}"
    );
    assert!(!text.contains("the-thumbprint"), "{text}");
    let many: serde_json::Map<_, _> = (0..100)
        .map(|n| (format!("{n}-{}", "x".repeat(99)), json!(n)))
        .collect();
    assert!(refused(Value::Object(many)).len() < 500);
}

/// The binding is part of a request, not of a token: it is looked at every time.
#[test]
fn a_binding_is_checked_at_every_request() {
    let holder = Arc::new(Mutex::new("thumbprint"));
    let present = holder.clone();
    let verifier = builder()
        .cache(TokenCache::new().with_shared_secrets())
        .binding_checked_by(move |bound| match bound.text("jkt") {
            Some(jkt) if *jkt == **present.lock().unwrap() => Ok(()),
            _ => Err(VerifyError::custom("another key")),
        })
        .build()
        .unwrap();
    let token = bound(json!({"jkt": "thumbprint"}));
    for _ in 0..2 {
        *holder.lock().unwrap() = "thumbprint";
        assert_eq!(kind(&verifier, &token), Ok(()));
        assert_eq!(kind(&verifier, &token), Ok(()));
        *holder.lock().unwrap() = "another";
        assert_eq!(kind(&verifier, &token), Err(VerifyErrorKind::Custom));
    }
    // Another method is another binding.
    let other = bound(json!({"kid": "thumbprint"}));
    *holder.lock().unwrap() = "thumbprint";
    assert_eq!(kind(&verifier, &other), Err(VerifyErrorKind::Custom));
}

#[test]
fn a_check_sees_a_token_whose_other_claims_are_good() {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let verifier = builder()
        .binding_checked_by(move |bound| {
            let subject = bound.token().subject_name().unwrap_or_default();
            seen.lock().unwrap().push(subject.to_owned());
            Ok(())
        })
        .binding_checked_by(|bound| match bound.methods().collect::<Vec<_>>()[..] {
            ["kid"] => Ok(()),
            _ => Err(VerifyError::custom("unknown methods")),
        })
        .build()
        .unwrap();
    let mut expired = with("cnf", json!({"kid": "k"}));
    expired["exp"] = json!(NOW);
    assert_eq!(kind_of(&verifier, &expired), Err(VerifyErrorKind::Expired));
    assert_eq!(kind(&verifier, &token(&claims())), Ok(()));
    assert!(asked.lock().unwrap().is_empty());
    assert_eq!(kind(&verifier, &bound(json!({"kid": "k"}))), Ok(()));
    // Once for the verdict and once for its explanation.
    assert_eq!(*asked.lock().unwrap(), ["alice"; 2]);
    let both = bound(json!({"kid": "k", "jkt": "x"}));
    assert_eq!(kind(&verifier, &both), Err(VerifyErrorKind::Custom));
}

#[test]
fn a_binding_can_be_ignored_with_eyes_open() {
    let verifier = builder().dangerous().ignore_binding().build().unwrap();
    for confirmation in confirmations() {
        assert_eq!(kind(&verifier, &bound(confirmation)), Ok(()));
    }
}
