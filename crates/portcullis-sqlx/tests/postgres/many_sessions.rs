//! Subjects with more sessions than one transaction ends, and what a refresh costs.

use std::{num::NonZeroU32, time::Duration};

use portcullis::{
    session::{
        Created, PurgeRules, RefusalReason, Revocation, RevocationReason, RotationOutcome,
        RotationRules, SessionRecord, SessionStore,
    },
    time::Clock,
};
use portcullis_sqlx::PostgresStore;
use portcullis_testing::clock::FakeClock;
use sqlx::{Executor, PgConnection};

use crate::{
    node::{HOUR, alice, attempt, create, is_rotated, new_session, open, rotate},
    schema::Schema,
};

pub(crate) const MANY: usize = 2500;

pub(crate) async fn store(schema: &Schema) -> (PostgresStore, FakeClock, PgConnection) {
    let clock = FakeClock::new();
    let store = schema.store(clock.shared()).await;
    (store, clock, schema.raw().await)
}

/// Copies of a session, with names of their own.
pub(crate) async fn multiply(raw: &mut PgConnection, session: &SessionRecord) {
    let count = i64::try_from(MANY).unwrap() - 1;
    sqlx::raw_sql("CREATE TEMPORARY TABLE copies (LIKE portcullis_sessions)")
        .execute(&mut *raw)
        .await
        .unwrap();
    sqlx::query(
        "INSERT INTO copies SELECT portcullis_sessions.* FROM portcullis_sessions, \
         generate_series(1, $2) WHERE id = $1::uuid",
    )
    .bind(session.id.as_str())
    .bind(count)
    .execute(&mut *raw)
    .await
    .unwrap();
    raw.execute(
        "UPDATE copies SET id = gen_random_uuid(); \
         INSERT INTO portcullis_sessions SELECT * FROM copies",
    )
    .await
    .unwrap();
}

pub(crate) async fn count(raw: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(raw).await.unwrap()
}

#[tokio::test]
async fn all_of_very_many_sessions_end() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, clock, mut raw) = store(&schema).await;
    let session = open(&store).await;
    multiply(&mut raw, &session).await;
    assert_eq!(store.session_count(&alice()).await.unwrap(), 2500);
    let revoked = store.revoke_all(&alice()).await.unwrap();
    assert_eq!(revoked.sessions.len(), MANY);
    let left = count(&mut raw, "SELECT count(*) FROM portcullis_ending").await;
    assert_eq!(left, 0);
    // Each of them, and the subject.
    let told = store.revocations(clock.now()).await.unwrap();
    assert_eq!(told.len(), MANY + 1);
    let again = store.revoke_all(&alice()).await.unwrap();
    assert!(again.sessions.is_empty());
}

/// As it is when a node is killed after the first of several transactions.
#[tokio::test]
async fn a_log_out_that_was_not_finished_is_in_force() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, clock, mut raw) = store(&schema).await;
    let before = open(&store).await;
    let ticket = store.login_ticket().await.unwrap();
    let at = clock.now();
    sqlx::query(
        "WITH next AS (UPDATE portcullis_order SET number = number + 1 RETURNING number), \
         subject AS (UPDATE portcullis_subjects SET number = next.number, at = $1 FROM next) \
         INSERT INTO portcullis_ending (realm, name, number, at) \
         SELECT 'users', 'alice', number, $1 FROM next",
    )
    .bind(at.as_millis())
    .execute(&mut raw)
    .await
    .unwrap();
    assert_eq!(create(&store, new_session(), ticket).await, None);
    let after = open(&store).await;

    let row = store.session(&alice(), &before.id).await.unwrap().unwrap();
    let revoked = row.revoked.unwrap();
    assert_eq!(
        (revoked.at, revoked.reason),
        (at, RevocationReason::LogoutEverywhere)
    );
    let refused = rotate(&store, &attempt(&before, 0)).await;
    assert_eq!(refused, RotationOutcome::Refused(RefusalReason::Revoked));
    assert!(!store.revoke(&alice(), &before.id).await.unwrap());
    let live = store.sessions(&alice()).await.unwrap();
    assert_eq!(live, std::slice::from_ref(&after));
    assert_eq!(store.session_count(&alice()).await.unwrap(), 1);

    // Whoever purges next writes the rest, at a time that snapshots will see.
    clock.advance(Duration::from_secs(120));
    let written = clock.now();
    assert_eq!(store.purge(HOUR).await.unwrap(), 1);
    let left = count(&mut raw, "SELECT count(*) FROM portcullis_ending").await;
    assert_eq!(left, 0);
    let told = store.revocations(written).await.unwrap();
    assert_eq!(
        told,
        [Revocation::Session {
            id: before.id,
            subject: alice(),
            at: written,
            reason: RevocationReason::LogoutEverywhere,
        }]
    );
    assert!(is_rotated(&rotate(&store, &attempt(&after, 0)).await));
}

