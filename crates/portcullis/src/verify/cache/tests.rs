//! What is remembered, what is checked again, and what goes.

use std::{
    sync::{
        Arc, Barrier, OnceLock,
        atomic::{AtomicBool, AtomicI64, AtomicUsize, Ordering::Relaxed},
    },
    thread,
    time::Duration,
};

use serde_json::{Value, json};

use crate::{
    jose::{Algorithm, KeySet, SigningKey, encode_compact},
    time::{Clock, SharedClock, Timestamp},
    verify::{
        Ready, Status, TokenCache, TokenStatus, Verified, Verifier, VerifierBuilder, VerifyError,
        VerifyErrorKind::{self, *},
        verified::Held,
    },
};

const NOW: i64 = 1_700_000_000;

/// An issuer, its verifier's clock, and what has been revoked.
struct Bench {
    issuer: &'static str,
    key: SigningKey,
    now: Arc<AtomicI64>,
}

struct Turned(Arc<AtomicI64>);

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.load(Relaxed))
    }
}

impl Bench {
    fn new(algorithm: Algorithm) -> Self {
        Self {
            issuer: "issuer",
            key: SigningKey::generate(algorithm).unwrap(),
            now: Arc::new(AtomicI64::new(NOW)),
        }
    }

    fn builder(&self) -> VerifierBuilder<Ready, Ready, Ready> {
        Verifier::builder()
            .keys(self.key.verifying_key())
            .issuer(self.issuer)
            .audience("api")
            .leeway(Duration::ZERO)
            .clock(self.clock())
            .cache(TokenCache::new())
    }

    fn clock(&self) -> SharedClock {
        SharedClock::new(Turned(self.now.clone()))
    }

    /// Good for a minute.
    fn token(&self, subject: &str) -> String {
        self.sign(json!({
            "iss": self.issuer, "aud": "api", "sub": subject, "nbf": NOW - 10, "exp": NOW + 60,
        }))
    }

    /// Good for ten minutes.
    fn lasting_token(&self) -> String {
        self.sign(json!({"iss": self.issuer, "aud": "api", "exp": NOW + 600}))
    }

    fn sign(&self, claims: Value) -> String {
        let header = self.key.header_json(Some("JWT"));
        encode_compact(header.as_bytes(), claims.to_string().as_bytes(), &self.key).unwrap()
    }
}

fn is_shared(verified: &Verified) -> bool {
    matches!(verified.0, Held::Shared(_))
}

fn refusal(verifier: &Verifier, token: &str) -> Option<VerifyErrorKind> {
    let result = verifier.verify_now(token.as_bytes());
    result.err().map(|error| error.kind())
}

/// Whether both requests were answered from the same entry.
fn is_same(one: &Verified, other: &Verified) -> bool {
    match (&one.0, &other.0) {
        (Held::Shared(one), Held::Shared(other)) => Arc::ptr_eq(one, other),
        _ => false,
    }
}

#[test]
fn a_token_is_found_again_by_its_whole_text() {
    let bench = Bench::new(Algorithm::ES256);
    let verifier = bench.builder().build().unwrap();
    let token = bench.token("alice");
    let first = verifier.verify_now(token.as_bytes()).unwrap();
    let second = verifier.verify_now(token.as_bytes()).unwrap();
    assert!(is_same(&first, &second));
    let other = bench.token("bob");
    let third = verifier.verify_now(other.as_bytes()).unwrap();
    assert_eq!(third.subject_name(), Some("bob"));
    // One's signature under the other's claims, and one character more.
    let (claims, _) = other.rsplit_once('.').unwrap();
    let (_, signature) = token.rsplit_once('.').unwrap();
    let mixed = format!("{claims}.{signature}");
    assert_eq!(refusal(&verifier, &mixed), Some(BadSignature));
    assert!(refusal(&verifier, &format!("{token}A")).is_some());
}

