//! The rules of verification, one by one.

mod binding;
mod by_issuer;
mod combined;
mod explain;
mod id_tokens;
mod introspected;
mod key_issuers;
mod live;
mod logout;
#[cfg(feature = "ml-dsa")]
mod ml_dsa;
mod names;
mod refusals;
mod replace;
mod replace_model;
mod weak_keys;

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};

use super::*;
use crate::{
    issue::{AccessToken, TokenIssuer, TokenShape},
    jose::{Algorithm, SigningKey, encode_compact},
    subject::Subject,
    time::{Clock, SharedClock, Timestamp},
};

const NOW: i64 = 1_700_000_000;
const ISS: &str = "https://issuer.example";

#[derive(Clone)]
struct Turned(Arc<AtomicI64>);

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

fn clock() -> SharedClock {
    clock_at(NOW)
}

/// A clock that stands, in seconds.
fn clock_at(now: i64) -> SharedClock {
    SharedClock::new(Turned(Arc::new(AtomicI64::new(now * 1000))))
}

fn key(byte: u8) -> SigningKey {
    SigningKey::from_secret(Algorithm::HS256, &[byte; 32]).unwrap()
}

fn builder() -> VerifierBuilder<Ready, Ready, Ready> {
    Verifier::builder()
        .keys(key(1).verifying_key())
        .issuer(ISS)
        .audience("api")
        .leeway(Duration::ZERO)
        .clock(clock())
}

fn claims() -> Value {
    json!({"iss": ISS, "aud": "api", "sub": "alice", "exp": NOW + 60, "iat": NOW})
}