/// What rests, is replayed or is refused writes no row, and so waits for no disk.
#[tokio::test]
async fn what_changes_nothing_writes_nothing() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, clock, mut raw) = store(&schema).await;
    let session = open(&store).await;
    assert!(is_rotated(&rotate(&store, &attempt(&session, 0)).await));
    let mut version = async || -> String {
        sqlx::query_scalar("SELECT xmin || ' ' || ctid::text FROM portcullis_sessions")
            .fetch_one(&mut raw)
            .await
            .unwrap()
    };
    let before = version().await;
    for (generation, name) in [(0, "replayed"), (1, "rested")] {
        let mut again = attempt(&session, generation);
        again.rules = RotationRules::default();
        assert_eq!(rotate(&store, &again).await.as_str(), name);
    }
    let mut late = attempt(&session, 1);
    late.deadline = clock.now();
    assert_eq!(rotate(&store, &late).await.as_str(), "overdue");
    let mut foreign = attempt(&session, 1);
    foreign.client = Some("another".to_owned());
    assert_eq!(rotate(&store, &foreign).await.as_str(), "refused");
    assert_eq!(version().await, before);
    assert!(is_rotated(&rotate(&store, &attempt(&session, 1)).await));
    assert_ne!(version().await, before);
}

/// Or each would write to all indexes (no heap-only tuple).
#[tokio::test]
async fn no_index_is_on_what_a_refresh_changes() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (_store, _, mut raw) = store(&schema).await;
    let indexed: Vec<String> = sqlx::query_scalar(
        "SELECT DISTINCT attname::text FROM pg_index \
         JOIN pg_attribute ON attrelid = indrelid \
             AND (attnum = ANY (indkey) \
                  OR coalesce(pg_get_expr(indpred, indrelid), '') LIKE '%' || attname || '%') \
         WHERE indrelid = 'portcullis_sessions'::regclass ORDER BY 1",
    )
    .fetch_all(&mut raw)
    .await
    .unwrap();
    let expected = [
        "created_at",
        "device_at",
        "id",
        "name",
        "purge_at",
        "realm",
        "revoked_at",
    ];
    assert_eq!(indexed, expected);
}

/// No more at once than is asked for, and those that were refreshed stay.
#[tokio::test]
async fn a_purge_goes_batch_by_batch() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, clock, mut raw) = store(&schema).await;
    let mut sessions = Vec::new();
    for _ in 0..5 {
        sessions.push(open(&store).await);
    }
    clock.advance(HOUR - Duration::from_secs(1));
    assert!(is_rotated(&rotate(&store, &attempt(&sessions[0], 0)).await));
    clock.advance(Duration::from_secs(2));
    let mut rules = PurgeRules::new(Duration::ZERO);
    rules.limit = 2;
    let mut batches = Vec::new();
    while batches.last().is_none_or(|rows| *rows == 2) {
        batches.push(store.purge_batch(&rules).await.unwrap());
    }
    assert_eq!(batches, [2, 2, 1], "one of them is only looked at");
    let live = store.sessions(&alice()).await.unwrap();
    assert_eq!(live.len(), 1);
    assert_eq!(live[0].id, sessions[0].id);
    let subjects = "SELECT count(*) FROM portcullis_subjects";
    assert_eq!(count(&mut raw, subjects).await, 1);
    clock.advance(HOUR);
    assert_eq!(store.purge(Duration::ZERO).await.unwrap(), 1);
    assert_eq!(count(&mut raw, subjects).await, 0);
}

/// As when a limit is new: a login has a time in which it must be done.
#[tokio::test]
async fn far_too_many_sessions_end_by_and_by() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, _, mut raw) = store(&schema).await;
    let session = open(&store).await;
    multiply(&mut raw, &session).await;
    raw.execute(
        "UPDATE portcullis_sessions SET rotated_at = rotated_at - place FROM ( \
             SELECT id AS of, row_number() OVER (ORDER BY id) AS place FROM portcullis_sessions \
         ) AS places WHERE id = of",
    )
    .await
    .unwrap();
    let newer = "SELECT count(*) FROM portcullis_sessions WHERE revoked_at IS NOT NULL \
         AND rotated_at > (SELECT min(rotated_at) FROM portcullis_sessions \
             WHERE revoked_at IS NULL)";
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
        assert_eq!(count(&mut raw, newer).await, 0);
    }
}
