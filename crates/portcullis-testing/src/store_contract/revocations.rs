//! The feed that the snapshots of other processes read.

use std::time::Duration;

use portcullis::{
    session::{Revocation, RevocationQuery, RevocationReason, SessionStore},
    subject::Subject,
};

use super::bench::{Bench, GRACE, alice, attempt};

/// Whatever was revoked, by whichever call, is told.
pub async fn everything_that_was_revoked_is_told(bench: &Bench) {
    let store = &bench.store;
    let ticket = bench.ticket().await;
    let (ended, reused, swept) = (bench.open().await, bench.open().await, bench.open().await);
    bench.advance(&reused, 0).await;
    bench.list_token("removed", ticket).await;
    bench.list_token("swept", ticket).await;
    bench.pass(GRACE);
    let at = bench.now();
    let until = at.saturating_add(Duration::from_secs(900));
    store
        .revoke(&ended.subject, &ended.id)
        .await
        .expect("revokes");
    bench.rotate(&attempt(&reused, 0)).await;
    store
        .remove_application_token(&alice(), "removed")
        .await
        .expect("removes");
    store
        .revoke_token(&alice(), "jti", until)
        .await
        .expect("revokes");
    store
        .revoke_token(&alice(), "jti", until)
        .await
        .expect("revokes again");
    store.revoke_all(&alice()).await.expect("revokes");

    let told = store.revocations(at).await.expect("tells");
    let session = |session: &portcullis::session::SessionRecord, reason| Revocation::Session {
        id: session.id.clone(),
        subject: alice(),
        at,
        reason,
    };
    let token = |id: &str| Revocation::ApplicationToken {
        id: id.to_owned(),
        at,
    };
    let expected = [
        session(&ended, RevocationReason::Logout),
        session(&reused, RevocationReason::Reuse),
        session(&swept, RevocationReason::LogoutEverywhere),
        token("removed"),
        token("swept"),
        Revocation::Token {
            id: "jti".to_owned(),
            subject: alice(),
            at,
            until,
        },
        Revocation::Subject {
            subject: alice(),
            at,
        },
    ];
    for revocation in &expected {
        assert!(told.contains(revocation), "{revocation:?} was not told");
    }
    assert_eq!(told.len(), expected.len());
}

/// A snapshot that has read before is told what is new.
pub async fn what_was_revoked_before_is_not_told(bench: &Bench) {
    let store = &bench.store;
    let session = bench.open().await;
    store
        .revoke(&session.subject, &session.id)
        .await
        .expect("revokes");
    store.revoke_all(&alice()).await.expect("revokes");
    let until = bench.now().saturating_add(Duration::from_secs(1));
    store
        .revoke_token(&alice(), "jti", until)
        .await
        .expect("revokes");
    let at = bench.now();
    bench.pass(Duration::from_millis(1));
    assert_eq!(store.revocations(bench.now()).await.expect("tells"), []);
    assert_eq!(store.revocations(at).await.expect("tells").len(), 3);
    bench.clock.set(until);
    assert_eq!(store.revocations(at).await.expect("tells").len(), 2);
}

/// Logging out everywhere counts anew, for the tokens that were issued in between;
/// what had ended is not told again.
pub async fn what_is_revoked_again_is_told_if_it_reaches_further(bench: &Bench) {
    let store = &bench.store;
    bench.list_token("removed", bench.ticket().await).await;
    let session = bench.open().await;
    let first = bench.now();
    let revoke = async || {
        store
            .revoke(&session.subject, &session.id)
            .await
            .expect("revokes");
        let removed = store.remove_application_token(&alice(), "removed").await;
        removed.expect("removes");
        store.revoke_all(&alice()).await.expect("revokes");
    };
    revoke().await;
    bench.pass(Duration::from_secs(5));
    let second = bench.now();
    revoke().await;
    let log_out = Revocation::Subject {
        subject: alice(),
        at: second,
    };
    let told = store.revocations(second).await.expect("tells");
    assert_eq!(told, [log_out]);
    let told = store.revocations(first).await.expect("tells");
    assert_eq!(told.len(), 3, "{told:?}");
}

