//! Tokens about which the issuer is asked.

use std::{
    future::Future,
    pin::pin,
    sync::Mutex,
    task::{Context, Poll, Waker},
};

use super::{IntrospectionUnavailable as Unanswered, VerifyErrorKind::*, *};

/// An issuer that answers as the test says, and remembers what it was asked.
#[derive(Clone)]
struct Asked {
    tokens: Arc<Mutex<Vec<String>>>,
    answer: Arc<dyn Fn() -> Introspection + Send + Sync>,
}

impl IntrospectTokens for Asked {
    fn introspect(&self, token: &str) -> Introspection {
        self.tokens.lock().unwrap().push(token.to_owned());
        (self.answer)()
    }
}

impl Asked {
    fn new(answer: impl Fn() -> Introspection + Send + Sync + 'static) -> Self {
        Self {
            tokens: Arc::default(),
            answer: Arc::new(answer),
        }
    }

    fn active(claims: Value) -> Self {
        Self::new(move || Introspection::Active(claims.to_string().into()))
    }

    fn builder(&self) -> VerifierBuilder<Ready, Ready, Ready> {
        let builder = Verifier::builder().introspected_by(self.clone());
        let builder = builder.issuer(ISS).audience("api").clock(clock());
        builder.leeway(Duration::ZERO)
    }

    fn verifier(&self) -> Verifier {
        self.builder().build().unwrap()
    }

    fn asked(&self) -> usize {
        self.tokens.lock().unwrap().len()
    }
}

fn answer() -> Value {
    json!({"active": true, "aud": "api", "sub": "alice", "scope": "read", "client_id": "app"})
}

fn answer_with(name: &str, value: Value) -> Value {
    let mut answer = answer();
    answer[name] = value;
    answer
}

fn judged(claims: Value) -> Result<Verified, VerifyErrorKind> {
    let verifier = Asked::active(claims).verifier();
    let result = verifier.verify_now(b"opaque");
    result.map_err(|error| error.kind())
}

fn wait(verification: Verification) -> Result<Verified, VerifyError> {
    match verification {
        Verification::Done(result) => result,
        Verification::Pending(pending) => {
            match pin!(pending).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => result,
                Poll::Pending => panic!("still waits"),
            }
        }
    }
}

#[test]
fn an_answer_is_held_to_the_rules_of_claims() {
    for (name, value, expected) in [
        ("iss", json!(ISS), None),
        ("iss", json!("https://other.example"), Some(WrongIssuer)),
        ("iss", json!(7), Some(Malformed)),
        ("aud", json!(["other", "api"]), None),
        ("aud", json!("other"), Some(WrongAudience)),
        ("aud", json!(null), Some(WrongAudience)),
        ("exp", json!(NOW + 1), None),
        ("exp", json!(NOW), Some(Expired)),
        ("nbf", json!(NOW + 1), Some(NotYetValid)),
        ("iat", json!(NOW + 1), Some(IssuedInFuture)),
        ("cnf", json!({"jkt": "x"}), Some(SenderConstrained)),
        ("events", json!({}), Some(WrongKind)),
        ("token_type", json!("bearer"), None),
        ("token_type", json!(null), None),
        ("token_type", json!("refresh_token"), Some(WrongKind)),
        ("token_type", json!("DPoP"), Some(SenderConstrained)),
        ("token_type", json!(["Bearer"]), Some(Malformed)),
        ("token_use", json!("access_token"), None),
        ("token_use", json!("refresh_token"), Some(WrongKind)),
    ] {
        let result = judged(answer_with(name, value.clone()));
        assert_eq!(result.err(), expected, "{name}: {value}");
    }
    for not_claims in ["", "[]", r#"{"sub":"a","sub":"b","aud":"api"}"#] {
        let asked = Asked::new(move || Introspection::Active(not_claims.into()));
        let error = asked.verifier().verify_now(b"t").unwrap_err();
        assert_eq!(error.kind(), Malformed, "{not_claims}");
    }
}

#[test]
fn a_verified_token_is_as_any_other() {
    let token = judged(answer()).unwrap();
    assert_eq!(token.subject(), Some(Subject::new(ISS, "alice")));
    assert_eq!(token.issuer(), Some(ISS));
    assert_eq!(token.client_id(), Some("app"));
    assert_eq!(token.scope().as_str(), "read");
    assert_eq!(token.claims::<Value>().unwrap(), answer());
    // Its issuer is asked again; no list is kept of it.
    assert!(token.expires_at().is_none() && !token.is_application());
}

#[test]
fn bound_tokens_are_good_where_the_binding_is_checked() {
    let mut claims = answer_with("token_type", json!("DPoP"));
    claims["cnf"] = json!({"jkt": "x"});
    let builder = Asked::active(claims).builder();
    let verifier = builder.binding_checked_by(|bound| match bound.text("jkt").as_deref() {
        Some("x") => Ok(()),
        _ => Err(VerifyError::custom("another key")),
    });
    assert!(verifier.build().unwrap().verify_now(b"t").is_ok());
}

