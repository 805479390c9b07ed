//! What is kept comes back, and what is over goes.

use std::time::Duration;

use portcullis::{
    session::{Created, Device, Grant, SecretDigest, SessionId, SessionStore, TokenAdded},
    subject::Subject,
};

use super::bench::{Bench, IDLE, alice, new_session};

const HOUR: Duration = Duration::from_secs(3600);

/// Every field, whatever is in it.
pub async fn sessions_come_back_as_they_were_made(bench: &Bench) {
    let odd = Subject::new("re'alm", "ali\"ce\\ \u{1F600}; DROP TABLE sessions");
    let mut bare = new_session(&odd);
    bare.client = None;
    bare.device = Device::default();
    bare.grant = Grant::new();
    for session in [new_session(&alice()), bare] {
        let ticket = bench.ticket().await;
        let expected = session.clone().into_record(bench.now());
        let created = bench.create(session, ticket).await;
        assert_eq!(created, Created::session(expected.clone()));
        assert_eq!(bench.row(&expected).await, expected);
        assert_eq!(bench.live(&expected.subject).await, [expected]);
    }
    let unknown = SessionId::random().expect("randomness");
    let row = bench.store.session(&alice(), &unknown).await;
    assert_eq!(row.expect("the store reads"), None);
}

/// Those that can be refreshed, in order.
pub async fn live_sessions_are_listed_oldest_first(bench: &Bench) {
    let mut expected = Vec::new();
    for _ in 0..5 {
        expected.push(bench.open().await);
        bench.pass(Duration::from_millis(7));
    }
    bench.open_for(&Subject::new("users", "bob")).await;
    assert_eq!(bench.live(&alice()).await, expected);
    let revoked = expected.remove(2);
    bench
        .store
        .revoke(&revoked.subject, &revoked.id)
        .await
        .expect("revokes");
    assert_eq!(bench.live(&alice()).await, expected);
    bench.clock.set(expected[0].idle_deadline);
    assert_eq!(bench.live(&alice()).await, expected[1..]);
}

/// What began in the same millisecond has an order, too.
pub async fn what_began_at_once_is_listed_by_id(bench: &Bench) {
    let mut expected = Vec::new();
    for _ in 0..8 {
        expected.push(bench.open().await);
    }
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(bench.live(&alice()).await, expected);
    let ticket = bench.ticket().await;
    for id in ["b", "C", "a-2", "a", "D", "10", "9"] {
        assert_eq!(bench.list_token(id, ticket).await, TokenAdded::Added);
    }
    let live = bench.store.application_tokens(&alice()).await;
    let live = live.expect("lists");
    let ids: Vec<_> = live.iter().map(|token| token.id.as_str()).collect();
    assert_eq!(ids, ["10", "9", "C", "D", "a", "a-2", "b"]);
}

/// At most as many as allowed, until they are removed.
pub async fn application_tokens_are_listed_until_removed(bench: &Bench) {
    let ticket = bench.ticket().await;
    for number in 0..10 {
        let id = format!("token-{number}");
        assert_eq!(bench.list_token(&id, ticket).await, TokenAdded::Added);
        bench.pass(Duration::from_millis(1));
    }
    let store = &bench.store;
    assert_eq!(
        bench.list_token("one-more", ticket).await,
        TokenAdded::LimitReached
    );
    assert_eq!(bench.list_token("token-3", ticket).await, TokenAdded::Added);
    assert!(
        store
            .application_token_is_live(&alice(), "token-3")
            .await
            .expect("asks")
    );
    assert!(
        !store
            .application_token_is_live(&alice(), "one-more")
            .await
            .expect("asks")
    );
    let live = store.application_tokens(&alice()).await.expect("lists");
    let ids: Vec<_> = live.iter().map(|token| token.id.as_str()).collect();
    assert_eq!(ids.len(), 10);
    assert!(ids.is_sorted());
    assert!(
        store
            .remove_application_token(&alice(), "token-3")
            .await
            .expect("removes")
    );
    assert!(
        !store
            .remove_application_token(&alice(), "token-3")
            .await
            .expect("removes")
    );
    assert!(
        !store
            .remove_application_token(&alice(), "unknown")
            .await
            .expect("removes")
    );
    assert!(
        !store
            .application_token_is_live(&alice(), "token-3")
            .await
            .expect("asks")
    );
    let again = bench.list_token("token-3", ticket).await;
    assert_eq!(again, TokenAdded::LoggedOutMeanwhile, "removed for good");
    assert_eq!(
        bench.list_token("one-more", ticket).await,
        TokenAdded::Added
    );
    let bobs = store
        .application_tokens(&Subject::new("users", "bob"))
        .await;
    assert_eq!(bobs.expect("lists"), []);
}

