//! What somebody wrote by hand, or a newer version: no row takes others down.

use portcullis::{
    session::{
        RefusalReason, RevocationReason, RotationOutcome, SessionId, SessionRecord, SessionStore,
        StoreErrorKind,
    },
    subject::Subject,
};
use portcullis_sqlx::PostgresStore;
use sqlx::{AssertSqlSafe, Executor};

use crate::{
    node::{Known, alice, attempt, check, new_session, open, rotate, snapshot},
    schema::Schema,
};

async fn start() -> Option<(PostgresStore, Schema)> {
    let schema = Schema::new().await?;
    let store = schema.builder().connect().await.unwrap();
    store.migrate().await.unwrap();
    Some((store, schema))
}

async fn change(schema: &Schema, session: &SessionRecord, set: &str) {
    let id = session.id.as_str();
    let sql = format!("UPDATE portcullis_sessions SET {set} WHERE id = '{id}'");
    schema
        .raw()
        .await
        .execute(AssertSqlSafe(sql))
        .await
        .unwrap();
}

#[tokio::test]
async fn a_session_that_ended_for_an_odd_reason_has_ended() {
    let Some((store, schema)) = start().await else {
        return;
    };
    let revocations = snapshot(&store);
    for reason in ["'fraud'", "NULL", "''"] {
        let session = open(&store).await;
        let other = open(&store).await;
        let set = format!(
            "revoked_at = (extract(epoch FROM clock_timestamp()) * 1000)::bigint, \
             revoked_reason = {reason}"
        );
        change(&schema, &session, &set).await;
        store.revoke(&other.subject, &other.id).await.unwrap();
        revocations.sync().await.unwrap();
        assert_eq!(check(&revocations, &session), Known::Revoked);
        assert_eq!(check(&revocations, &other), Known::Revoked);
        let row = store
            .session(&session.subject, &session.id)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(row.revoked.unwrap().reason, RevocationReason::Other);
        let outcome = rotate(&store, &attempt(&session, 0)).await;
        assert!(
            matches!(outcome, RotationOutcome::Refused(RefusalReason::Revoked)),
            "{outcome:?}"
        );
    }
}

#[tokio::test]
async fn an_odd_row_is_a_fault_of_one_session() {
    let Some((store, schema)) = start().await else {
        return;
    };
    let odd = open(&store).await;
    let good = open(&store).await;
    // What is shown to people only.
    change(&schema, &odd, "address = 'home', user_agent = NULL").await;
    let row = store.session(&odd.subject, &odd.id).await.unwrap().unwrap();
    assert_eq!(row.device.address, None);
    assert_eq!(store.sessions(&alice()).await.unwrap().len(), 2);
    // What decides.
    change(&schema, &odd, "secret_digest = '\\x00'").await;
    let error = store.rotate(&attempt(&odd, 0)).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    let listed = store.sessions(&alice()).await.unwrap();
    assert_eq!(listed, std::slice::from_ref(&good));
    assert!(matches!(
        rotate(&store, &attempt(&good, 0)).await,
        RotationOutcome::Rotated(_)
    ));
    let revoked = store.revoke_all(&alice()).await.unwrap();
    assert_eq!(revoked.sessions.len(), 2);
}

#[tokio::test]
async fn what_cannot_be_is_not_a_fault_that_passes() {
    let Some((store, schema)) = start().await else {
        return;
    };
    let session = open(&store).await;
    let mut raw = schema.raw().await;
    for change in [
        "UPDATE portcullis_sessions SET granted = '['",
        "UPDATE portcullis_sessions SET granted = '{}', secret_digest = '\\x00'",
        "UPDATE portcullis_sessions SET generation = -1",
        "DROP TABLE portcullis_sessions",
    ] {
        raw.execute(change).await.unwrap();
        let error = store
            .session(&session.subject, &session.id)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{change}");
    }
}

/// An entry of an index has a size that is never enough later.
#[tokio::test]
async fn a_name_that_is_too_long_is_not_a_fault_that_passes() {
    let Some((store, _schema)) = start().await else {
        return;
    };
    // Not to be made shorter by the server.
    let name: String = (0..100)
        .map(|_| SessionId::random().unwrap().as_str().to_owned())
        .collect();
    let mut session = new_session();
    session.subject = Subject::new("users", name);
    let ticket = store.login_ticket().await.unwrap();
    let error = store.create(session, ticket).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Unsupported);
    let cause = error.cause().to_string();
    assert!(
        cause.contains("longer together than PostgreSQL keeps"),
        "{cause}"
    );
}