#[test]
fn only_what_can_be_a_token_is_asked_about() {
    let asked = Asked::active(answer());
    let verifier = asked.builder().max_token_size(8).build().unwrap();
    for (token, expected) in [
        (&b"123456789"[..], TooLarge),
        (b"a b", Malformed),
        (b"\xff", Malformed),
        (b"a&b=c", Malformed),
        (b"", Malformed),
        (b"==", Malformed),
    ] {
        let error = verifier.verify_now(token).unwrap_err();
        assert_eq!(error.kind(), expected, "{token:?}");
    }
    assert_eq!(asked.asked(), 0);
    assert!(verifier.verify_now(b"-._~+/==").is_ok());
    assert_eq!(*asked.tokens.lock().unwrap(), ["-._~+/=="]);
}

#[test]
fn every_answer_has_its_error() {
    let inactive = Asked::new(|| Introspection::Inactive).verifier();
    let error = inactive.verify_now(b"t").unwrap_err();
    assert_eq!(error.kind(), Inactive);
    assert!(!error.kind().is_unavailable());

    let retry_after = Duration::from_millis(1500);
    let down = Unanswered { retry_after };
    let down = Asked::new(move || Introspection::Unavailable(down)).verifier();
    let error = down.verify_now(b"t").unwrap_err();
    assert_eq!(error.kind(), VerifyErrorKind::IntrospectionUnavailable);
    assert!(error.kind().is_unavailable());
    assert_eq!(error.retry_after(), Some(Duration::from_secs(2)));
}

#[test]
fn an_answer_is_waited_for() {
    let claims = answer().to_string();
    let asked = Asked::new(move || {
        let active = Introspection::Active(claims.as_str().into());
        let later = Introspection::Pending(Box::pin(async { active }));
        Introspection::Pending(Box::pin(async { later }))
    });
    let checked = asked.builder().check(|token| match token.client_id() {
        Some("app") => Ok(()),
        _ => Err(VerifyError::custom("another client")),
    });
    let verifier = checked.build().unwrap();
    let error = verifier.verify_now(b"t").unwrap_err();
    assert_eq!(error.kind(), VerifyErrorKind::IntrospectionUnavailable);
    assert!(wait(verifier.verify(b"t")).is_ok());
}

/// Signed tokens of known issuers stay here, all others go out.
#[test]
fn what_names_a_local_issuer_is_judged_here() {
    let asked = Asked::active(answer());
    let local = |issuer: &str| {
        let builder = Verifier::builder().keys(key(1).verifying_key());
        let builder = builder.issuer(issuer).audience("api").clock(clock());
        builder.cache(TokenCache::new().with_shared_secrets())
    };
    let others = [local(ISS), local("b")].map(|builder| builder.build().unwrap());
    for verifiers in [
        vec![asked.verifier(), others[0].clone()],
        vec![others[0].clone(), asked.verifier(), others[1].clone()],
    ] {
        let both = Verifier::combine(verifiers).unwrap();
        let good = token(&claims());
        let forged = format!("{}A", &good[..good.len() - 4]);
        let elsewhere = token(&with("aud", json!("other")));
        let too_long = token(&with("x", json!("x".repeat(9000))));
        for _ in 0..2 {
            assert!(both.verify_now(good.as_bytes()).is_ok());
            assert_eq!(kind(&both, &elsewhere), Err(WrongAudience));
            assert!(kind(&both, &forged).is_err());
            assert_eq!(kind(&both, &too_long), Err(TooLarge));
        }
        assert_eq!(asked.asked(), 0);
        let foreign = token(&with("iss", json!("https://other.example")));
        for sent in ["opaque", "a.b.c", &foreign, &foreign] {
            let before = asked.asked();
            assert_eq!(kind(&both, sent), Ok(()), "{sent}");
            assert_eq!(asked.asked(), before + 1, "{sent}");
        }
        asked.tokens.lock().unwrap().clear();
    }
}

#[test]
fn one_issuer_can_be_asked_and_not_two() {
    let asked = Asked::active(answer());
    let two = Verifier::combine([asked.verifier(), asked.verifier()]);
    assert!(two.unwrap_err().to_string().contains("ask an issuer"));
    let one = Verifier::combine([asked.verifier()]).unwrap();
    assert!(one.verify_now(b"t").is_ok());
    // Alone, it takes signed tokens as well.
    let own = token(&claims());
    assert!(one.verify_now(own.as_bytes()).is_ok());
    assert_eq!(asked.asked(), 2);
}

#[test]
fn a_revocation_list_is_asked_as_well() {
    struct Gone;

    impl TokenStatus for Gone {
        fn status(&self, token: &Verified) -> Status {
            assert!(!token.is_application());
            Status::Revoked
        }
    }

    let verifier = Asked::active(answer()).builder().status(Gone).build();
    let error = verifier.unwrap().verify_now(b"t").unwrap_err();
    assert_eq!(error.kind(), Revoked);
}
