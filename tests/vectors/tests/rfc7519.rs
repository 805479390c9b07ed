//! RFC 7519: the example of section 3.1, as a token to verify, and the
//! unsecured one of section 6.1.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use portcullis::{
    jose::{Algorithm, VerifyingKey},
    time::{Clock, SharedClock, Timestamp},
    verify::{Verifier, VerifyErrorKind},
};

/// The key of RFC 7515 appendix A.1, which the example shares.
const KEY: &str = r#"{"kty":"oct","alg":"HS256","k":"AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"}"#;

const CLAIMS: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
const EXPIRY: i64 = 1_300_819_380;

struct At(i64);

impl Clock for At {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0)
    }
}

fn verifier(now: i64) -> Verifier {
    Verifier::builder()
        .keys(VerifyingKey::from_jwk(KEY, Some(Algorithm::HS256)).unwrap())
        .issuer("joe")
        .dangerous()
        .no_audience()
        .leeway(std::time::Duration::ZERO)
        .clock(SharedClock::new(At(now)))
        .build()
        .unwrap()
}

#[test]
fn the_example_of_section_3_1_is_good_until_it_expires() {
    let token = format!(
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{CLAIMS}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    );
    let verified = verifier(EXPIRY - 1).verify_now(token.as_bytes()).unwrap();
    assert_eq!(verified.issuer(), Some("joe"));
    assert_eq!(verified.expires_at(), Some(Timestamp::from_secs(EXPIRY)));
    let claims: serde_json::Value = verified.claims().unwrap();
    assert_eq!(claims["http://example.com/is_root"], true);

    // "On or after": section 4.1.4.
    let error = verifier(EXPIRY).verify_now(token.as_bytes()).unwrap_err();
    assert_eq!(error.kind(), VerifyErrorKind::Expired);
}

#[test]
fn the_unsecured_token_of_section_6_1_is_refused() {
    let token = format!("eyJhbGciOiJub25lIn0.{CLAIMS}.");
    assert!(verifier(EXPIRY - 1).verify_now(token.as_bytes()).is_err());
}
