//! What is spent: time of processors, here and on the server, and bytes of the server's log.

use std::{fs, ops::Range, time::Duration};

use crate::{Result, places::Place};

/// What has been spent so far; zero where that cannot be seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter {
    client: Duration,
    server: Duration,
    log: u64,
}

/// By one of many equal steps.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    /// Microseconds of a processor in this process, and in programs that it has run.
    pub(crate) client: f64,
    /// Microseconds of a processor on the server.
    pub(crate) server: f64,
    /// Bytes of its log: WAL, or the append-only file.
    pub(crate) log: f64,
}

impl Meter {
    /// Reads what has been spent so far.
    pub(crate) async fn read(place: &Place) -> Result<Self> {
        let client = ticks("self", 11..15).unwrap_or_default();
        let (server, log) = match place {
            Place::Memory(_) | Place::Sqlite(_) => (Duration::ZERO, 0),
            Place::Postgres { .. } => {
                let mut connection = place.connection().await?;
                let (process, log): (i32, i64) = sqlx::query_as(
                    "SELECT pg_backend_pid(), \
                     pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint",
                )
                .fetch_one(&mut connection)
                .await?;
                (family(process).unwrap_or_default(), log.unsigned_abs())
            }
            Place::Redis { .. } => {
                let mut told = String::new();
                for section in ["cpu", "persistence"] {
                    let info = redis::cmd("INFO").arg(section).to_owned();
                    let text: String = info.query_async(&mut place.redis().await?).await?;
                    told.push_str(&text);
                }
                let field = |name: &str| {
                    let value = told.lines().find_map(|line| line.strip_prefix(name));
                    let value = value.and_then(|value| value.trim().parse::<f64>().ok());
                    value.unwrap_or_default()
                };
                let cpu = field("used_cpu_user:") + field("used_cpu_sys:");
                let log = field("aof_current_size:") as u64;
                (Duration::from_secs_f64(cpu), log)
            }
        };
        Ok(Self {
            client,
            server,
            log,
        })
    }

    /// What each of so many steps has taken since `before`.
    pub(crate) fn since(self, before: Self, steps: f64) -> Spent {
        let micros = |now: Duration, then| now.saturating_sub(then).as_secs_f64() * 1e6 / steps;
        Spent {
            client: micros(self.client, before.client),
            server: micros(self.server, before.server),
            log: self.log.saturating_sub(before.log) as f64 / steps,
        }
    }
}

/// What a process' parent and all its children have taken, those that have ended
/// included, if they are on this machine.
fn family(process: i32) -> Option<Duration> {
    let parent = stat(&process.to_string())?.get(1)?.clone();
    // Its own, and those of children it has waited for.
    let mut sum = ticks(&parent, 11..15)?;
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    for child in children.split_whitespace() {
        sum += ticks(child, 11..13).unwrap_or_default();
    }
    Some(sum)
}

/// The sum of some of the times of a process.
fn ticks(process: &str, fields: Range<usize>) -> Option<Duration> {
    let stat = stat(process)?;
    let ticks = stat.get(fields)?.iter();
    let sum: u64 = ticks.filter_map(|field| field.parse::<u64>().ok()).sum();
    // A hundred a second, on every Linux there is.
    Some(Duration::from_millis(sum * 10))
}

/// The fields of `/proc/PROCESS/stat` behind the name: the first is the state.
fn stat(process: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}
