//! An empty place for each kind of store, and what opens it.

use std::{
    fs,
    path::PathBuf,
    process,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use portcullis::{
    session::{DynSessionStore, MemoryStore, Revocations},
    time::SharedClock,
};
use portcullis_redis::RedisStore;
use portcullis_sqlx::{PostgresStore, SqliteStore, poll};
use portcullis_testing::servers;
use sqlx::{
    AssertSqlSafe, ConnectOptions, PgConnection, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};
use tempfile::TempDir;

use crate::Result;

/// How long revocations matter.
pub(crate) const KEEP: Duration = Duration::from_secs(3600);

/// How often an SQLite file is read again.
const POLL: Duration = Duration::from_secs(1);

/// How long a store may take where it is measured how long it takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Where one store is.
pub(crate) enum Place {
    Memory(MemoryStore),
    Sqlite(TempDir),
    Postgres { url: String, schema: String },
    Redis { url: String, prefix: String },
}

impl Place {
    /// `None` where there is no server.
    pub(crate) async fn new(name: &str) -> Result<Option<Self>> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let own = format!(
            "portcullis_bench_{}_{}",
            process::id(),
            NUMBER.fetch_add(1, Ordering::Relaxed)
        );
        Ok(match name {
            "memory" => Some(Self::Memory(MemoryStore::new(SharedClock::default()))),
            // In the folder it is run in, which is on a disk; that of temporary
            // files may be in memory.
            "sqlite" => Some(Self::Sqlite(tempfile::tempdir_in(".")?)),
            "postgres" => match servers::postgres_url() {
                None => None,
                Some(url) => {
                    let place = Self::Postgres { url, schema: own };
                    place
                        .on_postgres(|schema| format!("CREATE SCHEMA {schema}"))
                        .await?;
                    place.postgres().await?.migrate().await?;
                    Some(place)
                }
            },
            _ => servers::redis_url().map(|url| Self::Redis { url, prefix: own }),
        })
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::Sqlite(_) => "SQLite",
            Self::Postgres { .. } => "PostgreSQL",
            Self::Redis { .. } => "Redis",
        }
    }

    /// A node: its snapshot, and the task that keeps it up to date.
    pub(crate) async fn node(&self) -> Result<Revocations> {
        let clock = SharedClock::default();
        let snapshot = |store| Revocations::new(store, clock.clone(), KEEP);
        let revocations = match self {
            Self::Memory(store) => snapshot(DynSessionStore::new(store.clone())),
            Self::Sqlite(_) => {
                let store = SqliteStore::open(self.file(), clock.clone()).await?;
                let revocations = snapshot(DynSessionStore::new(store));
                tokio::spawn(poll(revocations.clone(), POLL));
                revocations
            }
            Self::Postgres { .. } => {
                let store = self.postgres().await?;
                let revocations = snapshot(DynSessionStore::new(store.clone()));
                tokio::spawn(store.watch(revocations.clone()));
                revocations
            }
            Self::Redis { url, prefix } => {
                let builder = RedisStore::builder(url.as_str()).prefix(prefix);
                let store = builder.connect().await?;
                let revocations = snapshot(DynSessionStore::new(store.clone()));
                tokio::spawn(store.watch(revocations.clone()));
                revocations
            }
        };
        revocations.sync().await?;
        Ok(revocations)
    }

    /// How many bytes the store takes.
    pub(crate) async fn size(&self) -> Result<u64> {
        Ok(match self {
            // Resident pages, of 4 KiB.
            Self::Memory(_) => {
                let numbers = fs::read_to_string("/proc/self/statm")?;
                let pages = numbers.split(' ').nth(1).ok_or("no resident pages")?;
                pages.parse::<u64>()? * 4096
            }
            Self::Sqlite(_) => {
                let options = SqliteStore::options(self.file());
                let mut connection = options.connect().await?;
                sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)")
                    .execute(&mut connection)
                    .await?;
                fs::metadata(self.file())?.len()
            }
            Self::Postgres { schema, .. } => {
                let size: i64 = sqlx::query_scalar(
                    "SELECT coalesce(sum(pg_total_relation_size(oid)), 0)::bigint \
                     FROM pg_class WHERE relkind = 'r' AND relnamespace = $1::regnamespace",
                )
                .bind(schema)
                .fetch_one(&mut self.connection().await?)
                .await?;
                size.unsigned_abs()
            }
            Self::Redis { .. } => {
                let memory: String = redis::cmd("INFO")
                    .arg("memory")
                    .query_async(&mut self.redis().await?)
                    .await?;
                let used = memory
                    .lines()
                    .find_map(|line| line.strip_prefix("used_memory:"));
                used.ok_or("no used_memory")?.trim().parse()?
            }
        })
    }

    /// Removes what has been made.
    pub(crate) async fn remove(self) -> Result<()> {
        match &self {
            Self::Memory(_) | Self::Sqlite(_) => {}
            Self::Postgres { .. } => {
                self.on_postgres(|schema| format!("DROP SCHEMA {schema} CASCADE"))
                    .await?;
            }
            Self::Redis { prefix, .. } => {
                let mut connection = self.redis().await?;
                let mut cursor = 0_u64;
                loop {
                    let (next, keys): (u64, Vec<String>) = redis::cmd("SCAN")
                        .arg(cursor)
                        .arg("MATCH")
                        .arg(format!("{{{prefix}[:}}]*"))
                        .arg("COUNT")
                        .arg(1000)
                        .query_async(&mut connection)
                        .await?;
                    if !keys.is_empty() {
                        redis::cmd("DEL")
                            .arg(keys)
                            .exec_async(&mut connection)
                            .await?;
                    }
                    cursor = next;
                    if cursor == 0 {
                        break;
                    }
                }
            }
        }
        Ok(())
    }

    /// The store, with so many connections where there are several.
    pub(crate) async fn store(&self, connections: u32) -> Result<DynSessionStore> {
        Ok(match self {
            Self::Memory(store) => DynSessionStore::new(store.clone()),
            Self::Sqlite(_) => {
                let clock = SharedClock::default();
                let store = SqliteStore::connect_within(self.file_options(), clock, 2 * PATIENCE);
                DynSessionStore::new(store.await?)
            }
            Self::Postgres { .. } => {
                let builder =
                    PostgresStore::builder("postgres://localhost").options(self.options()?);
                // What is measured is how long it takes, and not what is given up. One in five
                // is kept for questions.
                let connections = connections + connections.div_ceil(4);
                let builder = builder.max_connections(connections).timeout(PATIENCE);
                DynSessionStore::new(builder.connect().await?)
            }
            Self::Redis { url, prefix } => {
                let builder = RedisStore::builder(url.as_str()).prefix(prefix);
                let builder = builder.timeout(PATIENCE);
                DynSessionStore::new(builder.connect().await?)
            }
        })
    }

    /// How the file is opened.
    pub(crate) fn file_options(&self) -> SqliteConnectOptions {
        SqliteStore::options(self.file()).create_if_missing(true)
    }

    /// The address of the schema, for PostgreSQL's own programs, which would encrypt if they
    /// can: what is measured beside them does not.
    pub(crate) fn libpq_url(&self) -> Result<String> {
        match self {
            Self::Postgres { url, schema } => {
                let separator = if url.contains('?') { '&' } else { '?' };
                Ok(format!(
                    "{url}{separator}sslmode=disable&options=-csearch_path%3D{schema}"
                ))
            }
            _ => Err("no PostgreSQL".into()),
        }
    }

    /// What its keys begin with.
    pub(crate) fn redis_prefix(&self) -> String {
        match self {
            Self::Redis { prefix, .. } => prefix.clone(),
            _ => String::new(),
        }
    }

    fn file(&self) -> PathBuf {
        match self {
            Self::Sqlite(folder) => folder.path().join("sessions.db"),
            _ => PathBuf::new(),
        }
    }

    fn options(&self) -> Result<PgConnectOptions> {
        match self {
            Self::Postgres { url, schema } => {
                let options: PgConnectOptions = url.parse()?;
                Ok(options.options([("search_path", schema)]))
            }
            _ => Err("no PostgreSQL".into()),
        }
    }

    async fn postgres(&self) -> Result<PostgresStore> {
        let builder = PostgresStore::builder("postgres://localhost").options(self.options()?);
        Ok(builder.connect().await?)
    }

    pub(crate) async fn connection(&self) -> Result<PgConnection> {
        Ok(self.options()?.connect().await?)
    }

    async fn on_postgres(&self, sql: impl FnOnce(&str) -> String) -> Result<()> {
        if let Self::Postgres { schema, .. } = self {
            sqlx::raw_sql(AssertSqlSafe(sql(schema)))
                .execute(&mut self.connection().await?)
                .await?;
        }
        Ok(())
    }

    pub(crate) async fn redis(&self) -> Result<redis::aio::MultiplexedConnection> {
        match self {
            Self::Redis { url, .. } => {
                let client = redis::Client::open(url.as_str())?;
                // Longer than anything takes, even on a busy machine.
                let patience = Some(Duration::from_secs(60));
                let config = redis::AsyncConnectionConfig::new()
                    .set_connection_timeout(patience)
                    .set_response_timeout(patience);
                let connection = client.get_multiplexed_async_connection_with_config(&config);
                Ok(connection.await?)
            }
            _ => Err("no Redis".into()),
        }
    }
}
