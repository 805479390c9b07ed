//! What a server has spent: time of its processors, and bytes of its log.

use std::{fs, time::Duration};

use crate::{Result, places::Place};

/// What a server has spent since it began; zero where that cannot be seen.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meter {
    cpu: Duration,
    log: u64,
}

/// Of one of many equal steps.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Spent {
    /// Microseconds of a processor.
    pub(crate) micros: f64,
    /// Bytes of its log: WAL, or the append-only file.
    pub(crate) bytes: f64,
}

impl Meter {
    /// Reads what the server of a place has spent so far.
    pub(crate) async fn read(place: &Place) -> Result<Self> {
        Ok(match place {
            Place::Memory(_) | Place::Sqlite(_) => Self::default(),
            Place::Postgres { .. } => {
                let mut connection = place.connection().await?;
                let (process, log): (i32, i64) = sqlx::query_as(
                    "SELECT pg_backend_pid(), \
                     pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint",
                )
                .fetch_one(&mut connection)
                .await?;
                Self {
                    cpu: family(process).unwrap_or_default(),
                    log: log.unsigned_abs(),
                }
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
                Self {
                    cpu: Duration::from_secs_f64(cpu),
                    log: field("aof_current_size:") as u64,
                }
            }
        })
    }

    /// What each of so many steps has taken since `before`.
    pub(crate) fn since(self, before: Self, steps: f64) -> Spent {
        let cpu = self.cpu.saturating_sub(before.cpu);
        Spent {
            micros: cpu.as_secs_f64() * 1e6 / steps,
            bytes: self.log.saturating_sub(before.log) as f64 / steps,
        }
    }
}

/// What a process' parent and all its children have taken, those that have ended
/// included, if they are on this machine.
fn family(process: i32) -> Option<Duration> {
    let parent: i32 = stat(process)?.get(1)?.parse().ok()?;
    let ticks = |process: i32, fields: std::ops::Range<usize>| -> Option<u64> {
        let stat = stat(process)?;
        Some(
            stat.get(fields)?
                .iter()
                .filter_map(|n| n.parse::<u64>().ok())
                .sum(),
        )
    };
    // Its own, and those of children it has waited for.
    let mut sum = ticks(parent, 11..15)?;
    let children = fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).ok()?;
    for child in children.split_whitespace() {
        sum += ticks(child.parse().ok()?, 11..13).unwrap_or_default();
    }
    // A hundred a second, on every Linux there is.
    Some(Duration::from_millis(sum * 10))
}

/// The fields of `/proc/PID/stat` behind the name: the first is the state.
fn stat(process: i32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}
