//! What a snapshot asks about single tokens.

use std::time::Duration;

use portcullis::{session::SessionStore, subject::Subject, time::Timestamp};

use super::bench::{Bench, MILLISECOND, alice};

/// It is revoked in its realm, until it has expired at the latest end that was named.
pub async fn a_revoked_token_is_told_from_others(bench: &Bench) {
    let store = &bench.store;
    let later = |secs| bench.now().saturating_add(Duration::from_secs(secs));
    let elsewhere = Subject::new("\u{1}https://issuer.example", "jti");
    let asked = async |subject: &Subject, id: &str| {
        let answer = store.is_revoked(subject, Some(id), None).await;
        answer.expect("answers")
    };
    let until = later(900);
    for subject in [&alice(), &elsewhere] {
        assert!(!asked(subject, "jti").await);
        let revoked = store.revoke_token(subject, "jti", later(10)).await;
        revoked.expect("revokes");
        let again = store.revoke_token(subject, "jti", until).await;
        again.expect("revokes again");
        assert!(asked(subject, "jti").await);
    }
    assert!(!asked(&alice(), "jt").await);
    assert!(!asked(&alice(), "jti\0").await);
    assert!(!asked(&Subject::new("apis", "alice"), "jti").await);
    let nothing = store.is_revoked(&alice(), None, None).await;
    assert!(!nothing.expect("answers"));
    bench.clock.set(until.saturating_sub(MILLISECOND));
    assert!(asked(&alice(), "jti").await);
    bench.clock.set(until);
    assert!(!asked(&alice(), "jti").await);
}

/// Of the subject alone, or of everybody, at that very time or later.
pub async fn log_outs_can_be_asked_about_by_their_time(bench: &Bench) {
    let store = &bench.store;
    let asked = async |subject: &Subject, since: Timestamp| {
        let answer = store.is_revoked(subject, Some("jti"), Some(since)).await;
        answer.expect("answers")
    };
    let bob = Subject::new("users", "bob");
    let odd = Subject::new("users", "\0");
    let namesake = Subject::new("apis", "alice");
    let early = Timestamp::from_millis(0);
    for subject in [&alice(), &bob, &odd, &namesake] {
        assert!(!asked(subject, early).await);
    }
    let first = bench.now();
    store.revoke_all(&alice()).await.expect("logs out");
    bench.pass(Duration::from_secs(5));
    let second = bench.now();
    assert!(asked(&alice(), early).await);
    assert!(asked(&alice(), first).await);
    assert!(!asked(&alice(), first.saturating_add(MILLISECOND)).await);
    assert!(!asked(&bob, early).await);
    store.revoke_all(&alice()).await.expect("logs out again");
    assert!(asked(&alice(), second).await);

    bench.pass(Duration::from_secs(5));
    let at = store.revoke_realm("users").await.expect("cuts off");
    for subject in [&alice(), &bob, &odd] {
        assert!(asked(subject, at).await);
        assert!(!asked(subject, at.saturating_add(MILLISECOND)).await);
    }
    assert!(!asked(&namesake, early).await);
}
