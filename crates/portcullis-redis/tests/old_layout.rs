//! What a version before left in its layout: nobody is logged out by the new one, and
//! whoever was stays so.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;
mod layout_1;

use std::time::Duration;

use common::{
    Prefix,
    sessions::{DAY, alice, attempt, new_session, open, without_window},
};
use futures_util::future::join_all;
use layout_1::OldNode;
use portcullis::{
    session::{
        AttemptId, Created, LoginTicket, OneUse, RefusalReason, Revocation, RevocationReason,
        RotationAttempt, RotationOutcome, SecretDigest, SessionId, SessionRecord, SessionStore,
    },
    subject::Subject,
    time::Timestamp,
};
use portcullis_redis::RedisStore;
use portcullis_testing::servers::redis_url;

fn prefix() -> Option<Prefix> {
    Some(Prefix::new(&redis_url()?))
}

async fn row(store: &RedisStore, subject: &Subject, id: &SessionId) -> SessionRecord {
    let row = store.session(subject, id).await.unwrap();
    row.unwrap()
}

/// The next attempt to refresh it, which forgives nothing.
async fn next(store: &RedisStore, subject: &Subject, id: &SessionId) -> RotationAttempt {
    let row = row(store, subject, id).await;
    without_window(attempt(&row, row.generation))
}

fn bob() -> Subject {
    Subject::new("users", "bob")
}

#[tokio::test]
async fn sessions_go_on() {
    let Some(prefix) = prefix() else { return };
    let old = OldNode::connect(&prefix);
    let ids = [old.open(&alice()), old.open(&alice()), old.open(&alice())];
    let ended = old.open(&alice());
    assert_eq!(old.revoke(&alice(), &ended).unwrap(), 1);
    let store = prefix.store().connect().await.unwrap();
    // Each way is the first for somebody.
    let refreshed = next(&store, &alice(), &ids[0]).await;
    let outcome = store.rotate(&refreshed).await.unwrap();
    assert!(
        matches!(outcome, RotationOutcome::Rotated(_)),
        "{outcome:?}"
    );
    let refused = store.session(&alice(), &ended).await.unwrap();
    // It was on no list, and nobody had asked for it when the others were moved.
    assert!(refused.is_none_or(|row| row.revoked.is_some()));
    let listed = store.sessions(&alice()).await.unwrap();
    let listed: Vec<_> = listed.into_iter().map(|row| row.id).collect();
    assert_eq!(listed.len(), 3);
    assert!(ids.iter().all(|id| listed.contains(id)));
    assert_eq!(store.session_count(&alice()).await.unwrap(), 3);
    assert!(store.revoke(&alice(), &ids[1]).await.unwrap());
    let all = store.revoke_all(&alice()).await.unwrap();
    assert_eq!(all.sessions.len(), 2);
    for id in &ids {
        assert!(row(&store, &alice(), id).await.revoked.is_some());
    }
    // A new process reads both, too.
    let store = prefix.store().connect().await.unwrap();
    assert!(row(&store, &alice(), &ids[0]).await.revoked.is_some());
    let session = open(&store).await;
    assert_eq!(store.sessions(&alice()).await.unwrap(), [session]);
}

#[tokio::test]
async fn a_session_is_found_by_whatever_is_done_first() {
    let Some(prefix) = prefix() else { return };
    let old = OldNode::connect(&prefix);
    let subject = |number: usize| Subject::new("users", format!("user-{number}"));
    let ids: Vec<_> = (0..6).map(|number| old.open(&subject(number))).collect();
    let ended = old.open(&subject(6));
    old.revoke(&subject(6), &ended).unwrap();
    let store = prefix.store().connect().await.unwrap();
    let unseen = |number: usize| RotationAttempt {
        session: ids[number].clone(),
        subject: subject(number),
        ..attempt(&SessionRecord::clone(&template()), 0)
    };
    let outcome = store.rotate(&unseen(0)).await.unwrap();
    assert!(outcome.successor().is_some(), "{outcome:?}");
    assert!(store.revoke(&subject(1), &ids[1]).await.unwrap());
    assert_eq!(store.session_count(&subject(2)).await.unwrap(), 1);
    assert_eq!(store.sessions(&subject(3)).await.unwrap().len(), 1);
    let all = store.revoke_all(&subject(4)).await.unwrap();
    assert_eq!(all.sessions, [ids[4].clone()]);
    // A login makes room for itself.
    let mut login = new_session(&subject(5), DAY);
    login.limit = std::num::NonZeroU32::new(1);
    let ticket = store.login_ticket().await.unwrap();
    let created = store.create(login, ticket).await.unwrap();
    let Created::Session { evicted, .. } = created else {
        panic!("nobody logged out")
    };
    assert_eq!(evicted, [ids[5].clone()]);
    let row = row(&store, &subject(6), &ended).await;
    assert_eq!(row.revoked.unwrap().reason, RevocationReason::Logout);
}

/// A session to make attempts of.
fn template() -> SessionRecord {
    new_session(&alice(), DAY).into_record(Timestamp::from_millis(0))
}