#[test]
fn time_is_checked_at_every_hit() {
    let bench = Bench::new(Algorithm::ES256);
    let verifier = bench.builder().build().unwrap();
    let token = bench.token("alice");
    for (now, expected) in [
        (NOW, None),
        (NOW + 59, None),
        (NOW + 60, Some(Expired)),
        (NOW + 10, None),
        (NOW - 11, Some(NotYetValid)),
        (NOW, None),
    ] {
        bench.now.store(now, Relaxed);
        assert_eq!(refusal(&verifier, &token), expected, "at {now}");
        assert_eq!(refusal(&verifier, &token), expected, "again at {now}");
    }
}

#[test]
fn freshness_runs_out_while_a_token_is_remembered() {
    let bench = Bench::new(Algorithm::ES256);
    let verifier = bench.builder().fresh_claim("fresh").build().unwrap();
    let token = bench.sign(json!({
        "iss": "issuer", "aud": "api", "exp": NOW + 60, "fresh": NOW + 10,
    }));
    for (now, fresh) in [
        (NOW, true),
        (NOW + 9, true),
        (NOW + 10, false),
        (NOW + 59, false),
    ] {
        bench.now.store(now, Relaxed);
        let [first, second] = [(); 2].map(|()| verifier.verify_now(token.as_bytes()).unwrap());
        assert!(is_same(&first, &second), "at {now}");
        assert_eq!(
            [&first, &second].map(Verified::is_fresh),
            [fresh; 2],
            "at {now}"
        );
    }
}

#[test]
fn revocation_and_own_checks_are_asked_at_every_hit() {
    #[derive(Clone, Default)]
    struct Told(Arc<AtomicBool>);
    impl TokenStatus for Told {
        fn status(&self, _: &Verified) -> Status {
            match self.0.load(Relaxed) {
                true => Status::Revoked,
                false => Status::Clear,
            }
        }
    }
    let bench = Bench::new(Algorithm::ES256);
    let (revoked, unwanted) = (Told::default(), Told::default());
    let asked = unwanted.clone();
    let verifier = bench
        .builder()
        .status(revoked.clone())
        .check(move |_| match asked.0.load(Relaxed) {
            true => Err(VerifyError::custom("unwanted")),
            false => Ok(()),
        })
        .build()
        .unwrap();
    let token = bench.token("alice");
    assert_eq!(refusal(&verifier, &token), None);
    revoked.0.store(true, Relaxed);
    assert_eq!(refusal(&verifier, &token), Some(Revoked));
    unwanted.0.store(true, Relaxed);
    assert_eq!(refusal(&verifier, &token), Some(Custom));
    revoked.0.store(false, Relaxed);
    unwanted.0.store(false, Relaxed);
    assert_eq!(refusal(&verifier, &token), None);
}

/// RFC 9068 section 4: a key that is withdrawn verifies nothing any more.
#[test]
fn a_verifier_of_other_keys_remembers_nothing() {
    let bench = Bench::new(Algorithm::ES256);
    let token = bench.token("alice");
    assert_eq!(refusal(&bench.builder().build().unwrap(), &token), None);
    let next = SigningKey::generate(Algorithm::ES256).unwrap();
    let next = Bench { key: next, ..bench };
    let verifier = next.builder().build().unwrap();
    assert!(refusal(&verifier, &token).is_some());
}

#[test]
fn shared_secrets_are_left_out_unless_asked_for() {
    let bench = Bench::new(Algorithm::HS256);
    let token = bench.token("alice");
    for (cache, remembers) in [
        (TokenCache::new(), false),
        (TokenCache::new().with_shared_secrets(), true),
    ] {
        let verifier = bench.builder().cache(cache).build().unwrap();
        let verified = verifier.verify_now(token.as_bytes()).unwrap();
        assert_eq!(is_shared(&verified), remembers);
    }
}

