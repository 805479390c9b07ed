//! Keys that are being retired.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::Relaxed},
};

use super::*;
use crate::{
    crypto::{Backend, Chosen, Hash},
    jose::{KeySet, VerifyingKey, encode_segment},
    time::{Clock, Timestamp},
    verify::TokenCache,
};

const SECRET: &[u8] = b"super-secret";

/// The day on which the secret is no longer trusted; its tokens live longer.
const UNTIL: i64 = NOW + 60;

struct Turned(Arc<AtomicI64>);

impl Clock for Turned {
    fn now(&self) -> Timestamp {
        Timestamp::from_secs(self.0.load(Relaxed))
    }
}

/// As the libraries sign that take any text for a secret.
fn weak_token() -> String {
    let segments = [r#"{"alg":"HS256"}"#.to_owned(), claims().to_string()];
    let input = segments
        .map(|json| encode_segment(json.as_bytes()))
        .join(".");
    let key = Chosen::hmac_key(Hash::Sha256, SECRET);
    let tag = Chosen::hmac(&key, &[input.as_bytes()]);
    format!("{input}.{}", encode_segment(tag.as_ref()))
}

#[test]
fn a_weak_secret_is_trusted_until_its_day() {
    let until = Timestamp::from_secs(UNTIL);
    let weak = VerifyingKey::dangerous().weak_secret(Algorithm::HS256, SECRET, until);
    let weak = weak.unwrap();
    let good = key(1);
    for cache in [None, Some(TokenCache::new().with_shared_secrets())] {
        let now = Arc::new(AtomicI64::new(NOW));
        let mut builder = Verifier::builder()
            .keys(KeySet::new([weak.clone(), good.verifying_key()]))
            .issuer(ISS)
            .audience("api")
            .clock(SharedClock::new(Turned(now.clone())));
        let remembers = cache.is_some();
        if let Some(cache) = cache {
            builder = builder.cache(cache);
        }
        let verifier = builder.build().unwrap();
        let (old, new) = (weak_token(), token(&claims()));
        assert_eq!(kind(&verifier, &old), Ok(()));
        let known = verifier.cache_len_and_bytes().0;
        assert_eq!(known, usize::from(remembers));

        now.store(UNTIL - 1, Relaxed);
        assert_eq!(kind(&verifier, &old), Ok(()));
        now.store(UNTIL, Relaxed);
        assert_eq!(kind(&verifier, &old), Err(VerifyErrorKind::UnknownKey));
        let report = verifier.explain(old.as_bytes()).to_string();
        assert!(report.contains("a weak key, trusted until"), "{report}");
        // The others go on.
        assert_eq!(kind(&verifier, &new), Ok(()));
    }
}