fn with(name: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[name] = value;
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn token(claims: &Value) -> String {
    signed(&key(1), r#"{"typ":"JWT","alg":"HS256"}"#, claims)
}

fn signed(key: &SigningKey, header: &str, claims: &Value) -> String {
    encode_compact(header.as_bytes(), claims.to_string().as_bytes(), key).unwrap()
}

/// Signed as it is, whatever the header says.
fn by_hand(header: &str, claims: &Value) -> String {
    use crate::jose::encode_segment;
    let [header, claims] =
        [header.to_owned(), claims.to_string()].map(|json| encode_segment(json.as_bytes()));
    let input = format!("{header}.{claims}");
    let signature = key(1).sign(input.as_bytes()).unwrap();
    format!("{input}.{}", encode_segment(&signature))
}

fn kind_of(verifier: &Verifier, claims: &Value) -> Result<(), VerifyErrorKind> {
    kind(verifier, &token(claims))
}

/// The verdict, which is that of an explanation unless somebody would be asked.
fn kind(verifier: &Verifier, token: &str) -> Result<(), VerifyErrorKind> {
    let report = verifier.explain(token.as_bytes());
    let verified = verifier.verify_now(token.as_bytes());
    let is_asked = |check: &CheckReport| check.outcome() == Outcome::Unknown;
    if !report.checks().iter().any(is_asked) {
        assert_eq!(report.error(), verified.as_ref().err(), "{report}");
    }
    verified.map(drop).map_err(|error| error.kind())
}

fn check(claims: &Value) -> Result<(), VerifyErrorKind> {
    kind(&builder().build().unwrap(), &token(claims))
}

#[test]
fn issuer_and_audience_are_required_and_exact() {
    use VerifyErrorKind::*;
    assert_eq!(check(&claims()), Ok(()));
    for (claims, expected) in [
        (without("iss"), WrongIssuer),
        (with("iss", json!("https://issuer.example/")), WrongIssuer),
        (with("iss", json!("HTTPS://issuer.example")), WrongIssuer),
        (with("iss", json!(7)), Malformed),
        (without("aud"), WrongAudience),
        (with("aud", json!("API")), WrongAudience),
        (with("aud", json!([])), WrongAudience),
        (with("aud", json!(["x", "apis"])), WrongAudience),
        (with("aud", json!({"api": 1})), Malformed),
    ] {
        assert_eq!(check(&claims), Err(expected), "{claims}");
    }
    assert_eq!(check(&with("aud", json!(["x", "api"]))), Ok(()));
}

#[test]
fn dates_are_checked_at_their_edges() {
    use VerifyErrorKind::*;
    for (claims, expected) in [
        (with("exp", json!(NOW)), Err(Expired)),
        (with("exp", json!(NOW as f64 + 0.5)), Ok(())),
        (with("exp", json!(1e300)), Ok(())),
        (without("exp"), Err(NeverExpires)),
        (with("exp", json!("1800000000")), Err(Malformed)),
        (with("exp", json!(-1)), Err(Expired)),
        (with("exp", json!(null)), Err(NeverExpires)),
        (with("nbf", json!(-62_135_596_800_i64)), Ok(())),
        (with("iat", json!(-62_135_596_800_i64)), Ok(())),
        (with("auth_time", json!(-1.5)), Ok(())),
        (with("nbf", json!(null)), Ok(())),
        (with("iat", json!(null)), Ok(())),
        (with("nbf", json!(NOW)), Ok(())),
        (with("nbf", json!(NOW + 1)), Err(NotYetValid)),
        (with("iat", json!(NOW + 1)), Err(IssuedInFuture)),
        (without("iat"), Ok(())),
    ] {
        assert_eq!(check(&claims), expected, "{claims}");
    }
    let lenient = builder().leeway(Duration::from_secs(5)).build().unwrap();
    assert_eq!(kind(&lenient, &token(&with("exp", json!(NOW - 4)))), Ok(()));
    assert_eq!(
        kind(&lenient, &token(&with("exp", json!(NOW - 5)))),
        Err(Expired)
    );
    assert_eq!(kind(&lenient, &token(&with("nbf", json!(NOW + 5)))), Ok(()));
    assert_eq!(
        kind(&lenient, &token(&with("nbf", json!(NOW + 6)))),
        Err(NotYetValid)
    );
}

#[test]
fn age_and_lifetime_are_bounded_where_asked() {
    use VerifyErrorKind::*;
    let verifier = builder()
        .max_age(Duration::from_secs(30))
        .max_lifetime(Duration::from_secs(100))
        .build()
        .unwrap();
    assert_eq!(kind(&verifier, &token(&claims())), Ok(()));
    assert_eq!(
        kind(&verifier, &token(&with("iat", json!(NOW - 31)))),
        Err(TooOld)
    );
    assert_eq!(
        kind(&verifier, &token(&with("exp", json!(NOW + 101)))),
        Err(LivesTooLong)
    );
    assert_eq!(kind(&verifier, &token(&without("iat"))), Err(MissingClaim));
}

#[test]
fn keys_algorithms_and_types_are_not_the_tokens_choice() {
    use VerifyErrorKind::*;
    let verifier = builder().build().unwrap();
    let by = |key: &SigningKey, header: &str| kind(&verifier, &signed(key, header, &claims()));
    assert_eq!(by(&key(2), r#"{"alg":"HS256"}"#), Err(BadSignature));
    let hs512 = SigningKey::from_secret(Algorithm::HS512, &[1; 64]).unwrap();
    assert_eq!(by(&hs512, r#"{"alg":"HS512"}"#), Err(UnknownKey));
    // A key without a key id fits a token with one.
    assert_eq!(by(&key(1), r#"{"alg":"HS256","kid":"x"}"#), Ok(()));
    assert_eq!(
        by(&key(1), r#"{"alg":"HS256","typ":"dpop+jwt"}"#),
        Err(WrongType)
    );
    assert_eq!(by(&key(1), r#"{"alg":"HS256","typ":"at+jwt"}"#), Ok(()));
    let none = "eyJhbGciOiJub25lIn0.e30.";
    assert_eq!(kind(&verifier, none), Err(Malformed));
}

#[test]
fn the_rfc_9068_profile_demands_its_claims_and_type() {
    use VerifyErrorKind::*;
    let verifier = builder().rfc9068().build().unwrap();
    let mut all = claims();
    all["client_id"] = json!("c");
    all["jti"] = json!("j");
    let at = |claims: &Value| {
        kind(
            &verifier,
            &signed(&key(1), r#"{"alg":"HS256","typ":"at+jwt"}"#, claims),
        )
    };
    assert_eq!(at(&all), Ok(()));
    assert_eq!(kind(&verifier, &token(&all)), Err(WrongType));
    for name in ["exp", "sub", "client_id", "iat", "jti"] {
        let mut some = all.clone();
        some.as_object_mut().unwrap().remove(name);
        assert_eq!(at(&some), Err(MissingClaim), "{name}");
    }
}

#[test]
fn a_verifier_without_an_audience_refuses_tokens_that_name_one() {
    use VerifyErrorKind::*;
    let open = |any: bool| {
        let builder = Verifier::builder()
            .keys(key(1).verifying_key())
            .dangerous()
            .any_issuer()
            .clock(clock());
        if any {
            builder.dangerous().any_audience().build().unwrap()
        } else {
            builder.dangerous().no_audience().build().unwrap()
        }
    };
    assert_eq!(kind(&open(false), &token(&claims())), Err(WrongAudience));
    assert_eq!(kind(&open(false), &token(&without("aud"))), Ok(()));
    assert_eq!(kind(&open(true), &token(&claims())), Ok(()));
}

#[test]
fn what_cannot_work_is_not_built() {
    use crate::jose::KeySet;
    let keys = || Verifier::builder().keys(key(1).verifying_key());
    assert!(
        Verifier::builder()
            .keys(KeySet::new([]))
            .issuer("i")
            .audience("a")
            .build()
            .is_err()
    );
    assert!(keys().issuer("").audience("a").build().is_err());
    assert!(keys().issuer("i").audience("").build().is_err());
    assert!(keys().issuer("i").audiences([""; 0]).build().is_err());
}

struct Fixed(fn() -> Status, bool);

impl TokenStatus for Fixed {
    fn status(&self, _: &Verified) -> Status {
        (self.0)()
    }

    fn lists_application_tokens(&self) -> bool {
        self.1
    }
}

#[tokio::test]
async fn revocations_decide_last() {
    use VerifyErrorKind::*;
    let answer = |status: fn() -> Status, claims: Value| async move {
        let verifier = builder().status(Fixed(status, true)).build().unwrap();
        match verifier.verify(token(&claims).as_bytes()) {
            Verification::Done(result) => result,
            Verification::Pending(pending) => pending.await,
        }
        .map(|verified| verified.is_application())
        .map_err(|error| error.kind())
    };
    assert_eq!(answer(|| Status::Clear, claims()).await, Ok(false));
    assert_eq!(answer(|| Status::Revoked, claims()).await, Err(Revoked));
    assert_eq!(
        answer(|| Status::Unknown, claims()).await,
        Err(StatusUnknown)
    );
    let later = || {
        Status::Pending(Box::pin(async {
            Status::Pending(Box::pin(async { Status::Clear }))
        }))
    };
    assert_eq!(answer(later, claims()).await, Ok(false));
    assert_eq!(answer(later, without("exp")).await, Ok(true));
    let no_list = builder()
        .status(Fixed(|| Status::Clear, false))
        .build()
        .unwrap();
    assert_eq!(kind(&no_list, &token(&without("exp"))), Err(NeverExpires));
}

#[test]
fn checks_of_the_application_come_last() {
    let verifier = builder()
        .check(|token| match token.subject_name() {
            Some("alice") => Ok(()),
            _ => Err(VerifyError::custom("not alice")),
        })
        .build()
        .unwrap();
    assert_eq!(kind(&verifier, &token(&claims())), Ok(()));
    assert_eq!(
        kind(&verifier, &token(&with("sub", json!("bob")))),
        Err(VerifyErrorKind::Custom)
    );
}

#[test]
fn a_verified_token_says_what_its_claims_say() {
    let verifier = builder().build().unwrap();
    let mut claims = with("sub", json!("b\"ob"));
    claims["scope"] = json!("read write");
    claims["sid"] = json!("s");
    let verified = verifier.verify_now(token(&claims).as_bytes()).unwrap();
    assert_eq!(verified.subject(), Some(Subject::new(ISS, "b\"ob")));
    assert_eq!(verified.session_id(), Some("s"));
    assert_eq!(verified.issuer(), Some(ISS));
    assert_eq!(verified.scope().as_str(), "read write");
    assert_eq!(verified.claims::<Value>().unwrap(), claims);
    assert!(verified.claims::<Vec<u8>>().is_err());
    assert!(!format!("{verified:?}").contains("write"));
}

#[test]
fn a_verifier_of_an_issuer_checks_what_that_issuer_writes() {
    use VerifyErrorKind::*;
    let clock = clock();
    let issuer = |shape: TokenShape| {
        TokenIssuer::builder(key(3))
            .shape(shape)
            .clock(clock.clone())
    };
    let session = issuer(TokenShape::session()).build().unwrap();
    let grant = issuer(TokenShape::password_grant())
        .audience("auth")
        .build()
        .unwrap();
    let api = issuer(TokenShape::api_key())
        .issuer(ISS)
        .audience("ApiId")
        .build()
        .unwrap();
    let issuers = [session, grant, api];
    for (own, issuer) in issuers.iter().enumerate() {
        let alice = Subject::new(issuer.shape().realm(), "alice");
        let issued = issuer
            .access(&AccessToken::new(&alice).fresh(true))
            .unwrap();
        for (other, issuer) in issuers.iter().enumerate() {
            let result = kind(&issuer.verifier().build().unwrap(), issued.token().expose());
            assert_eq!(result.is_ok(), own == other, "{own} {other} {result:?}");
        }
        let all = Verifier::combine(issuers.iter().map(|i| i.verifier().build().unwrap())).unwrap();
        let verified = all.verify_now(issued.token().expose().as_bytes()).unwrap();
        assert_eq!(verified.subject_name(), Some("alice"));
        assert_eq!(verified.is_fresh(), own == 0);
    }
    // The same claims with another kind are another kind of token.
    let refresh = json!({"identity": "alice", "type": "refresh", "fresh": false,
        "iat": NOW, "nbf": NOW, "exp": NOW + 60, "jti": "j"});
    let verifier = issuers[0].verifier().build().unwrap();
    let token = signed(&key(3), r#"{"typ":"JWT","alg":"HS256"}"#, &refresh);
    assert_eq!(kind(&verifier, &token), Err(WrongKind));
}

#[test]
fn a_token_outlives_neither_its_lifetime_nor_its_session() {
    let issuer = TokenIssuer::builder(key(3))
        .shape(TokenShape::session())
        .access_ttl(Duration::from_secs(900))
        .clock(clock())
        .build()
        .unwrap();
    let alice = Subject::new("users", "alice");
    let expiry = |token: &AccessToken<'_>| {
        issuer
            .access(token)
            .unwrap()
            .expires_at()
            .unwrap()
            .as_secs()
    };
    assert_eq!(expiry(&AccessToken::new(&alice)), NOW + 900);
    let end = Timestamp::from_millis((NOW + 10) * 1000 + 999);
    assert_eq!(expiry(&AccessToken::new(&alice).not_after(end)), NOW + 10);
    assert_eq!(
        issuer
            .application(&AccessToken::new(&alice))
            .unwrap()
            .expires_at(),
        None
    );
}

#[test]
fn further_claims_do_not_replace_the_issuers_own() {
    let issuer = TokenIssuer::builder(key(3))
        .shape(TokenShape::session())
        .build()
        .unwrap();
    let alice = Subject::new("users", "alice");
    for name in ["exp", "identity", "type", "sub", "scope", "sec"] {
        let extra = json!({ name: "x" });
        let token = AccessToken::new(&alice).claims(extra.as_object().unwrap());
        assert!(issuer.access(&token).is_err(), "{name}");
    }
    let extra = json!({"roles": ["admin"]});
    let token = AccessToken::new(&alice).claims(extra.as_object().unwrap());
    assert!(issuer.access(&token).is_ok());
}

#[test]
fn a_header_seen_before_proves_nothing() {
    use VerifyErrorKind::*;
    let header = r#"{"alg":"HS256"}"#;
    let verifier = Verifier::builder()
        .keys(crate::jose::KeySet::new([
            key(1).verifying_key(),
            key(2).verifying_key(),
        ]))
        .issuer(ISS)
        .audience("api")
        .clock(clock())
        .build()
        .unwrap();
    let by = |byte| kind(&verifier, &signed(&key(byte), header, &claims()));
    // Both keys come into question for this header, whichever was seen first.
    for _ in 0..2 {
        assert_eq!(by(2), Ok(()));
        assert_eq!(by(1), Ok(()));
        assert_eq!(by(3), Err(BadSignature));
    }
    let sole = builder().build().unwrap();
    for _ in 0..2 {
        assert_eq!(kind(&sole, &signed(&key(1), header, &claims())), Ok(()));
        assert_eq!(
            kind(&sole, &signed(&key(2), header, &claims())),
            Err(BadSignature)
        );
    }
}