#[test]
fn of_a_mixed_set_only_tokens_of_public_keys_are_remembered() {
    let public = Bench::new(Algorithm::ES256);
    let secret = Bench::new(Algorithm::HS256);
    let keys = KeySet::new([&public, &secret].map(|bench| bench.key.verifying_key()));
    let builder = Verifier::builder().keys(keys).issuer("issuer");
    let verifier = builder
        .audience("api")
        .clock(public.clock())
        .cache(TokenCache::new())
        .build()
        .unwrap();
    for (bench, expected) in [(&public, true), (&secret, false)] {
        let verified = verifier.verify_now(bench.token("alice").as_bytes());
        assert_eq!(is_shared(&verified.unwrap()), expected);
    }
}

#[test]
fn a_combined_verifier_keeps_each_issuer_to_its_own_rules() {
    let public = Bench::new(Algorithm::ES256);
    let secret = Bench {
        issuer: "secret",
        ..Bench::new(Algorithm::HS256)
    };
    let without_alice = secret.builder().check(|token| match token.subject_name() {
        Some("alice") => Err(VerifyError::custom("not her")),
        _ => Ok(()),
    });
    let verifiers = [public.builder(), without_alice].map(|builder| builder.build().unwrap());
    let both = Verifier::combine(verifiers).unwrap();
    let [remembered, refused, checked] = [(&public, "alice"), (&secret, "alice"), (&secret, "bob")]
        .map(|(bench, subject)| bench.token(subject));
    let verify = |token: &str| both.verify_now(token.as_bytes());
    for _ in 0..2 {
        assert!(is_shared(&verify(&remembered).unwrap()));
        assert_eq!(verify(&refused).unwrap_err().kind(), Custom);
        assert!(!is_shared(&verify(&checked).unwrap()));
    }
}

#[test]
fn claims_are_built_once_for_each_type() {
    static BUILT: AtomicUsize = AtomicUsize::new(0);
    #[derive(Clone, PartialEq, Debug)]
    struct Counted(String);
    impl<'de> serde::Deserialize<'de> for Counted {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            #[derive(serde::Deserialize)]
            struct Claims {
                sub: String,
            }
            BUILT.fetch_add(1, Relaxed);
            Claims::deserialize(deserializer).map(|claims| Self(claims.sub))
        }
    }
    let bench = Bench::new(Algorithm::ES256);
    let verifier = bench.builder().build().unwrap();
    let token = bench.token("alice");
    for _ in 0..3 {
        let verified = verifier.verify_now(token.as_bytes()).unwrap();
        assert_eq!(verified.claims::<Counted>().unwrap().0, "alice");
        let any: serde_json::Value = verified.claims().unwrap();
        assert_eq!(any["sub"], "alice");
        assert!(verified.claims::<u32>().is_err());
    }
    assert_eq!(BUILT.load(Relaxed), 1);
}

#[test]
fn threads_that_ask_at_once_build_each_type_into_one_place() {
    #[derive(Clone, serde::Deserialize)]
    struct Anybody {}
    #[derive(Clone, serde::Deserialize)]
    struct User {
        sub: String,
    }
    let bench = Bench::new(Algorithm::ES256);
    let verifier = bench.builder().build().unwrap();
    let verified = verifier.verify_now(bench.token("alice").as_bytes());
    let verified = verified.unwrap();
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                assert!(verified.claims::<Anybody>().is_ok());
                assert_eq!(verified.claims::<User>().unwrap().sub, "alice");
            });
        }
    });
    let Held::Shared(remembered) = &verified.0 else {
        panic!("it is remembered");
    };
    assert_eq!(remembered.types_built(), 2);
}

#[test]
fn a_cache_too_small_for_a_token_remembers_none() {
    let bench = Bench::new(Algorithm::ES256);
    for max_bytes in [0, 1, 100] {
        let cache = TokenCache::new().max_bytes(max_bytes);
        let verifier = bench.builder().cache(cache).build().unwrap();
        for subject in ["alice", "bob", "alice"] {
            assert_eq!(refusal(&verifier, &bench.token(subject)), None);
        }
        assert_eq!(verifier.cache_len_and_bytes().0, 0);
    }
}

