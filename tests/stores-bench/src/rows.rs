//! Very many sessions, made without a login each.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use portcullis::{
    session::{
        AttemptId, Device, DynSessionStore, Grant, NewSession, RotationAttempt, RotationMode,
        RotationOutcome, RotationRules, SecretDigest, SessionId, SessionStore as _,
    },
    subject::Subject,
    time::Timestamp,
};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, Row as _, SqliteConnection};
use tokio::task::JoinSet;

use crate::{Failure, Result, places::Place};

const DAY: Duration = Duration::from_secs(86_400);

/// How many are made at once where each is made by itself.
const AT_ONCE: u64 = 64;

/// What spreads the names of rows: odd, so that no two are the same.
const SPREAD: u64 = 2_654_435_761;

/// Sessions by their numbers, from 1 on, and the generation that each is in.
pub(crate) struct Rows {
    generations: Vec<AtomicU64>,
}

impl Rows {
    /// Fills an empty place with live sessions, each of a user of its own.
    pub(crate) async fn fill(place: &Place, count: u64) -> Result<Self> {
        fill(place, 1, count, DAY).await?;
        Ok(Self {
            generations: (0..count).map(|_| AtomicU64::new(0)).collect(),
        })
    }

    pub(crate) fn count(&self) -> u64 {
        self.generations.len() as u64
    }

    /// Presents the current token of a session under rules that forgive nothing, so that
    /// it advances.
    pub(crate) async fn advance(&self, store: &DynSessionStore, number: u64) -> Result<()> {
        let place = usize::try_from(number - 1)?;
        let generation = self.generations[place].load(Ordering::Relaxed);
        let rules = RotationRules::with_grace(Duration::ZERO);
        let mut attempt = RotationAttempt {
            id: AttemptId::random()?,
            deadline: Timestamp::from_millis(0),
            session: id(number)?,
            subject: subject(number),
            generation,
            secret_digest: SecretDigest::of(b"secret"),
            client: None,
            scope_allowed: true,
            mode: RotationMode::Rotate,
            idle_ttl: DAY,
            refresh_key: "key".into(),
            device: device(),
            rules,
        };
        match store
            .rotate_within(&mut attempt, rules.attempt_limit())
            .await?
        {
            RotationOutcome::Rotated(_) => {
                self.generations[place].store(generation + 1, Ordering::Relaxed);
                Ok(())
            }
            other => Err(format!("{number} does not advance: {}", other.as_str()).into()),
        }
    }
}

/// Makes sessions with these numbers that live for so long.
pub(crate) async fn fill(place: &Place, first: u64, count: u64, ttl: Duration) -> Result<()> {
    let store = place.store(AT_ONCE as u32).await?;
    // The first one as everybody makes it; in SQL all others are copies.
    create(&store, first, ttl).await?;
    let last = first + count - 1;
    match place {
        Place::Postgres { .. } => {
            let mut connection = place.connection().await?;
            let columns = sqlx::query(
                "SELECT column_name FROM information_schema.columns \
                 WHERE table_schema = current_schema AND table_name = 'portcullis_sessions' \
                   AND is_generated = 'NEVER'",
            )
            .fetch_all(&mut connection)
            .await?;
            let columns: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
            let name = "(lpad(to_hex((n * 2654435761) % 4294967296), 8, '0') \
                        || '-0000-4000-8000-000000000000')::uuid";
            let series = format!("generate_series({first}::bigint + 1, {last}) n");
            let sql = format!(
                "{}; INSERT INTO portcullis_subjects (realm, name) \
                 SELECT 'users', 'user-' || n FROM {series} ON CONFLICT DO NOTHING; \
                 VACUUM (ANALYZE) portcullis_sessions; CHECKPOINT",
                copies(&columns, name, &series, &id(first)?)
            );
            for sql in sql.split("; ") {
                connection.execute(AssertSqlSafe(sql.to_owned())).await?;
            }
        }
        Place::Sqlite(_) => {
            let mut connection = SqliteConnection::connect_with(&place.file_options()).await?;
            let columns = sqlx::query("SELECT name FROM pragma_table_info('portcullis_sessions')")
                .fetch_all(&mut connection)
                .await?;
            let columns: Vec<String> = columns.iter().map(|row| row.get(0)).collect();
            let name = "printf('%08x-0000-4000-8000-000000000000', \
                        (n * 2654435761) % 4294967296)";
            let series = format!(
                "(WITH RECURSIVE s(n) AS (SELECT {first} + 1 WHERE {first} < {last} \
                 UNION ALL SELECT n + 1 FROM s WHERE n < {last}) SELECT n FROM s)"
            );
            let sql = copies(&columns, name, &series, &id(first)?);
            connection.execute(AssertSqlSafe(sql)).await?;
            connection
                .execute("PRAGMA wal_checkpoint(TRUNCATE)")
                .await?;
        }
        Place::Memory(_) | Place::Redis { .. } => {
            let mut tasks = JoinSet::new();
            for lane in 0..AT_ONCE {
                let store = store.clone();
                tasks.spawn(async move {
                    let mut number = first + 1 + lane;
                    while number <= last {
                        create(&store, number, ttl).await?;
                        number += AT_ONCE;
                    }
                    Ok::<_, Failure>(())
                });
            }
            while let Some(task) = tasks.join_next().await {
                task??;
            }
        }
    }
    Ok(())
}

/// Copies of one row under names of their own.
fn copies(columns: &[String], name: &str, series: &str, first: &SessionId) -> String {
    let values = columns.iter().map(|column| match column.as_str() {
        "id" => name.to_owned(),
        "name" => "'user-' || n".to_owned(),
        other => format!("one.{other}"),
    });
    let values: Vec<_> = values.collect();
    format!(
        "INSERT INTO portcullis_sessions ({}) SELECT {} FROM portcullis_sessions one, {series} \
         WHERE one.id = '{}'",
        columns.join(", "),
        values.join(", "),
        first.as_str()
    )
}

/// Begins a session.
pub(crate) async fn create(store: &DynSessionStore, number: u64, ttl: Duration) -> Result<()> {
    let ticket = store.login_ticket().await?;
    let session = NewSession {
        id: id(number)?,
        subject: subject(number),
        client: None,
        idle_ttl: ttl,
        absolute_ttl: 2 * ttl,
        secret_digest: SecretDigest::of(b"secret"),
        refresh_key: "key".into(),
        grant: Grant::new(),
        device: device(),
        limit: None,
    };
    store.create(session, ticket).await?;
    Ok(())
}

/// The name of a session.
pub(crate) fn id(number: u64) -> Result<SessionId> {
    let spread = number * SPREAD % (1 << 32);
    let text = format!("{spread:08x}-0000-4000-8000-000000000000");
    Ok(SessionId::parse(&text).ok_or("not a name")?)
}

fn subject(number: u64) -> Subject {
    Subject::new("users", format!("user-{number}"))
}

/// As most browsers say.
fn device() -> Device {
    let agent = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    Device::from_stored(Some(agent.to_owned()), Some("192.0.2.7"))
}
