//! What is particular to a server: its clock, its settings, several nodes, rows
//! that somebody else has locked.

use std::time::Duration;

use portcullis::{
    session::{
        ApplicationToken, Device, RefusalReason, Revocation, RevocationReason, RotationOutcome,
        SessionStore, StoreErrorKind, TokenAdded,
    },
    subject::Subject,
    time::{Clock, SystemClock, Timestamp},
};
use portcullis_sqlx::PostgresStore;
use portcullis_testing::clock::FakeClock;
use sqlx::{AssertSqlSafe, Connection, Executor};

use crate::{
    node::{HOUR, alice, attempt, create, is_rotated, new_session, open, rotate},
    schema::Schema,
};

/// Two nodes on one store, by the server's clock.
async fn nodes() -> Option<(PostgresStore, PostgresStore, Schema)> {
    let schema = Schema::new().await?;
    let connect = async || {
        let builder = schema.builder().timeout(Duration::from_secs(20));
        builder.connect().await.unwrap()
    };
    let (one, two) = (connect().await, connect().await);
    one.migrate().await.unwrap();
    Some((one, two, schema))
}

#[tokio::test]
async fn the_clock_of_the_server_decides() {
    let Some((store, _, _schema)) = nodes().await else {
        return;
    };
    let before = SystemClock.now();
    let session = open(&store).await;
    let after = SystemClock.now();
    assert!(before <= session.created_at && session.created_at <= after);
    let outcome = rotate(&store, &attempt(&session, 0)).await;
    let successor = outcome.successor().unwrap();
    assert!(successor.rotated_at >= session.created_at);
    let expected = successor.rotated_at.saturating_add(HOUR);
    assert_eq!(successor.idle_deadline, expected);
    let kept = store
        .session(&session.subject, &session.id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(kept.rotated_at, successor.rotated_at);
}

/// Asked for where it is not known, and then carried on from the last answer.
#[tokio::test]
async fn the_time_of_the_server_is_known() {
    let Some((one, _, schema)) = nodes().await else {
        return;
    };
    let mut raw = schema.raw().await;
    let mut server_time = async || {
        let now = "SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint";
        Timestamp::from_millis(sqlx::query_scalar(now).fetch_one(&mut raw).await.unwrap())
    };
    let lazy = schema.builder().timeout(Duration::from_secs(20));
    let lazy = lazy.connect_lazy().unwrap();
    let before = server_time().await;
    let told = lazy.current_time().await.unwrap();
    assert!(before <= told && told <= server_time().await);
    let session = open(&one).await;
    let outcome = rotate(&lazy, &attempt(&session, 0)).await;
    let told = lazy.current_time().await.unwrap();
    assert!(outcome.successor().unwrap().rotated_at <= told);
    assert!(told <= server_time().await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_nodes_agree_on_one_winner() {
    let Some((one, two, _schema)) = nodes().await else {
        return;
    };
    for _ in 0..6 {
        let session = open(&one).await;
        let tasks: Vec<_> = (0..64)
            .map(|task| {
                let store = if task % 2 == 0 { &one } else { &two };
                let (store, attempt) = (store.clone(), attempt(&session, 0));
                tokio::spawn(async move { rotate(&store, &attempt).await })
            })
            .collect();
        let mut rotated = 0;
        for task in tasks {
            rotated += usize::from(is_rotated(&task.await.unwrap()));
        }
        assert_eq!(rotated, 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nodes_that_start_at_once_make_the_tables_once() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let store = schema.builder().timeout(Duration::from_secs(20));
        let store = store.connect_lazy().unwrap();
        tasks.push(tokio::spawn(async move {
            store.migrate().await.unwrap();
            store.migrate().await.unwrap();
            open(&store).await;
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn tables_of_the_first_version_keep_what_is_in_them() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let mut raw = schema.raw().await;
    for sql in [
        "CREATE TABLE portcullis_schema (version bigint PRIMARY KEY)",
        "INSERT INTO portcullis_schema (version) VALUES (1)",
        include_str!("../../src/postgres/schema_1.sql"),
        "INSERT INTO portcullis_revoked_tokens (id, realm, name, at, until) \
         VALUES ('jti', 'users', 'alice', 1, 9000000000000)",
    ] {
        sqlx::raw_sql(sql).execute(&mut raw).await.unwrap();
    }
    let store = schema.store(FakeClock::new().shared()).await;
    let until = Timestamp::from_millis(9_000_000_000_000);
    let bob = Subject::new("apis", "bob");
    store.revoke_token(&bob, "jti", until).await.unwrap();
    let told = store.revocations(Timestamp::from_millis(0)).await.unwrap();
    assert_eq!(told.len(), 2);
    assert!(told.contains(&Revocation::Token {
        id: "jti".to_owned(),
        subject: alice(),
        at: Timestamp::from_millis(1),
        until,
    }));
}

#[tokio::test]
async fn tables_of_a_newer_version_are_left_alone() {
    let Some((store, _, schema)) = nodes().await else {
        return;
    };
    let mut raw = schema.raw().await;
    raw.execute("INSERT INTO portcullis_schema (version) VALUES (99)")
        .await
        .unwrap();
    let error = store.migrate().await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
}

#[tokio::test]
async fn tables_that_are_there_take_no_right_to_make_them() {
    let Some((_, _, schema)) = nodes().await else {
        return;
    };
    let mut raw = schema.raw().await;
    let role = format!("portcullis_role_{}", std::process::id());
    let name: String = sqlx::query_scalar("SELECT current_schema()::text")
        .fetch_one(&mut raw)
        .await
        .unwrap();
    let rights = format!(
        "CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA {name} TO {role}; \
         GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {name} TO {role}"
    );
    raw.execute(AssertSqlSafe(rights)).await.unwrap();
    let options = schema.options().username(&role);
    let store = schema.builder().options(options).connect().await;
    // A server that trusts nobody does not let the role in.
    if let Ok(store) = store {
        store.migrate().await.unwrap();
        let session = open(&store).await;
        assert!(is_rotated(&rotate(&store, &attempt(&session, 0)).await));
        store.revoke_all(&alice()).await.unwrap();
        store.purge(HOUR).await.unwrap();
        store.close().await;
    }
    let clean = format!("DROP OWNED BY {role}; DROP ROLE {role}");
    raw.execute(AssertSqlSafe(clean)).await.unwrap();
}

/// Whatever the defaults of the role or database are.
#[tokio::test]
async fn each_connection_is_set_up_to_be_safe() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let options = schema.options().options([
        ("synchronous_commit", "off"),
        ("default_transaction_isolation", "serializable"),
    ]);
    let store = schema.builder().options(options.clone());
    let store = store.timeout(Duration::from_secs(20)).connect().await;
    let store = store.unwrap();
    store.migrate().await.unwrap();
    // Tells what the connection that writes has.
    let mut raw = schema.raw().await;
    raw.execute(
        "CREATE TABLE told AS SELECT ''::text AS setting, ''::text AS value LIMIT 0; \
         CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
             INSERT INTO told SELECT name, current_setting(name) FROM unnest(ARRAY[ \
                 'synchronous_commit', 'transaction_isolation', 'statement_timeout']) AS name; \
             RETURN NEW; END $$; \
         CREATE TRIGGER tell BEFORE UPDATE ON portcullis_sessions \
             FOR EACH ROW EXECUTE FUNCTION tell()",
    )
    .await
    .unwrap();
    let session = open(&store).await;
    rotate(&store, &attempt(&session, 0)).await;
    let told: Vec<(String, String)> = sqlx::query_as("SELECT setting, value FROM told")
        .fetch_all(&mut raw)
        .await
        .unwrap();
    let expected = [
        ("synchronous_commit", "on"),
        ("transaction_isolation", "read committed"),
        ("statement_timeout", "10s"),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(setting, value)| ((*setting).to_owned(), (*value).to_owned()))
        .collect();
    assert_eq!(told, expected);
}

/// The log-out holds the subject's row and is not committed yet; the login waits
/// for it, and must see it although it began before that.
#[tokio::test]
async fn a_login_sees_the_log_out_that_it_waited_for() {
    let Some((one, two, schema)) = nodes().await else {
        return;
    };
    open(&one).await;
    let ticket = one.login_ticket().await.unwrap();
    let mut raw = schema.raw().await;
    let mut log_out = raw.begin().await.unwrap();
    log_out
        .execute(
            "WITH next AS (UPDATE portcullis_order SET number = number + 1 RETURNING number) \
             UPDATE portcullis_subjects SET number = next.number, at = 1 FROM next",
        )
        .await
        .unwrap();
    let login = tokio::spawn(async move { create(&two, new_session(), ticket).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!login.is_finished());
    log_out.commit().await.unwrap();
    assert_eq!(login.await.unwrap(), None);
}

/// The login holds the subject's row and is not committed yet; the log-out waits
/// for it, and must end its session although that was not there at first.
#[tokio::test]
async fn a_log_out_ends_the_session_that_it_waited_for() {
    let Some((one, _, schema)) = nodes().await else {
        return;
    };
    let session = open(&one).await;
    let mut raw = schema.raw().await;
    let mut login = raw.begin().await.unwrap();
    login
        .execute(
            "SELECT 1 FROM portcullis_subjects FOR SHARE; \
             INSERT INTO portcullis_sessions SELECT gen_random_uuid() AS id, realm, name, client, \
                 generation, created_at, rotated_at, idle_deadline, absolute_deadline, \
                 secret_digest, refresh_key, granted, user_agent, address, rotated_by, \
                 rotated_from FROM portcullis_sessions",
        )
        .await
        .unwrap();
    let store = one.clone();
    let log_out = tokio::spawn(async move { store.revoke_all(&alice()).await.unwrap() });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!log_out.is_finished());
    login.commit().await.unwrap();
    let ended = log_out.await.unwrap().sessions;
    assert_eq!(ended.len(), 2);
    assert!(ended.contains(&session.id));
    assert_eq!(one.sessions(&alice()).await.unwrap(), []);
}

/// A purge that takes the subject's row away under a login that waits for it
/// leaves the number of the log-out behind.
#[tokio::test]
async fn a_login_sees_the_log_out_that_was_purged_meanwhile() {
    let Some((one, two, schema)) = nodes().await else {
        return;
    };
    let ticket = one.login_ticket().await.unwrap();
    one.revoke_all(&alice()).await.unwrap();
    let mut raw = schema.raw().await;
    let mut purge = raw.begin().await.unwrap();
    purge
        .execute(
            "WITH gone AS (DELETE FROM portcullis_subjects RETURNING number) \
             UPDATE portcullis_order SET forgotten = gone.number FROM gone",
        )
        .await
        .unwrap();
    let (store, token) = (one.clone(), token("app"));
    let added = tokio::spawn(async move {
        store
            .add_application_token(token, 10, ticket)
            .await
            .unwrap()
    });
    let login = tokio::spawn(async move { create(&two, new_session(), ticket).await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!login.is_finished() && !added.is_finished());
    purge.commit().await.unwrap();
    assert_eq!(login.await.unwrap(), None);
    assert_eq!(added.await.unwrap(), TokenAdded::LoggedOutMeanwhile);
    open(&one).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn logins_log_outs_refreshes_and_purges_do_not_block_each_other() {
    let Some((one, two, _schema)) = nodes().await else {
        return;
    };
    let mut tasks = Vec::new();
    for task in 0..24 {
        let store = if task % 2 == 0 { &one } else { &two };
        let store = store.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..10 {
                match task % 4 {
                    0 => drop(store.revoke_all(&alice()).await.unwrap()),
                    1 => drop(store.purge(Duration::ZERO).await.unwrap()),
                    2 => {
                        let ticket = store.login_ticket().await.unwrap();
                        let token = token(&format!("{task}-{}", ticket.sequence()));
                        let added = store.add_application_token(token, 3, ticket).await;
                        added.unwrap();
                    }
                    _ => {
                        let ticket = store.login_ticket().await.unwrap();
                        if let Some(session) = create(&store, new_session(), ticket).await {
                            rotate(&store, &attempt(&session, 0)).await;
                        }
                    }
                }
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
}

/// The calls that are made again when a connection breaks.
#[tokio::test]
async fn every_call_can_be_repeated() {
    let Some((store, _, _schema)) = nodes().await else {
        return;
    };
    let (new, ticket) = (new_session(), store.login_ticket().await.unwrap());
    let session = create(&store, new.clone(), ticket).await.unwrap();
    assert_eq!(create(&store, new.clone(), ticket).await.unwrap(), session);
    let mut another = new.clone();
    another.secret_digest = portcullis::session::SecretDigest::of(b"another");
    let taken = store.create(another, ticket).await;
    assert!(taken.is_err(), "somebody else's name");
    let ended = store.revoke_all(&alice()).await.unwrap();
    assert_eq!(ended.sessions.len(), 1);
    assert_eq!(create(&store, new, ticket).await, None);
    let until = SystemClock.now().saturating_add(HOUR);
    for _ in 0..2 {
        store.revoke_token(&alice(), "jti", until).await.unwrap();
    }
    assert_eq!(
        store
            .revocations(Timestamp::from_millis(0))
            .await
            .unwrap()
            .len(),
        3
    );
}

/// Subjects leave nothing behind when everything of theirs is over.
#[tokio::test]
async fn a_purge_forgets_subjects_too() {
    let Some(schema) = Schema::new().await else {
        return;
    };
    let clock = FakeClock::new();
    let store = schema.store(clock.shared()).await;
    open(&store).await;
    clock.advance(3 * HOUR);
    assert_eq!(store.purge(Duration::ZERO).await.unwrap(), 1);
    let mut raw = schema.raw().await;
    let left: i64 = sqlx::query_scalar("SELECT count(*) FROM portcullis_subjects")
        .fetch_one(&mut raw)
        .await
        .unwrap();
    assert_eq!(left, 0);
    open(&store).await;
}

/// The one character that the database cannot keep.
#[tokio::test]
async fn a_null_character_is_no_fault() {
    let Some((store, _, _schema)) = nodes().await else {
        return;
    };
    let mut new = new_session();
    new.device = Device::new(Some("a\0b"), None);
    let ticket = store.login_ticket().await.unwrap();
    let session = create(&store, new, ticket).await.unwrap();
    assert_eq!(session.device.user_agent.as_deref(), Some("a b"));
    let mut bad = attempt(&session, 0);
    bad.client = Some("web\0".to_owned());
    let refused = RotationOutcome::Refused(RefusalReason::Client);
    assert_eq!(rotate(&store, &bad).await, refused);
    bad.subject = Subject::new("users", "alice\0");
    let refused = RotationOutcome::Refused(RefusalReason::Unknown);
    assert_eq!(rotate(&store, &bad).await, refused);
    let mut good = attempt(&session, 0);
    good.device = Device::new(Some("\0"), None);
    assert!(is_rotated(&rotate(&store, &good).await));
    let live = store.application_token_is_live(&alice(), "\0").await;
    assert!(!live.unwrap());
    assert!(
        !store
            .remove_application_token(&alice(), "\0")
            .await
            .unwrap()
    );
    let nobody = Subject::new("\0", "");
    let live = store.application_token_is_live(&nobody, "app").await;
    assert!(!live.unwrap());
    assert_eq!(store.sessions(&nobody).await.unwrap(), []);
    assert_eq!(store.application_tokens(&nobody).await.unwrap(), []);
    store.revoke_all(&nobody).await.unwrap();
}

/// The statement that finds reuse also revokes and tells.
#[tokio::test]
async fn reuse_is_told() {
    let Some((store, _, _schema)) = nodes().await else {
        return;
    };
    let session = open(&store).await;
    rotate(&store, &attempt(&session, 0)).await;
    rotate(&store, &attempt(&session, 0)).await;
    let row = store
        .session(&session.subject, &session.id)
        .await
        .unwrap()
        .unwrap();
    let at = row.revoked.unwrap().at;
    let told = store.revocations(at).await.unwrap();
    assert_eq!(
        told,
        [Revocation::Session {
            id: session.id,
            subject: alice(),
            at,
            reason: RevocationReason::Reuse,
        }]
    );
}

fn token(id: &str) -> ApplicationToken {
    ApplicationToken {
        id: id.to_owned(),
        subject: alice(),
        created_at: Timestamp::from_millis(1),
    }
}