#[test]
fn a_type_may_verify_tokens_while_it_is_dropped() {
    static OWN: OnceLock<(Verifier, String)> = OnceLock::new();
    #[derive(Clone, serde::Deserialize)]
    struct Curious {}
    impl Drop for Curious {
        fn drop(&mut self) {
            let (verifier, token) = OWN.get().unwrap();
            let _ = verifier.verify_now(token.as_bytes());
        }
    }
    let bench = Bench::new(Algorithm::Ed25519);
    let cache = TokenCache::new().max_bytes(16 << 10);
    let verifier = bench.builder().cache(cache).build().unwrap();
    OWN.get_or_init(|| (verifier.clone(), bench.token("own")));
    for number in 0..100 {
        let token = bench.token(&format!("user-{number}"));
        let verified = verifier.verify_now(token.as_bytes()).unwrap();
        assert!(verified.claims::<Curious>().is_ok());
    }
    assert!(verifier.cache_len_and_bytes().0 > 2);
    bench.now.store(NOW + 60, Relaxed);
    assert_eq!(refusal(&verifier, &bench.lasting_token()), None);
    assert_eq!(verifier.cache_len_and_bytes().0, 1);
}

#[test]
fn the_cache_is_bounded_in_bytes_and_lets_go_of_what_expired() {
    let bench = Bench::new(Algorithm::Ed25519);
    let bound = 64 << 10;
    let verifier = bench
        .builder()
        .cache(TokenCache::new().max_bytes(bound))
        .build()
        .unwrap();
    let size = || verifier.cache_len_and_bytes();
    for number in 0..200 {
        assert_eq!(
            refusal(&verifier, &bench.token(&format!("user-{number}"))),
            None
        );
        assert!(size().1 <= bound as u64, "{:?}", size());
    }
    assert!(size().0 > 10);
    bench.now.store(NOW + 60, Relaxed);
    assert_eq!(refusal(&verifier, &bench.token("late")), Some(Expired));
    assert_eq!(refusal(&verifier, &bench.lasting_token()), None);
    assert_eq!(size().0, 1);
}

#[test]
fn a_forged_token_is_refused_without_looking_at_it_again() {
    let bench = Bench::new(Algorithm::ES256);
    let verifier = bench.builder().build().unwrap();
    let stranger = Bench::new(Algorithm::ES256);
    let [good, bad] = [&bench, &stranger].map(|bench| {
        let claims = json!({"iss": "issuer", "aud": "api", "exp": NOW + 60});
        encode_compact(
            br#"{"alg":"ES256"}"#,
            claims.to_string().as_bytes(),
            &bench.key,
        )
        .unwrap()
    });
    assert!(!verifier.has_forged(&bad));
    assert_eq!(refusal(&verifier, &bad), Some(BadSignature));
    assert!(verifier.has_forged(&bad));
    assert_eq!(refusal(&verifier, &bad), Some(BadSignature));
    assert_eq!(refusal(&verifier, &good), None);
    // It is this memory that refuses.
    verifier.remember_forged(&good);
    assert_eq!(refusal(&verifier, &good), None, "it is remembered as good");
    let same = bench.token("alice");
    verifier.remember_forged(&same);
    assert_eq!(refusal(&verifier, &same), Some(BadSignature));
    bench.now.store(NOW + 10, Relaxed);
    assert_eq!(refusal(&verifier, &same), None);
    // What is bad for now only is not remembered as bad for ever.
    bench.now.store(NOW + 60, Relaxed);
    assert_eq!(refusal(&verifier, &good), Some(Expired));
    assert!(!verifier.has_forged(&good));
}
