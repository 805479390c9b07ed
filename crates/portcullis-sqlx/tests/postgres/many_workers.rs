//! Log-outs everywhere of many sessions while somebody else works on the same ones.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use portcullis::{
    session::{PurgeRules, SessionStore},
    time::Clock,
};
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Postgres, Transaction};

use crate::{
    many_sessions::{MANY, count, multiply, store},
    node::{HOUR, alice, open},
    schema::{Schema, someone_waits},
};

const LIVE: &str = "SELECT count(*) FROM portcullis_sessions WHERE revoked_at IS NULL";
const UNFINISHED: &str = "SELECT count(*) FROM portcullis_ending";

/// So many of 2500 that whoever chooses 1000 chooses one of them.
const SOME: &str = "(SELECT id FROM portcullis_sessions ORDER BY created_at, id LIMIT 1501)";

/// Logs alice out as a node does that is killed after the first of several transactions.
async fn begin_log_out(raw: &mut PgConnection) {
    raw.execute(
        "WITH next AS (UPDATE portcullis_order SET number = number + 1 RETURNING number), \
         subject AS (UPDATE portcullis_subjects SET number = next.number, at = 1 FROM next) \
         INSERT INTO portcullis_ending (realm, name, number, at) \
         SELECT 'users', 'alice', number, 1 FROM next",
    )
    .await
    .unwrap();
}

/// Until somebody waits for this transaction, which is kept then.
async fn let_wait(mut transaction: Transaction<'_, Postgres>) {
    while !someone_waits(&mut transaction).await {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    transaction.commit().await.unwrap();
}

/// They are chosen before it is seen that they have ended.
#[tokio::test]
async fn sessions_that_end_meanwhile_are_not_taken_for_the_last() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, _, mut raw) = store(&schema).await;
    let session = open(&store).await;
    multiply(&mut raw, &session).await;
    let mut other = raw.begin().await.unwrap();
    let end = format!(
        "UPDATE portcullis_sessions SET revoked_at = 1, revoked_reason = 'logout' WHERE id IN {SOME}"
    );
    other.execute(AssertSqlSafe(end)).await.unwrap();
    let alice = alice();
    let (revoked, ()) = tokio::join!(store.revoke_all(&alice), let_wait(other));
    assert_eq!(revoked.unwrap().sessions.len(), MANY - 1501);
    assert_eq!(count(&mut raw, LIVE).await, 0);
    assert_eq!(count(&mut raw, UNFINISHED).await, 0);
}

/// As when one worker finds that another has written the very same sessions.
#[tokio::test]
async fn a_batch_that_was_written_meanwhile_is_not_the_last() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, _, mut raw) = store(&schema).await;
    let session = open(&store).await;
    multiply(&mut raw, &session).await;
    begin_log_out(&mut raw).await;
    let mut other = raw.begin().await.unwrap();
    let end = format!(
        "UPDATE portcullis_sessions SET revoked_at = 1, revoked_reason = 'logout_everywhere' \
         WHERE id IN {SOME}"
    );
    other.execute(AssertSqlSafe(end)).await.unwrap();
    let rules = PurgeRules::new(HOUR);
    let (purged, ()) = tokio::join!(store.purge_batch(&rules), let_wait(other));
    purged.unwrap();
    assert_eq!(store.session_count(&alice()).await.unwrap(), 0);
    store.purge(HOUR).await.unwrap();
    assert_eq!(count(&mut raw, LIVE).await, 0);
    assert_eq!(count(&mut raw, UNFINISHED).await, 0);
}

/// One logs out, others finish what they find, and each session is ended once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn several_write_the_same_log_out_at_once() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, clock, mut raw) = store(&schema).await;
    let session = open(&store).await;
    multiply(&mut raw, &session).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let workers: Vec<_> = (0..2)
        .map(|_| {
            let (store, is_over) = (store.clone(), is_over.clone());
            tokio::spawn(async move {
                let mut rows = 0;
                while !is_over.load(Ordering::Relaxed) {
                    rows += store.purge_batch(&PurgeRules::new(HOUR)).await.unwrap();
                }
                rows
            })
        })
        .collect();
    let revoked = store.revoke_all(&alice()).await;
    is_over.store(true, Ordering::Relaxed);
    let mut ended = revoked.unwrap().sessions.len();
    for worker in workers {
        ended += usize::try_from(worker.await.unwrap()).unwrap();
    }
    assert_eq!(ended, MANY);
    assert_eq!(count(&mut raw, LIVE).await, 0);
    assert_eq!(count(&mut raw, UNFINISHED).await, 0);
    let told = store.revocations(clock.now()).await.unwrap();
    assert_eq!(told.len(), MANY + 1);
}

/// As when the client of the request goes away.
#[tokio::test]
async fn a_log_out_goes_on_though_nobody_waits_for_it() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, clock, mut raw) = store(&schema).await;
    let session = open(&store).await;
    multiply(&mut raw, &session).await;
    let alice = alice();
    let has_begun = async {
        while count(&mut raw, UNFINISHED).await == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = has_begun => {}
        revoked = store.revoke_all(&alice) => assert_eq!(revoked.unwrap().sessions.len(), MANY),
    }
    let is_over = async { while count(&mut raw, LIVE).await > 0 {} };
    tokio::time::timeout(HOUR / 60, is_over).await.unwrap();
    let told = store.revocations(clock.now()).await.unwrap();
    assert_eq!(told.len(), MANY + 1);
}

/// A purge deletes rows whose names the batch has.
#[tokio::test]
async fn sessions_that_are_purged_meanwhile_are_not_taken_for_the_last() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let (store, _, mut raw) = store(&schema).await;
    let session = open(&store).await;
    multiply(&mut raw, &session).await;
    raw.execute(
        "UPDATE portcullis_sessions SET user_agent = 'A', revoked_at = 1, \
         revoked_reason = 'logout'",
    )
    .await
    .unwrap();
    let mut other = raw.begin().await.unwrap();
    let delete = format!("DELETE FROM portcullis_sessions WHERE id IN {SOME}");
    other.execute(AssertSqlSafe(delete)).await.unwrap();
    let alice = alice();
    let (erased, ()) = tokio::join!(store.erase(&alice), let_wait(other));
    erased.unwrap();
    let left = "SELECT count(*) FROM portcullis_sessions WHERE user_agent IS NOT NULL";
    assert_eq!(count(&mut raw, left).await, 0);
}
