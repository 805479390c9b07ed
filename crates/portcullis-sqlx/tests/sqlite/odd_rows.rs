//! What somebody wrote by hand, or a newer version: no row takes others down.

use portcullis::{
    session::{
        RefusalReason, Revocation, RevocationReason, RotationOutcome, SessionRecord, SessionStore,
        StoreErrorKind,
    },
    subject::Subject,
    time::Timestamp,
};
use sqlx::{AssertSqlSafe, Executor};

use crate::{attempt, directory::Directory, open, raw, session};

async fn change(directory: &Directory, session: &SessionRecord, set: &str) {
    let id = session.id.as_str();
    let sql = format!("UPDATE portcullis_sessions SET {set} WHERE id = '{id}'");
    let mut raw = raw(directory).await;
    raw.execute(AssertSqlSafe(sql)).await.unwrap();
}

#[tokio::test]
async fn a_session_that_ended_for_an_odd_reason_has_ended() {
    let directory = Directory::new();
    let store = open(&directory).await;
    for reason in ["'fraud'", "NULL", "''"] {
        let ended = session(&store).await;
        let set = format!("revoked_at = created_at, revoked_reason = {reason}");
        change(&directory, &ended, &set).await;
        let row = store
            .session(&ended.subject, &ended.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.revoked.unwrap().reason, RevocationReason::Other);
        let outcome = store.rotate(&attempt(&ended, 0)).await.unwrap();
        assert!(
            matches!(outcome, RotationOutcome::Refused(RefusalReason::Revoked)),
            "{outcome:?}"
        );
        let told = store.revocations(Timestamp::from_millis(0)).await.unwrap();
        let is_it =
            |told: &Revocation| matches!(told, Revocation::Session { id, .. } if *id == ended.id);
        assert!(told.iter().any(is_it), "{reason}");
    }
}

#[tokio::test]
async fn an_odd_row_is_a_fault_of_one_session() {
    let directory = Directory::new();
    let store = open(&directory).await;
    let alice = Subject::new("users", "alice");
    let odd = session(&store).await;
    let good = session(&store).await;
    // What is shown to people only.
    change(&directory, &odd, "address = 'home'").await;
    let row = store.session(&odd.subject, &odd.id).await.unwrap().unwrap();
    assert_eq!(row.device.address, None);
    // What decides.
    change(&directory, &odd, "secret_digest = x'00'").await;
    let error = store.rotate(&attempt(&odd, 0)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    let listed = store.sessions(&alice).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&good));
    let outcome = store.rotate(&attempt(&good, 0)).await.unwrap();
    assert!(matches!(outcome, RotationOutcome::Rotated(_)));

    // A row whose name is none of ours belongs to nobody's token.
    change(&directory, &odd, "revoked_at = created_at, id = 'by hand'").await;
    store.revoke(&good.subject, &good.id).await.unwrap();
    let told = store.revocations(Timestamp::from_millis(0)).await.unwrap();
    assert!(matches!(&told[..], [Revocation::Session { id, .. }] if *id == good.id));
}

/// Nor hides it what comes after it, where it is the last of a page.
#[tokio::test]
async fn a_list_goes_on_behind_a_row_without_a_place() {
    let directory = Directory::new();
    let store = open(&directory).await;
    let alice = Subject::new("users", "alice");
    let mut sessions = Vec::new();
    for place in 1..=3 {
        let session = session(&store).await;
        change(&directory, &session, &format!("created_at = {place}")).await;
        sessions.push(session.id);
    }
    let mut odd = raw(&directory).await;
    odd.execute("UPDATE portcullis_sessions SET id = 'by hand' WHERE created_at = 2")
        .await
        .unwrap();
    let first = store.session_page(&alice, None, 2).await.unwrap();
    assert_eq!(first.sessions.len(), 1);
    assert_eq!(first.sessions[0].id, sessions[0]);
    assert!(first.next.is_some());
    let second = store.session_page(&alice, first.next.as_ref(), 2).await;
    let second = second.unwrap().sessions;
    assert_eq!(second.len(), 1);
    assert_eq!(second[0].id, sessions[2]);
    assert_eq!(store.sessions(&alice).await.unwrap().len(), 2);
    // Nothing could be told apart from the end of the list.
    let error = store.session_page(&alice, first.next.as_ref(), 1).await;
    assert_eq!(error.unwrap_err().kind(), StoreErrorKind::Corrupt);
}