#[tokio::test]
async fn who_was_logged_out_stays_so() {
    let Some(prefix) = prefix() else { return };
    let old = OldNode::connect(&prefix);
    let before: u64 = old.ticket().unwrap().parse().unwrap();
    let (out, cut) = (old.open(&alice()), old.open(&bob()));
    old.revoke_all(&alice()).unwrap();
    old.revoke_realm(&bob()).unwrap();
    let later = old.open(&bob());
    let store = prefix.store().connect().await.unwrap();
    for (subject, id, reason) in [
        (alice(), &out, RevocationReason::LogoutEverywhere),
        (bob(), &cut, RevocationReason::LogoutEverybody),
    ] {
        let row = row(&store, &subject, id).await;
        assert_eq!(row.revoked.unwrap().reason, reason);
        let late = new_session(&subject, DAY);
        let late = store.create(late, LoginTicket::from_sequence(before)).await;
        assert_eq!(late.unwrap(), Created::LoggedOutMeanwhile);
    }
    let listed = store.sessions(&bob()).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].id, later);
    // The order goes on.
    assert!(store.login_ticket().await.unwrap().sequence() > before);
    // What was told before is told.
    let told = store.revocations(Timestamp::from_millis(0)).await.unwrap();
    let is_told = told
        .iter()
        .any(|told| matches!(told, Revocation::Session { id, .. } if *id == out));
    assert!(is_told, "{told:?}");
}

#[tokio::test]
async fn application_tokens_and_uses_are_brought_over() {
    let Some(prefix) = prefix() else { return };
    let old = OldNode::connect(&prefix);
    for id in ["one", "two"] {
        assert_eq!(old.list_token(&alice(), id), "added");
    }
    let used = SecretDigest::of(b"used");
    old.use_once(&used);
    let store = prefix.store().connect().await.unwrap();
    let live = store.application_token_is_live(&alice(), "one").await;
    assert!(live.unwrap());
    assert!(
        store
            .remove_application_token(&alice(), "one")
            .await
            .unwrap()
    );
    assert_eq!(store.application_tokens(&alice()).await.unwrap().len(), 1);
    let all = store.revoke_all(&alice()).await.unwrap();
    assert_eq!(all.application_tokens, ["two"]);
    let id = AttemptId::random().unwrap();
    let hour = Duration::from_secs(3600);
    let again = store.use_once(&used, id, hour).await.unwrap();
    assert!(!matches!(again, OneUse::First), "{again:?}");
    let first = store.use_once(&SecretDigest::of(b"new"), id, hour).await;
    assert!(matches!(first.unwrap(), OneUse::First));
}

/// Until it has been replaced: what it does counts, or it fails and changes nothing.
#[tokio::test]
async fn a_node_of_the_version_before_loses_nothing() {
    let Some(prefix) = prefix() else { return };
    let old = OldNode::connect(&prefix);
    let (moved, unmoved) = (old.open(&alice()), old.open(&bob()));
    old.list_token(&alice(), "app");
    let store = prefix.store().connect().await.unwrap();
    let attempt = next(&store, &alice(), &moved).await;
    // Not "unknown", which would log out.
    assert!(old.rotate(&attempt).is_err());
    assert!(old.revoke(&alice(), &moved).is_err());
    assert!(old.token(&alice(), "app").is_err());
    // Neither logins nor what needs a number.
    assert!(old.ticket().is_err());
    assert!(old.revoke_all(&bob()).is_err());
    assert!(old.revoke_realm(&bob()).is_err());
    assert_eq!(old.revoke(&bob(), &unmoved).unwrap(), 1);
    let told = store.revocations(Timestamp::from_millis(0)).await.unwrap();
    assert!(matches!(&told[..], [Revocation::Session { id, .. }] if *id == unmoved));
    assert!(row(&store, &bob(), &unmoved).await.revoked.is_some());
    let outcome = store.rotate(&attempt).await.unwrap();
    assert!(
        matches!(outcome, RotationOutcome::Rotated(_)),
        "{outcome:?}"
    );
}

/// Many nodes at once, and more than one batch.
#[tokio::test(flavor = "multi_thread")]
async fn whoever_moves_them_they_are_moved_once() {
    const MANY: usize = 450;
    let Some(prefix) = prefix() else { return };
    let old = OldNode::connect(&prefix);
    let ids: Vec<_> = (0..MANY).map(|_| old.open(&alice())).collect();
    let nodes = [
        prefix.store().connect().await.unwrap(),
        prefix.store().connect().await.unwrap(),
    ];
    let refresh = |(number, id): (usize, &SessionId)| {
        let store = nodes[number % 2].clone();
        let attempt = without_window(RotationAttempt {
            session: id.clone(),
            ..attempt(&template(), 0)
        });
        async move {
            if number % 3 == 0 {
                assert!(store.revoke(&alice(), &attempt.session).await.unwrap());
                let refused = store.rotate(&attempt).await.unwrap();
                let expected = RotationOutcome::Refused(RefusalReason::Revoked);
                assert_eq!(refused, expected);
            } else {
                let outcome = store.rotate(&attempt).await.unwrap();
                assert!(
                    matches!(outcome, RotationOutcome::Rotated(_)),
                    "{outcome:?}"
                );
            }
        }
    };
    join_all(ids.iter().enumerate().map(refresh)).await;
    let live = nodes[0].sessions(&alice()).await.unwrap();
    assert_eq!(live.len(), MANY - MANY.div_ceil(3));
    assert!(live.iter().all(|row| row.generation == 1));
}
