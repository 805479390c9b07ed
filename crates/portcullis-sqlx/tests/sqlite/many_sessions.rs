//! Subjects with more sessions than one transaction ends, and forgetting in batches.

use std::{num::NonZeroU32, time::Duration};

use portcullis::{
    session::{
        Created, PurgeRules, RefusalReason, RevocationReason, RotationOutcome, SessionId,
        SessionRecord, SessionStore,
    },
    subject::Subject,
    time::Clock,
};
use portcullis_sqlx::SqliteStore;
use portcullis_testing::clock::FakeClock;
use sqlx::{Connection, SqliteConnection};

use super::{DAY, attempt, directory::Directory, new_session, raw, session};

const MANY: usize = 2500;

fn alice() -> Subject {
    Subject::new("users", "alice")
}

async fn open(directory: &Directory) -> (SqliteStore, FakeClock, SqliteConnection) {
    let clock = FakeClock::new();
    let store = SqliteStore::open(directory.database(), clock.shared())
        .await
        .unwrap();
    (store, clock, raw(directory).await)
}

/// Copies of a session, with names of their own.
async fn multiply(raw: &mut SqliteConnection, session: &SessionRecord) {
    let mut all = raw.begin_with("BEGIN IMMEDIATE").await.unwrap();
    sqlx::raw_sql("CREATE TEMPORARY TABLE copy AS SELECT * FROM portcullis_sessions")
        .execute(&mut *all)
        .await
        .unwrap();
    assert_eq!(session.subject, alice());
    for _ in 1..MANY {
        sqlx::query("UPDATE copy SET id = ?1")
            .bind(SessionId::random().unwrap().as_str())
            .execute(&mut *all)
            .await
            .unwrap();
        sqlx::raw_sql("INSERT INTO portcullis_sessions SELECT * FROM copy")
            .execute(&mut *all)
            .await
            .unwrap();
    }
    all.commit().await.unwrap();
}

async fn unfinished(raw: &mut SqliteConnection) -> i64 {
    sqlx::query_scalar("SELECT count(*) FROM portcullis_ending")
        .fetch_one(raw)
        .await
        .unwrap()
}

#[tokio::test]
async fn all_of_very_many_sessions_end() {
    let directory = Directory::new();
    let (store, clock, mut raw) = open(&directory).await;
    let session = session(&store).await;
    multiply(&mut raw, &session).await;
    assert_eq!(store.session_count(&alice()).await.unwrap(), 2500);
    let revoked = store.revoke_all(&alice()).await.unwrap();
    assert_eq!(revoked.sessions.len(), MANY);
    assert_eq!(unfinished(&mut raw).await, 0);
    // Each of them, and the subject.
    let told = store.revocations(clock.now()).await.unwrap();
    assert_eq!(told.len(), MANY + 1);
    let again = store.revoke_all(&alice()).await.unwrap();
    assert!(again.sessions.is_empty());
}

/// As it is when a process is killed after the first of several transactions.
#[tokio::test]
async fn a_log_out_that_was_not_finished_is_in_force() {
    let directory = Directory::new();
    let (store, clock, mut raw) = open(&directory).await;
    let before = session(&store).await;
    let at = clock.now();
    sqlx::raw_sql(
        "UPDATE portcullis_order SET number = number + 1; \
         INSERT INTO portcullis_log_outs (realm, name, number, at) \
             SELECT realm, name, 1, created_at FROM portcullis_sessions; \
         INSERT INTO portcullis_ending (realm, name, number, at) \
             SELECT realm, name, number, at FROM portcullis_log_outs",
    )
    .execute(&mut raw)
    .await
    .unwrap();
    let after = session(&store).await;

    let row = store.session(&alice(), &before.id).await.unwrap().unwrap();
    let revoked = row.revoked.unwrap();
    assert_eq!(
        (revoked.at, revoked.reason),
        (at, RevocationReason::LogoutEverywhere)
    );
    let refused = store.rotate(&attempt(&before, 0)).await.unwrap();
    assert_eq!(refused, RotationOutcome::Refused(RefusalReason::Revoked));
    assert!(!store.revoke(&alice(), &before.id).await.unwrap());
    let live = store.sessions(&alice()).await.unwrap();
    assert_eq!(live, std::slice::from_ref(&after));

    clock.advance(Duration::from_secs(60));
    assert_eq!(store.purge(DAY).await.unwrap(), 1);
    assert_eq!(unfinished(&mut raw).await, 0);
    let told = store.revocations(clock.now()).await.unwrap();
    assert_eq!(told.len(), 1, "{told:?}");
    let outcome = store.rotate(&attempt(&after, 0)).await.unwrap();
    assert!(matches!(outcome, RotationOutcome::Rotated(_)));
}

