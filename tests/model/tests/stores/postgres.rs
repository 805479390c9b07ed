//! The SQL of PostgreSQL.

use std::time::Duration;

use model::domain::{Case, cases};
use portcullis::session::{RotationOutcome, SessionRecord, SessionStore as _};
use portcullis_sqlx::PostgresStore;
use portcullis_testing::{clock::FakeClock, servers};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, postgres::PgConnectOptions};

use crate::{
    Kept, Place, differs, follows_the_rules,
    rows::{begin, columns},
    tidied,
};

struct Table {
    connection: PgConnection,
    copied: String,
}

impl Place for Table {
    fn kept(&self, row: &SessionRecord) -> Kept {
        columns(row, "\\x")
    }

    async fn put(&mut self, rows: &[Kept]) {
        let put = "INSERT INTO portcullis_sessions SELECT c.* FROM portcullis_sessions AS t, \
             jsonb_array_elements($1::jsonb) AS given, \
             jsonb_populate_record(t, given) AS c WHERE t.id = $2::uuid";
        sqlx::query(put)
            .bind(serde_json::to_string(rows).unwrap())
            .bind(&self.copied)
            .execute(&mut self.connection)
            .await
            .unwrap();
    }

    async fn read(&mut self, rows: &[Kept]) -> Vec<Kept> {
        let read = "SELECT to_jsonb(s)::text FROM jsonb_array_elements($1::jsonb) \
             WITH ORDINALITY AS given(row, number) \
             JOIN portcullis_sessions AS s ON s.id = (row ->> 'id')::uuid ORDER BY number";
        let kept: Vec<String> = sqlx::query_scalar(read)
            .bind(serde_json::to_string(rows).unwrap())
            .fetch_all(&mut self.connection)
            .await
            .unwrap();
        assert_eq!(kept.len(), rows.len());
        let kept = kept.iter().map(|row| serde_json::from_str(row).unwrap());
        kept.collect()
    }
}

#[tokio::test]
async fn postgres_follows_the_rules() {
    compare("rules", async |store, table| {
        follows_the_rules(store, table).await
    })
    .await;
}

/// What was read first decides only which statement is made: between the two somebody else
/// exchanges the token, and what would have been reuse has been overtaken.
#[tokio::test]
async fn postgres_follows_the_rules_behind_a_lock() {
    compare("lock", async |store, table| {
        let is_reuse = |case: &Case| {
            case.row.revoked.is_none()
                && case.decided().1.revoked.is_some()
                && !case.attempt.rules.window().is_zero()
        };
        let mut case = cases().into_iter().find(is_reuse).unwrap();
        table.put(&[table.kept(&case.row)]).await;
        case.row.generation += 1;
        case.row.rotated_at = case
            .attempt
            .set_out()
            .saturating_add(Duration::from_millis(1));
        let connection = &mut table.connection;
        sqlx::raw_sql("BEGIN")
            .execute(&mut *connection)
            .await
            .unwrap();
        sqlx::query(
            "UPDATE portcullis_sessions SET generation = $2, rotated_at = $3 WHERE id = $1::uuid",
        )
        .bind(case.row.id.as_str())
        .bind(i64::try_from(case.row.generation).unwrap())
        .bind(case.row.rotated_at.as_millis())
        .execute(&mut *connection)
        .await
        .unwrap();
        let released = async {
            let waiting = "SELECT count(*) FROM pg_locks \
                 WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))";
            while sqlx::query_scalar::<_, i64>(waiting)
                .fetch_one(&mut *connection)
                .await
                .unwrap()
                == 0
            {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            sqlx::raw_sql("COMMIT")
                .execute(&mut *connection)
                .await
                .unwrap();
        };
        let (outcome, ()) = tokio::join!(store.rotate(&case.attempt), released);
        let (expected, next) = case.decided();
        assert!(
            matches!(expected, RotationOutcome::Overdue { .. }),
            "{expected:?}"
        );
        let found = outcome.map_err(|error| error.cause().to_string());
        let wrong = differs(&case, found, expected);
        assert!(wrong.is_none(), "1 differ: {wrong:?}");
        let wanted = table.kept(&next);
        let kept = table.read(std::slice::from_ref(&wanted)).await.remove(0);
        assert_eq!(kept["revoked_at"], wanted["revoked_at"]);
    })
    .await;
}

/// Has `act` compare in a schema of its own.
async fn compare(name: &str, act: impl AsyncFnOnce(&PostgresStore, &mut Table)) {
    let Some(url) = servers::postgres_url() else {
        return;
    };
    let schema = format!("portcullis_model_{}_{name}", std::process::id());
    let server: PgConnectOptions = url.parse().unwrap();
    let mut admin = server.connect().await.unwrap();
    let made = AssertSqlSafe(format!("CREATE SCHEMA {schema}"));
    sqlx::raw_sql(made).execute(&mut admin).await.unwrap();

    let options = server.options([("search_path", &schema)]);
    let compared = async {
        let clock = FakeClock::new();
        let store = PostgresStore::builder(&url)
            .options(options.clone())
            .test_clock(clock.shared())
            .timeout(Duration::from_secs(30))
            .connect()
            .await
            .unwrap();
        store.migrate().await.unwrap();
        let session = begin(&store, &clock).await;
        let mut table = Table {
            connection: options.connect().await.unwrap(),
            copied: session.id.as_str().to_owned(),
        };
        act(&store, &mut table).await;
    };
    let dropped = AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"));
    tidied(compared, async || {
        sqlx::raw_sql(dropped).execute(&mut admin).await.unwrap();
    })
    .await;
}
