//! The SQL of SQLite.

use portcullis::session::SessionRecord;
use portcullis_sqlx::SqliteStore;
use portcullis_testing::clock::FakeClock;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection, sqlite::SqliteSynchronous};

use crate::{
    Kept, Place, follows_the_rules,
    rows::{begin, columns},
};

struct Table {
    connection: SqliteConnection,
    put: String,
    read: String,
}

const BYTES: [&str; 4] = ["secret_digest", "rotated_by", "late_retry_by", "revoked_by"];

impl Table {
    async fn new(mut connection: SqliteConnection, session: &SessionRecord) -> Self {
        let names = "SELECT name FROM pragma_table_info('portcullis_sessions')";
        let names: Vec<String> = sqlx::query_scalar(names)
            .fetch_all(&mut connection)
            .await
            .unwrap();
        let known = columns(session, "");
        let put = names.iter().map(|name| match known.contains_key(name) {
            false => format!("t.{name}"),
            true if BYTES.contains(&name.as_str()) => format!("unhex(c.value ->> '{name}')"),
            true => format!("c.value ->> '{name}'"),
        });
        let put = put.collect::<Vec<_>>().join(", ");
        let read = known
            .keys()
            .map(|name| match BYTES.contains(&name.as_str()) {
                true => format!("'{name}', iif(s.{name} IS NULL, NULL, lower(hex(s.{name})))"),
                false => format!("'{name}', s.{name}"),
            });
        let read = read.collect::<Vec<_>>().join(", ");
        Self {
            connection,
            put: format!(
                "INSERT INTO portcullis_sessions ({}) SELECT {put} \
                 FROM portcullis_sessions AS t, json_each(?1) AS c WHERE t.id = '{}'",
                names.join(", "),
                session.id.as_str()
            ),
            read: format!(
                "SELECT json_object({read}) FROM json_each(?1) AS c \
                 JOIN portcullis_sessions AS s ON s.id = c.value ->> 'id' ORDER BY c.key"
            ),
        }
    }
}

impl Place for Table {
    fn kept(&self, row: &SessionRecord) -> Kept {
        columns(row, "")
    }

    async fn put(&mut self, rows: &[Kept]) {
        sqlx::query(AssertSqlSafe(self.put.clone()))
            .bind(serde_json::to_string(rows).unwrap())
            .execute(&mut self.connection)
            .await
            .unwrap();
    }

    async fn read(&mut self, rows: &[Kept]) -> Vec<Kept> {
        let kept: Vec<String> = sqlx::query_scalar(AssertSqlSafe(self.read.clone()))
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
async fn sqlite_follows_the_rules() {
    let directory = tempfile::tempdir().unwrap();
    // What power failures leave is not what is asked here.
    let options = SqliteStore::options(directory.path().join("sessions.db"))
        .create_if_missing(true)
        .synchronous(SqliteSynchronous::Off);
    let clock = FakeClock::new();
    let store = SqliteStore::connect(options.clone(), clock.shared());
    let store = store.await.unwrap();
    let session = begin(&store, &clock).await;
    let mut table = Table::new(options.connect().await.unwrap(), &session).await;
    follows_the_rules(&store, &mut table).await;
}
