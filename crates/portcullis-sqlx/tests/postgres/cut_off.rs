//! Logging everybody out beside nodes of a version that does not know of that, and of
//! many at once.

use std::time::Duration;

use portcullis::{
    session::{
        RefusalReason, RevocationReason, RotationOutcome, SessionId, SessionRecord, SessionStore,
    },
    time::Timestamp,
};
use portcullis_sqlx::PostgresStore;
use portcullis_testing::clock::FakeClock;
use sqlx::{Connection, PgConnection};

use crate::{
    node::{alice, attempt, create, new_session, open, rotate},
    schema::Schema,
};

/// What a node of the version before writes.
const OLD_INSERT: &str = "INSERT INTO portcullis_sessions (id, realm, name, client, generation, \
     created_at, rotated_at, idle_deadline, absolute_deadline, secret_digest, refresh_key, \
     granted, user_agent, address, rotated_by, rotated_from, late_retry_by, revoked_at, \
     revoked_reason, revoked_by) \
     SELECT $1::uuid, realm, name, client, 0, $2, $2, idle_deadline, absolute_deadline, \
     secret_digest, refresh_key, granted, user_agent, address, NULL, 0, NULL, NULL, NULL, NULL \
     FROM portcullis_sessions LIMIT 1";

async fn write_as_before(connection: &mut PgConnection, session: &SessionRecord) {
    sqlx::query(OLD_INSERT)
        .bind(session.id.as_str())
        .bind(session.created_at.as_millis())
        .execute(connection)
        .await
        .unwrap();
}

fn later(like: &SessionRecord, by: i64) -> SessionRecord {
    let at = Timestamp::from_millis(like.created_at.as_millis() + by);
    SessionRecord {
        id: SessionId::random().unwrap(),
        created_at: at,
        rotated_at: at,
        ..like.clone()
    }
}

#[tokio::test]
async fn rows_without_a_ticket_go_by_their_time() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let clock = FakeClock::new();
    let store = schema.store(clock.shared()).await;
    let known = open(&store).await;
    clock.advance(Duration::from_secs(1));
    let mut beside = schema.raw().await;
    let (before, after) = (later(&known, 1000), later(&known, 1001));
    write_as_before(&mut beside, &before).await;
    let at = store.revoke_realm("users").await.unwrap();
    write_as_before(&mut beside, &after).await;
    clock.advance(Duration::from_secs(60));
    for ended in [&known, &before] {
        let row = store
            .session(&ended.subject, &ended.id)
            .await
            .unwrap()
            .unwrap();
        let revoked = row.revoked.unwrap();
        assert_eq!(revoked.at, at);
        assert_eq!(revoked.reason, RevocationReason::LogoutEverybody);
        let refused = rotate(&store, &attempt(ended, 0)).await;
        let expected = RotationOutcome::Refused(RefusalReason::Revoked);
        assert_eq!(refused, expected);
    }
    let rotated = rotate(&store, &attempt(&after, 0)).await;
    assert!(matches!(rotated, RotationOutcome::Rotated(_)));
}

async fn nodes() -> Option<(PostgresStore, PostgresStore, Schema)> {
    let schema = Schema::new().await?;
    let builder = || schema.builder().timeout(Duration::from_secs(20));
    let one = builder().connect().await.unwrap();
    let two = builder().connect().await.unwrap();
    one.migrate().await.unwrap();
    Some((one, two, schema))
}

/// A login waits for nobody. Whether it or the cut-off is written first, it has the ticket
/// of before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_is_written_first_is_out_all_the_same() {
    let Some((one, two, schema)) = nodes().await else {
        return;
    };
    let ticket = one.login_ticket().await.unwrap();
    let mut raw = schema.raw().await;
    // A cut-off that has its number, and is not committed yet.
    let mut slow = raw.begin().await.unwrap();
    for sql in [
        "UPDATE portcullis_order SET number = number + 1",
        "INSERT INTO portcullis_cut_offs SELECT 'users', number, \
         (extract(epoch FROM clock_timestamp()) * 1000)::bigint FROM portcullis_order",
    ] {
        sqlx::query(sql).execute(&mut *slow).await.unwrap();
    }
    let session = create(&two, new_session(), ticket).await.unwrap();
    let during = two.login_ticket().await.unwrap();
    assert_eq!(during, ticket, "the number is not seen before the cut-off");
    slow.commit().await.unwrap();
    assert_eq!(two.sessions(&alice()).await.unwrap(), []);
    let refused = rotate(&two, &attempt(&session, 0)).await;
    let expected = RotationOutcome::Refused(RefusalReason::Revoked);
    assert_eq!(refused, expected);
    assert_eq!(create(&two, new_session(), during).await, None);
    let session = open(&two).await;
    assert_eq!(two.sessions(&alice()).await.unwrap(), [session]);
}

/// Nobody waits in a circle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cut_offs_log_outs_logins_and_refreshes_do_not_block_each_other() {
    let Some((one, two, _schema)) = nodes().await else {
        return;
    };
    let work = async |store: &PostgresStore| {
        for round in 0..20 {
            store.revoke_realm("users").await.unwrap();
            let ticket = store.login_ticket().await.unwrap();
            if let Some(session) = create(store, new_session(), ticket).await {
                rotate(store, &attempt(&session, 0)).await;
            }
            if round % 3 == 0 {
                store.revoke_all(&alice()).await.unwrap();
            }
        }
    };
    tokio::join!(work(&one), work(&two), work(&one), work(&two));
    one.revoke_realm("users").await.unwrap();
    assert_eq!(two.sessions(&alice()).await.unwrap(), []);
}
