//! What somebody wrote by hand, or a newer version: no row takes others down.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{
    Prefix,
    sessions::{DAY, alice, attempt, new_session, open},
};
use portcullis::{
    session::{
        ApplicationToken, RefusalReason, Revocation, RevocationReason, RotationOutcome,
        SessionRecord, SessionStore, StoreErrorKind, TokenAdded,
    },
    time::Timestamp,
};
use portcullis_testing::servers::redis_url;
use redis::Commands;
use serde_json::Value;

/// Changes a member of a session's row; `None` takes it away.
fn change(prefix: &Prefix, session: &SessionRecord, member: &str, value: Option<&str>) {
    let mut connection = prefix.connection();
    let keys = prefix.keys();
    let mut keys = keys.iter().filter(|key| key.ends_with(session.id.as_str()));
    let key = keys.next().unwrap();
    let row: String = connection.get(key).unwrap();
    let mut row: Value = serde_json::from_str(&row).unwrap();
    match value {
        Some(value) => row[member] = value.into(),
        None => drop(row.as_object_mut().unwrap().remove(member)),
    }
    let kept = redis::SetOptions::default().with_expiration(redis::SetExpiry::KEEPTTL);
    let _: () = connection.set_options(key, row.to_string(), kept).unwrap();
}

#[tokio::test]
async fn a_session_that_ended_for_an_odd_reason_has_ended() {
    let Some(url) = redis_url() else { return };
    let prefix = Prefix::new(&url);
    let store = prefix.store().connect().await.unwrap();
    for reason in [Some("fraud"), None, Some("")] {
        let session = open(&store).await;
        store.revoke(&session.subject, &session.id).await.unwrap();
        change(&prefix, &session, "why", reason);
        let row = store
            .session(&session.subject, &session.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.revoked.unwrap().reason, RevocationReason::Other);
        let outcome = store.rotate(&attempt(&session, 0)).await.unwrap();
        assert!(
            matches!(outcome, RotationOutcome::Refused(RefusalReason::Revoked)),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn an_odd_row_is_a_fault_of_one_session() {
    let Some(url) = redis_url() else { return };
    let prefix = Prefix::new(&url);
    let store = prefix.store().connect().await.unwrap();
    let odd = open(&store).await;
    let good = open(&store).await;
    // What is shown to people only.
    change(&prefix, &odd, "address", Some("home"));
    let row = store.session(&odd.subject, &odd.id).await.unwrap().unwrap();
    assert_eq!(row.device.address, None);
    assert_eq!(store.sessions(&alice()).await.unwrap().len(), 2);
    // What decides.
    change(&prefix, &odd, "digest", Some("00"));
    let error = store.session(&odd.subject, &odd.id).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    let listed = store.sessions(&alice()).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&good));
    let outcome = store.rotate(&attempt(&good, 0)).await.unwrap();
    assert!(matches!(outcome, RotationOutcome::Rotated(_)));
}

/// A session whose row lacks what places and deadlines are made of is logged out, and hides
/// nothing.
#[tokio::test]
async fn an_odd_session_keeps_nobody_from_logging_out() {
    let Some(url) = redis_url() else { return };
    let prefix = Prefix::new(&url);
    let store = prefix.store().connect().await.unwrap();
    for member in ["created", "idle", "absolute"] {
        // By the log-out of everybody, too, whose rows are swept up.
        for everybody in [false, true] {
            let odd = open(&store).await;
            let good = open(&store).await;
            change(&prefix, &odd, member, Some("soon"));
            if everybody {
                store.revoke_realm("users").await.unwrap();
            }
            let ended = store.revoke_all(&alice()).await.unwrap();
            assert_eq!(ended.sessions.len(), if everybody { 0 } else { 2 });
            for session in [&odd, &good] {
                let outcome = store.rotate(&attempt(session, 0)).await;
                let expected = RotationOutcome::Refused(RefusalReason::Revoked);
                let is_odd = session.id == odd.id;
                assert!(outcome.map_or(is_odd, |outcome| outcome == expected));
            }
            assert_eq!(store.session_count(&alice()).await.unwrap(), 0);
        }
        // Alone, and told.
        let odd = open(&store).await;
        change(&prefix, &odd, member, Some("soon"));
        assert!(store.revoke(&alice(), &odd.id).await.unwrap());
        assert!(!store.revoke(&alice(), &odd.id).await.unwrap());
        let told = store.revocations(Timestamp::from_millis(0)).await.unwrap();
        let is_told =
            |told: &Revocation| matches!(told, Revocation::Session { id, .. } if *id == odd.id);
        assert!(told.iter().any(is_told), "{member}: {told:?}");
        // Makes room, or is in nobody's way.
        let odd = open(&store).await;
        change(&prefix, &odd, member, Some("soon"));
        let ticket = store.login_ticket().await.unwrap();
        let mut next = new_session(&alice(), DAY);
        next.limit = Some(1.try_into().unwrap());
        store.create(next, ticket).await.unwrap();
        store.revoke_all(&alice()).await.unwrap();
    }
}

#[tokio::test]
async fn an_odd_application_token_hides_no_others_and_goes_with_a_log_out() {
    let Some(url) = redis_url() else { return };
    let prefix = Prefix::new(&url);
    let store = prefix.store().connect().await.unwrap();
    for row in [
        "{",
        "{}",
        "[]",
        r#"{"subject":"5:users:alice"}"#,
        r#"{"id":7,"created":{}}"#,
    ] {
        for id in ["good", "odd"] {
            let token = ApplicationToken {
                id: id.to_owned(),
                subject: alice(),
                created_at: Timestamp::from_millis(1),
            };
            let ticket = store.login_ticket().await.unwrap();
            let added = store.add_application_token(token, 10, ticket).await;
            assert_eq!(added.unwrap(), TokenAdded::Added, "{row}");
        }
        let keys = prefix.keys();
        let key = keys.iter().find(|key| key.ends_with(":a:odd")).unwrap();
        let _: () = prefix.connection().set(key, row).unwrap();
        let listed = store.application_tokens(&alice()).await.unwrap();
        let listed: Vec<_> = listed.iter().map(|token| token.id.as_str()).collect();
        assert_eq!(listed, ["good"], "{row}");
        let session = open(&store).await;
        let mut ended = store.revoke_all(&alice()).await.unwrap();
        ended.application_tokens.sort();
        assert_eq!(ended.sessions, [session.id], "{row}");
        assert_eq!(ended.application_tokens, ["good", "odd"], "{row}");
        assert_eq!(store.application_tokens(&alice()).await.unwrap(), []);
        let again = store.revoke_all(&alice()).await.unwrap();
        assert_eq!(again.application_tokens, [] as [&str; 0], "{row}");
        for key in prefix.keys().iter().filter(|key| key.contains(":a:")) {
            let _: () = prefix.connection().del(key).unwrap();
        }
    }
}

#[tokio::test]
async fn an_odd_entry_of_the_feed_is_left_out_only_if_no_token_can_have_it() {
    let Some(url) = redis_url() else { return };
    let prefix = Prefix::new(&url);
    let store = prefix.store().connect().await.unwrap();
    let session = open(&store).await;
    store.revoke(&session.subject, &session.id).await.unwrap();
    let keys = prefix.keys();
    let feed = keys.iter().find(|key| key.ends_with(":feed")).unwrap();
    let mut connection = prefix.connection();
    let _: () = connection
        .zadd(feed, "s|logout|x|5:users:alice", "9e15")
        .unwrap();
    let read = store.revocations(Timestamp::from_millis(0)).await.unwrap();
    assert!(
        matches!(&read[..], [Revocation::Session { id, .. }] if *id == session.id),
        "{read:?}"
    );
    // It may be about a token that is to be refused.
    for unknown in ["x|of a newer version", "u|nobody can say whom"] {
        let _: () = connection.zadd(feed, unknown, "9e15").unwrap();
        let error = store.revocations(Timestamp::from_millis(0)).await;
        assert_eq!(error.unwrap_err().kind(), StoreErrorKind::Corrupt);
        let _: () = connection.zrem(feed, unknown).unwrap();
    }
}
