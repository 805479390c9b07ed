//! The SQL of SQLite.

use model::domain::{BEGAN, NOW, new_session};
use portcullis::{
    session::{Created, SessionRecord, SessionStore},
    time::Timestamp,
};
use portcullis_sqlx::SqliteStore;
use portcullis_testing::clock::FakeClock;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection, sqlite::SqliteSynchronous};

use crate::{Kept, Place, follows_the_rules};

/// The row as columns; bytes in hexadecimal behind a mark.
pub(crate) fn columns(row: &SessionRecord, mark: &str) -> Kept {
    let bytes = |bytes: &[u8]| format!("{mark}{}", hex::encode(bytes));
    let time = |time: Timestamp| time.as_millis();
    let columns = json!({
        "id": row.id.as_str(),
        "realm": row.subject.realm(),
        "name": row.subject.name(),
        "client": row.client,
        "generation": row.generation,
        "rotated_at": time(row.rotated_at),
        "idle_deadline": time(row.idle_deadline),
        "absolute_deadline": time(row.absolute_deadline),
        "secret_digest": bytes(row.secret_digest.as_bytes()),
        "refresh_key": &*row.refresh_key,
        "user_agent": row.device.user_agent,
        "address": row.device.address,
        "rotated_by": row.rotated_by.map(|by| bytes(by.as_bytes())),
        "rotated_from": row.rotated_from,
        "late_retry_by": row.late_retry_by.map(|by| bytes(by.as_bytes())),
        "revoked_at": row.revoked.map(|revoked| time(revoked.at)),
        "revoked_reason": row.revoked.map(|revoked| revoked.reason.as_str()),
        "revoked_by": row.revoked.and_then(|revoked| revoked.by).map(|by| bytes(by.as_bytes())),
    });
    match columns {
        Value::Object(columns) => columns,
        _ => unreachable!("it is an object"),
    }
}

/// Makes the session whose row is copied.
pub(crate) async fn begin(store: &impl SessionStore, clock: &FakeClock) -> SessionRecord {
    clock.set(BEGAN);
    let ticket = store.login_ticket().await.unwrap();
    let created = store.create(new_session(), ticket).await.unwrap();
    let Created::Session(session) = created else {
        panic!("{created:?}");
    };
    clock.set(NOW);
    *session
}

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
