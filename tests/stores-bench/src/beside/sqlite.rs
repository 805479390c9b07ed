//! A bare loop: one prepared `UPDATE`, on one connection with the same pragmas.

use std::sync::Arc;

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, SqliteConnection};
use tokio::sync::Mutex;

use super::Rounds;
use crate::{
    Result,
    load::{choose, drive},
    places::Place,
    rows::id,
};

const UPDATE: &str = "UPDATE bench_rows SET generation = generation + 1, \
    rotated_at = rotated_at + 1, idle_deadline = idle_deadline + 1, \
    rotated_from = generation, rotated_by = x'000102030405060708090a0b0c0d0e0f' \
    WHERE id = ?1";

pub(super) struct Bare {
    connection: Arc<Mutex<SqliteConnection>>,
}

impl Bare {
    pub(super) async fn new(place: &Place) -> Result<Self> {
        let mut connection = SqliteConnection::connect_with(&place.file_options()).await?;
        let table: String = sqlx::query_scalar(
            "SELECT sql FROM sqlite_master WHERE type = 'table' AND name = 'portcullis_sessions'",
        )
        .fetch_one(&mut connection)
        .await?;
        // Without indexes but that of the key.
        let table = table.replace("portcullis_sessions", "bench_rows");
        connection.execute(AssertSqlSafe(table)).await?;
        connection
            .execute("INSERT INTO bench_rows SELECT * FROM portcullis_sessions")
            .await?;
        connection
            .execute("PRAGMA wal_checkpoint(TRUNCATE)")
            .await?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
        })
    }

    pub(super) async fn rate(&self, how: Rounds, rows: u64, round: usize) -> Result<f64> {
        let connection = self.connection.clone();
        let first = round as u64 * 1_000_003;
        let rate = drive(how.clients, how.span, move |client, turn| {
            let connection = connection.clone();
            async move {
                let id = id(choose(client, how.clients, first + turn, rows))?;
                let update = sqlx::query(UPDATE).bind(id.as_str());
                let done = update.execute(&mut *connection.lock().await).await?;
                match done.rows_affected() {
                    1 => Ok(()),
                    _ => Err("no such row".into()),
                }
            }
        });
        Ok(rate.await?.per_second)
    }
}

/// What is run, for people.
pub(crate) fn command() -> String {
    format!(
        "a loop on one connection (journal_mode=wal, synchronous=full), all clients in \
         turn:\n{UPDATE}"
    )
}
