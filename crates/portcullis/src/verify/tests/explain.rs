//! What is told of a token.

use std::sync::{Mutex, atomic::AtomicUsize};

use proptest::prelude::*;

use super::*;
use crate::{jose::encode_segment, verify::Ready};

fn check_of<'r>(report: &'r Report, name: &str) -> &'r CheckReport {
    let mut checks = report.checks().iter();
    let found = checks.find(|check| check.name() == name);
    found.unwrap_or_else(|| panic!("no `{name}` in {report}"))
}

fn outcomes(report: &Report) -> Vec<(&str, Outcome)> {
    let checks = report.checks().iter();
    checks.map(|it| (it.name(), it.outcome())).collect()
}

#[test]
fn every_check_of_a_good_token_is_told() {
    use Outcome::Passed;
    let report = builder()
        .build()
        .unwrap()
        .explain(token(&claims()).as_bytes());
    assert!(report.is_accepted() && report.error().is_none(), "{report}");
    let names = [
        "size",
        "form",
        "header",
        "typ",
        "key",
        "signature",
        "claims",
        "iss",
        "aud",
        "kind",
        "cnf",
        "exp",
        "nbf",
        "iat",
    ];
    let mut told = outcomes(&report);
    told.retain(|(name, _)| *name != "required_claims");
    assert_eq!(told, names.map(|name| (name, Passed)));
    assert_eq!(check_of(&report, "aud").found(), Some(r#""api""#));
    let exp = check_of(&report, "exp").found().unwrap();
    assert!(exp.ends_with("in 60 seconds by this clock"), "{exp}");
    assert!(report.checks().iter().all(|check| check.advice().is_none()));
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    use Outcome::{Failed, Passed};
    let mut wrong = with("aud", json!("https://api/"));
    wrong["exp"] = json!(NOW - 720);
    let token = signed(&key(2), r#"{"alg":"HS256","kid":"k2"}"#, &wrong);
    let verifier = builder().build().unwrap();
    let report = verifier.explain(token.as_bytes());
    let error = report.error().unwrap();
    assert_eq!(error.kind(), VerifyErrorKind::BadSignature);
    let failed = outcomes(&report);
    let failed: Vec<_> = failed.iter().filter(|(_, it)| *it == Failed).collect();
    let names: Vec<_> = failed.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, ["signature", "aud", "exp"]);
    assert_eq!(check_of(&report, "key").outcome(), Passed);
    let exp = check_of(&report, "exp").found().unwrap();
    assert!(exp.ends_with("12 minutes ago by this clock"), "{exp}");
    let text = report.to_string();
    assert!(
        text.starts_with("refused: the signature does not verify"),
        "{text}"
    );
    assert!(text.lines().count() > 14, "{text}");
}

/// Whatever a token does to memory or to others, its explanation does not.
#[test]
fn nothing_is_remembered_and_nobody_asked() {
    struct Source(LiveKeys, Arc<AtomicUsize>);
    impl KeySource for Source {
        fn keys(&self) -> &LiveKeys {
            &self.0
        }

        fn missing(&self) -> MissingKey {
            self.1.fetch_add(1, Ordering::SeqCst);
            MissingKey::Absent
        }
    }
    struct Asked(Arc<AtomicUsize>);
    impl IntrospectTokens for Asked {
        fn introspect(&self, _: &str) -> Introspection {
            self.0.fetch_add(1, Ordering::SeqCst);
            Introspection::Inactive
        }
    }
    let asked = Arc::<AtomicUsize>::default();
    let keys = LiveKeys::new(&[Algorithm::HS256]);
    let settled_until = Timestamp::from_secs(0);
    let good_until = Timestamp::from_secs(NOW + 60);
    let terms = KeyTerms {
        settled_until,
        good_until,
    };
    keys.publish(key(1).verifying_key().into(), terms);
    let live = Verifier::builder()
        .keys_from(Source(keys, asked.clone()))
        .issuer(ISS)
        .audience("api")
        .cache(TokenCache::new().with_shared_secrets())
        .clock(clock())
        .build()
        .unwrap();
    let good = token(&claims());
    let forged = signed(&key(2), r#"{"alg":"HS256"}"#, &claims());
    for token in [&good, &forged] {
        live.explain(token.as_bytes());
        assert_eq!(live.cache_len_and_bytes().0, 0);
        assert!(!live.has_forged(token) && !live.knows_header(token));
    }
    let report = live.explain(forged.as_bytes());
    assert_eq!(check_of(&report, "signature").outcome(), Outcome::Unknown);
    assert!(report.error().unwrap().kind().is_unavailable(), "{report}");
    // Nor is anybody asked about a token that is refused in any case.
    let expired = signed(&key(2), r#"{"alg":"HS256"}"#, &with("exp", json!(0)));
    let report = live.explain(expired.as_bytes());
    assert_eq!(
        report.error().unwrap().kind(),
        VerifyErrorKind::BadSignature
    );
    let opaque = Verifier::builder()
        .introspected_by(Asked(asked.clone()))
        .issuer("https://opaque.example")
        .audience("api")
        .build()
        .unwrap();
    let both = Verifier::combine([builder().build().unwrap(), opaque.clone()]).unwrap();
    for verifier in [&opaque, &both] {
        let report = verifier.explain(b"hunter2");
        assert_eq!(
            check_of(&report, "introspection").outcome(),
            Outcome::Unknown
        );
        assert!(!report.to_string().contains("hunter2"), "{report}");
    }
    assert_eq!(asked.load(Ordering::SeqCst), 0);
    assert!(live.verify_now(forged.as_bytes()).is_err() && asked.load(Ordering::SeqCst) == 1);
}

/// They are shown what is good otherwise, and nothing else.
#[test]
fn the_applications_own_checks_see_no_token_that_failed() {
    let seen = Arc::new(Mutex::new(0));
    let counter = seen.clone();
    let verifier = builder()
        .check(move |_| {
            *counter.lock().unwrap() += 1;
            Err(VerifyError::custom("not\ntoday"))
        })
        .build()
        .unwrap();
    for bad in [
        signed(&key(2), r#"{"alg":"HS256"}"#, &claims()),
        token(&with("exp", json!(NOW))),
    ] {
        let report = verifier.explain(bad.as_bytes());
        let own = check_of(&report, "application");
        assert_eq!(own.outcome(), Outcome::NotReached, "{report}");
    }
    assert_eq!(*seen.lock().unwrap(), 0);
    let report = verifier.explain(token(&claims()).as_bytes());
    let own = check_of(&report, "application");
    assert_eq!(
        (own.outcome(), own.found()),
        (Outcome::Failed, Some(r"not\ntoday"))
    );
    assert_eq!(*seen.lock().unwrap(), 1);
    // No line of it is somebody else's.
    assert!(!report.to_string().contains("\ntoday"), "{report}");
}

/// As `verify` has it: whoever does not hold a key is not shown to the application.
#[test]
fn nor_one_whose_binding_does_not_hold() {
    let seen = Arc::new(AtomicUsize::new(0));
    let counter = seen.clone();
    let verifier = builder()
        .binding_checked_by(|_| Err(VerifyError::custom("no proof")))
        .check(move |_| {
            counter.fetch_add(1, Ordering::SeqCst);
            Ok(())
        })
        .build()
        .unwrap();
    let report = verifier.explain(token(&with("cnf", json!({"jkt": "x"}))).as_bytes());
    assert_eq!(check_of(&report, "binding").outcome(), Outcome::Failed);
    let own = check_of(&report, "application");
    assert_eq!(own.outcome(), Outcome::NotReached, "{report}");
    assert_eq!(seen.load(Ordering::SeqCst), 0);
}

/// Whoever knows the issuer may know it by wider limits; what is said is what
/// `verify` says, and of whom it says it.
#[test]
fn what_is_too_large_for_one_is_told_as_it_is_judged() {
    struct Knows(fn() -> Resolved);
    impl IssuerResolver for Knows {
        fn resolve(&self, _: &str) -> Resolved {
            self.0()
        }
    }
    struct Source(LiveKeys);
    impl KeySource for Source {
        fn keys(&self) -> &LiveKeys {
            &self.0
        }

        fn missing(&self) -> MissingKey {
            MissingKey::Wait(Box::pin(std::future::pending()))
        }
    }
    fn known(builder: VerifierBuilder<Ready>) -> Resolved {
        let other = builder.issuer("https://other.example").audience("api");
        Resolved::Known(other.clock(clock()).build().unwrap())
    }
    fn of(byte: u8) -> Resolved {
        known(Verifier::builder().keys(key(byte).verifying_key()))
    }
    let resolvers: [fn() -> Resolved; 5] = [
        || Resolved::Unknown,
        || Resolved::Wait(Box::pin(std::future::pending())),
        || of(1),
        || of(2),
        || {
            let keys = LiveKeys::new(&[Algorithm::HS256]);
            known(Verifier::builder().keys_from(Source(keys)))
        },
    ];
    let token = token(&with("iss", json!("https://other.example")));
    let verdicts = resolvers.map(|resolve| {
        let small = builder().max_token_size(64).build().unwrap();
        let by_issuer = Verifier::by_issuer(Knows(resolve));
        let both = Verifier::combine([small, by_issuer]).unwrap();
        let report = both.explain(token.as_bytes());
        let verdict = both.verify_now(token.as_bytes());
        assert_eq!(report.error(), verdict.as_ref().err(), "{report}");
        let kind = verdict.err().map(|error| error.kind());
        if kind == Some(VerifyErrorKind::TooLarge) {
            assert_eq!(check_of(&report, "size").outcome(), Outcome::Failed);
        }
        kind
    });
    use VerifyErrorKind::{KeysUnavailable, TooLarge};
    let [too_large, unavailable] = [TooLarge, KeysUnavailable].map(Some);
    let expected = [too_large, unavailable, None, too_large, unavailable];
    assert_eq!(verdicts, expected);
}

#[test]
fn whose_verifier_it_is_is_told() {
    let other = Verifier::builder().keys(key(2).verifying_key());
    let other = other.issuer("https://other.example").audience("api");
    let other = other.clock(clock()).build().unwrap();
    let both = Verifier::combine([builder().build().unwrap(), other]).unwrap();
    let claims = with("iss", json!("https://other.example"));
    let report = both.explain(token(&claims).as_bytes());
    let verifier = check_of(&report, "verifier");
    assert!(
        verifier.configured().unwrap().starts_with("number 2"),
        "{report}"
    );
    assert_eq!(check_of(&report, "signature").outcome(), Outcome::Failed);
    let stranger = both.explain(token(&with("iss", json!("https://c"))).as_bytes());
    assert_eq!(check_of(&stranger, "iss").outcome(), Outcome::Failed);
    assert_eq!(
        stranger.error().unwrap().kind(),
        VerifyErrorKind::WrongIssuer
    );
}

/// What is too large for anybody to look at, of a verifier that only asks.
#[test]
fn what_is_nobodys_has_a_check_that_failed() {
    struct Nobody;
    impl IssuerResolver for Nobody {
        fn resolve(&self, _: &str) -> Resolved {
            Resolved::Unknown
        }
    }
    impl IntrospectTokens for Nobody {
        fn introspect(&self, _: &str) -> Introspection {
            Introspection::Inactive
        }
    }
    let asking = Verifier::builder().introspected_by(Nobody).issuer(ISS);
    let asking = asking.audience("api").build().unwrap();
    let by_issuer = || Verifier::by_issuer(Nobody);
    let both = Verifier::combine([builder().build().unwrap(), by_issuer()]).unwrap();
    let large = "a".repeat(70_000);
    let stranger = token(&with("iss", json!("https://other.example")));
    for verifier in [asking, by_issuer(), both] {
        for token in [&large, &format!("{large}.b.c"), &stranger, "a.b.c", ""] {
            let report = verifier.explain(token.as_bytes());
            let mut checks = report.checks().iter();
            let is_asked = |check: &CheckReport| check.outcome() == Outcome::Unknown;
            if !checks.any(is_asked) {
                assert!(
                    outcomes(&report)
                        .iter()
                        .any(|(_, it)| *it == Outcome::Failed)
                );
                let verdict = verifier.verify_now(token.as_bytes());
                assert_eq!(report.error(), verdict.as_ref().err(), "{report}");
            }
        }
    }
}

#[test]
fn programs_read_it_by_names() {
    let report = builder().build().unwrap().explain(b"a.b.c d");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["accepted"], json!(false));
    assert!(
        json["error"]
            .as_str()
            .unwrap()
            .starts_with("the token is malformed")
    );
    let form = &json["checks"][1];
    assert_eq!(
        (&form["name"], &form["outcome"]),
        (&json!("form"), &json!("failed"))
    );
    assert!(form["advice"].as_str().unwrap().contains("white space"));
    assert_eq!(json["checks"][2]["outcome"], json!("not_reached"));
    assert_eq!(json["checks"][2]["found"], json!(null));
}

fn verifiers() -> Vec<Verifier> {
    let strict = builder().rfc9068().max_age(Duration::from_secs(30));
    let loose = Verifier::builder().keys(key(1).verifying_key());
    let loose = loose.dangerous().any_issuer().dangerous().any_audience();
    let other = Verifier::builder().keys(key(2).verifying_key());
    let other = other.issuer("https://other.example").audience("api");
    let verifiers = [
        builder().build(),
        strict.build(),
        loose.clock(clock()).build(),
        other.clock(clock()).build(),
    ];
    let mut verifiers: Vec<_> = verifiers.into_iter().map(Result::unwrap).collect();
    let both = [verifiers[0].clone(), verifiers[3].clone()];
    verifiers.push(Verifier::combine(both).unwrap());
    verifiers
}

fn is_told_as_it_is(token: &[u8]) -> Result<(), TestCaseError> {
    for verifier in verifiers() {
        let report = verifier.explain(token);
        let verdict = verifier.verify_now(token);
        prop_assert_eq!(report.error(), verdict.as_ref().err());
        let has_failed = |check: &CheckReport| check.outcome() == Outcome::Failed;
        prop_assert_eq!(report.checks().iter().any(has_failed), verdict.is_err());
        let text = report.to_string();
        prop_assert!(text.chars().all(|char| char == '\n' || !char.is_control()));
        prop_assert!(text.len() < 16_384, "{}", text);
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_bytes_have_the_verdict_of_their_explanation(token: Vec<u8>) {
        is_told_as_it_is(&token)?;
    }

    #[test]
    fn so_has_any_signed_token(
        header in r#"\{"alg":"(HS256|none)"(,"typ":"(JWT|at\+jwt|[a-z\u{202e}]{0,80})")?(,"kid":"[^"\\\\\x00-\x1f]{0,90}")?(,"crit":\[\])?\}"#,
        claims in r#"\{"iss":"https://(issuer|other)\.example/?"(,"aud":("api/?"|\["api","[^"\\\\\x00-\x1f]{0,90}"\]|7))?(,"exp":(1[67]00000000|-1|"x"))?(,"nbf":1[678]00000000)?(,"iat":1[67]00000000)?(,"cnf":\{"jkt":"x"\})?(,"at_hash":"x")?\}"#,
        secret in 1_u8..3,
    ) {
        let [header, claims] = [header, claims].map(|json| encode_segment(json.as_bytes()));
        let input = format!("{header}.{claims}");
        let signature = encode_segment(&key(secret).sign(input.as_bytes()).unwrap());
        is_told_as_it_is(format!("{input}.{signature}").as_bytes())?;
    }
}