/// As when the client of the request goes away.
#[tokio::test]
async fn a_log_out_goes_on_though_nobody_waits_for_it() {
    let directory = Directory::new();
    let (store, clock, mut raw) = open(&directory).await;
    let session = session(&store).await;
    multiply(&mut raw, &session).await;
    let alice = alice();
    let has_begun = async { while unfinished(&mut raw).await == 0 {} };
    tokio::select! {
        biased;
        () = has_begun => {}
        revoked = store.revoke_all(&alice) => assert_eq!(revoked.unwrap().sessions.len(), MANY),
    }
    let is_over = async { while store.revocations(clock.now()).await.unwrap().len() <= MANY {} };
    tokio::time::timeout(Duration::from_secs(60), is_over)
        .await
        .unwrap();
    assert_eq!(unfinished(&mut raw).await, 0);
}

/// As when a limit is new: nobody else writes until a login is done.
#[tokio::test]
async fn far_too_many_sessions_end_by_and_by() {
    let directory = Directory::new();
    let (store, _, mut raw) = open(&directory).await;
    let session = session(&store).await;
    multiply(&mut raw, &session).await;
    sqlx::raw_sql("UPDATE portcullis_sessions SET rotated_at = rotated_at - abs(random()) % 10000")
        .execute(&mut raw)
        .await
        .unwrap();
    for left in [2101, 1702] {
        let mut session = new_session();
        session.limit = NonZeroU32::new(100);
        let ticket = store.login_ticket().await.unwrap();
        let created = store.create(session, ticket).await.unwrap();
        let Created::Session { evicted, .. } = created else {
            panic!("{created:?}");
        };
        assert_eq!(evicted.len(), 400);
        assert_eq!(store.session_count(&alice()).await.unwrap(), left);
        let newer: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM portcullis_sessions WHERE revoked_at IS NOT NULL \
             AND rotated_at > (SELECT min(rotated_at) FROM portcullis_sessions \
                 WHERE revoked_at IS NULL)",
        )
        .fetch_one(&mut raw)
        .await
        .unwrap();
        assert_eq!(newer, 0);
    }
}

/// No more at once than is asked for, and those that were refreshed stay.
#[tokio::test]
async fn a_purge_goes_batch_by_batch() {
    let directory = Directory::new();
    let (store, clock, _) = open(&directory).await;
    let mut sessions = Vec::new();
    for _ in 0..5 {
        sessions.push(session(&store).await);
    }
    let mut rules = PurgeRules::new(Duration::ZERO);
    rules.limit = 2;
    assert_eq!(store.purge_batch(&rules).await.unwrap(), 0);
    clock.advance(DAY + Duration::from_secs(1));
    let mut batches = Vec::new();
    while batches.last().is_none_or(|rows| *rows == 2) {
        batches.push(store.purge_batch(&rules).await.unwrap());
    }
    assert_eq!(batches, [2, 2, 1]);
    assert_eq!(
        store.session(&alice(), &sessions[0].id).await.unwrap(),
        None
    );
}

/// As the planner says: an index, and no table or sorting.
#[tokio::test]
async fn a_batch_is_found_by_an_index() {
    let directory = Directory::new();
    let (_store, _, mut raw) = open(&directory).await;
    for sql in [
        "SELECT id FROM portcullis_sessions WHERE purge_at < 1 ORDER BY purge_at LIMIT 9",
        "SELECT id FROM portcullis_sessions WHERE device_at < 1 ORDER BY device_at LIMIT 9",
        "SELECT id FROM portcullis_sessions WHERE revoked_at IS NOT NULL AND revoked_at < 1 \
         ORDER BY revoked_at LIMIT 9",
        "SELECT * FROM portcullis_sessions WHERE realm = '' AND name = '' \
         AND revoked_at IS NULL AND (created_at, id) > (1, '') ORDER BY created_at, id LIMIT 9",
        "SELECT * FROM portcullis_sessions WHERE revoked_at IS NOT NULL \
         AND (revoked_at, id) > (1, '') AND revoked_at + 0 >= 1 ORDER BY revoked_at, id LIMIT 9",
    ] {
        let plan = format!("EXPLAIN QUERY PLAN {sql}");
        let plan: Vec<(i64, i64, i64, String)> = sqlx::query_as(sqlx::AssertSqlSafe(plan))
            .fetch_all(&mut raw)
            .await
            .unwrap();
        assert_eq!(plan.len(), 1, "{plan:?}");
        let (.., detail) = &plan[0];
        assert!(detail.starts_with("SEARCH portcullis_sessions"), "{detail}");
        assert!(detail.contains("INDEX portcullis_sessions_"), "{detail}");
    }
}
