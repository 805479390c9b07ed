//! The SQL of PostgreSQL.

use std::time::Duration;

use portcullis::session::SessionRecord;
use portcullis_sqlx::PostgresStore;
use portcullis_testing::{clock::FakeClock, servers};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, postgres::PgConnectOptions};

use crate::{
    Kept, Place, follows_the_rules,
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
    let Some(url) = servers::postgres_url() else {
        return;
    };
    let schema = format!("portcullis_model_{}", std::process::id());
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
        follows_the_rules(&store, &mut table).await;
    };
    let dropped = AssertSqlSafe(format!("DROP SCHEMA {schema} CASCADE"));
    tidied(compared, async || {
        sqlx::raw_sql(dropped).execute(&mut admin).await.unwrap();
    })
    .await;
}
