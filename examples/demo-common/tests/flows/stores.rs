//! A store of each kind, empty, and gone after the test.

use std::{
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use portcullis_testing::servers;
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tempfile::TempDir;

use super::server::sqlite_in;

/// A store of every kind that several servers can share.
pub(crate) fn shared() -> Vec<TestStore> {
    let mut stores = vec![TestStore::sqlite()];
    stores.extend(servers::postgres_url().map(|url| TestStore::postgres(&url)));
    stores.extend(servers::redis_url().map(|url| TestStore::redis(&url)));
    stores
}

/// A store that nobody else uses.
pub(crate) struct TestStore {
    /// What `--store` takes.
    pub(crate) url: String,
    _place: Place,
}

enum Place {
    Sqlite(#[allow(dead_code)] TempDir),
    Postgres { url: String, schema: String },
    Redis { url: String, prefix: String },
}

impl TestStore {
    pub(crate) fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            url: sqlite_in(folder.path()),
            _place: Place::Sqlite(folder),
        }
    }

    fn postgres(url: &str) -> Self {
        let schema = name().replace('-', "_");
        on_postgres(url, format!("CREATE SCHEMA {schema}"));
        let separator = if url.contains('?') { '&' } else { '?' };
        Self {
            url: format!("{url}{separator}options[search_path]={schema}"),
            _place: Place::Postgres {
                url: url.to_owned(),
                schema,
            },
        }
    }

    fn redis(url: &str) -> Self {
        let prefix = name();
        Self {
            url: format!("{url}?prefix={prefix}"),
            _place: Place::Redis {
                url: url.to_owned(),
                prefix,
            },
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        match self {
            Self::Sqlite(_) => {}
            Self::Postgres { url, schema } => {
                on_postgres(url, format!("DROP SCHEMA {schema} CASCADE"));
            }
            Self::Redis { url, prefix } => forget(url, prefix),
        }
    }
}

fn name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("portcullis-demo-test-{}-{number}", process::id())
}

fn on_postgres(url: &str, sql: String) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut connection = PgConnection::connect(url).await.unwrap();
        sqlx::raw_sql(AssertSqlSafe(sql))
            .execute(&mut connection)
            .await
            .unwrap();
    });
}

fn forget(url: &str, prefix: &str) {
    let mut connection = redis::Client::open(url).unwrap().get_connection().unwrap();
    let mut cursor = 0_u64;
    loop {
        let (next, keys): (u64, Vec<String>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(format!("*{prefix}[:}}]*"))
            .arg("COUNT")
            .arg(1000)
            .query(&mut connection)
            .unwrap();
        if !keys.is_empty() {
            redis::cmd("DEL").arg(keys).exec(&mut connection).unwrap();
        }
        cursor = next;
        if cursor == 0 {
            return;
        }
    }
}
