//! Logging everybody out beside processes of a version that does not know of that.

use std::time::Duration;

use portcullis::session::{
    RefusalReason, RevocationReason, RotationOutcome, SessionRecord, SessionStore,
};
use portcullis_sqlx::SqliteStore;
use portcullis_testing::clock::FakeClock;
use sqlx::SqliteConnection;

use crate::{attempt, directory::Directory, new_file, raw, session};

/// What a process of the version before writes.
const OLD_INSERT: &str = "INSERT INTO portcullis_sessions (id, realm, name, client, generation, \
     created_at, rotated_at, idle_deadline, absolute_deadline, secret_digest, refresh_key, \
     granted, user_agent, address, rotated_by, rotated_from, late_retry_by, revoked_at, \
     revoked_reason, revoked_by) \
     SELECT ?1, realm, name, client, 0, ?2, ?2, idle_deadline, absolute_deadline, secret_digest, \
     refresh_key, granted, user_agent, address, NULL, 0, NULL, NULL, NULL, NULL \
     FROM portcullis_sessions LIMIT 1";

async fn write_as_before(connection: &mut SqliteConnection, session: &SessionRecord) {
    sqlx::query(OLD_INSERT)
        .bind(session.id.as_str())
        .bind(session.created_at.as_millis())
        .execute(connection)
        .await
        .unwrap();
}

fn older(like: &SessionRecord, by: i64) -> SessionRecord {
    let at = portcullis::time::Timestamp::from_millis(like.created_at.as_millis() + by);
    SessionRecord {
        id: portcullis::session::SessionId::random().unwrap(),
        created_at: at,
        rotated_at: at,
        ..like.clone()
    }
}

#[tokio::test]
async fn rows_without_a_ticket_go_by_their_time() {
    let directory = Directory::new();
    let clock = FakeClock::new();
    let store = SqliteStore::open(directory.database(), clock.shared()).await;
    let store = store.unwrap();
    let known = session(&store).await;
    clock.advance(Duration::from_secs(1));
    let mut beside = raw(&directory).await;
    let (before, after) = (older(&known, 1000), older(&known, 1001));
    write_as_before(&mut beside, &before).await;
    let at = store.revoke_realm("users").await.unwrap();
    write_as_before(&mut beside, &after).await;
    clock.advance(Duration::from_secs(1));
    for ended in [&known, &before] {
        let row = store
            .session(&ended.subject, &ended.id)
            .await
            .unwrap()
            .unwrap();
        let revoked = row.revoked.unwrap();
        assert_eq!(revoked.at, at);
        assert_eq!(revoked.reason, RevocationReason::LogoutEverybody);
        let refused = store.rotate(&attempt(ended, 0)).await.unwrap();
        let expected = RotationOutcome::Refused(RefusalReason::Revoked);
        assert_eq!(refused, expected);
    }
    let rotated = store.rotate(&attempt(&after, 0)).await.unwrap();
    assert!(matches!(rotated, RotationOutcome::Rotated(_)));
}

#[tokio::test]
async fn sessions_of_the_fourth_version_are_logged_out_with_everybody() {
    let directory = Directory::new();
    let mut connection = new_file(&directory).await;
    for sql in [
        "CREATE TABLE portcullis_schema (version INTEGER PRIMARY KEY) STRICT",
        include_str!("../../src/sqlite/schema_1.sql"),
        include_str!("../../src/sqlite/schema_2.sql"),
        include_str!("../../src/sqlite/schema_3.sql"),
        include_str!("../../src/sqlite/schema_4.sql"),
        "INSERT INTO portcullis_schema (version) VALUES (1), (2), (3), (4)",
        "INSERT INTO portcullis_sessions VALUES \
         ('936da01f-9abd-4d9d-80c7-02af85c822a8', 'users', 'alice', NULL, 0, 1, 1, \
          9000000000000, 9000000000000, zeroblob(32), 'key', '{\"scope\":\"\"}', NULL, NULL, \
          NULL, 0, NULL, NULL, NULL, NULL)",
        "INSERT INTO portcullis_application_tokens VALUES ('token', 'users', 'alice', 1, NULL)",
    ] {
        sqlx::raw_sql(sql).execute(&mut connection).await.unwrap();
    }
    let store = crate::open(&directory).await;
    let alice = portcullis::subject::Subject::new("users", "alice");
    assert_eq!(store.sessions(&alice).await.unwrap().len(), 1);
    assert_eq!(store.application_tokens(&alice).await.unwrap().len(), 1);
    store.revoke_realm("users").await.unwrap();
    assert_eq!(store.sessions(&alice).await.unwrap(), []);
    assert_eq!(store.application_tokens(&alice).await.unwrap(), []);
}