/// The `jti` of a token is unique within its issuer only.
pub async fn a_token_is_revoked_within_its_realm(bench: &Bench) {
    let store = &bench.store;
    let at = bench.now();
    let until = at.saturating_add(Duration::from_secs(900));
    let subjects = [
        alice(),
        Subject::new("https://issuer.example", "alice"),
        Subject::new("a:5:users", "alice"),
        // Where the ended sessions of that issuer are kept.
        Subject::new("\u{1}https://issuer.example", "jti"),
    ];
    for subject in &subjects {
        let revoked = store.revoke_token(subject, "jti", until).await;
        revoked.expect("revokes");
    }
    let told = store.revocations(at).await.expect("tells");
    for subject in subjects {
        let expected = Revocation::Token {
            id: "jti".to_owned(),
            subject,
            at,
            until,
        };
        assert!(told.contains(&expected), "{expected:?} was not told");
    }
    assert_eq!(told.len(), 4);
}

/// A later end counts and is told anew; an earlier one changes nothing.
pub async fn a_token_is_revoked_until_the_latest_end(bench: &Bench) {
    let store = &bench.store;
    let first = bench.now();
    let end = |secs| first.saturating_add(Duration::from_secs(secs));
    let revoke = async |until| {
        let revoked = store.revoke_token(&alice(), "jti", until).await;
        revoked.expect("revokes");
    };
    let told_since = async |since| store.revocations(since).await.expect("tells");
    let token = |at, until| Revocation::Token {
        id: "jti".to_owned(),
        subject: alice(),
        at,
        until,
    };
    revoke(end(20)).await;
    bench.pass(Duration::from_secs(5));
    let second = bench.now();
    revoke(end(10)).await;
    revoke(end(20)).await;
    assert_eq!(told_since(second).await, []);
    assert_eq!(told_since(first).await, [token(first, end(20))]);
    revoke(end(60)).await;
    assert_eq!(told_since(second).await, [token(second, end(60))]);
    assert_eq!(told_since(first).await, [token(second, end(60))]);
    bench.clock.set(end(20));
    store
        .purge(Duration::from_secs(3600))
        .await
        .expect("purges");
    assert_eq!(told_since(first).await, [token(second, end(60))]);
    bench.clock.set(end(60));
    assert_eq!(told_since(first).await, []);
}

/// Nothing is left out, however small the pages are, though more is revoked meanwhile.
pub async fn what_was_revoked_is_told_page_by_page(bench: &Bench) {
    let since = bench.now();
    let mut ended = Vec::new();
    for number in 0..9 {
        let subject = Subject::new("users", format!("subject-{number}"));
        let session = bench.open_for(&subject).await;
        // Many at the same moment, and all kinds.
        if number % 4 == 0 {
            bench.pass(Duration::from_millis(1));
        }
        match number % 3 {
            0 => drop(bench.store.revoke_all(&subject).await.expect("revokes")),
            _ => drop(bench.store.revoke(&subject, &session.id).await),
        }
        ended.push(session.id);
        let until = bench.now().saturating_add(Duration::from_secs(3600));
        let id = format!("token-{number}");
        let revoked = bench.store.revoke_token(&subject, &id, until).await;
        revoked.expect("revokes");
    }
    bench.store.revoke_realm("apis").await.expect("cuts off");
    let all = bench.store.revocations(since).await.expect("tells");
    for limit in [1, 2, 5, 100] {
        let mut query = RevocationQuery::since(since);
        query.limit = limit;
        let mut told = Vec::new();
        loop {
            let page = bench.store.revocation_page(&query).await.expect("tells");
            assert_eq!(page.now, bench.now());
            told.extend(page.revocations);
            let Some(next) = page.next else { break };
            query.after = Some(next);
            if told.len() == 3 {
                let another = bench.open().await;
                let revoked = bench.store.revoke(&alice(), &another.id).await;
                revoked.expect("revokes");
            }
        }
        for revocation in &all {
            assert!(told.contains(revocation), "{limit}: {revocation:?}");
        }
    }
}