/// What is over goes once it has been over for long enough; the rest stays.
pub async fn purging_forgets_what_is_over(bench: &Bench) {
    let store = &bench.store;
    let ticket = bench.ticket().await;
    let (expires, revoked) = (bench.open().await, bench.open().await);
    bench.list_token("stays", ticket).await;
    bench.list_token("removed", ticket).await;
    store
        .revoke(&revoked.subject, &revoked.id)
        .await
        .expect("revokes");
    store
        .remove_application_token(&alice(), "removed")
        .await
        .expect("removes");
    let until = bench.now().saturating_add(HOUR);
    store
        .revoke_token(&alice(), "jti", until)
        .await
        .expect("revokes");
    bench.pass(HOUR);
    assert_eq!(
        store.purge(HOUR).await.expect("purges"),
        1,
        "the token has expired"
    );
    assert!(
        store
            .session(&revoked.subject, &revoked.id)
            .await
            .expect("reads")
            .is_some()
    );
    bench.pass(Duration::from_millis(1));
    assert_eq!(store.purge(HOUR).await.expect("purges"), 2);
    assert!(
        store
            .session(&revoked.subject, &revoked.id)
            .await
            .expect("reads")
            .is_none()
    );
    bench
        .clock
        .set(expires.created_at.saturating_add(IDLE + HOUR));
    assert_eq!(store.purge(HOUR).await.expect("purges"), 0);
    assert!(
        store
            .session(&expires.subject, &expires.id)
            .await
            .expect("reads")
            .is_some()
    );
    bench.pass(Duration::from_millis(1));
    assert_eq!(store.purge(HOUR).await.expect("purges"), 1);
    assert!(
        store
            .session(&expires.subject, &expires.id)
            .await
            .expect("reads")
            .is_none()
    );
    assert!(
        store
            .application_token_is_live(&alice(), "stays")
            .await
            .expect("asks")
    );
}

/// An answer that was lost is asked for again; nothing begins anew.
pub async fn a_session_that_is_made_again_is_the_same(bench: &Bench) {
    let ticket = bench.ticket().await;
    let session = new_session(&alice());
    let first = bench.create(session.clone(), ticket).await;
    let Created::Session { session: row, .. } = &first else {
        unreachable!("nobody logged out");
    };
    bench.pass(Duration::from_secs(5));
    assert_eq!(bench.create(session.clone(), ticket).await, first);
    bench.advance(row, 0).await;
    let now = Created::session(bench.row(row).await);
    assert_eq!(bench.create(session.clone(), ticket).await, now);
    let mut secret = session.clone();
    secret.secret_digest = SecretDigest::of(b"another");
    let mut client = session.clone();
    client.client = None;
    for other in [secret, client] {
        assert!(bench.store.create(other, ticket).await.is_err());
    }
    let after = bench.create(session.clone(), ticket).await;
    assert_eq!(after, now);
    assert_eq!(bench.live(&alice()).await, [bench.row(row).await]);
    bench.store.revoke_all(&alice()).await.expect("revokes");
    let overtaken = bench.create(session, ticket).await;
    assert_eq!(overtaken, Created::LoggedOutMeanwhile);
}

/// A token speaks for its subject, and for no namesake of its id.
pub async fn an_application_token_is_its_subjects_own(bench: &Bench) {
    let ticket = bench.ticket().await;
    assert_eq!(bench.list_token("app", ticket).await, TokenAdded::Added);
    let live = async |subject: &Subject| {
        let live = bench.store.application_token_is_live(subject, "app").await;
        live.expect("asks")
    };
    assert!(live(&alice()).await);
    assert!(!live(&Subject::new("users", "bob")).await);
    assert!(!live(&Subject::new("apis", "alice")).await);
}
