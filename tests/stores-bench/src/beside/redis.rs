//! `EVALSHA` of a `GET` and a `SET` of a text as long.

use redis::aio::MultiplexedConnection;

use super::Rounds;
use crate::{
    Result,
    load::{choose, drive},
    places::Place,
    rows::id,
};

const SCRIPT: &str = "local row = redis.call('GET', KEYS[1]) \
    redis.call('SET', KEYS[1], ARGV[1], 'PX', 86400000) return row";

pub(super) struct Bare {
    connection: MultiplexedConnection,
    prefix: String,
    row: String,
    digest: String,
}

impl Bare {
    pub(super) async fn new(place: &Place, count: u64) -> Result<Self> {
        let mut connection = place.redis().await?;
        let row = "x".repeat(length(&mut connection).await?);
        let digest = redis::cmd("SCRIPT")
            .arg("LOAD")
            .arg(SCRIPT)
            .query_async(&mut connection)
            .await?;
        let bare = Self {
            connection,
            prefix: place.redis_prefix(),
            row,
            digest,
        };
        let mut connection = bare.connection.clone();
        for first in (1..=count).step_by(1000) {
            let mut pipe = redis::pipe();
            for number in first..(first + 1000).min(count + 1) {
                pipe.set(bare.key(number), &bare.row).ignore();
            }
            pipe.exec_async(&mut connection).await?;
        }
        Ok(bare)
    }

    /// Among those that go with the store.
    fn key(&self, number: u64) -> String {
        format!("{{{}:bench}}:{number}", self.prefix)
    }

    pub(super) async fn rate(&self, how: Rounds, rows: u64, round: usize) -> Result<f64> {
        let first = round as u64 * 1_000_003;
        let (row, digest) = (self.row.clone(), self.digest.clone());
        let (prefix, connection) = (self.prefix.clone(), self.connection.clone());
        let rate = drive(how.clients, how.span, move |client, turn| {
            let number = choose(client, how.clients, first + turn, rows);
            let mut command = redis::cmd("EVALSHA");
            command.arg(&digest).arg(1);
            command
                .arg(format!("{{{prefix}:bench}}:{number}"))
                .arg(&row);
            let mut connection = connection.clone();
            async move {
                let _: redis::Value = command.query_async(&mut connection).await?;
                Ok(())
            }
        });
        Ok(rate.await?.per_second)
    }
}

/// How long the row of a session is.
async fn length(connection: &mut MultiplexedConnection) -> Result<usize> {
    let pattern = format!("*{}*", id(1)?);
    let mut cursor = 0_u64;
    loop {
        let (next, keys): (u64, Vec<String>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(&pattern)
            .arg("COUNT")
            .arg(10_000)
            .query_async(connection)
            .await?;
        if let Some(key) = keys.first() {
            return Ok(redis::cmd("STRLEN")
                .arg(key)
                .query_async(connection)
                .await?);
        }
        cursor = next;
        if cursor == 0 {
            return Err("no row of a session".into());
        }
    }
}

/// What is run, for people.
pub(crate) fn command() -> String {
    format!("EVALSHA of the same client, on one connection that all share:\n{SCRIPT}")
}
